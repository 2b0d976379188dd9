"""Follow the primary: lead PgBouncer to it, and tell each PostgREST when something moved.

A program of its own, because neither knows Patroni. It also passes on what a replica cannot notify:
that the schema or the configuration of the API changed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.cluster.bouncer import Bouncer
from control.cluster.instance import Instance
from control.cluster.members import Member, find_members, primary_of
from control.cluster.state import INSTANCES, STAND_IN, ClusterState
from control.local import connect_here
from control.settings import Settings
from control.stack.process import Launch, Server

EVERY_SECONDS = 0.5
START_SECONDS = 20
CHANNEL = "pgrst"
# How long a replica may take to replay what was notified.
REPLAY_SECONDS = 5.0


@dataclass(frozen=True)
class Follower:
    """The program `python -m control.cluster.follower`."""

    settings: Settings
    state: ClusterState
    port_names: tuple[str, ...] = ()

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        return Server("follower", home / "run" / "follower.pid", home / "logs" / "follower.log")

    def check(self) -> None:
        """Check nothing: it needs only the running Python."""

    def prepare(self) -> None:
        """Prepare nothing."""

    def launch(self) -> Launch:
        """Return its command."""
        return Launch(
            [sys.executable, "-I", "-m", "control.cluster.follower"],
            {
                "PATH": os.defpath,
                "LC_ALL": "C.UTF-8",
                "ASPEN_ROOT": str(self.settings.root),
                # The folder around that of the cluster, as for `control cluster`.
                "ASPEN_DATA_DIR": str(self.settings.data_dir.parent),
            },
            # It reads the ports and its code when it starts.
            inputs=repr([sorted(self.state.ports.items()), *_code()]),
        )

    def start(self) -> None:
        """Launch it, and wait until PgBouncer is led somewhere."""
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, START_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it lives."""
        return self.server.pid() is not None


def _code() -> list[str]:
    return [path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]


@dataclass
class Following:
    """What was seen last, and what follows from a difference."""

    settings: Settings
    state: ClusterState
    seen: tuple[str | None, frozenset[str]] = (None, frozenset())

    def look(self) -> None:
        """Look at the cluster once, and act if it changed."""
        members = find_members(self.state)
        primary = primary_of(members)
        if primary is None:
            return
        healthy = frozenset(member.name for member in members if member.is_healthy)
        if self.seen[0] != primary.name:
            self.lead_to(primary)
        if self.seen != (primary.name, healthy):
            self.seen = (primary.name, healthy)
            for instance in self.instances():
                instance.look_again()

    def lead_to(self, primary: Member) -> None:
        """Lead PgBouncer to a new primary."""
        Bouncer(self.settings, self.state).lead_to(primary.port)
        print(f"{primary.name} is the primary", flush=True)

    def pass_on(self, payload: str, conn: psycopg.Connection) -> None:
        """Tell each PostgREST what was notified, once the replicas have what it is about."""
        if payload == "reload config":
            for instance in self.instances():
                instance.read_configuration_again()
            return
        self._await_replicas(conn)
        for instance in self.instances():
            instance.look_again()

    def instances(self) -> Iterator[Instance]:
        """Yield each PostgREST; one that does not run is told nothing."""
        return (Instance(self.settings, self.state, number) for number in (*INSTANCES, STAND_IN))

    def _await_replicas(self, conn: psycopg.Connection) -> None:
        asked = conn.execute("select pg_catalog.pg_current_wal_lsn()").fetchone()
        give_up_at = time.monotonic() + REPLAY_SECONDS
        while time.monotonic() < give_up_at:
            behind = conn.execute(
                "select count(*) from pg_catalog.pg_stat_replication"
                " where replay_lsn < %s and application_name like 'node-%%'",
                asked,
            ).fetchone()
            if behind == (0,):
                return
            time.sleep(0.05)


def follow(settings: Settings, state: ClusterState) -> None:
    """Follow the primary until this process is ended."""
    following = Following(settings, state)
    url = state.database_url("postgres", "aspen")
    while True:
        following.look()
        with suppress(psycopg.Error), connect_here(url, connect_timeout=2) as conn:
            conn.execute(f"listen {CHANNEL}")
            while True:
                # As a list: the connection is locked while one waits, and passing on needs it.
                heard = list(conn.notifies(timeout=EVERY_SECONDS, stop_after=1))
                for payload in dict.fromkeys(one.payload for one in heard):
                    following.pass_on(payload, conn)
                following.look()
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    from control.cluster.state import settings_of_cluster
    from control.settings import load_settings

    of_cluster = settings_of_cluster(load_settings("local"))
    follow(of_cluster, ClusterState.load(of_cluster))
