"""One row through PgBouncer, in session and in transaction mode, where its part is the largest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from control.cluster.bouncer import LOGIN, SESSION, TRANSACTION, Bouncer
from control.cluster.state import OPERATOR, ClusterState
from control.stack.ports import next_free
from tests.bench.load import Load, Service, load, require_wrk
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import HERE, Bench
from tests.names import unique

PATH = "/me?select=id"
ROUNDS = 5
SECONDS = 3
WITHOUT = "without PgBouncer"
# In transaction mode also the work of preparing nothing.
TARGETS = {SESSION: at_most(1.3), TRANSACTION: at_most(2.0)}


def run(bench: Bench, report: Report) -> None:
    """Request the same row with and without it, in turn."""
    require_wrk()
    report.title("PgBouncer: one row, 8 connections")
    database = bench.database("import", HERE / "import.sql")
    token = bench.token("bench|import", {1: "member"})
    measured: dict[str, list[Load]] = {WITHOUT: [], SESSION: [], TRANSACTION: []}
    for _ in range(ROUNDS):
        for name, loads in measured.items():
            with pooled(bench, database, name) as service:
                load(service, PATH, token, 1)
                loads.append(load(service, PATH, token, SECONDS))

    costs = {
        name: Side(
            name, tuple(one.processor_ms_per_request for one in loads), "ms of processor time"
        )
        for name, loads in measured.items()
    }
    report.sides(list(costs.values()))
    for pooling, target in TARGETS.items():
        report.ratio(
            f"pgbouncer: work in {pooling} mode by that without",
            costs[pooling],
            costs[WITHOUT],
            target,
        )


@contextmanager
def pooled(bench: Bench, database: str, pooling: str) -> Iterator[Service]:
    """Start a PostgREST, behind PgBouncer unless it is measured without."""
    if pooling == WITHOUT:
        # By TCP as the others, so that only the pooler differs.
        directly = {"PGRST_DB_URI": bench.url(LOGIN, database)}
        with bench.postgrest(database, directly) as service:
            yield service
        return
    home = bench.settings.data_dir / "pgbouncer"
    settings = replace(bench.settings, data_dir=home)
    ports = {"pgbouncer": next_free(bench.settings.first_port + 50)}
    passwords = {**bench.state.passwords, OPERATOR: unique()}
    state = ClusterState(home / "env.json", ports, passwords)
    bouncer = Bouncer(settings, state)
    # One that a killed run left behind.
    bouncer.server.stop()
    bouncer.pool_by(pooling)
    bouncer.lead_to(bench.state.ports["postgres"], database)
    bouncer.start()
    chosen = {"PGRST_DB_URI": state.bouncer_url(LOGIN), "PGRST_DB_CHANNEL_ENABLED": "false"}
    if pooling == TRANSACTION:
        chosen["PGRST_DB_PREPARED_STATEMENTS"] = "false"
    try:
        with bench.postgrest(database, chosen) as service:
            yield replace(service, pids=(*service.pids, bouncer.server.pid() or 0))
    finally:
        bouncer.server.stop()
