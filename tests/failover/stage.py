"""A cluster of the tests' own, in a temporary directory and on ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from control.cluster import lifecycle
from control.cluster.members import Member, find_members, primary_of
from control.cluster.node import Node
from control.cluster.programs import PLACES
from control.cluster.state import NODES, ClusterState
from control.settings import Settings
from control.stack.ports import next_free
from control.stack.process import wait_for
from control.stack.state import SUPERUSER
from tests.servers import SETTINGS, prepare_cluster_of_nodes
from tests.stack.conftest import LocalStack

IS_REQUIRED = bool(os.environ.get("ASPEN_REQUIRE_CLUSTER"))
HAS_PROGRAMS = (SETTINGS.root / ".venv-cluster" / "bin" / "patroni").exists() and all(
    shutil.which(name, path=PLACES) for name in ("etcd", "pgbouncer")
)
needs_cluster = pytest.mark.skipif(
    not (HAS_PROGRAMS or IS_REQUIRED), reason="make cluster; apt-get install etcd-server pgbouncer"
)


@dataclass
class LocalCluster(LocalStack):
    """One cluster: what tests of the local stack do, and its nodes."""

    # Of the folder around the cluster, as the commands take them.
    outer: Settings = SETTINGS
    pooling: str | None = None

    def up(self) -> None:
        """Run `control cluster up`."""
        self.said.clear()
        self.settings = lifecycle.up(self.outer, self.said.append, pooling=self.pooling)

    def down(self) -> None:
        """Run `control cluster down`."""
        self.said.clear()
        lifecycle.down(self.outer, self.said.append)

    @property
    def state(self) -> ClusterState:
        """Return its ports and passwords."""
        return ClusterState.load(self.settings)

    def node(self, name: str) -> Node:
        """Return a node by name."""
        return Node(self.settings, self.state, int(name.rpartition("-")[2]))

    def primary(self) -> Member:
        """Return the primary, which must be there."""
        found = primary_of(find_members(self.state))
        assert found is not None
        return found

    @contextmanager
    def on(self, node: int) -> Iterator[psycopg.Connection]:
        """Connect to one node as superuser."""
        url = self.state.node_url(SUPERUSER, node)
        with psycopg.connect(url, autocommit=True) as conn:
            yield conn

    def replicas(self) -> list[int]:
        """Return the numbers of the nodes that are replicas now."""
        primary = self.primary().name
        return [number for number in NODES if f"node-{number}" != primary]

    def kill_primary(self) -> str:
        """Kill everything of the primary's machine with `kill -9`; return its name."""
        node = self.node(self.primary().name)
        for pid in node.server.writers():
            # A backend may end by itself before that.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not node.server.writers(), 10)
        return node.name


@contextmanager
def run_local_cluster(
    data: Path, pooling: str | None = None, root: Path = SETTINGS.root
) -> Iterator[LocalCluster]:
    """Start a cluster over the migrated database, and stop it at the end.

    `root` is a checkout whose code and migrations are those of this one when it starts.
    """
    outer = replace(
        SETTINGS, root=root, data_dir=data, keys_dir=data / "keys", first_port=_first_port()
    )
    prepare_cluster_of_nodes(outer)
    local = LocalCluster(outer, outer=outer, pooling=pooling)
    try:
        local.up()
        yield local
    finally:
        local.down()


def _first_port() -> int:
    """Return a port that is followed by free ones: below those that the system gives to clients."""
    return next_free(10_000 + os.getpid() * 50 % 20_000)
