"""Run the PostgREST of the cluster: one that writes through PgBouncer, and one for each replica."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from control.cluster.bouncer import LOGIN, TRANSACTION, Bouncer
from control.cluster.state import READERS, STAND_IN, WRITER, ClusterState
from control.settings import Settings
from control.stack import nginx, postgrest
from control.stack.components import Edge
from control.stack.health import http_ok
from control.stack.process import Launch, Server


@dataclass(frozen=True)
class Instance:
    """One PostgREST."""

    settings: Settings
    state: ClusterState
    number: int

    @property
    def port_names(self) -> tuple[str, ...]:
        """Return the names of its ports."""
        return f"postgrest_{self.number}", f"admin_{self.number}"

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        return postgrest.postgrest_server(f"postgrest-{self.number}", home / "run", home / "logs")

    @property
    def _is_in_a_pool_of_transactions(self) -> bool:
        pooling = Bouncer(self.settings, self.state).pooling
        return self.number == WRITER and pooling == TRANSACTION

    @property
    def _hears_notifications(self) -> bool:
        """Return whether NOTIFY reaches it: neither on a replica nor in a pool of transactions."""
        return self.number not in READERS and not self._is_in_a_pool_of_transactions

    @property
    def _database_url(self) -> str:
        if self.number == WRITER:
            return self.state.bouncer_url(LOGIN)
        if self.number == STAND_IN:
            return self.state.database_url(LOGIN)
        return self.state.replica_url(LOGIN, self.number)

    @property
    def url(self) -> str | None:
        """Return its own address, behind the edge; None before its first start."""
        return self.state.http_url(f"postgrest_{self.number}")

    def check(self) -> None:
        """Fail if it is missing."""
        postgrest.find_postgrest(self.settings)

    def prepare(self) -> None:
        """Make the keys, if need be."""
        self._ensure_keys()

    def _ensure_keys(self) -> Path:
        """Return the file with the keys, made if need be; its libraries take long to import."""
        from control.tokens.keys import ensure_keys

        return ensure_keys(self.settings.keys_dir).jwks_path

    def launch(self) -> Launch:
        """Return its command."""
        launch = postgrest.postgrest_launch(
            self.settings,
            database_url=self._database_url,
            jwks=self._ensure_keys(),
            api_port=self.state.ports[f"postgrest_{self.number}"],
            admin_port=self.state.ports[f"admin_{self.number}"],
            public_url=self.state.http_url("api"),
        )
        hears = "true" if self._hears_notifications else "false"
        # In a pool for transactions the next statement may be another connection's, which PgBouncer
        # before 1.21 does not prepare again.
        prepares = "false" if self._is_in_a_pool_of_transactions else "true"
        chosen = {"PGRST_DB_CHANNEL_ENABLED": hears, "PGRST_DB_PREPARED_STATEMENTS": prepares}
        return replace(launch, environment={**launch.environment, **chosen})

    def start(self) -> None:
        """Launch it and wait until it answers."""
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, postgrest.READY_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it answers now."""
        return http_ok(f"{self.state.http_url(f'admin_{self.number}')}/ready")

    def look_again(self) -> None:
        """Have it read the schema again over new connections, which lead to where they should."""
        if (pid := self.server.pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)

    def read_configuration_again(self) -> None:
        """Have it read its keys and settings again, unless it hears of that itself."""
        pid = self.server.pid()
        if pid is not None and not self._hears_notifications:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR2)


@dataclass(frozen=True)
class ClusterEdge(Edge):
    """The edge, which sends reads to the replicas and everything else to the primary."""

    port_names: tuple[str, ...] = (*nginx.PORTS, "replica_relay")
    # Those that get requests.
    writer: int = WRITER
    readers: tuple[int, ...] = READERS

    def _edge(self) -> nginx.Edge:
        return nginx.Edge.of(
            self.settings,
            self.settings.data_dir / "nginx",
            self.server.log_file,
            api_port=self.state.ports["api"],
            relay_port=self.state.ports["relay"],
            postgrest_ports=[self.state.ports[f"postgrest_{self.writer}"]],
            replicas=nginx.Replicas(
                [self.state.ports[f"postgrest_{number}"] for number in self.readers],
                self.state.ports["replica_relay"],
            ),
        )
