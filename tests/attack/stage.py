"""The target of the attacks: a stack as `control up` makes it, with people and rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psycopg

from control import stack
from control.settings import Settings
from control.stack.ports import HOST
from control.tokens.keys import load_keys
from tests.bench.processes import seconds_used
from tests.http.world import World
from tests.servers import SETTINGS, Api, prepare_stack

# The host that connections come from: the edge counts each address apart.
FIRST_ADDRESS = 10


# What was tried, and whether it held.
Trial = tuple[str, bool]


@dataclass
class Stage:
    """A running stack, the cast of one world, and a seeded source of random numbers."""

    settings: Settings
    world: World
    conn: psycopg.Connection
    dice: random.Random
    seed: int
    # How many requests to make for each operation of the description.
    examples: int
    # Texts that must be nowhere but in the database.
    marked: list[str]
    _address: int = FIRST_ADDRESS

    @property
    def is_short(self) -> bool:
        """Tell whether one example of a kind is enough, and small ones of a large kind."""
        return self.examples == 1

    @property
    def edge(self) -> str:
        """Return the address that clients use."""
        return self.world.api.url

    @property
    def direct(self) -> str:
        """Return PostgREST's own address, as a program on the same machine reaches it."""
        return self.world.api.direct_url

    def address(self) -> str:
        """Return a loopback address that has sent no request yet."""
        self._address += 1
        return f"127.0.{self._address // 250}.{self._address % 250 + 1}"

    @contextmanager
    def client(self, token: str | None = None, url: str | None = None) -> Iterator[httpx.Client]:
        """Open a client with an address of its own."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.HTTPTransport(
            local_address=self.address(),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=0),
        )
        with httpx.Client(
            base_url=url or self.edge, headers=headers, transport=transport, timeout=60
        ) as http:
            yield http

    def mark(self, text: str) -> str:
        """Remember a text that no log may hold, and return it."""
        self.marked.append(text)
        return text

    def pids(self) -> dict[str, int]:
        """Return the pid of each server that runs."""
        return {name: found.pid for name, found in stack.status(self.settings).items() if found.pid}

    def used(self) -> dict[str, float]:
        """Return the processor seconds each server has used."""
        return {name: seconds_used([pid]) for name, pid in self.pids().items()}


@contextmanager
def open_stage(directory: Path, seed: int, examples: int) -> Iterator[Stage]:
    """Start a stack in a directory, and stop it at the end."""
    first = SETTINGS.first_port + 300
    settings = replace(SETTINGS, data_dir=directory, keys_dir=directory / "keys", first_port=first)
    prepare_stack(settings)
    settings = stack.up(settings, print)
    try:
        with psycopg.connect(f"{settings.database_url}", autocommit=True) as conn:
            with httpx.Client(base_url=f"{settings.api_url}", timeout=60) as http:
                api = Api(
                    url=f"{settings.api_url}",
                    direct_url=postgrest_url(settings),
                    admin_url=f"{settings.admin_url}",
                    database=None,  # type: ignore[arg-type]
                    keys=load_keys(settings.keys_dir),
                    http=http,
                )
                yield Stage(
                    settings, World(api, conn), conn, random.Random(seed), seed, examples, []
                )
    finally:
        stack.down(settings, print)


def postgrest_url(settings: Settings) -> str:
    """Return PostgREST's address, which no setting advertises."""
    port = stack.status(settings)["postgrest"].port
    return f"http://{HOST}:{port}"


def memory_of(pid: int) -> float:
    """Return the MiB a process and its children hold now."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(
                line.split(":", 1) for line in status.read_text().splitlines() if ":" in line
            )
        except OSError:
            continue
        if str(pid) in (status.parent.name, lines["PPid"].strip()):
            total += int(lines.get("RssAnon", "0 kB").split()[0]) / 1024
    return total
