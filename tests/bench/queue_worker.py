"""One worker of one side of the benchmark of the queue; bench_queue.py starts four of each.

`python -m tests.bench.queue_worker ours|procrastinate` reads the address of the database from
standard input, says that it is ready, waits for a line, and prints how many jobs it ended.
"""

from __future__ import annotations

import asyncio
import sys

import psycopg

from control.jobs.queue import claim_jobs, note_worker

# How many jobs a worker has at the same time, on both sides.
CONCURRENCY = 10


def ours(url: str, name: str) -> int:
    """Claim as control job work does, and end what ended together in one transaction."""
    done = 0
    after: tuple[int, int] | None = None
    with psycopg.connect(url, autocommit=True) as conn:
        note_worker(conn, name)
        _ready()
        while True:
            claims = claim_jobs(conn, name, CONCURRENCY, None, after)
            if not claims and after is None:
                return done
            after = (claims[-1].turn, claims[-1].job_id) if claims else None
            with conn.transaction():
                for claim in claims:
                    conn.execute(
                        "select internal.move_job(%s, 'succeed', null, '{}', %s)",
                        [claim.job_id, claim.attempt],
                    )
            done += len(claims)


def procrastinate(url: str, name: str) -> int:
    """Run its own worker on tasks that do nothing."""
    from procrastinate import App, PsycopgConnector

    done = 0
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=CONCURRENCY + 2))

    async def nothing() -> None:
        nonlocal done
        done += 1

    app.task(name="nothing")(nothing)

    async def work() -> None:
        async with app.open_async():
            _ready()
            await app.run_worker_async(
                name=name,
                concurrency=CONCURRENCY,
                wait=False,
                listen_notify=False,
                install_signal_handlers=False,
            )

    asyncio.run(work())
    return done


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    address = sys.stdin.readline().strip()
    side = {"ours": ours, "procrastinate": procrastinate}[sys.argv[1]]
    print(side(address, f"bench-{sys.argv[2]}"), flush=True)
