"""Prove that the rooms of control/ import only from lower floors, so that no circle can arise.

A room is a folder or a single module directly below control/; what works on jobs with everything
else has rooms of its own within jobs. Imports inside functions count: they
make a command start faster, but are dependencies all the same.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import SETTINGS

# From the ground up; a room imports only from the floors below its own.
FLOORS = (
    {"causes", "errors", "public_addresses", "queries", "terminal", "urls", "whole_files"},
    {"partitions", "unpacking"},
    {"events", "input_files", "jobs", "retries", "secret_values", "text_files"},
    {"cells", "people", "profiles"},
    {"reference", "settings"},
    {"environments", "local"},
    {"web"},
    {"database", "docs", "login", "mails", "storage", "tokens"},
    {"schema", "translation"},
    {
        "app",
        "audit",
        "directory",
        "outputs",
        "report",
        "rights",
        "samples",
        "usage",
        "webhooks",
    },
    {"demo", "jobs.executors", "jobs.kinds", "lint", "scaffolds", "stack", "submissions"},
    {"backups", "changes", "cluster", "jobs.work", "plans"},
    {"doctor", "group_archive", "metrics", "psql", "shell"},
    {"commands"},
    # Names the commands as text, so that `control --help` imports none of them.
    {"cli"},
    {"__main__"},
)


def room_of(name: str) -> str:
    """Return the room of a module: a folder within a room, if it has a floor of its own."""
    parts = name.split(".")
    inner = ".".join(parts[1:3])
    return inner if any(inner in floor for floor in FLOORS) else parts[1]


def modules(root: Path) -> dict[str, Path]:
    """Map the name of each module of control/ to its file."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / "control").rglob("*.py")
    }


def imports(source: str, known: set[str]) -> Iterator[str]:
    """Yield the modules of control/ that a source imports."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in below]
        yield from (name for name in names if name.partition(".")[0] == "control")


def arrows(root: Path) -> set[tuple[str, str]]:
    """Return which room imports from which other one."""
    found = modules(root)
    pairs = {
        (room_of(name), room_of(imported))
        for name, path in found.items()
        for imported in imports(path.read_text(), set(found))
        if "." in name and "." in imported
    }
    return {(room, other) for room, other in pairs if room != other}


def offenders(root: Path) -> list[str]:
    """Return the imports that do not lead to a lower floor."""
    floor_of = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    return sorted(
        f"{room} imports {other}"
        for room, other in arrows(root)
        if not floor_of.get(other, len(FLOORS)) < floor_of.get(room, -1)
    )


def test_every_room_has_one_floor() -> None:
    """Name each room exactly once in the table, and no other."""
    rooms = {room_of(name) for name in modules(SETTINGS.root) if "." in name}

    assert sorted(room for floor in FLOORS for room in floor) == sorted(rooms)


def test_rooms_import_only_from_lower_floors() -> None:
    """Allow no arrow up or sideways; without one there is no circle either."""
    assert offenders(SETTINGS.root) == []


@pytest.mark.parametrize(
    ("file", "line", "offender"),
    [
        ("control/errors.py", "import control.settings", "errors imports settings"),
        ("control/schema/locks.py", "from control.stack import up", "schema imports stack"),
        ("control/storage/s3.py", "from control import tokens", "storage imports tokens"),
        (
            "control/queries.py",
            "def f():\n    from control.database import connect",
            "queries imports database",
        ),
        ("control/new.py", "import control.errors", "new imports errors"),
    ],
    ids=["up", "circle", "sideways", "inside a function", "unknown room"],
)
def test_import_that_breaks_the_floors_is_found(
    tmp_path: Path, file: str, line: str, offender: str
) -> None:
    """Add one wrong import to a copy of control/."""
    shutil.copytree(SETTINGS.root / "control", tmp_path / "control")
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")

    assert offenders(tmp_path) == [offender]
