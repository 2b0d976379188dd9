"""Bringing a database to the state of a checkout and back: migrations, then the code of sql/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import psycopg
from yoyo.migrations import Migration

from control.database import connect
from control.errors import ControlError
from control.frozen import check_applied, migration_files
from control.ledger import Ledger, applied_migrations, migrations_of
from control.locks import Echo, one_migrate_at_a_time, with_short_locks
from control.safety_rules import Breach, check_opened, find_breaches
from control.schema_cache import ApiState, await_schema
from control.settings import Settings
from control.sql_code import (
    Contents,
    FileChanges,
    drop_code,
    file_changes,
    load_code,
    loaded_probe,
    query,
    read_contents,
    run_files,
)
from control.sql_script import run_script
from control.text_files import read_text

# In the head of a migration whose rows today's code would misread: there is none until all
# migrations are through.
_WITHOUT_CODE = re.compile(r"^-- code: unloaded$", re.MULTILINE)
_DROPPED_TABLE = re.compile(r"^drop table (?:if exists )?(aspen\.\w+)", re.MULTILINE)


@dataclass(frozen=True)
class MigrateStatus:
    """What a database has, and what `migrate up` would do to it."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    files: FileChanges
    is_code_loaded: bool
    breaches: tuple[Breach, ...]

    @property
    def is_current(self) -> bool:
        """Whether `migrate up` has nothing to do."""
        return not self.pending and not self.files and self.is_code_loaded and not self.breaches


@dataclass(frozen=True)
class MigrateResult:
    """What `migrate up` did, or with `dry_run` would do."""

    applied: tuple[str, ...]
    has_loaded_code: bool
    api: ApiState


@dataclass(frozen=True)
class RollbackPlan:
    """The migrations to roll back, newest first, and the tables that go with their rows."""

    migrations: tuple[str, ...]
    tables: dict[str, int]


def migrate_up(settings: Settings, *, echo: Echo, dry_run: bool = False) -> MigrateResult:
    """Apply what is pending, load the code if anything changed, and wait for the API to see it."""
    with connect(settings, "migrate up") as conn:
        if dry_run:
            status = migrate_status(conn, settings.root)
            return MigrateResult(status.pending, not status.is_current, ApiState.NOT_ASKED)
        applied, has_loaded_code, probe = _bring_up(conn, settings.root, echo)
    return MigrateResult(applied, has_loaded_code, await_schema(settings, probe))


def apply_all(database_url: str, root: Path, *, echo: Echo = lambda line: None) -> None:
    """Bring the database at a URL to the state of a checkout; nobody is told."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        _bring_up(conn, root, echo)


def build_from_nothing(database_url: str, root: Path) -> None:
    """Make an empty database what sql/ says, without any migration: the other side of the proof
    that all migrations together say the same.
    """
    contents = read_contents(root)
    with psycopg.connect(database_url, autocommit=True) as conn:
        with conn.transaction():
            run_files(conn, root, contents.schemas)
            _become_owner(conn)
            run_files(conn, root, contents.tables + contents.code)


def migrate_status(conn: psycopg.Connection, root: Path) -> MigrateStatus:
    """Compare a database with a checkout; writes nothing."""
    applied = applied_migrations(conn)
    check_applied(root, applied)
    is_code_loaded = loaded_probe(conn) is not None
    return MigrateStatus(
        applied=tuple(applied),
        pending=tuple(name for name in migration_files(root) if name not in applied),
        files=file_changes(conn, root, read_contents(root)),
        is_code_loaded=is_code_loaded,
        # Asked although nothing is pending: somebody may have granted a table by hand.
        breaches=tuple(find_breaches(conn)) if is_code_loaded else (),
    )


def plan_rollback(conn: psycopg.Connection, root: Path, keep: int | None) -> RollbackPlan:
    """What `migrate down` would roll back: to number `keep`, 0 for all, by default one step."""
    applied = applied_migrations(conn)
    check_applied(root, applied)
    newest_first = sorted(applied, reverse=True)
    chosen = (
        newest_first[:1]
        if keep is None
        else [name for name in newest_first if _number(name) > keep]
    )
    scripts = [_read_rollback(root, name) for name in chosen]
    tables = [table for script in scripts for table in _DROPPED_TABLE.findall(script)]
    estimates = conn.execute(
        "select names.name, coalesce(relations.reltuples, 0)::bigint"
        " from unnest(%s::text[]) as names (name)"
        " inner join pg_catalog.pg_class as relations on relations.oid = to_regclass(names.name)",
        [tables],
    ).fetchall()
    return RollbackPlan(tuple(chosen), dict(estimates))


def migrate_down(settings: Settings, plan: RollbackPlan, *, echo: Echo) -> None:
    """Drop the code, which needs the newest tables, and roll back what was planned.

    All in one transaction, as far as the migrations themselves allow one.
    """
    with connect(settings, "migrate down") as conn, _migrating(conn, echo):
        applied = sorted(applied_migrations(conn), reverse=True)
        if tuple(applied[: len(plan.migrations)]) != plan.migrations:
            raise ControlError(
                "another migrate changed this database meanwhile; nothing was rolled back",
                "look at control migrate status and run the command again",
            )
        known = {migration.id: migration for migration in migrations_of(settings.root)}
        chosen = [known[name] for name in plan.migrations]
        for transactional, batch in groupby(chosen, attrgetter("use_transactions")):
            roll_back = partial(_roll_back, conn, settings.root, list(batch), echo)
            if transactional:
                with_short_locks(conn, roll_back, echo)
            else:
                with_short_locks(conn, partial(drop_code, conn), echo)
                roll_back()


def _bring_up(
    conn: psycopg.Connection, root: Path, echo: Echo
) -> tuple[tuple[str, ...], bool, str]:
    """The part of `migrate up` that concerns the database.

    Returns the migrations it applied, whether it loaded code, and the probe of the last load.
    """
    with _migrating(conn, echo):
        status = migrate_status(conn, root)
        probe = loaded_probe(conn)
        if probe and status.is_current:
            return (), False, probe
        for breach in status.breaches:
            echo(f"{breach.object}: {breach.problem}")
        contents = read_contents(root)
        _prepare(conn, root, contents)
        known = migrations_of(root) if status.pending else []
        batch: list[Migration] = []
        for migration in known:
            if migration.id not in status.pending:
                continue
            if migration.use_transactions:
                batch.append(migration)
                continue
            # What runs outside a transaction needs what comes before it to be there.
            if batch:
                with_short_locks(conn, partial(_apply_before, conn, batch, echo), echo)
                batch = []
            _apply_alone(conn, migration, echo)

        def finish() -> str:
            _apply_all(conn, batch, echo)
            echo(f"loading {len(contents.code)} files of sql/")
            return load_code(conn, root, contents)

        return status.pending, True, with_short_locks(conn, finish, echo)


@contextmanager
def _migrating(conn: psycopg.Connection, echo: Echo) -> Iterator[None]:
    """The one session that may change this database, as the owner of everything in it."""
    with one_migrate_at_a_time(conn, echo):
        _become_owner(conn)
        # What a migration says of rows that it changed.
        conn.add_notice_handler(lambda notice: echo(notice.message_primary or ""))
        yield


def _become_owner(conn: psycopg.Connection) -> None:
    conn.execute("set role aspen_owner")
    # So that a name without its schema fails instead of meaning something else elsewhere.
    conn.execute("set search_path = ''")
    conn.execute("set client_min_messages = warning")


def _prepare(conn: psycopg.Connection, root: Path, contents: Contents) -> None:
    """Make what migrations and code start from: the schemas and our own bookkeeping."""
    with conn.transaction():
        conn.execute("set local role none")
        run_files(conn, root, contents.schemas)
        conn.execute("set local role aspen_owner")
        conn.execute(query("bookkeeping"))
    Ledger(conn).prepare()


def _apply_all(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations, each with its mark; the caller holds the transaction."""
    for migration in migrations:
        echo(f"applying {migration.id}")
        _apply(conn, migration)


def _apply_before(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations that one outside a transaction follows: they are kept whatever it does."""
    before = find_breaches(conn)
    _apply_all(conn, migrations, echo)
    check_opened(conn, before, "correct the migration and run the command again")


def _apply(conn: psycopg.Connection, migration: Migration) -> None:
    path, name = Path(migration.path), f"migrations/{migration.id}.sql"
    if _WITHOUT_CODE.search(read_text(path, name)):
        drop_code(conn)
    run_script(conn, path, name)
    _refuse_changed_session(conn, name)
    Ledger(conn).mark(migration)


def _apply_alone(conn: psycopg.Connection, migration: Migration, echo: Echo) -> None:
    """Apply a migration that cannot run inside a transaction."""
    echo(f"applying {migration.id}")
    try:
        _apply(conn, migration)
    except ControlError as error:
        raise ControlError(
            error.message,
            "this migration runs outside a transaction: undo what it left behind, an invalid index"
            " for one, before running the command again",
        ) from error


def _refuse_changed_session(conn: psycopg.Connection, name: str) -> None:
    """Refuse a script after which the next one would run as another role or find other names."""
    left = conn.execute(
        "select current_user = 'aspen_owner' and current_setting('search_path') in ('', '\"\"')"
    ).fetchone()
    if left != (True,):
        raise ControlError(
            f"{name} leaves role or search_path other than it found them",
            "set them back at its end: set local role aspen_owner; set local search_path = ''",
        )


def _roll_back(
    conn: psycopg.Connection, root: Path, migrations: list[Migration], echo: Echo
) -> None:
    drop_code(conn)
    for migration in migrations:
        echo(f"rolling back {migration.id}")
        path = _rollback_path(root, migration.id)
        run_script(conn, path, f"migrations/{path.name}")
        _refuse_changed_session(conn, f"migrations/{path.name}")
        Ledger(conn).unmark(migration)


def _rollback_path(root: Path, name: str) -> Path:
    path = root / "migrations" / f"{name}.rollback.sql"
    if not path.is_file():
        raise ControlError(
            f"migrations/{name} cannot be rolled back: {path.name} is missing",
            "write it, or restore a backup taken before the migration",
        )
    return path


def _read_rollback(root: Path, name: str) -> str:
    path = _rollback_path(root, name)
    return read_text(path, f"migrations/{path.name}")


def _number(name: str) -> int:
    """The NNNN a migration's name starts with."""
    return int(name.partition("_")[0])
