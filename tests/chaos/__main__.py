"""Run the campaign: `make chaos ARGS="--seed 7 --only jobs"`.

Ten seeds, or the one that is named: jobs while processes are killed (tests/chaos/run.py), then the
servers alone (tests/stack/chaos.py). Prints what was done and what was wrong afterwards; exits 1
when anything was.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos.run import Size, run
from tests.stack.chaos import break_and_heal

SEEDS = range(1, 11)


def main(arguments: list[str]) -> int:
    """Run the jobs of every seed, and break the stack alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="only this one, instead of ten")
    parser.add_argument("--only", choices=("stack", "jobs"))
    parser.add_argument("--jobs", type=int, default=Size.jobs)
    parser.add_argument("--outputs", type=int, default=Size.outputs)
    parser.add_argument("--kills", type=int, default=Size.kills)
    parser.add_argument("--rounds", type=int, default=20, help="of breaking the servers alone")
    parser.add_argument("--patient", action="store_true", help="wait as long as in production")
    given = parser.parse_args(arguments)
    wrong: dict[str, list[str]] = {}
    size = Size(given.jobs, given.outputs, given.kills, given.patient)
    for seed in SEEDS if given.seed is None else [given.seed]:
        if given.only != "stack":
            print(f"seed {seed}: {size.jobs} jobs, {size.kills} kills", flush=True)
            wrong[f"jobs, seed {seed}"] = told(run(seed, size, show))
        if given.only != "jobs":
            print(f"seed {seed}: the servers alone, {given.rounds} rounds", flush=True)
            wrong[f"stack, seed {seed}"] = told(break_and_heal(seed, given.rounds))
    bad = [f"{name}: {len(found)} wrong" for name, found in wrong.items() if found]
    print("\n".join(bad) or "all well")
    return 1 if bad else 0


def show(line: str) -> None:
    """Print what happens in a run."""
    print(f"  {line}", flush=True)


def told(found: list[str]) -> list[str]:
    """Print what was wrong, and return it."""
    print("\n".join(f"  WRONG: {one}" for one in found), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
