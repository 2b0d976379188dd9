"""`control db drill`: prove that the archive can be restored, on a server that is thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from control.backups.archive import Archive, Base
from control.backups.fingerprints import differences, fingerprints, table_names
from control.backups.going_back import require_complete
from control.backups.manifest import sha256_of
from control.backups.objects import Wanted, wanted_objects
from control.backups.recovery import Copy, Target, recovering, unpack
from control.backups.scratch import scratch_directory
from control.database import acting_as
from control.errors import ControlError
from control.outputs.parallel import in_parallel
from control.settings import Settings

Echo = Callable[[str], None]

_NO_COPY, _DAMAGED = "no copy of {}", "the copy of {} is damaged"
# Objects that are fetched and compared together, each of which needs room until then.
_COMPARED_AT_ONCE = 4
# Belongs to no group, so that the policies must hide every row of every group.
_STRANGER = "drill|stranger"
# What only members of a group may see.
_PRIVATE = (
    "samples",
    "sequences",
    "accessions",
    "sample_lineages",
    "sample_mutations",
    "sample_qc_metrics",
    "job_inputs",
    "job_outputs",
    "jobs",
    "phylo_runs",
    "phylo_trees",
    "uploads",
    "webhooks",
    "changes",
)


@dataclass
class Drill:
    """What a drill found."""

    base: str
    rows: int = 0
    tables: int = 0
    objects: int = 0
    # Age of what would be lost now, and time that the restore took.
    rpo_seconds: float = 0
    rto_seconds: float = 0
    last_commit: str | None = None
    problems: list[str] = field(default_factory=list)


def drill(settings: Settings, archive: Archive, scratch: Path | None, echo: Echo) -> Drill:
    """Restore the newest base backup, compare everything, and delete it again."""
    base = archive.require_bases()[-1]
    report = Drill(base.directory.name)
    noted = archive.complete_until
    if noted is None:
        report.problems.append("the archive was never complete: control db archive did not get far")
    else:
        report.rpo_seconds = (datetime.now(UTC) - noted[0]).total_seconds()
    with scratch_directory("aspen-drill-", scratch) as home, _naming(report.problems):
        # The server of a drill may run as another user, who must reach the data.
        home.chmod(0o711)
        _recover(settings, archive, base, home / "data", report, echo)
    return report


@contextmanager
def _naming(problems: list[str]) -> Iterator[None]:
    """Report a failure as a difference: a drill is there to find it."""
    try:
        yield
    except ControlError as error:
        problems.append(error.message)
    except psycopg.Error as error:
        problems.append(f"the restored database fails: {str(error).strip().splitlines()[0]}")


def _recover(
    settings: Settings, archive: Archive, base: Base, data: Path, report: Drill, echo: Echo
) -> None:
    began = time.monotonic()
    echo(f"restoring base backup {base.directory.name}")
    copy = unpack(settings, archive, base, data)
    unpacked = time.monotonic() - began
    compared = _compare(copy, report, echo)
    began = time.monotonic()
    echo("replaying the log to its end")
    with recovering(copy, Target(), is_durable=False) as conn:
        [(report.last_commit,)] = conn.execute(
            "select pg_last_xact_replay_timestamp()::text"
        ).fetchall()
        report.rto_seconds = unpacked + compared + time.monotonic() - began
        with _naming(report.problems):
            require_complete(conn, archive)
        found = fingerprints(conn, table_names(conn))
        report.tables = len(found)
        report.rows = sum(rows for rows, _ in found.values())
        echo("comparing the objects")
        _compare_objects(conn, archive, report)
        report.problems.extend(seen_by_a_stranger(conn))


def _compare(copy: Copy, report: Drill, echo: Echo) -> float:
    """Compare every row as of the restore point after the base backup; return the replay's time."""
    witness = copy.base.witness
    if witness is None:
        report.problems.append("the rows were not counted yet: let control db archive run on")
        return 0
    began = time.monotonic()
    echo(f"replaying the log to {witness.lsn}")
    target = Target("recovery_target_name", witness.restore_point, only_reads=True)
    with recovering(copy, target, is_durable=False) as conn:
        took = time.monotonic() - began
        echo("comparing the rows of every table")
        found = fingerprints(conn, table_names(conn))
        report.problems.extend(differences(witness.tables, found))
    return took


def _compare_objects(conn: psycopg.Connection, archive: Archive, report: Drill) -> None:
    """Find the copy of every object that rows refer to, and verify its checksum."""
    with conn.transaction():
        found = in_parallel(partial(_state_of, archive), wanted_objects(conn), _COMPARED_AT_ONCE)
        for wanted, problem in found:
            if problem == _NO_COPY and wanted.is_promised:
                continue
            report.objects += 1
            if problem is not None:
                report.problems.append(problem.format(wanted.address))


def _state_of(archive: Archive, wanted: Wanted) -> str | None:
    """Return what is wrong with the copy of an object; None if it is whole."""
    copy = archive.copy_of(wanted)
    if copy is None:
        return _NO_COPY
    try:
        with archive.file_of(copy) as path:
            is_whole = wanted.fits(copy) and sha256_of(path) == copy.sha256
    except (FileNotFoundError, ControlError):
        is_whole = False
    return None if is_whole else _DAMAGED


def seen_by_a_stranger(conn: psycopg.Connection) -> list[str]:
    """Name what somebody in no group sees of any group: the policies must hide every row."""
    conn.execute(
        "insert into aspen.users (subject, name, email) values (%s, 'Drill', 'drill@example.org')",
        [_STRANGER],
    )
    seen = []
    for view in _PRIVATE:
        with acting_as(conn, role="member", subject=_STRANGER):
            counting = sql.SQL("select count(*) from api.{}").format(sql.Identifier(view))
            [(count,)] = conn.execute(counting).fetchall()
        if count:
            seen.append(f"a stranger sees {count} rows of {view}")
    return seen
