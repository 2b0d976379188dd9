"""Check the server of the database: its disk, transactions, vacuum and replicas."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, skip, warn
from control.queries import query
from control.terminal import listed

GIGABYTE = 10**9
LEAST_FREE_BYTES = 2 * GIGABYTE
LEAST_FREE_SHARE = 0.1
LONG_SECONDS = 10 * 60
VERY_LONG_SECONDS = 60 * 60
# PostgreSQL stops at two thousand million; autovacuum acts from 200 million on.
OLD_AGE = 500_000_000
VERY_OLD_AGE = 1_200_000_000
LATE_SECONDS = 60.0
MOST_KEPT_BYTES = 5 * GIGABYTE


@dataclass(frozen=True)
class Server:
    """What control/sql/doctor/server.sql says."""

    transaction_seconds: float | None
    transaction_of: str | None
    prepared: int
    oldest_age: int
    vacuums: bool
    is_durable: bool
    not_vacuumed: list[str]
    full_of_dead_rows: list[str]


def disk(patient: Patient) -> Verdict:
    """Measure the disk of the local stack; SQL does not see that of another server."""
    if not patient.settings.is_local or not patient.settings.data_dir.exists():
        return skip(
            "SQL does not see the disk of a server elsewhere",
            "watch it with the monitoring of that server",
        )
    found = shutil.disk_usage(patient.settings.data_dir)
    said = f"{found.free / GIGABYTE:.0f} of {found.total / GIGABYTE:.0f} GB are free"
    if found.free < LEAST_FREE_BYTES:
        return fail(said, "free some space (df shows where); a full disk stops the database")
    if found.free < found.total * LEAST_FREE_SHARE:
        return warn(said, "free some space before it stops the database")
    return ok(said)


def transactions(patient: Patient) -> Verdict:
    """Name the oldest transaction: while it lasts, nothing that was deleted can be removed."""
    found = _server(patient)
    if found.prepared:
        return warn(
            f"{found.prepared} transactions are prepared and nobody ends them",
            "select gid from pg_prepared_xacts; then rollback prepared 'gid'",
        )
    seconds = found.transaction_seconds
    if seconds is None:
        return ok("no transaction is open")
    said = f"the oldest is {seconds / 60:.0f} min old: {found.transaction_of}"
    remedy = "ask whose it is; select pg_terminate_backend(PROCESS) as an administrator ends it"
    if seconds > VERY_LONG_SECONDS:
        return fail(said, remedy)
    return warn(said, remedy) if seconds > LONG_SECONDS else ok(said)


def vacuum(patient: Patient) -> Verdict:
    """Look whether autovacuum works, and how old the oldest row of the server is."""
    found = _server(patient)
    if not found.vacuums:
        return fail(
            "autovacuum or track_counts is off", "alter system set autovacuum = on, then reload"
        )
    if found.not_vacuumed:
        return fail(
            f"autovacuum leaves out {listed(found.not_vacuumed)}",
            "alter table … reset (autovacuum_enabled)",
        )
    said = f"the oldest row is {found.oldest_age / 1e6:.0f} million transactions old"
    remedy = "vacuum (freeze, verbose) as an administrator; see which transaction holds it up"
    if found.oldest_age > VERY_OLD_AGE:
        return fail(f"{said}; the server stops at 2,000 million", remedy)
    if found.oldest_age > OLD_AGE:
        return warn(said, remedy)
    if found.full_of_dead_rows:
        return warn(
            f"most rows of {listed(found.full_of_dead_rows)} are dead",
            "vacuum (verbose, analyze) these tables; the check transactions tells what holds it up",
        )
    return ok(said)


def durability(patient: Patient) -> Verdict:
    """Look whether what was committed survives a crash."""
    if not _server(patient).is_durable:
        return fail("fsync or full_page_writes is off: a crash destroys the database", "turn it on")
    return ok("what was committed survives a crash")


def replication(patient: Patient) -> Verdict:
    """Look how far behind standbys are, and what slots keep that nobody reads."""
    rows = patient.rows(query("doctor/replication"))
    if not rows:
        return skip("the server has no standby and no slot")
    late = [
        f"{name} is {seconds or 0:.0f} s and {bytes_ / 1e6:.0f} MB behind"
        for name, seconds, bytes_, _ in rows
        if (seconds or 0) > LATE_SECONDS or (bytes_ or 0) > MOST_KEPT_BYTES
    ]
    if late:
        return fail(
            listed(late),
            "look at the receiver, its disk and the network; drop a slot that nobody needs:"
            " select pg_drop_replication_slot('…')",
        )
    idle = [
        f"{name} ({(bytes_ or 0) / 1e6:.0f} MB)"
        for name, _, bytes_, is_active in rows
        if not is_active
    ]
    if idle:
        return warn(
            f"nobody reads {listed(idle)}; the server keeps its log for them",
            "start what reads it, such as control db archive, or drop the slot",
        )
    return ok(f"{len(rows)} standbys and slots, none behind")


def _server(patient: Patient) -> Server:
    [row] = patient.rows(query("doctor/server"))
    return Server(*row)


CHECKS = (
    Check("disk", "The disk of the database has room", disk),
    Check("transactions", "No transaction stays open for long", transactions),
    Check("vacuum", "Dead rows are removed in time", vacuum),
    Check("durability", "What was committed survives a crash", durability),
    Check("replication", "Standbys keep up, and no slot fills the disk", replication),
)
