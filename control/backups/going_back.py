"""`control db restore --into`: the state of one moment, as a new data directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from control.backups.archive import Archive, Base, position
from control.backups.manifest import StoredObject
from control.backups.objects import read_wanted, write_wanted
from control.backups.putting import put_objects
from control.backups.recovery import Target, recovering, unpack
from control.backups.scratch import end_server_of
from control.errors import ControlError
from control.outputs.parallel import in_parallel
from control.settings import Settings
from control.stack.unprivileged import owner_of_data

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]


@dataclass(frozen=True)
class WentBack:
    """What was restored."""

    data: Path
    base: str
    # Position in the log where it ended.
    lsn: str
    # When the last transaction in it was committed.
    last_commit: str | None
    objects: int
    missing_objects: tuple[str, ...]


def go_back(
    settings: Settings,
    s3: S3Client | None,
    archive: Archive,
    into: Path,
    *,
    moment: datetime | None,
    lsn: str | None,
    echo: Echo,
) -> WentBack:
    """Make a data directory of the state at a moment, at a position, or at the end of the archive.

    It appears when it is complete. Roles, passwords and settings are those of the server at the
    time; objects that the bucket lost are put back, and the rows name their new versions.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise ControlError(f"{into} is not empty", "name a directory that is empty or not there")
    base = _base_before(archive, moment, lsn)
    target = Target()
    if moment is not None:
        target = Target("recovery_target_time", moment.astimezone(UTC).isoformat(sep=" "))
    elif lsn is not None:
        target = Target("recovery_target_lsn", lsn)
    scratch = into.with_name(f"{into.name}.partial")
    # What a command left that was killed.
    end_server_of(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        echo(f"unpacking base backup {base.directory.name}")
        copy = unpack(settings, archive, base, scratch)
        echo("replaying the log")
        with recovering(copy, target, is_durable=True) as conn:
            [(end, last)] = conn.execute(
                "select pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp()::text"
            ).fetchall()
            if target.setting is None:
                require_complete(conn, archive)
            objects, missing = (0, ()) if s3 is None else _objects(conn, s3, settings, archive)
        # The server stopped cleanly and ended the recovery, so any start goes on from here.
        scratch.rename(into)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    if owner := owner_of_data():
        shutil.chown(into, *owner)
    return WentBack(into, base.directory.name, end, last, objects, missing)


def require_complete(conn: psycopg.Connection, archive: Archive) -> None:
    """Compare where a recovery ended with the position up to which the log was complete."""
    noted = archive.complete_until
    if noted is None:
        return
    [(is_complete, end)] = conn.execute(
        "select pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_last_wal_replay_lsn()::text", [noted[1]]
    ).fetchall()
    if not is_complete:
        raise ControlError(
            f"the log is damaged: it can be read up to {end}, but was complete up to {noted[1]}",
            "use another copy of the archive, or name an earlier moment; a new base backup"
            " (control db archive --once) protects what comes now",
        )


def _base_before(archive: Archive, moment: datetime | None, lsn: str | None) -> Base:
    """Return the newest base backup from which a moment can be reached."""
    bases = archive.require_bases()
    fitting = [
        base
        for base in bases
        if (moment is None or datetime.fromisoformat(base.finished_at) <= moment)
        and (lsn is None or position(base.lsn) <= position(lsn))
    ]
    if not fitting:
        raise ControlError(
            f"the archive begins at {bases[0].finished_at} ({bases[0].lsn})",
            "name a later moment, or an older archive",
        )
    return fitting[-1]


def _objects(
    conn: psycopg.Connection, s3: S3Client, settings: Settings, archive: Archive
) -> tuple[int, tuple[str, ...]]:
    """Put the objects of the rows back where the bucket lacks them; name those without a copy."""
    missing: list[str] = []

    def copies(path: Path) -> Iterator[StoredObject]:
        for wanted, copy in in_parallel(archive.copy_of, read_wanted(path)):
            if copy is not None:
                yield copy
            elif not wanted.is_promised:
                missing.append(wanted.address)

    # Who changed what is not to be recorded again, and no trigger is to look at it.
    conn.execute("set session_replication_role = replica")
    with TemporaryDirectory(prefix="aspen-") as name:
        path = Path(name) / "wanted.jsonl"
        with conn.transaction():
            write_wanted(conn, path)
        count = put_objects(conn, s3, settings.bucket, copies(path), archive.file_of)
    return count, tuple(missing)
