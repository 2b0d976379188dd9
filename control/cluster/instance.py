"""Run the PostgREST of the cluster: one that writes through PgBouncer, and one for each replica."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, replace

from control.cluster.bouncer import LOGIN, TRANSACTION, Bouncer
from control.cluster.state import READERS, STAND_IN, WRITER, ClusterState
from control.stack import nginx, postgrest
from control.stack.components import Api, Edge
from control.stack.process import Launch, Server


@dataclass(frozen=True)
class Instance(Api):
    """One PostgREST: it writes, or reads a replica."""

    state: ClusterState

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        return postgrest.postgrest_server(f"postgrest-{self.number}", home / "run", home / "logs")

    def _named(self, name: str) -> str:
        return f"{name}_{self.number}"

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

    def launch(self) -> Launch:
        """Return its command."""
        launch = super().launch()
        hears = "true" if self._hears_notifications else "false"
        # In a pool for transactions the next statement may be another connection's, which PgBouncer
        # before 1.21 does not prepare again.
        prepares = "false" if self._is_in_a_pool_of_transactions else "true"
        chosen = {"PGRST_DB_CHANNEL_ENABLED": hears, "PGRST_DB_PREPARED_STATEMENTS": prepares}
        return replace(launch, environment={**launch.environment, **chosen})

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
