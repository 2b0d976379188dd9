"""Run the benchmarks named, or all but the largest: `python -m tests.bench [list edge rls …]`.

A benchmark is a module bench_<name>.py with a function run(bench, report). Exits 1 when a target is
missed.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import time
from pathlib import Path

from control.errors import ControlError
from tests.bench.report import Report
from tests.bench.servers import Bench, open_bench

# They take long and much of a disk, so that they run only if they are named.
NAMED_ONLY = {"archive", "growth"}
# The order a reader wants; whatever else is there comes after.
FIRST = ("list", "edge", "fastapi_baseline", "rls", "create_samples", "fasta", "tree", "import")


def main(names: list[str]) -> int:
    """Run them one after another, so that none disturbs another."""
    present = {
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    }
    ordered = [name for name in FIRST if name in present] + sorted(present - set(FIRST))
    if unknown := set(names) - present:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(ordered)}")
        return 2
    report = Report()
    try:
        with open_bench() as bench:
            print(machine(bench))
            for name in ordered:
                if name in names or (not names and name not in NAMED_ONLY):
                    started = time.monotonic()
                    try:
                        importlib.import_module(f"tests.bench.bench_{name}").run(bench, report)
                    except ControlError as error:
                        report.fail(name, error)
                    report.note(f"({name}: {time.monotonic() - started:.0f} s)")
    except ControlError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return 0 if report.summary() else 1


def machine(bench: Bench) -> str:
    """Describe the machine that the numbers were measured on."""
    with bench.connect("postgres", "postgres") as conn:
        version = conn.info.parameter_status("server_version")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()},"
        f" PostgreSQL {version}, Python {platform.python_version()};"
        f" load before the start {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
