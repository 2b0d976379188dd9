"""Run the campaign: `make calm ARGS="--seed 7 --applies 20"`.

Clients read and write while code is loaded, keys are rotated, servers are restarted and a column is
added: to a local stack, then to a cluster, whose primary moves as well. Exits 1 when a read failed,
when a write was lost or done twice, or when one took longer than it may.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from control.cluster.programs import find_etcd, find_patroni, find_pgbouncer
from control.errors import ControlError
from tests.calm.run import Result, prepare, run
from tests.calm.stages import CLUSTER, STACK, Stage, open_cluster, open_stack
from tests.servers import SETTINGS
from tests.stack.conftest import LocalStack

Open = Callable[[], AbstractContextManager[LocalStack]]


def main(arguments: list[str]) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(prog="python -m tests.calm", description=__doc__)
    parser.add_argument("--seed", type=int, help="which changes; printed")
    parser.add_argument("--applies", type=int, default=20, help="loads of code")
    parser.add_argument("--only", choices=["stack", "cluster"], help="leave out the other one")
    parser.add_argument("--pooling", choices=["session", "transaction"], default="session")
    given = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    stages: dict[str, tuple[Stage, Open]] = {
        "stack": (STACK, open_stack),
        "cluster": (CLUSTER, partial(open_cluster, given.pooling)),
    }
    chosen = [given.only] if given.only else list(stages)
    if "cluster" in chosen and (missing := missing_programs()):
        print(f"{missing}; --only stack leaves the cluster out", file=sys.stderr)
        return 1
    return max(try_out(name, *stages[name], seed, given.applies) for name in chosen)


def missing_programs() -> str:
    """Say what the cluster needs and this machine lacks, and how to get it."""
    for find in (find_etcd, find_pgbouncer, partial(find_patroni, SETTINGS)):
        try:
            find()
        except ControlError as error:
            return f"{error}: {error.remedy}"
    return ""


def try_out(name: str, stage: Stage, start: Open, seed: int, applies: int) -> int:
    """Change one platform, and print how long its clients waited."""
    print(name, flush=True)
    with start() as local:
        result = run(
            local,
            *prepare(local),
            stage.operations,
            seed=seed,
            applies=applies,
            echo=lambda line: print(f"  {line}", flush=True),
        )
    wrong = result.wrong + [
        f"{what} is too slow" for what, seconds, most in waits(result, stage) if seconds > most
    ]
    for one in wrong:
        print(f"WRONG: {one}")
    print(
        f"{result.requests} requests, {result.uploads} uploads;"
        f" 99 % of the answers within {milliseconds(result.p99_seconds)}"
    )
    for what, seconds, most in waits(result, stage):
        print(f"{what}: {milliseconds(seconds)}, may be {milliseconds(most)}")
    print("not calm" if wrong else "calm", flush=True)
    return 1 if wrong else 0


def waits(result: Result, stage: Stage) -> list[tuple[str, float, float]]:
    """Return how long clients waited for what at most, and how long they may wait."""
    late = (
        "slowest upload while the primary moved, until it was stored",
        result.late_upload_seconds,
        stage.late_upload_seconds,
    )
    return [
        (f"slowest read ({result.read})", result.read_seconds, stage.read_seconds),
        ("slowest upload", result.upload_seconds, stage.upload_seconds),
        *([late] if stage.late_upload_seconds else []),
    ]


def milliseconds(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{seconds * 1000:,.0f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
