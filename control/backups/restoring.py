"""`control db restore`: make a backup the database, at once or not at all.

The database is built beside the one in use, and takes its name when complete. pg_restore runs
twice: first for the rows, then for keys, triggers and policies. So no trigger records the restore
in the audit log, the order of tables does not matter, and no policy hides a row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from control.backups.making import count_rows
from control.backups.manifest import DUMP, KEYS, Backup, Setting
from control.backups.putting import put_objects
from control.backups.tools import find_tool, on_database, run_tool
from control.database import connect
from control.errors import ControlError
from control.local import connect_here, is_ours, without_variables
from control.schema.freeze import migration_files
from control.schema.ledger import migrations_of, replaced_migrations
from control.schema.migrate import apply_all, migrate_status
from control.settings import Settings
from control.stack.bootstrap import create_database, prepare_database
from control.storage.credentials import current_credentials, store_credentials
from control.tokens.keys import KEYS_FILE, TRUSTED_FILE, ensure_keys, locked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]
_MOST_JOBS = 4
# The ASCII codes of "resto"; advisory locks are per database.
_RESTORE_KEY = 0x726573746F


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    rows: int
    objects: int
    # The new name of the previous database; None if there was none.
    previous: str | None
    has_keys: bool


def restore(
    settings: Settings, s3: S3Client, backup: Backup, echo: Echo, *, keeps_previous: bool = True
) -> Restored:
    """Make `backup`, which was read and verified, the database of an environment.

    The database in use goes on serving until the last step; what is written to it in between is not
    in the restored one.
    """
    known = {
        *migration_files(settings.root),
        *replaced_migrations(migrations_of(settings.root), backup.migrations),
    }
    if unknown := sorted(set(backup.migrations) - known):
        raise ControlError(
            f"the backup is of a newer checkout: migrations/{unknown[0]}.sql is not here",
            "restore it with the checkout it was made with, or a newer one",
        )
    server = _Server.of(settings)
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    scratch, previous = f"{server.database}_restoring", f"{server.database}_before_{stamp}"
    with server.connect("postgres") as admin:
        _require_roles(admin)
        _require_alone(admin)
        major = admin.info.server_version // 10000
        if major < backup.server_major:
            raise ControlError(
                f"the backup is of PostgreSQL {backup.server_major}, this server is {major}",
                "restore into a PostgreSQL that is no older than the one it comes from",
            )
        tool = find_tool(settings, "pg_restore", max(major, backup.tool_major))
        _drop(admin, scratch)
        create_database(admin, scratch)
        try:
            url = on_database(server.admin_url, scratch)

            def fill(*sections: str) -> None:
                run_tool(
                    tool,
                    url,
                    *(f"--section={section}" for section in sections),
                    "--exit-on-error",
                    f"--jobs={min(_MOST_JOBS, os.cpu_count() or 1)}",
                    str(backup.directory / DUMP),
                    is_ours=server.is_ours,
                )

            echo(f"restoring {backup.row_count} rows of {len(backup.rows)} tables")
            fill("pre-data", "data")
            with server.connect(scratch) as conn:
                _check_rows(conn, backup)
                if backup.object_list_sha256 is not None:
                    echo(f"putting the objects into s3://{settings.bucket}")
                objects = put_objects(
                    conn,
                    s3,
                    settings.bucket,
                    backup.objects(),
                    lambda stored: nullcontext(backup.directory / stored.file),
                )
            echo("building keys, indexes and policies")
            fill("post-data")
            with server.connect(scratch) as conn:
                prepare_database(conn, settings.sql_dir)
                conn.execute((settings.sql_dir / "schemas.sql").read_bytes())
                conn.execute("analyze")
            _bring_up_to_date(server, scratch, settings, echo)
            had_one = _take_the_name(admin, scratch, server.database, previous)
        except BaseException:
            _drop(admin, scratch)
            raise
        _apply_settings(admin, server.database, backup.settings)
        if not keeps_previous:
            _drop(admin, previous)
    if backup.has_keys:
        _put_keys(settings.keys_dir, backup.directory / KEYS, stamp)
    with connect(settings, "db restore") as conn:
        store_credentials(conn, current_credentials(settings, s3))
    kept = previous if had_one and keeps_previous else None
    return Restored(backup.row_count, objects, kept, backup.has_keys)


@dataclass(frozen=True)
class _Server:
    """The database server, as an administrator reaches it."""

    admin_url: str
    control_url: str
    database: str
    is_ours: bool

    @classmethod
    def of(cls, settings: Settings) -> _Server:
        if settings.database_url is None or settings.admin_database_url is None:
            raise ControlError(
                "a restore needs an administrator of the database server",
                "run control up"
                if settings.is_local
                else "set ASPEN_ADMIN_DATABASE_URL beside ASPEN_DATABASE_URL",
            )
        name = conninfo_to_dict(settings.database_url).get("dbname")
        return cls(
            settings.admin_database_url,
            settings.database_url,
            str(name),
            is_ours(settings, "admin_database_url"),
        )

    @contextmanager
    def connect(self, database: str) -> Iterator[psycopg.Connection]:
        url = on_database(self.admin_url, database)
        options: dict[str, Any] = {"application_name": "control db restore"}
        opened = (
            connect_here(url, **options)
            if self.is_ours
            else psycopg.connect(url, autocommit=True, **options)
        )
        with opened as conn:
            conn.execute("set client_min_messages = warning")
            yield conn


def _bring_up_to_date(server: _Server, database: str, settings: Settings, echo: Echo) -> None:
    """Migrate and load code, if the backup is of an older checkout.

    Safety breaches that the backup already had are reported, but do not stop the restore.
    """
    with server.connect(database) as conn:
        status = migrate_status(conn, settings.root)
    if status.pending or status.files or not status.is_code_loaded:
        with without_variables(*(["PG"] if server.is_ours else [])):
            apply_all(on_database(server.control_url, database), settings.root, echo=echo)
        return
    for breach in status.breaches:
        echo(f"unsafe, as before: {breach.object}: {breach.problem}")


def _require_roles(admin: psycopg.Connection) -> None:
    found = admin.execute("select to_regrole('aspen_owner') is not null").fetchone()
    if found != (True,):
        raise ControlError(
            "this server lacks Aspen's roles",
            "run sql/roles.sql there first and give control and authenticator passwords"
            " (docs/operations.md, A database of your own)",
        )


def _require_alone(admin: psycopg.Connection) -> None:
    """Hold a lock as long as this connection lasts, so that only one restore runs."""
    alone = admin.execute("select pg_try_advisory_lock(%s)", [_RESTORE_KEY]).fetchone()
    if alone != (True,):
        raise ControlError("another restore is running on this server", "wait for it to finish")


def _check_rows(conn: psycopg.Connection, backup: Backup) -> None:
    """Compare every table with the counts of the backup."""
    found = count_rows(conn)
    if wrong := sorted(
        f"{table}: {found.get(table, 0)} rows instead of {rows}"
        for table, rows in backup.rows.items()
        if found.get(table) != rows
    ):
        raise ControlError(
            "the restored rows differ from the backup; nothing was changed\n  "
            + "\n  ".join(wrong),
            "restore from another backup, and report this",
        )


def _take_the_name(admin: psycopg.Connection, scratch: str, name: str, previous: str) -> bool:
    """Rename the restored database to the one in use; return whether there was one.

    Both renames happen or none. Nobody may be connected, so sessions are ended; clients reconnect.
    """
    row = admin.execute("select from pg_catalog.pg_database where datname = %s", [name]).fetchone()
    try:
        if row is not None:
            _allow_connections(admin, name, allow=False)
        admin.execute(
            "select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity"
            " where datname = any(%s) and pid <> pg_backend_pid()",
            [[name, scratch]],
        )
        with admin.transaction():
            if row is not None:
                _rename(admin, name, previous)
            _rename(admin, scratch, name)
    except BaseException:
        if row is not None:
            _allow_connections(admin, name, allow=True)
        raise
    if row is not None:
        _allow_connections(admin, previous, allow=True)
    return row is not None


def _rename(admin: psycopg.Connection, old: str, new: str) -> None:
    admin.execute(
        sql.SQL("alter database {} rename to {}").format(sql.Identifier(old), sql.Identifier(new))
    )


def _allow_connections(admin: psycopg.Connection, name: str, *, allow: bool) -> None:
    admin.execute(
        sql.SQL("alter database {} with allow_connections {}").format(
            sql.Identifier(name), sql.Literal(allow)
        )
    )


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _apply_settings(
    admin: psycopg.Connection, database: str, settings: tuple[Setting, ...]
) -> None:
    """Apply the operators' settings again, for the roles that exist here."""
    for setting in settings:
        if setting.role is None:
            target = sql.SQL("database {}").format(sql.Identifier(database))
        elif admin.execute("select to_regrole(%s)", [setting.role]).fetchone() == (None,):
            continue
        else:
            target = sql.SQL("role {}").format(sql.Identifier(setting.role))
            if setting.is_of_database:
                target += sql.SQL(" in database {}").format(sql.Identifier(database))
        admin.execute(
            sql.SQL("alter {} set {} = {}").format(
                target, sql.Identifier(setting.name), sql.Literal(setting.value)
            )
        )


def _put_keys(directory: Path, source: Path, stamp: str) -> None:
    """Install the keys of the backup; the previous keys are kept beside them."""
    with locked(directory):
        if (directory / KEYS_FILE).exists():
            shutil.copytree(directory, directory.with_name(f"{directory.name}.before_{stamp}"))
        for name in (KEYS_FILE, TRUSTED_FILE):
            scratch = directory / f".{name}.restored"
            if (source / name).exists():
                shutil.copyfile(source / name, scratch)
                scratch.chmod(0o600)
                scratch.replace(directory / name)
            else:
                (directory / name).unlink(missing_ok=True)
    ensure_keys(directory)
