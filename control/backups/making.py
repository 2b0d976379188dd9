"""`control db backup`: write everything as it was at one moment to one directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, sql

from control.backups.manifest import (
    DUMP,
    KEYS,
    OBJECT_LIST,
    Backup,
    Setting,
    newest_backup,
    sha256_of,
)
from control.backups.objects import MISSING, keep_objects, read_wanted, wanted_objects, write_wanted
from control.backups.tools import find_tool, run_tool
from control.database import connect
from control.errors import ControlError
from control.local import is_ours
from control.queries import query
from control.schema.ledger import applied_migrations
from control.schema.locks import one_migrate_at_a_time
from control.settings import Settings
from control.terminal import counted
from control.tokens.keys import KEYS_FILE, TRUSTED_FILE, load_keys, locked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]

# The one table whose rows are secrets; credentials are created again anywhere.
SECRETS = "aspen.storage_credentials"
# The objects to fetch as of the snapshot, while the backup is made.
_WANTED = "wanted.jsonl"


def back_up(
    settings: Settings,
    s3: S3Client | None,
    target: Path,
    *,
    with_keys: bool,
    echo: Echo,
    take: Callable[[Path, str], None] | None = None,
) -> Backup:
    """Write a backup to `target`, which must not exist; without `s3`, leave the objects out.

    The directory gets its name only when it is complete. Requests go on during the backup;
    migrations wait. Objects that the newest backup beside it has are linked, not copied. With
    `take`, each object is given away as soon as it is here, and does not stay.
    """
    if target.exists():
        raise ControlError(
            f"{target} exists already", "name a directory that does not: backups are never mixed"
        )
    keys = load_keys(settings.keys_dir) if with_keys else None
    earlier = newest_backup(target.parent)
    scratch = target.with_name(f"{target.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        with connect(settings, "db backup") as conn, one_migrate_at_a_time(conn, echo):
            backup, objects = _dump(settings, conn, scratch, has_keys=with_keys, echo=echo)
        if s3 is not None:
            echo(f"copying {objects} objects")
            backup = _with_objects(backup, s3, earlier, objects, take)
        (scratch / _WANTED).unlink()
        if keys is not None:
            _copy_keys(keys.directory, scratch / KEYS)
        backup.write()
        scratch.rename(target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return replace(backup, directory=target)


def preview(settings: Settings) -> tuple[dict[str, int], int]:
    """Return what a backup would hold now: rows by table, and the number of objects."""
    with connect(settings, "db backup") as conn, conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        return count_rows(conn), sum(1 for _ in wanted_objects(conn))


def count_rows(conn: psycopg.Connection) -> dict[str, int]:
    """Count the rows of each table that is backed up, whoever owns it."""
    names = conn.execute(query("backups/find_tables"), {"secrets": SECRETS}).fetchall()
    counts = {}
    for schema, table in names:
        counting = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        try:
            counts[f"{schema}.{table}"] = _only(conn, counting)
        except errors.InsufficientPrivilege as error:
            raise ControlError(
                f"{schema}.{table}, which is no table of Aspen, cannot be read",
                "grant select on it to control, so that no table is left out of a backup",
            ) from error
    return counts


def _dump(
    settings: Settings, conn: psycopg.Connection, scratch: Path, *, has_keys: bool, echo: Echo
) -> tuple[Backup, int]:
    """Dump the database, and read everything else about it from the same snapshot."""
    major = conn.info.server_version // 10000
    tool = find_tool(settings, "pg_dump", major)
    assert settings.database_url is not None
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        snapshot = _only(conn, sql.SQL("select pg_export_snapshot()"))
        rows = count_rows(conn)
        echo(f"dumping {sum(rows.values())} rows of {len(rows)} tables")
        run_tool(
            tool,
            settings.database_url,
            f"--snapshot={snapshot}",
            "--format=custom",
            f"--exclude-table-data={SECRETS}",
            "--lock-wait-timeout=30s",
            f"--file={scratch / DUMP}",
            is_ours=is_ours(settings, "database_url"),
        )
        objects = write_wanted(conn, scratch / _WANTED)
        chosen = _settings(conn)
        migrations = tuple(applied_migrations(conn))
    (scratch / DUMP).chmod(0o600)
    backup = Backup(
        directory=scratch,
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        server_major=major,
        tool_major=tool.major,
        migrations=migrations,
        rows=rows,
        settings=chosen,
        dump_sha256=sha256_of(scratch / DUMP),
        object_list_sha256=None,
        missing_objects=(),
        has_keys=has_keys,
    )
    return backup, objects


def _only(conn: psycopg.Connection, statement: sql.SQL | sql.Composed) -> Any:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _settings(conn: psycopg.Connection) -> tuple[Setting, ...]:
    """Return the operators' own settings; all others come from sql/roles.sql and postgrest.conf."""
    rows = conn.execute(query("backups/find_settings")).fetchall()
    return tuple(Setting(*row) for row in rows)


def _with_objects(
    backup: Backup,
    s3: S3Client,
    earlier: Path | None,
    objects: int,
    take: Callable[[Path, str], None] | None,
) -> Backup:
    """Keep each object; one that is missing or wrong is recorded and does not stop the backup."""
    path, wanted = backup.directory / OBJECT_LIST, read_wanted(backup.directory / _WANTED)
    missing: list[str] = []
    wrong: list[str] = []
    with open(path, "x", encoding="utf-8") as listed:
        copied = keep_objects(s3, wanted, backup.directory, earlier)
        for kept in counted(copied, "copying objects", objects):
            if kept.stored is not None:
                listed.write(json.dumps(asdict(kept.stored)) + "\n")
                if take is not None:
                    copy = backup.directory / kept.stored.file
                    take(copy, kept.stored.file)
                    copy.unlink()
                    copy.with_suffix(".json").unlink()
            if kept.problem is not None:
                (missing if kept.problem == MISSING else wrong).append(kept.wanted.address)
    path.chmod(0o600)
    return replace(
        backup,
        object_list_sha256=sha256_of(path),
        missing_objects=tuple(missing),
        wrong_objects=tuple(wrong),
    )


def _copy_keys(source: Path, target: Path) -> None:
    """Copy the files that cannot be derived, while rotation is locked out."""
    target.mkdir(mode=0o700)
    with locked(source):
        for name in (KEYS_FILE, TRUSTED_FILE):
            if (source / name).exists():
                shutil.copyfile(source / name, target / name)
                (target / name).chmod(0o600)
