"""Kill processes with SIGKILL: what and when says the seed, counted in things that happened."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import Stage

# How often each is killed, of all kills.
VICTIMS = {
    "worker": 5,
    "job": 5,
    "keeper": 2,
    "watch": 2,
    "scan": 1,
    "postgres": 3,
    "backend": 2,
    "postgrest": 2,
    "ministack": 3,
    "nginx": 1,
}


@dataclass(frozen=True)
class Kill:
    """Whom to kill when so much has happened; `dice` chooses among several."""

    after: int
    victim: str
    dice: float


def plan(seed: int, kills: int, things: int) -> list[Kill]:
    """Return the kills of a seed, in their order; every kind once before any comes twice."""
    dice = random.Random(seed)
    victims = dice.sample([*VICTIMS], len(VICTIMS))[:kills]
    victims += dice.choices([*VICTIMS], [*VICTIMS.values()], k=kills - len(victims))
    moments = sorted(dice.sample(range(2, max(things, kills + 2)), kills))
    return [
        Kill(after, victim, dice.random()) for after, victim in zip(moments, victims, strict=True)
    ]


class Killer:
    """Carries out a plan in a thread of its own."""

    def __init__(self, stage: Stage, kills: list[Kill]) -> None:
        self.done: list[str] = []
        self.over = threading.Event()
        self._stage = stage
        self._kills = kills
        self._thread = threading.Thread(target=self._run, name="killer")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Kill no more."""
        self.over.set()
        self._thread.join()

    def _run(self) -> None:
        for kill in self._kills:
            if not self._stage.count.wait_for(kill.after, self.over):
                return
            pids = sorted(self._find(kill.victim))
            if pids:
                pid = pids[int(kill.dice * len(pids))]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.done.append(f"after {kill.after}: {kill.victim} {pid}")

    def _find(self, victim: str) -> list[int]:
        """Return the processes of this kind that run now."""
        if victim in ("watch", "scan"):
            return self._kept(victim)
        workers = self._kept("worker-")
        match victim:
            case "worker":
                return workers
            case "keeper":
                return [child for pid in workers for child in children(pid)]
            case "job":
                return [
                    program for pid in workers for one in children(pid) for program in children(one)
                ]
            case "backend":
                return [pid for pid in self._server("postgres") for pid in children(pid)]
            case _:
                return self._server(victim)

    def _kept(self, name: str) -> list[int]:
        return [
            keeper.process.pid
            for keeper in self._stage.keepers
            if keeper.name.startswith(name)
            and keeper.process is not None
            and keeper.process.poll() is None
        ]

    def _server(self, name: str) -> list[int]:
        with suppress(Exception):
            pid = self._stage.local.pids()[name]
            return [] if pid is None else [pid]
        return []


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found
