"""`control group export`: write all of a group, as it is at one moment, to one archive."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from control.backups.manifest import sha256_of
from control.backups.objects import MISSING, keep_objects, read_wanted, write_wanted
from control.database import connect, system_user
from control.group_archive.copying import fix_forms, references_of, rows_of, write_rows
from control.group_archive.manifest import (
    MANIFEST,
    OBJECT_LIST,
    USERS,
    ArchivedTable,
    Manifest,
    reference_file,
    table_file,
)
from control.group_archive.packing import check_target, pack
from control.group_archive.tables import NATURAL_KEYS, WITHHELD, Table, group_tables
from control.group_archive.tables import USERS as USERS_TABLE
from control.people.groups import Group, find_group
from control.schema.ledger import applied_migrations
from control.schema.locks import one_migrate_at_a_time
from control.settings import Settings
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]

# The objects to copy as of the snapshot, while the archive is made.
_WANTED = "wanted.jsonl"


@dataclass(frozen=True)
class Exported:
    """An archive that is complete, and the checksum of its manifest, which names all others."""

    path: Path
    manifest: Manifest
    sha256: str


def export_group(
    settings: Settings, s3: S3Client | None, text: str, target: Path, *, echo: Echo
) -> Exported:
    """Write the archive of a group; without `s3`, leave the objects out.

    It gets its name only when it is complete. Requests go on in the meantime; migrations wait.
    """
    check_target(settings, target)
    scratch = target.with_name(f"{target.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        with connect(settings, "group export") as conn, one_migrate_at_a_time(conn, echo):
            manifest, objects = _write_tables(conn, settings, text, scratch, echo)
        if s3 is not None:
            echo(f"copying {objects} objects")
            manifest = _with_objects(manifest, s3, scratch, objects)
        (scratch / _WANTED).unlink()
        manifest = replace(manifest, files=_checksums(scratch))
        manifest.write(scratch)
        sha256 = sha256_of(scratch / MANIFEST)
        pack(settings, scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Exported(target, manifest, sha256)


def preview(settings: Settings, text: str) -> Manifest:
    """Return what an archive would hold now; the objects are counted, but not looked at."""
    with connect(settings, "group export") as conn, conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        group, tables = find_group(conn, text), group_tables(conn)
        counts = count_rows(conn, tables.values(), group.id)
        archived = {
            name: _archived(table, counts[name])
            for name, table in tables.items()
            if table.is_archived
        }
        row = conn.execute(
            "select count(*), coalesce(sum(size_bytes), 0) from aspen.job_outputs"
            " where group_id = %s",
            [group.id],
        ).fetchone()
        assert row is not None
        return _manifest(conn, settings, group, archived, counts, int(row[0]), int(row[1]))


def count_rows(conn: psycopg.Connection, tables: Iterable[Table], group_id: int) -> dict[str, int]:
    """Count the rows of a group in each of these tables, in one statement."""
    counting = sql.SQL(" union all ").join(
        sql.SQL("select {}, (select count(*) from aspen.{} where {} = {})").format(
            sql.Literal(table.name),
            sql.Identifier(table.name),
            sql.Identifier(table.key),
            sql.Literal(group_id),
        )
        for table in tables
    )
    return {str(name): int(count) for name, count in conn.execute(counting)}


def _write_tables(
    conn: psycopg.Connection, settings: Settings, text: str, scratch: Path, echo: Echo
) -> tuple[Manifest, int]:
    """Write rows, and the list of objects, from one snapshot."""
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        fix_forms(conn)
        group, tables = find_group(conn, text), group_tables(conn)
        kept = [table for table in tables.values() if table.is_archived]
        echo(f"writing the rows of {len(kept)} tables")
        archived = {}
        for table in counted(kept, "writing tables", len(kept)):
            path = scratch / table_file(table.name)
            archived[table.name] = _archived(
                table, write_rows(conn, rows_of(table, group.id), path)
            )
        for target in NATURAL_KEYS:
            statement = references_of(kept, target, group.id)
            write_rows(conn, statement, scratch / reference_file(target))
        write_rows(conn, references_of(kept, USERS_TABLE, group.id), scratch / USERS)
        objects = write_wanted(conn, scratch / _WANTED, group.id)
        withheld = [table for table in tables.values() if not table.is_archived]
        counts = count_rows(conn, withheld, group.id)
        return _manifest(conn, settings, group, archived, counts, None, 0), objects


def _archived(table: Table, rows: int) -> ArchivedTable:
    return ArchivedTable(rows, tuple(each.name for each in table.columns), table.is_restored)


def _manifest(
    conn: psycopg.Connection,
    settings: Settings,
    group: Group,
    archived: dict[str, ArchivedTable],
    counts: dict[str, int],
    objects: int | None,
    object_bytes: int,
) -> Manifest:
    return Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        made_by=settings.operator or system_user(),
        group=group,
        migrations=tuple(applied_migrations(conn)),
        tables=archived,
        withheld={
            name: {"rows": counts[name], "reason": reason} for name, reason in WITHHELD.items()
        },
        objects=objects,
        object_bytes=object_bytes,
    )


def _with_objects(manifest: Manifest, s3: S3Client, scratch: Path, objects: int) -> Manifest:
    """Copy each object; one that is missing or wrong is recorded and does not stop the export."""
    missing: list[str] = []
    wrong: list[str] = []
    count = size = 0
    with open(scratch / OBJECT_LIST, "x", encoding="utf-8") as listed:
        copied = keep_objects(s3, read_wanted(scratch / _WANTED), scratch)
        for kept in counted(copied, "copying objects", objects):
            if kept.stored is not None:
                listed.write(json.dumps(asdict(kept.stored)) + "\n")
                count, size = count + 1, size + kept.stored.size_bytes
                (scratch / kept.stored.file).with_suffix(".json").unlink()
            if kept.problem is not None:
                (missing if kept.problem == MISSING else wrong).append(kept.wanted.address)
    (scratch / OBJECT_LIST).chmod(0o600)
    return replace(
        manifest,
        objects=count,
        object_bytes=size,
        missing_objects=tuple(missing),
        wrong_objects=tuple(wrong),
    )


def _checksums(scratch: Path) -> dict[str, str]:
    return {
        str(path.relative_to(scratch)): sha256_of(path)
        for path in sorted(scratch.rglob("*"))
        if path.is_file()
    }
