"""Jobs claimed and ended per second by four workers, against those of procrastinate."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from control.errors import ControlError
from control.stack.state import SUPERUSER
from tests.bench.report import Report, Side, at_least, below
from tests.bench.servers import HERE, Bench

WORKERS, ROUNDS = 4, 3
JOBS = {"ours": 2_000, "procrastinate": 1_000}
# What one group has queued when another asks for its first job.
CROWD = 10_000
PROCRASTINATE = "bench_procrastinate"


def run(bench: Bench, report: Report) -> None:
    """Drain both queues in turn, then ours while somebody holds a snapshot."""
    report.title(f"queue: {WORKERS} workers claim and end jobs")
    database = bench.database("queue", HERE / "import.sql")
    create_procrastinate(bench)
    rounds: dict[str, list[float]] = {"ours": [], "procrastinate": [], "held": []}
    for _ in range(ROUNDS):
        fill_ours(bench, database, JOBS["ours"])
        rounds["ours"].append(drain(bench.url("control", database), "ours", JOBS["ours"]))
        fill_procrastinate(bench)
        rounds["procrastinate"].append(
            drain(bench.url(SUPERUSER, PROCRASTINATE), "procrastinate", JOBS["procrastinate"])
        )
        fill_ours(bench, database, JOBS["ours"])
        with held_snapshot(bench, database):
            rounds["held"].append(drain(bench.url("control", database), "ours", JOBS["ours"]))
    ours, theirs, held = (
        Side(name, tuple(rounds[key]), "jobs/s")
        for name, key in (
            ("Aspen", "ours"),
            ("procrastinate", "procrastinate"),
            ("Aspen, a snapshot held open", "held"),
        )
    )
    report.sides([ours, theirs, held])
    report.ratio("Aspen by procrastinate", ours, theirs, at_least(4))
    report.ratio("Aspen with a held snapshot by without", held, ours, at_least(0.9))
    wait = Side(
        f"first job of a group behind {CROWD:,} of another",
        tuple(delay_ms(bench, database) for _ in range(ROUNDS)),
        "ms",
    )
    report.sides([wait])
    report.bound("wait of the first job", wait, below(1000))
    empty(bench, database)


def empty(bench: Bench, database: str) -> None:
    """Leave no job, and no dead rows of jobs."""
    with bench.connect(SUPERUSER, database) as conn:
        conn.execute("truncate aspen.jobs, aspen.job_workers cascade")


def fill_ours(bench: Bench, database: str, count: int) -> None:
    """Queue jobs of ten groups."""
    empty(bench, database)
    with bench.connect("control", database) as conn:
        conn.execute(
            "insert into aspen.groups (name, prefix) select 'Group ' || n, 'G' || n"
            " from generate_series(1, 10) as numbers (n) on conflict do nothing"
        )
        queue(conn, "Group %", count // 10)
        conn.execute("analyze aspen.jobs")


def queue(conn: psycopg.Connection, name: str, count: int) -> None:
    """Queue so many jobs of each group with such a name."""
    conn.execute(
        "select internal.queue_job(groups.id, pathogens.id, 'pangolin')"
        " from aspen.groups as groups, aspen.pathogens as pathogens, generate_series(1, %s)"
        " where groups.name like %s",
        [count, name],
    )


def create_procrastinate(bench: Bench) -> None:
    """Create its database again."""
    from procrastinate import App, SyncPsycopgConnector

    with bench.connect(SUPERUSER, "postgres") as conn:
        conn.execute(f"drop database if exists {PROCRASTINATE} with (force)".encode())
        conn.execute(f"create database {PROCRASTINATE}".encode())
    connector = SyncPsycopgConnector(conninfo=bench.url(SUPERUSER, PROCRASTINATE))
    with App(connector=connector).open() as app:
        app.schema_manager.apply_schema()


def fill_procrastinate(bench: Bench) -> None:
    """Queue as many tasks as its own batches would."""
    with bench.connect(SUPERUSER, PROCRASTINATE) as conn:
        conn.execute("truncate procrastinate_jobs cascade")
        conn.execute(
            "insert into procrastinate_jobs (task_name, queue_name)"
            " select 'nothing', 'default' from generate_series(1, %s)",
            [JOBS["procrastinate"]],
        )
        conn.execute("analyze procrastinate_jobs")


def drain(url: str, side: str, count: int) -> float:
    """Let the workers of a side end all jobs, and return how many they ended per second."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.queue_worker", side, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(WORKERS)
    ]
    for worker in workers:
        tell(worker, url)
        if hear(worker) != "ready":
            raise ControlError(f"a worker of {side} does not start", "see its output above")
    started = time.monotonic()
    for worker in workers:
        tell(worker, "go")
    done = sum(int(hear(worker)) for worker in workers)
    seconds = time.monotonic() - started
    for worker in workers:
        worker.communicate()
    if done != count:
        raise ControlError(f"{side} ended {done} of {count} jobs", "the queue is broken")
    return done / seconds


def tell(worker: subprocess.Popen[str], line: str) -> None:
    """Write a line to a worker."""
    assert worker.stdin is not None
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()


def hear(worker: subprocess.Popen[str]) -> str:
    """Read a line of a worker."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


@contextmanager
def held_snapshot(bench: Bench, database: str) -> Iterator[None]:
    """Keep a transaction open that may still need every row version."""
    with bench.connect("control", database) as conn, conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        conn.execute("select count(*) from aspen.jobs")
        yield


def delay_ms(bench: Bench, database: str) -> float:
    """Return how long a worker needs to come to the first job of another group."""
    fill_ours(bench, database, 10)
    with bench.connect("control", database) as conn:
        queue(conn, "Group 1", CROWD)
        queue(conn, "Group 2", 1)
        ((wanted,),) = conn.execute("select max(id) from aspen.jobs").fetchall()
        started = time.monotonic()
        claim = "select job_id from internal.claim_jobs('bench-wait', 10)"
        while (wanted,) not in conn.execute(claim).fetchall():
            pass
        return (time.monotonic() - started) * 1000
