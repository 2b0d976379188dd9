"""Use a platform while it is changed, and compare what was answered with what is stored."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from control.stack.ports import any_free
from tests import factories
from tests.calm.changes import EDITS, add_migration
from tests.calm.load import Clients
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import LocalStack

CONTROL = "from control.cli import main; main()"
SETTLE_SECONDS = 1.0
Echo = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What was wrong, and how long clients waited."""

    wrong: list[str]
    requests: int
    uploads: int
    slowest_seconds: float
    slowest: str
    p99_seconds: float


def run(seed: int, applies: int, echo: Echo) -> Result:
    """Load code so often, rotate the keys and migrate, while clients read and write."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, open_stack(Path(name)) as local:
        group, location = prepare(local)
        edits = [dice.choice(EDITS) for _ in range(applies)]
        with Clients(local, group, location, seed) as clients:
            time.sleep(SETTLE_SECONDS)
            for number, edit in enumerate(edits, start=1):
                edit(local.settings.root, number)
                echo(f"apply {number}: {edit.__name__.replace('_', ' ')}")
                control(local, "sql", "apply")
                if number == (applies + 1) // 2:
                    echo("rotate the keys")
                    control(local, "token", "rotate-keys")
                    time.sleep(SETTLE_SECONDS)
                    clients.renew_tokens()
                    control(local, "token", "rotate-keys", "--retire")
            add_migration(local.settings.root)
            echo("migrate")
            control(local, "migrate", "up")
            time.sleep(SETTLE_SECONDS)
            echo("roll back")
            control(local, "migrate", "down", "--yes")
            time.sleep(SETTLE_SECONDS)
        answers = clients.answers
        wrong = [f"{count} x {said}" for said, count in answers.wrong.items()]
        wrong += stored_otherwise(local, answers.stored)
        slowest, asked = answers.slowest
        return Result(
            wrong, len(answers.seconds), len(answers.stored), slowest, asked, answers.quantile(0.99)
        )


@contextmanager
def open_stack(folder: Path) -> Iterator[LocalStack]:
    """Start a stack over a checkout whose database may be changed."""
    folder.chmod(0o755)
    root = folder / "checkout"
    root.mkdir()
    for path in SETTINGS.root.iterdir():
        if path.name in ("sql", "migrations"):
            shutil.copytree(path, root / path.name)
        elif path.name != ".aspen":
            (root / path.name).symlink_to(path)
    data = folder / "data"
    local = LocalStack(
        replace(SETTINGS, root=root, data_dir=data, keys_dir=data / "keys", first_port=any_free())
    )
    prepare_stack(local.settings)
    try:
        local.up()
        yield local
    finally:
        local.down()


def prepare(local: LocalStack) -> tuple[int, int]:
    """Store a group with an admin; return its id, and that of a location."""
    with local.connect() as conn:
        group = factories.group(conn, "The lab", prefix="LAB")
        factories.user(conn, "ada", {group: "admin"})
        factories.pathogen(conn, "SC2")
        return group, factories.location(conn, "France")


def control(local: LocalStack, *arguments: str) -> None:
    """Run a command, which must succeed, as an operator does."""
    done = subprocess.run(
        [sys.executable, "-c", CONTROL, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(local.settings.root),
            "ASPEN_DATA_DIR": str(local.settings.data_dir),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"control {' '.join(arguments)}: {done.stderr}")


def stored_otherwise(local: LocalStack, answered: set[str]) -> Iterator[str]:
    """Yield each sample that was answered and is not stored once, or stored and never answered."""
    with local.connect() as conn:
        rows = conn.execute(
            "select private_identifier::text, count(*) from aspen.samples group by 1"
        ).fetchall()
    stored: dict[str, int] = dict(rows)
    yield from (
        f"{name}: answered once, stored {stored.get(name, 0)} times"
        for name in sorted(answered)
        if stored.get(name) != 1
    )
    yield from (f"{name}: stored, not answered" for name in sorted(stored.keys() - answered))
