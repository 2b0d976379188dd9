"""Bring a database to the state of a checkout: migrations, then the code of sql/."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg

from control.database import connect
from control.errors import ControlError
from control.queries import query
from control.schema.api_reload import ApiState, RunningApis, await_schema, configured_api
from control.schema.applying import apply_alone, apply_before, apply_each
from control.schema.code import (
    Contents,
    FileChanges,
    check_scripts,
    file_changes,
    load_code,
    loaded_probe,
    read_contents,
    read_files,
    run_files,
)
from control.schema.code_objects import changed_by_hand, record_objects
from control.schema.descriptions import keep_descriptions
from control.schema.freeze import (
    check_applied,
    check_pending,
    migration_files,
    number_of,
)
from control.schema.in_place import replace_in_place
from control.schema.ledger import (
    Ledger,
    Migration,
    applied_migrations,
    migrations_of,
    replaced_migrations,
)
from control.schema.locks import Echo, with_short_locks
from control.schema.replacement import DiffersError, Replacement, plan_replacement, replace_code
from control.schema.rollback import rollback_script
from control.schema.safety_rules import Breach, find_breaches
from control.schema.script import run_at_once
from control.schema.session import become_owner, migrating
from control.schema.steps import read_migration
from control.schema.trial import Trial, try_code, try_everything
from control.settings import Settings

_NAMED = 5


@dataclass(frozen=True)
class MigrateStatus:
    """Hold what a database has, and what `migrate up` would do to it."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    # Applied ones of an older checkout: the baseline that is pending is only recorded.
    replaced: tuple[str, ...]
    files: FileChanges
    is_code_loaded: bool
    breaches: tuple[Breach, ...]

    @property
    def is_current(self) -> bool:
        """Tell whether `migrate up` has nothing to do."""
        return not self.pending and not self.files and self.is_code_loaded and not self.breaches


@dataclass(frozen=True)
class MigrateResult:
    """Hold what `migrate up` did, or with `dry_run` would do."""

    applied: tuple[str, ...]
    has_loaded_code: bool
    api: ApiState


def migrate_up(
    settings: Settings,
    *,
    echo: Echo,
    dry_run: bool = False,
    last: int | None = None,
    running_apis: RunningApis = configured_api,
) -> MigrateResult:
    """Apply what is pending, load the code if anything changed, and wait for the API to see it.

    Migrations after number `last` stay pending; the code must fit without them. With `dry_run` all
    of it is done and rolled back, but for migrations that no transaction holds.
    """
    with connect(settings, "migrate up") as conn:
        applied, has_loaded_code, probe = _bring_up(conn, settings.root, echo, dry_run, last)
        if not dry_run:
            keep_descriptions(conn)
    if dry_run:
        return MigrateResult(applied, has_loaded_code, ApiState.NOT_ASKED)
    return MigrateResult(applied, has_loaded_code, await_schema(settings, probe, running_apis))


def apply_code(
    settings: Settings,
    *,
    echo: Echo,
    dry_run: bool = False,
    running_apis: RunningApis = configured_api,
) -> MigrateResult:
    """Load the code if anything changed, and wait for the API to see it; migrate nothing."""
    with connect(settings, "sql apply") as conn:
        has_loaded_code, probe = load_changes(conn, settings.root, echo, dry_run)
        if dry_run:
            return MigrateResult((), has_loaded_code, ApiState.NOT_ASKED)
        keep_descriptions(conn)
    return MigrateResult((), has_loaded_code, await_schema(settings, probe, running_apis))


def load_changes(
    conn: psycopg.Connection, root: Path, echo: Echo, dry_run: bool = False
) -> tuple[bool, str]:
    """Load the code if anything changed; tell whether it did, and the probe of the last load.

    Refuses where a migration is pending, because the code may need it.
    """
    _, has_loaded_code, probe = _bring_up(conn, root, echo, dry_run, is_code_only=True)
    return has_loaded_code, probe


def apply_all(database_url: str, root: Path, *, echo: Echo = lambda line: None) -> None:
    """Bring the database at a URL to the state of a checkout; nobody is told."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        _bring_up(conn, root, echo)
        keep_descriptions(conn)


def build_from_nothing(database_url: str, root: Path) -> None:
    """Make an empty database what sql/ says, without any migration: the other side of the proof
    that all migrations together say the same.
    """
    contents = read_contents(root)
    scripts = read_files(root, (*contents.tables, *contents.code))
    with psycopg.connect(database_url, autocommit=True) as conn:
        with conn.transaction():
            run_files(conn, root, contents.schemas)
            become_owner(conn)
            try:
                with conn.transaction():
                    run_at_once(conn, scripts)
            except psycopg.Error:
                # One after the other, to name what fails.
                for script in scripts:
                    script.run(conn)


def migrate_status(
    conn: psycopg.Connection, root: Path, contents: Contents | None = None
) -> MigrateStatus:
    """Compare a database with a checkout; writes nothing."""
    contents = contents or read_contents(root)
    applied = applied_migrations(conn)
    replaced = replaced_migrations(migrations_of(root), applied)
    applied = {name: sha256 for name, sha256 in applied.items() if name not in replaced}
    check_applied(root, applied)
    is_code_loaded = loaded_probe(conn) is not None
    return MigrateStatus(
        applied=tuple(applied),
        pending=tuple(name for name in migration_files(root) if name not in applied),
        replaced=replaced,
        files=file_changes(conn, contents),
        is_code_loaded=is_code_loaded,
        # Asked although nothing is pending: somebody may have granted a table by hand.
        breaches=tuple(find_breaches(conn)) if is_code_loaded else (),
    )


def _bring_up(
    conn: psycopg.Connection,
    root: Path,
    echo: Echo,
    dry_run: bool = False,
    last: int | None = None,
    *,
    is_code_only: bool = False,
) -> tuple[tuple[str, ...], bool, str]:
    """Do the part of `migrate up` that concerns the database.

    Returns the migrations it applied, whether it loaded code, and the probe of the last load.
    """
    with migrating(conn, echo):
        contents = read_contents(root)
        if not dry_run and (probe := _replace_in_place(conn, contents, echo)):
            return (), True, probe
        status = _until(last, migrate_status(conn, root, contents))
        check_pending(root, status.applied, status.pending)
        if is_code_only and status.pending:
            raise ControlError(
                f"migrations are pending: {_named(status.pending)}",
                "control migrate up applies them and loads sql/ after them",
            )
        found = loaded_probe(conn)
        if by_hand := changed_by_hand(conn):
            echo(f"changed by hand since the last load: {_named(by_hand)}")
        elif found and status.is_current:
            if not dry_run:
                # sql/roles.sql may have been run since: it belongs to the cluster, not to this.
                conn.execute("notify pgrst, 'reload config'")
            return (), False, found
        for breach in status.breaches:
            echo(f"{breach.object}: {breach.problem}")
        known = [
            migration
            for migration in migrations_of(root)
            if migration.id in status.applied or migration.id in status.pending
        ]
        pending = [migration for migration in known if migration.id in status.pending]
        # What is only recorded is not said to be applied.
        new = tuple(one.id for one in pending if not (one.replaces and status.replaced))
        # What may not be in a file is found before the first of them runs.
        for migration in pending:
            read_migration(migration)
            rollback_script(root, migration.id)
        trial: Trial | None = None
        if status.is_code_loaded or dry_run:
            trial = with_short_locks(conn, partial(_try, conn, contents, status, known), echo)
            trial.refuse()
        elif failures := check_scripts(contents):
            raise failures[0]
        if dry_run:
            _rehearse(conn, contents, status, pending, trial, echo)
            return new, True, ""
        return new, True, _apply_and_load(conn, contents, status, pending, trial, echo)


def _until(last: int | None, status: MigrateStatus) -> MigrateStatus:
    """Leave out what is pending after a number, which must be that of a migration."""
    if last is None:
        return status
    names = [*status.applied, *status.pending]
    if last not in map(number_of, names):
        raise ControlError(
            f"there is no migration {last:04}",
            f"the last one is {max(names, key=number_of, default='none')}",
        )
    return replace(
        status, pending=tuple(name for name in status.pending if number_of(name) <= last)
    )


def _replace_in_place(conn: psycopg.Connection, contents: Contents, echo: Echo) -> str | None:
    """Load by the short way, if only functions changed; returns the probe, None if it did not."""
    applied = applied_migrations(conn)
    if applied.keys() != migration_files(contents.root).keys() or not loaded_probe(conn):
        return None
    check_applied(contents.root, applied)
    changes = file_changes(conn, contents)
    if not changes:
        return None
    replaced = with_short_locks(
        conn, partial(replace_in_place, conn, contents, changes), lambda line: None
    )
    if replaced is None:
        return None
    probe, paths = replaced
    echo(_said_of(paths, contents, "in place"))
    return probe


def _try(
    conn: psycopg.Connection, contents: Contents, status: MigrateStatus, known: list[Migration]
) -> Trial:
    """Try what is to be done beside what is in use: the code alone, if no table changes."""
    if status.is_code_loaded and not status.pending and not status.breaches:
        trial = try_code(conn, contents, status.files)
        if trial.is_good:
            return trial
    return try_everything(conn, contents, known)


def _apply_and_load(
    conn: psycopg.Connection,
    contents: Contents,
    status: MigrateStatus,
    pending: list[Migration],
    trial: Trial | None,
    echo: Echo,
) -> str:
    """Do what was tried; returns the probe."""
    _prepare(conn, contents, is_pending=bool(pending))
    batch: list[Migration] = []
    for migration in pending:
        if migration.use_transactions:
            batch.append(migration)
            continue
        # What runs outside a transaction needs what comes before it to be there.
        if batch:
            with_short_locks(conn, partial(apply_before, conn, batch, echo), echo)
            batch = []
        apply_alone(conn, migration, echo)
    finish = partial(_finish, conn, contents, status, batch, trial, echo)
    probe = with_short_locks(conn, finish, echo)
    if trial:
        _record(conn, trial)
    return probe


def _record(conn: psycopg.Connection, trial: Trial) -> None:
    """Remember which file made what, after the load: nobody waits for it.

    Where that fails, the next load takes the longer way.
    """
    with conn.transaction():
        recorded = conn.execute("select exists (select from control.loaded_objects)").fetchone()
        if recorded == (False,):
            record_objects(conn, trial.files)


def _said_of(paths: Collection[str], contents: Contents, how: str) -> str:
    """Say which way a load took."""
    number = len(contents.code)
    if len(paths) == number:
        return f"loaded all {number} files of sql/ {how}"
    listed = f": {_named(paths)}" if paths else ""
    return f"replaced {len(paths)} of {number} files of sql/ {how}{listed}"


def _named(names: Collection[str]) -> str:
    """Name some, and say how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(list(names)[:_NAMED]) + more


def _rehearse(
    conn: psycopg.Connection,
    contents: Contents,
    status: MigrateStatus,
    pending: list[Migration],
    trial: Trial | None,
    echo: Echo,
) -> None:
    """Do on the tables themselves what a transaction can take back, and take it back."""
    alone = [migration for migration in pending if not migration.use_transactions]
    before = pending[: pending.index(alone[0])] if alone else pending

    def rehearse() -> None:
        with conn.transaction(force_rollback=True):
            _prepare(conn, contents, is_pending=bool(pending))
            if alone:
                apply_each(conn, before, echo)
            else:
                _finish(conn, contents, status, before, trial, echo)

    with_short_locks(conn, rehearse, echo)
    for migration in alone:
        echo(f"{migration.id} runs outside a transaction: it was tried on tables without rows")
    if alone:
        echo("what comes after it was tried there as well, not on the rows of this database")
    for line in trial.untried if trial else ():
        echo(line)


def _finish(
    conn: psycopg.Connection,
    contents: Contents,
    status: MigrateStatus,
    migrations: list[Migration],
    trial: Trial | None,
    echo: Echo,
) -> str:
    """Apply the last migrations and load the code; the caller holds the transaction."""
    plan: Replacement | None = None
    if trial and not any(migration.is_without_code for migration in migrations):
        # Before the migrations lock anything.
        with suppress(DiffersError):
            plan = plan_replacement(conn, contents, status.files, trial)
    change_tables = partial(apply_each, conn, migrations, echo)
    if trial and plan:
        # Else somebody changed it by hand, say; what is loaded from nothing is right in any case.
        with suppress(DiffersError), conn.transaction():
            probe = replace_code(
                conn,
                contents,
                plan,
                trial,
                echo,
                change_tables=change_tables if migrations else None,
                is_seen_by_api=_is_seen_by_api(contents, status),
            )
            echo(_said_of(plan.paths, contents, "after a trial"))
            return probe
    change_tables()
    probe = load_code(conn, contents)
    echo(_said_of(contents.code, contents, "again"))
    return probe


def _is_seen_by_api(contents: Contents, status: MigrateStatus) -> bool:
    """Tell whether PostgREST reads what changes beside code: tables and comments of schemas."""
    files = {*status.files.added, *status.files.changed}
    return bool(status.pending or files.intersection(contents.schemas))


def _prepare(conn: psycopg.Connection, contents: Contents, *, is_pending: bool) -> None:
    """Make what migrations and code start from: the schemas and our own bookkeeping."""
    with conn.transaction():
        conn.execute("set local role none")
        run_files(conn, contents.root, contents.schemas)
        conn.execute("set local role aspen_owner")
        conn.execute(query("schema/bookkeeping"))
    if is_pending:
        Ledger(conn).prepare()
