"""Run etcd, in which Patroni notes who is the primary."""

from __future__ import annotations

import os
from dataclasses import dataclass

from control.cluster.programs import find_etcd
from control.cluster.state import ClusterState
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.ports import HOST
from control.stack.process import Launch, Server

READY_SECONDS = 30


@dataclass(frozen=True)
class Etcd:
    """One etcd; a cluster of several machines has three."""

    settings: Settings
    state: ClusterState
    port_names: tuple[str, ...] = ("etcd", "etcd_peer")

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        return Server("etcd", home / "run" / "etcd.pid", home / "logs" / "etcd.log")

    def check(self) -> None:
        """Fail if it is missing."""
        find_etcd()

    def prepare(self) -> None:
        """Prepare nothing: it creates its directory itself."""

    def launch(self) -> Launch:
        """Return its command."""
        client = f"http://{HOST}:{self.state.ports['etcd']}"
        peer = f"http://{HOST}:{self.state.ports['etcd_peer']}"
        return Launch(
            [
                find_etcd(),
                *("--name", "etcd", "--data-dir", str(self.settings.data_dir / "etcd")),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"etcd={peer}"),
                *("--heartbeat-interval", "100", "--election-timeout", "1000"),
                # Keep an hour of history.
                *("--auto-compaction-retention", "1", "--logger", "zap", "--log-level", "warn"),
            ],
            {"PATH": os.defpath},
        )

    def start(self) -> None:
        """Launch it and wait until it answers."""
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, READY_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it answers now."""
        return http_ok(f"{self.state.http_url('etcd')}/health")
