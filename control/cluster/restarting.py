"""Restart servers of the cluster while it is in use, so that no request notices.

A server gets no requests while it restarts: another reader has them, or a PostgREST that stands in
for the writer and reaches the primary without PgBouncer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from control.cluster.bouncer import Bouncer
from control.cluster.instance import ClusterEdge, Instance
from control.cluster.state import READERS, STAND_IN, WRITER, ClusterState, settings_of_cluster
from control.errors import ControlError
from control.settings import Settings
from control.stack.changing import Echo, one_at_a_time, require_local
from control.stack.components import Component
from control.stack.nginx import has_drained
from control.stack.starting import bring_up
from control.terminal import working_on

START = "start it: control cluster up"


def restart_postgrest(settings: Settings, echo: Echo) -> None:
    """Restart each PostgREST, one after the other."""
    with _changing(settings, echo) as servers:
        for number in READERS:
            others = tuple(other for other in READERS if other != number)
            servers.lead_to(replace(servers.edge, readers=others))
            servers.restart(servers.instance(number))
        with servers.stand_in():
            servers.restart(servers.instance(WRITER))


def restart_pgbouncer(settings: Settings, echo: Echo) -> None:
    """Restart PgBouncer, and the PostgREST that writes through it."""
    with _changing(settings, echo) as servers:
        servers.restart_writer()


def reload_pgbouncer(settings: Settings, echo: Echo) -> None:
    """Have PgBouncer read its settings again; it keeps all connections."""
    with _changing(settings, echo) as servers:
        if servers.bouncer.reload():
            echo("pgbouncer reloaded")
            return
    restart_pgbouncer(settings, echo)


def reload_nginx(settings: Settings, echo: Echo) -> None:
    """Have nginx read its configuration again."""
    with _changing(settings, echo) as servers:
        servers.lead_to(servers.edge)
        echo("nginx reloaded")


@dataclass(frozen=True)
class Servers:
    """Those that restart, and the edge before them."""

    settings: Settings
    state: ClusterState
    echo: Echo

    @property
    def edge(self) -> ClusterEdge:
        """Return the edge as it is between restarts."""
        return ClusterEdge(self.settings, self.state)

    @property
    def bouncer(self) -> Bouncer:
        """Return PgBouncer."""
        return Bouncer(self.settings, self.state)

    def instance(self, number: int) -> Instance:
        """Return a PostgREST."""
        return Instance(self.settings, self.state, number)

    def restart(self, component: Component) -> None:
        """Restart one that gets no requests; one that had died is started."""
        component.server.stop()
        self.bring_up(component)

    def bring_up(self, component: Component) -> None:
        """Start one that does not run."""
        bring_up(component, self.settings, self.state, self.echo)

    def lead_to(self, edge: ClusterEdge) -> None:
        """Send requests there from now on, and wait until those under way are answered."""
        working_on("waiting for the requests under way")
        old = edge.reload()
        if old is None:
            raise ControlError("nginx does not read its configuration again", START)
        if not has_drained(edge.server, old):
            self.echo("nginx still has requests from before, but they are not waited for")

    def restart_writer(self) -> None:
        """Restart PgBouncer and the PostgREST whose connections end with it."""
        with self.stand_in():
            self.restart(self.bouncer)
            self.restart(self.instance(WRITER))

    @contextmanager
    def stand_in(self) -> Iterator[None]:
        """Have another PostgREST write meanwhile, one that needs no PgBouncer."""
        other = self.instance(STAND_IN)
        self.bring_up(other)
        self.lead_to(replace(self.edge, writer=STAND_IN))
        yield
        self.lead_to(self.edge)
        other.server.stop()


def end_stand_in(settings: Settings, state: ClusterState, echo: Echo) -> None:
    """Stop a stand-in that a restart left because it failed; the writer has its requests."""
    servers = Servers(settings, state, echo)
    other = servers.instance(STAND_IN)
    if other.server.pid() is not None:
        servers.lead_to(servers.edge)
        other.server.stop()
        echo(f"{other.server.name} stopped: the writer is back")


@contextmanager
def _changing(settings: Settings, echo: Echo) -> Iterator[Servers]:
    """Yield the servers of a cluster that is up, one command at a time."""
    require_local(settings)
    settings = settings_of_cluster(settings)
    if not settings.data_dir.exists():
        raise ControlError("the cluster does not run", START)
    with one_at_a_time(settings, echo):
        servers = Servers(settings, ClusterState.load(settings), echo)
        if servers.edge.server.pid() is None:
            raise ControlError("the cluster does not run", START)
        yield servers
