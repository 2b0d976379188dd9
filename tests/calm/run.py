"""Use a platform while it is changed, and compare what was answered with what is stored."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from control.stack.ports import any_free
from tests import factories
from tests.calm.changes import EDITS, Edit
from tests.calm.load import Clients
from tests.calm.operations import ALONE, BESIDE_LOADS, SETTLE_SECONDS, Operation, control
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import LocalStack

# So that one answers while the other is restarted.
POSTGRESTS = 2
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
    """Load code so often, and do the rest meanwhile, while clients read and write."""
    dice = random.Random(seed)
    operations = dice.sample(BESIDE_LOADS, len(BESIDE_LOADS))
    edits = list(enumerate((dice.choice(EDITS) for _ in range(applies)), start=1))
    with tempfile.TemporaryDirectory() as name, open_stack(Path(name)) as local:
        group, location = prepare(local)
        with Clients(local, group, location, seed) as clients, ThreadPoolExecutor(1) as beside:
            time.sleep(SETTLE_SECONDS)
            for turn, operation in enumerate(operations):
                echo(f"meanwhile: {words(operation)}")
                going_on = beside.submit(operation, local, clients)
                for number, edit in edits[turn :: len(operations)]:
                    edit(local.settings.root, number)
                    echo(f"apply {number}: {words(edit)}")
                    control(local, "sql", "apply")
                going_on.result()
            for operation in ALONE:
                echo(words(operation))
                operation(local, clients)
            time.sleep(SETTLE_SECONDS)
        answers = clients.answers
        wrong = [f"{count} x {said}" for said, count in answers.wrong.items()]
        wrong += stored_otherwise(local, answers.stored)
        slowest, asked = answers.slowest
        return Result(
            wrong, len(answers.seconds), len(answers.stored), slowest, asked, answers.quantile(0.99)
        )


def words(what: Edit | Operation) -> str:
    """Return the name of what is done."""
    return what.__name__.replace("_", " ")


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
        replace(
            SETTINGS,
            root=root,
            data_dir=data,
            keys_dir=data / "keys",
            first_port=any_free(),
            postgrests=POSTGRESTS,
        )
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
