"""Bring the cluster up and down, report its state, and move its primary."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from control.cluster.bouncer import Bouncer
from control.cluster.etcd import Etcd
from control.cluster.follower import Follower
from control.cluster.instance import ClusterEdge, Instance
from control.cluster.members import (
    PRIMARY,
    SYNCHRONOUS,
    Member,
    find_members,
    primary_of,
    switch_over,
)
from control.cluster.node import Node
from control.cluster.restarting import Servers, end_stand_in
from control.cluster.state import (
    INSTANCES,
    NODES,
    REPLICATOR,
    STAND_IN,
    ClusterState,
    settings_of_cluster,
)
from control.database import connect
from control.errors import ControlError
from control.local import connect_here
from control.partitions import extend_tables
from control.schema.migrate import migrate_up
from control.settings import Settings
from control.stack.bootstrap import bootstrap
from control.stack.changing import (
    Echo,
    make_data_directory,
    naming_a_full_disk,
    one_at_a_time,
    require_local,
)
from control.stack.components import Component, LogKeeper
from control.stack.postgres import answers
from control.stack.process import wait_for
from control.stack.starting import ComponentStatus, bring_up, prepare, status_of
from control.stack.state import SUPERUSER
from control.terminal import working_on

PRIMARY_SECONDS = 60
REPLICAS_SECONDS = 120


@dataclass(frozen=True)
class Parts:
    """The servers of the cluster, in the order in which they start."""

    logs: LogKeeper
    etcd: Etcd
    nodes: list[Node]
    bouncer: Bouncer
    follower: Follower
    instances: list[Instance]
    edge: ClusterEdge

    @classmethod
    def of(cls, settings: Settings, state: ClusterState) -> Parts:
        """Return the servers of one cluster."""
        return cls(
            LogKeeper(settings, state),
            Etcd(settings, state),
            [Node(settings, state, number) for number in NODES],
            Bouncer(settings, state),
            Follower(settings, state),
            [Instance(settings, state, number) for number in INSTANCES],
            ClusterEdge(settings, state),
        )

    @property
    def all(self) -> Sequence[Component]:
        """Return all of them."""
        first: list[Component] = [self.logs, self.etcd, *self.nodes, self.bouncer]
        return [*first, self.follower, *self.instances, self.edge]


def up(settings: Settings, echo: Echo, *, pooling: str | None = None) -> Settings:
    """Start what is not running, update the database, and return the settings that reach it.

    `pooling` says how PgBouncer pools from now on; None leaves it as it is.
    """
    require_local(settings)
    make_data_directory(settings)
    settings = settings_of_cluster(settings)
    make_data_directory(settings)
    with naming_a_full_disk(settings), one_at_a_time(settings, echo):
        state = ClusterState.recover(settings, echo)
        parts = Parts.of(settings, state)
        for component in parts.all:
            component.check()
        state.ensure_passwords()
        if pooling is not None:
            parts.bouncer.pool_by(pooling)
        # Its ports stay the same as well: the follower starts again when a port changes.
        prepare([*parts.all, Instance(settings, state, STAND_IN)], settings, state, echo)
        bring_up(parts.logs, settings, state, echo)
        bring_up(parts.etcd, settings, state, echo)
        first, *others = parts.nodes
        bring_up(first, settings, state, echo)
        if not _have_started(others):
            # A new cluster: what the first node has when the others copy it need not be sent.
            _update_database(settings, state, echo)
        for node in others:
            node.begin()
        for node in others:
            node.await_answer()
            bring_up(node, settings, state, echo)
        working_on("waiting for the replicas")
        await_whole(state)
        _update_database(settings, state, echo)
        parts.bouncer.lead_to(_require_primary(state).port)
        _bring_up_writer(parts, Servers(settings, state, echo))
        for instance in parts.instances:
            bring_up(instance, settings, state, echo)
        # After them: its first look has them read the schema, which none can do while it starts.
        bring_up(parts.follower, settings, state, echo)
        bring_up(parts.edge, settings, state, echo)
        end_stand_in(settings, state, echo)
        return state.applied_to(settings)


def _bring_up_writer(parts: Parts, servers: Servers) -> None:
    """Leave PgBouncer and the writer running; in a cluster in use nobody notices a restart."""
    path: list[Component] = [parts.bouncer, parts.instances[0]]
    is_in_use = all(one.server.pid() is not None for one in path) and (
        parts.edge.server.differs_by_inputs(parts.edge.launch())
    )
    if is_in_use and not all(one.server.runs_as(one.launch()) for one in path):
        servers.restart_writer()
        return
    for component in path:
        servers.bring_up(component)


def down(settings: Settings, echo: Echo) -> None:
    """Stop whatever runs, the primary after its replicas; data, keys and ports stay."""
    require_local(settings)
    settings = settings_of_cluster(settings)
    if not settings.data_dir.exists():
        echo("nothing to stop: the cluster was never started")
        return
    with one_at_a_time(settings, echo):
        state = ClusterState.recover(settings, echo)
        parts = Parts.of(settings, state)
        primary = primary_of(find_members(state))
        stand_in = Instance(settings, state, STAND_IN)
        if stand_in.server.pid() is not None:
            _stop([stand_in], echo)
        before: list[Component] = [parts.edge, *parts.instances, parts.follower, parts.bouncer]
        _stop(before, echo)
        # A replica that stops after the primary would take its place for a moment.
        name = None if primary is None else primary.name
        with ThreadPoolExecutor(len(NODES)) as pool:
            replicas = [node for node in parts.nodes if node.name != name]
            list(pool.map(lambda node: _stop([node], echo), replicas))
        _stop([*(node for node in parts.nodes if node.name == name), parts.etcd, parts.logs], echo)


def _stop(components: Sequence[Component], echo: Echo) -> None:
    for component in components:
        server = component.server
        stopped = server.end_strays() | server.stop()
        echo(f"{server.name} stopped" if stopped else f"{server.name} was not running")


@dataclass(frozen=True)
class ClusterStatus:
    """How the servers are, and what Patroni knows of the nodes."""

    servers: dict[str, ComponentStatus]
    members: list[Member]

    @property
    def is_whole(self) -> bool:
        """Return whether everything runs, and two replicas follow the primary."""
        states = {found.state for found in self.servers.values()}
        return states == {"running"} and _is_whole(self.members)


def status(settings: Settings) -> ClusterStatus:
    """Return the state of each server and of each node."""
    require_local(settings)
    settings = settings_of_cluster(settings)
    state = ClusterState.load(settings)
    servers = {
        component.server.name: status_of(component, state)
        for component in Parts.of(settings, state).all
    }
    return ClusterStatus(servers, find_members(state) if state.ports else [])


@dataclass(frozen=True)
class Switchover:
    """Who was the primary, who is, and how long nothing could be written at most."""

    old: str
    new: str
    seconds: float


def switchover(settings: Settings, candidate: str | None, *, dry_run: bool) -> Switchover:
    """Make another node the primary: the one that has everything, or the one that is named."""
    require_local(settings)
    state = ClusterState.load(settings_of_cluster(settings))
    members = find_members(state) if state.ports else []
    primary = primary_of(members)
    if primary is None:
        raise ControlError("the cluster has no primary", "control cluster up starts it")
    fit = [one.name for one in members if one.role == SYNCHRONOUS and one.is_healthy]
    chosen = candidate or next(iter(fit), None)
    if chosen is None:
        raise ControlError(
            "no replica has everything that was written", "wait, and look at control cluster status"
        )
    if chosen not in fit:
        raise ControlError(
            f"{chosen} cannot become the primary: not everything is known to be there",
            f"choose {fit[0]}" if fit else "wait, and look at control cluster status",
        )
    if dry_run:
        return Switchover(primary.name, chosen, 0.0)
    began = time.monotonic()
    switch_over(state, primary.name, chosen)
    wait_for(lambda: _name_of_primary(state) == chosen, PRIMARY_SECONDS)
    done = Switchover(primary.name, chosen, time.monotonic() - began)
    # Until a replica has everything, nobody could take over from the new primary.
    await_whole(state)
    return done


def await_whole(state: ClusterState) -> None:
    """Wait until every node works and a replica has everything that was answered."""
    if not wait_for(lambda: _is_whole(find_members(state)), REPLICAS_SECONDS):
        raise ControlError(
            "the replicas do not follow the primary", "control cluster status says how each is"
        )


def _update_database(settings: Settings, state: ClusterState, echo: Echo) -> None:
    """Bring roles, tables and code to the state of the checkout; safe to repeat."""
    _require_primary(state)
    working_on("preparing the database")
    admin_url = state.database_url(SUPERUSER, "postgres")
    _ensure_replicator(state, admin_url)
    bootstrap(state, admin_url, settings.sql_dir)
    working_on("migrating")
    of_database = replace(state.applied_to(settings), api_url=None)
    migrate_up(of_database, echo=echo)
    with connect(of_database, "cluster up") as conn:
        extend_tables(conn)


def _ensure_replicator(state: ClusterState, admin_url: str) -> None:
    """Create the login of replicas, which Patroni makes only where it initialises."""
    with connect_here(admin_url) as conn:
        try:
            conn.execute(sql.SQL("create role {}").format(sql.Identifier(REPLICATOR)))
        except psycopg.errors.DuplicateObject:
            pass
        verifier = conn.pgconn.encrypt_password(
            state.passwords[REPLICATOR].encode(), REPLICATOR.encode(), b"scram-sha-256"
        ).decode()
        conn.execute(
            sql.SQL("alter role {} login replication password {}").format(
                sql.Identifier(REPLICATOR), sql.Literal(verifier)
            )
        )


def _require_primary(state: ClusterState) -> Member:
    """Return the primary, once there is one."""
    url = state.database_url(SUPERUSER, "postgres")
    # Patroni names it a moment before it accepts writes.
    is_there = wait_for(lambda: answers(url), PRIMARY_SECONDS)
    found = primary_of(find_members(state))
    if found is None or not is_there:
        raise ControlError("no node became the primary", "see the logs of the nodes")
    return found


def _name_of_primary(state: ClusterState) -> str | None:
    found = primary_of(find_members(state))
    return None if found is None else found.name


def _is_whole(members: list[Member]) -> bool:
    """Return whether every node works, one as primary and one with everything it has."""
    roles = [member.role for member in members if member.is_healthy]
    return len(roles) == len(NODES) and {PRIMARY, SYNCHRONOUS} <= set(roles)


def _have_started(nodes: list[Node]) -> bool:
    return all((node.home / "data" / "PG_VERSION").exists() for node in nodes)
