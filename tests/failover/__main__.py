"""Run the campaign: `make failover ARGS="--seed 7 --kills 10"`.

Each seed kills the primary of a cluster with kill -9, Patroni and all, while clients read and
write. Exits 1 when a write that was answered is lost or was done twice, or when writes are not back
within 30 s. `make calm` moves the primary as planned.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.failover.run import Result, kill, open_cluster


def main(arguments: list[str]) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; printed")
    parser.add_argument("--kills", type=int, default=10, help="how many seeds")
    parser.add_argument("--pooling", choices=["session", "transaction"], default="session")
    given = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)

    def echo(line: str) -> None:
        print(f"  {line}", flush=True)

    result = Result()
    with open_cluster(given.pooling) as (local, group, location):
        for number in range(given.kills):
            kill(local, group, location, seed + number, echo, result)
    for one in result.wrong:
        print(f"WRONG: {one}")
    for said, count in result.failed_reads.items():
        print(f"read failed {count} times: {said}")
    print(f"{result.requests} requests, {result.uploads} uploads")
    print(f"writes back after {max(result.seconds, default=0):.1f} s at most")
    print("nothing lost" if not result.wrong else "not as promised")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
