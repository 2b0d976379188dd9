"""Run the campaign: `python -m tests.attack [--seed N] [--examples N] [NAME …]`.

Prints what was tried and what held, memory and processor time of every server before and after;
exits 1 when anything did not hold. The seed makes a run replayable.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.attack import costs, fuzz, machine, odd, ownership, reading, texts
from tests.attack.stage import Stage, Trial, memory_of, open_stage

Attack = Callable[[Stage], Iterator[Trial]]

# The last looks at what all others left behind.
ATTACKS: dict[str, Attack] = {
    # Leaves nothing; later the lab may read another group.
    "odd": odd.requests,
    "counts": reading.counts,
    "rows": reading.rows_of_others,
    "masks": reading.masks,
    "tokens": reading.tokens,
    "names": ownership.names,
    "outputs": ownership.outputs,
    "access": ownership.access,
    "identifiers": texts.identifiers,
    "shapes": texts.shapes,
    "encodings": texts.encodings,
    "queries": costs.queries,
    "bodies": costs.bodies,
    "floods": costs.floods,
    "slow": costs.slow_clients,
    "requests": fuzz.requests,
    "emulator": machine.emulator,
    "load": machine.careless_load,
    "listeners": machine.listeners,
    "logs": machine.logs,
}


def main(arguments: list[str]) -> int:
    """Try every attack named, or all, on a stack of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ATTACKS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=40, help="of each operation, for requests")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - ATTACKS.keys():
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    with (
        tempfile.TemporaryDirectory(prefix="aspen-attack-") as directory,
        open_stage(Path(directory), given.seed, given.examples) as stage,
    ):
        before = memory(stage), stage.used()
        lost = {name: tried(stage, name) for name in given.names or ATTACKS}
        servers(stage, *before)
    failed = {name: trials for name, trials in lost.items() if trials}
    print(f"\nseed {given.seed}: {'all held' if not failed else 'NOT HELD: ' + ', '.join(failed)}")
    return 1 if failed else 0


def tried(stage: Stage, name: str) -> list[str]:
    """Try one attack; print the counts, and return what did not hold."""
    started = time.monotonic()
    trials = list(ATTACKS[name](stage))
    lost = [what for what, held in trials if not held]
    took = time.monotonic() - started
    print(
        f"{name:12} tried {len(trials):5}  held {len(trials) - len(lost):5}  {took:5.0f} s",
        flush=True,
    )
    for what in lost[:20]:
        print(f"    NOT HELD: {what!a}"[:300], flush=True)
    return lost


def memory(stage: Stage) -> dict[str, float]:
    """Return the memory each server holds, in MiB."""
    return {name: memory_of(pid) for name, pid in stage.pids().items()}


def servers(stage: Stage, memory_before: dict[str, float], used_before: dict[str, float]) -> None:
    """Print the memory and processor time of each server after the campaign."""
    used = stage.used()
    print(f"\n{'server':12}{'MiB before':>12}{'after':>8}{'CPU s':>8}")
    for name, now in memory(stage).items():
        spent = used[name] - used_before.get(name, 0)
        print(f"{name:12}{memory_before.get(name, 0):>12.0f}{now:>8.0f}{spent:>8.1f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
