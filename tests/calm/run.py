"""Use a platform while it is changed, and compare what was answered with what is stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests import factories
from tests.calm.changes import EDITS, Edit
from tests.calm.load import Clients
from tests.calm.operations import SETTLE_SECONDS, Operation, Operations, control
from tests.stack.conftest import LocalStack

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What was wrong, and how long clients waited."""

    wrong: list[str]
    requests: int
    uploads: int
    p99_seconds: float
    read_seconds: float
    read: str
    # Until the slowest upload was stored: usually, and while nothing could be written.
    upload_seconds: float
    late_upload_seconds: float


def run(
    local: LocalStack,
    group: int,
    location: int,
    operations: Operations,
    *,
    seed: int,
    applies: int,
    echo: Echo,
) -> Result:
    """Load code so often, and do the rest meanwhile, while clients read and write."""
    dice = random.Random(seed)
    beside_loads = dice.sample(operations.beside_loads, len(operations.beside_loads))
    edits = list(enumerate((dice.choice(EDITS) for _ in range(applies)), start=1))
    with Clients(local, group, location, seed) as clients, ThreadPoolExecutor(1) as beside:
        time.sleep(SETTLE_SECONDS)
        for turn, operation in enumerate(beside_loads):
            doing(clients, f"meanwhile: {words(operation)}", echo)
            going_on = beside.submit(operation, local, clients)
            for number, edit in edits[turn :: len(beside_loads)]:
                edit(local.settings.root, number)
                doing(clients, f"apply {number}: {words(edit)}", echo)
                control(local, "sql", "apply")
            going_on.result()
        for operation in operations.alone:
            doing(clients, words(operation), echo)
            operation(local, clients)
        answers = clients.answers
        early, sent_again = answers.stored.copy(), answers.sent_again
        for operation in operations.interrupting:
            doing(clients, f"{words(operation)}: nothing can be written for a moment", echo)
            operation(local, clients)
        time.sleep(SETTLE_SECONDS)
    wrong = [f"{count} x {said}" for said, count in answers.wrong.items()]
    wrong += [f"{sent_again} x an upload had to be sent again"] if sent_again else []
    wrong += stored_otherwise(local, answers.stored.keys())
    return Result(
        wrong,
        len(answers.seconds),
        len(answers.stored),
        answers.quantile(0.99),
        *answers.slowest_read,
        max(early.values(), default=0.0),
        max((answers.stored[name] for name in answers.stored.keys() - early), default=0.0),
    )


def doing(clients: Clients, what: str, echo: Echo) -> None:
    """Say what is done from now on."""
    clients.answers.during = what
    echo(what)


def words(what: Edit | Operation) -> str:
    """Return the name of what is done."""
    return what.__name__.replace("_", " ")


def prepare(local: LocalStack) -> tuple[int, int]:
    """Store a group with an admin; return its id, and that of a location."""
    with local.connect() as conn:
        group = factories.group(conn, "The lab", prefix="LAB")
        factories.user(conn, "ada", {group: "admin"})
        factories.pathogen(conn, "SC2")
        return group, factories.location(conn, "France")


def stored_otherwise(local: LocalStack, answered: Set[str]) -> Iterator[str]:
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
