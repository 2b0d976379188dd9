"""One run: people ask, jobs run, processes are killed; then everything ends and is checked."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.stack.process import wait_for
from tests.chaos.checks import check
from tests.chaos.killer import Killer, plan
from tests.chaos.people import People, delivered
from tests.chaos.stage import Stage, open_stage
from tests.control.webhooks.receiver import running_receiver

# How long the jobs may take to end when nothing is killed any more.
END_SECONDS = 900
OPEN = "select count(*) from aspen.jobs where status in ('queued', 'running')"
# Half of the jobs leave so many files, the others one.
SHARE_OF_PARTS = 0.45
# Each job is asked for, starts and ends: what a killer counts.
THINGS_PER_JOB = 2


@dataclass(frozen=True)
class Size:
    """How much happens in one run."""

    jobs: int = 200
    outputs: int = 2000
    kills: int = 20
    # Let failed attempts and lost workers wait as long as they do in production.
    is_patient: bool = False

    @property
    def parts(self) -> int:
        """Return how many files each `parts` job leaves."""
        return max(1, round(self.outputs / (self.jobs * SHARE_OF_PARTS)))


def run(seed: int, size: Size, say: Callable[[str], None]) -> list[str]:
    """Return everything that was wrong after a run."""
    with (
        tempfile.TemporaryDirectory(prefix="aspen-chaos-") as name,
        open_stage(Path(name), seed, size.parts) as stage,
        running_receiver() as receiver,
    ):
        people = People(stage, random.Random(f"{seed}/people"))
        killer = Killer(stage, plan(seed, size.kills, size.jobs * THINGS_PER_JOB))
        people.subscribe(receiver.url)
        threads = [
            threading.Thread(target=noting(people, what))
            for what in (people.look_after_jobs, people.follow)
        ]
        for thread in threads:
            thread.start()
        killer.start()
        try:
            noting(people, lambda: people.ask_for_jobs(size.jobs))()
            wrong = wait_for_the_end(stage, killer, size)
        finally:
            killer.stop()
            people.over.set()
            for thread in threads:
                thread.join()
        for line in killer.done:
            say(line)
        wrong += settle(stage, say)
        wait_for(lambda: _is_told(stage, delivered(receiver.received)), 60)
        stage.stop_all()
        people.follow()
        wrong += check(stage, people, delivered(receiver.received))
        say(summary(stage, killer))
        if wrong:
            for keeper in stage.keepers:
                say(f"--- {keeper.name}\n" + "\n".join(keeper.said[-400:]))
            say((stage.folder / "watch.log").read_text())
        return wrong


def noting(people: People, what: Callable[[], None]) -> Callable[[], None]:
    """Let an error of a thread be a finding."""

    def guarded() -> None:
        try:
            what()
        except Exception as error:
            people.wrong.append(f"{type(error).__name__}: {error}")

    return guarded


def wait_for_the_end(stage: Stage, killer: Killer, size: Size) -> list[str]:
    """Wait until no job is open and nothing is killed any more; bounded."""
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        try:
            with stage.connect() as conn:
                if not size.is_patient:
                    hasten(stage, conn)
                row = conn.execute(OPEN).fetchone()
                assert row is not None
                if row[0] == 0:
                    killer.over.set()
                    return []
        except Exception:
            # The database itself may just be down.
            pass
        time.sleep(1)
    return ["the jobs did not end in time"]


def hasten(stage: Stage, conn: psycopg.Connection) -> None:
    """Let time pass: waits are over, and workers that were killed have been silent for long."""
    conn.execute("update aspen.jobs set due_at = now() where due_at > now()")
    conn.execute("update aspen.webhooks set next_attempt_at = now() where next_attempt_at > now()")
    workers = [one for one in stage.keepers if one.name.startswith("worker")]
    dead = [f"%:{pid}:%" for worker in workers for pid in worker.dead]
    conn.execute(
        "update aspen.job_workers set heartbeat_at = now() - interval '1 hour'"
        " where name like any (%s) and heartbeat_at > now() - interval '1 minute'",
        [dead],
    )
    conn.execute("select internal.sweep_jobs()")


def settle(stage: Stage, say: Callable[[str], None]) -> list[str]:
    """Do what operators do: sweep, register what was left, queue what nobody needs, and verify."""
    wrong = []
    for arguments in (
        ("job", "sweep"),
        ("output", "scan"),
        ("output", "verify", "--queue", "--older-than", "1s"),
        ("output", "verify"),
    ):
        done = stage.control(*arguments)
        say(f"control {' '.join(arguments)}: {done.returncode} {done.stderr.strip()[-500:]}")
        if done.returncode:
            wrong.append(f"control {' '.join(arguments)} ends with {done.returncode}")
    return wrong


def _is_told(stage: Stage, told: list[int]) -> bool:
    """Tell whether the webhook has got the last event."""
    with stage.connect() as conn:
        row = conn.execute(
            "select coalesce(max(id), 0) from aspen.events where group_id = %s", [stage.group]
        ).fetchone()
        if not told or row is None or row[0] > max(told):
            conn.execute("update aspen.webhooks set next_attempt_at = now()")
            return False
    return True


def summary(stage: Stage, killer: Killer) -> str:
    """Say what happened in numbers."""
    with stage.connect() as conn:
        row = conn.execute(
            "select count(*), count(*) filter (where status = 'succeeded'),"
            " sum(attempt), (select count(*) from aspen.job_outputs),"
            " (select count(*) from aspen.events) from aspen.jobs"
        ).fetchone()
    assert row is not None
    jobs, succeeded, attempts, outputs, events = row
    return (
        f"{jobs} jobs ({succeeded} succeeded) in {attempts} attempts, {outputs} outputs,"
        f" {events} events, {len(killer.done)} kills"
    )
