"""Weaken every clause that decides who may do what, and name those that nobody noticed.

python -m tests.mutants [--seed N] [--count K] [--only TEXT] [--again]

A run that was stopped goes on where it was (remembered.py).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.remembered import Remembered

EXPLAINED = Path(__file__).with_name("survivors.txt")


@dataclass(frozen=True)
class Tried:
    """A mutant that was tried, and who noticed it."""

    key: str
    where: str
    killer: str | None


def read_explained(text: str) -> dict[str, str]:
    """Return the reasons by mutant: a line for the mutant, then its reason on indented lines."""
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith(" "):
            found[key] = f"{found[key]} {line.strip()}".strip()
        elif line and not line.startswith("#"):
            key = line
            found[key] = ""
    return found


def report(tried: Sequence[Tried], known: Iterable[str], explained: dict[str, str]) -> list[str]:
    """Return the problems: survivors without a reason, and reasons without a survivor."""
    noticed = {one.key for one in tried if one.killer is not None}
    return [
        *(
            f"{one.where}: nobody notices: {one.key}"
            for one in sorted(tried, key=lambda one: one.where)
            if one.killer is None and not explained.get(one.key)
        ),
        *(f"survivors.txt: it is noticed by now: {key}" for key in explained if key in noticed),
        *(f"survivors.txt: there is no such mutant: {key}" for key in set(explained) - set(known)),
    ]


def score(tried: Sequence[Tried], explained: dict[str, str]) -> str:
    """Return the result in one line."""
    survivors = [one for one in tried if one.killer is None]
    known = sum(one.key in explained for one in survivors)
    noticed = len(tried) - len(survivors)
    percent = 100 * noticed / max(1, len(tried) - known)
    return (
        f"{noticed} of {len(tried)} mutants noticed, {known} cannot be (survivors.txt),"
        f" {len(survivors) - known} survive: {percent:.1f} %"
    )


def main() -> int:
    """Try mutants in several processes, each with servers of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, help="which mutants, with --count; printed")
    parser.add_argument("--count", type=int, help="how many; all by default")
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name has this text")
    parser.add_argument("--jobs", type=int, default=2, help="processes; 2 by default")
    parser.add_argument("--again", action="store_true", help="try those that were noticed, too")
    given = parser.parse_args()
    if given.again:
        Remembered().forget()
    seed = given.seed if given.seed is not None else random.randrange(1_000_000)
    if given.count is not None:
        print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder) / f"{number}.json" for number in range(given.jobs)]
        processes = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.mutants.runner", str(path), given.only),
                    *(str(seed), f"{given.count or ''}", f"{number}/{given.jobs}"),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for number, path in enumerate(reports)
        ]
        for process in processes:
            said, _ = process.communicate()
            if process.returncode != 0:
                print(said)
                return 2
        lines = [
            json.loads(line) for path in reports for line in path.read_text("utf-8").splitlines()
        ]
    known = [key for line in lines for key in line.get("known", ())]
    tried = [Tried(**line) for line in lines if "known" not in line]
    explained = read_explained(EXPLAINED.read_text("utf-8"))
    problems = report(tried, known, explained)
    for problem in problems:
        print(problem)
    print(score(tried, explained))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
