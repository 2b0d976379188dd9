"""Run the campaign: `make calm ARGS="--seed 7 --applies 20"`.

Clients read and write while code is loaded, keys are rotated, PostgREST and nginx are restarted and
a column is added. Exits 1 when a request failed, when a write was lost or done twice, or when one
took longer than a second.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.calm.run import run

LONGEST_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    """Run it once."""
    parser = argparse.ArgumentParser(prog="python -m tests.calm", description=__doc__)
    parser.add_argument("--seed", type=int, help="which changes; printed")
    parser.add_argument("--applies", type=int, default=20, help="loads of code")
    given = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    result = run(seed, given.applies, lambda line: print(f"  {line}", flush=True))
    for one in result.wrong:
        print(f"WRONG: {one}")
    print(
        f"{result.requests} requests, {result.uploads} uploads; 99 % within"
        f" {result.p99_seconds * 1000:.0f} ms, slowest {result.slowest_seconds * 1000:.0f} ms"
        f" ({result.slowest})"
    )
    is_slow = result.slowest_seconds > LONGEST_SECONDS
    print("slower than a second" if is_slow else "calm" if not result.wrong else "not calm")
    return 1 if result.wrong or is_slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
