"""Processor time and memory of processes.

Processor time is steadier than requests/s while other programs compete for the cores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_used(roots: Iterable[int]) -> float:
    """Return processor time of these processes and their descendants, dead ones included."""
    parents, used = _processes()
    wanted = set(roots)
    total = 0.0
    for pid in parents:
        ancestor: int | None = pid
        while ancestor and ancestor not in wanted:
            ancestor = parents.get(ancestor)
        if ancestor:
            total += used[pid]
    return total


def seconds_of(pid: int) -> float:
    """Return processor time of one process, to the nanosecond where the kernel counts it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def costs(pid: int, work: Callable[[], object]) -> float:
    """Return milliseconds of processor time that a process and this one need for some work."""
    before = seconds_of(pid) + time.process_time()
    work()
    return (seconds_of(pid) + time.process_time() - before) * 1000


def peak_mib(pid: int) -> float:
    """Return the most memory a process has held since it began; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    peaks = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0].split()[1]) / 1024 if peaks else 0


def private_mib(pid: int) -> float:
    """Return the memory that a process shares with no other now; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    held = [line for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(held[0].split()[1]) / 1024 if held else 0


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    parents, _ = _processes()
    return [child for child, parent in parents.items() if parent == pid]


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Return the parent and the processor time of every process."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is the command in parentheses, and may contain spaces itself.
            fields = path.read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        # Its own time in user and system mode, and that of children it has seen die.
        used[pid] = sum(map(int, fields[11:15])) / TICKS
    return parents, used
