"""`control db backup`: write everything as it was at one moment to one directory."""

from __future__ import annotations

import hashlib
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
    OBJECTS,
    Backup,
    Setting,
    StoredObject,
    sha256_of,
)
from control.backups.tools import find_tool, run_tool
from control.database import connect
from control.errors import ControlError
from control.local import is_ours
from control.queries import query
from control.schema.ledger import applied_migrations
from control.schema.locks import one_migrate_at_a_time
from control.settings import Settings
from control.tokens.keys import KEYS_FILE, TRUSTED_FILE, load_keys, locked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]
Output = tuple[str, str, str | None]

# The one table whose rows are secrets; credentials are created again anywhere.
SECRETS = "aspen.storage_credentials"
_CHUNK_BYTES = 1 << 20
_FILES_PER_FOLDER = 1000


def back_up(
    settings: Settings, s3: S3Client | None, target: Path, *, with_keys: bool, echo: Echo
) -> Backup:
    """Write a backup to `target`, which must not exist; without `s3`, leave the objects out.

    The directory gets its name only when it is complete. Requests go on during the backup;
    migrations wait.
    """
    if target.exists():
        raise ControlError(
            f"{target} exists already", "name a directory that does not: backups are never mixed"
        )
    keys = load_keys(settings.keys_dir) if with_keys else None
    scratch = target.with_name(f"{target.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        with connect(settings, "db backup") as conn, one_migrate_at_a_time(conn, echo):
            backup, outputs = _dump(settings, conn, scratch, has_keys=with_keys, echo=echo)
        if s3 is not None:
            backup = _with_objects(backup, s3, outputs, echo)
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
        return count_rows(conn), len(_outputs(conn))


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
) -> tuple[Backup, list[Output]]:
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
        outputs = _outputs(conn)
        chosen = _settings(conn)
        migrations = tuple(applied_migrations(conn))
    (scratch / DUMP).chmod(0o600)
    backup = Backup(
        directory=scratch,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
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
    return backup, outputs


def _only(conn: psycopg.Connection, statement: sql.SQL | sql.Composed) -> Any:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _outputs(conn: psycopg.Connection) -> list[Output]:
    """Return every object the database refers to, each once."""
    return conn.execute(
        "select distinct bucket, key, version_id from aspen.job_outputs order by 1, 2, 3"
    ).fetchall()


def _settings(conn: psycopg.Connection) -> tuple[Setting, ...]:
    """Return the operators' own settings; all others come from sql/roles.sql and postgrest.conf."""
    rows = conn.execute(query("backups/find_settings")).fetchall()
    return tuple(Setting(*row) for row in rows)


def _with_objects(backup: Backup, s3: S3Client, outputs: list[Output], echo: Echo) -> Backup:
    """Fetch each object; an object missing from S3 is recorded and does not stop the backup."""
    echo(f"fetching {len(outputs)} objects")
    path, missing = backup.directory / OBJECT_LIST, []
    with open(path, "x", encoding="utf-8") as listed:
        for number, output in enumerate(outputs):
            file = f"{OBJECTS}/{number // _FILES_PER_FOLDER:04}/{number:07}"
            stored = _fetch(s3, output, backup.directory, file)
            if stored is None:
                missing.append(f"s3://{output[0]}/{output[1]}")
            else:
                listed.write(json.dumps(asdict(stored)) + "\n")
    path.chmod(0o600)
    return replace(backup, object_list_sha256=sha256_of(path), missing_objects=tuple(missing))


def _fetch(s3: S3Client, output: Output, directory: Path, file: str) -> StoredObject | None:
    """Copy one object into a file piece by piece; return None when it is missing."""
    bucket, key, version_id = output
    version = {} if version_id is None else {"VersionId": version_id}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    target = directory / file
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with open(target, "xb") as copy:
        target.chmod(0o600)
        for piece in answer["Body"].iter_chunks(_CHUNK_BYTES):
            digest.update(piece)
            size += copy.write(piece)
    return StoredObject(
        bucket,
        key,
        version_id,
        answer["ETag"],
        answer.get("ContentType", "binary/octet-stream"),
        size,
        digest.hexdigest(),
        file,
    )


def _copy_keys(source: Path, target: Path) -> None:
    """Copy the files that cannot be derived, while rotation is locked out."""
    target.mkdir(mode=0o700)
    with locked(source):
        for name in (KEYS_FILE, TRUSTED_FILE):
            if (source / name).exists():
                shutil.copyfile(source / name, target / name)
                (target / name).chmod(0o600)
