"""Bring a database to the state of a checkout and back: migrations, then the code of sql/."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from control.database import connect
from control.errors import ControlError
from control.queries import query
from control.schema.api_reload import ApiState, RunningApi, await_schema, configured_api
from control.schema.code import (
    Contents,
    FileChanges,
    check_scripts,
    drop_code,
    file_changes,
    load_code,
    loaded_probe,
    read_contents,
    run_files,
)
from control.schema.code_objects import changed_by_hand, record_objects
from control.schema.freeze import (
    check_applied,
    check_pending,
    migration_files,
    number_of,
    rollback_file,
)
from control.schema.in_place import replace_in_place
from control.schema.ledger import (
    Ledger,
    Migration,
    applied_migrations,
    migrations_of,
    replaced_migrations,
)
from control.schema.locks import Echo, one_migrate_at_a_time, with_short_locks
from control.schema.replacement import DiffersError, Replacement, plan_replacement, replace_code
from control.schema.safety_rules import Breach, check_opened, find_breaches
from control.schema.script import Interrupted, Script, read_script, refuse_changed_session
from control.schema.trial import Trial, run_inside, try_code, try_everything
from control.settings import Settings

_DROPPED_TABLE = re.compile(r"^drop table (?:if exists )?(aspen\.\w+)", re.MULTILINE)
_AFTER_INTERRUPTION = (
    "control status tells whether the database runs; then run the command again: what was not"
    " finished was taken back"
)
# The SQLSTATE of `raise warning`; those that PostgreSQL gives have others.
RAISED_WARNING = "01000"
_NAMED = 5
_KEPT = "this migration runs outside a transaction: what it did before that is kept"


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


@dataclass(frozen=True)
class RollbackPlan:
    """Hold the migrations to roll back, newest first, the tables that go, the code that comes."""

    migrations: tuple[str, ...]
    tables: dict[str, int]
    # Where the code comes from that is loaded afterwards; None when there is to be none.
    code_root: Path | None


def migrate_up(
    settings: Settings,
    *,
    echo: Echo,
    dry_run: bool = False,
    running_api: RunningApi = configured_api,
) -> MigrateResult:
    """Apply what is pending, load the code if anything changed, and wait for the API to see it.

    With `dry_run` all of it is done and rolled back, but for migrations that no transaction holds.
    """
    with connect(settings, "migrate up") as conn:
        applied, has_loaded_code, probe = _bring_up(conn, settings.root, echo, dry_run)
    if dry_run:
        return MigrateResult(applied, has_loaded_code, ApiState.NOT_ASKED)
    return MigrateResult(applied, has_loaded_code, await_schema(settings, probe, running_api))


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
            run_files(conn, root, contents.tables)
            run_files(conn, root, contents.code)


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


def plan_rollback(
    conn: psycopg.Connection,
    root: Path,
    keep: int | None,
    *,
    code_root: Path | None,
    echo: Echo = lambda line: None,
) -> RollbackPlan:
    """Plan what `migrate down` rolls back: to number `keep`, 0 for all, by default one step.

    Refuses when the code of the checkout `code_root` does not fit what is left; None for no code.
    """
    applied = applied_migrations(conn)
    if replaced := replaced_migrations(migrations_of(root), applied):
        raise ControlError(
            f"this database has the {len(replaced)} migrations that a baseline replaces",
            "run control migrate up, which records the baseline instead, then this command again",
        )
    check_applied(root, applied)
    newest_first = sorted(applied, key=number_of, reverse=True)
    chosen = (
        newest_first[:1]
        if keep is None
        else [name for name in newest_first if number_of(name) > keep]
    )
    scripts = [_rollback_script(root, name) for name in chosen]
    if chosen and code_root:
        kept = [one for one in migrations_of(root) if one.id in applied and one.id not in chosen]
        with _migrating(conn, echo):
            with_short_locks(conn, partial(_refuse_misfit, conn, code_root, kept), echo)
    tables = [table for script in scripts for table in _DROPPED_TABLE.findall(script.text)]
    estimates = conn.execute(
        "select names.name, coalesce(relations.reltuples, 0)::bigint"
        " from unnest(%s::text[]) as names (name)"
        " inner join pg_catalog.pg_class as relations on relations.oid = to_regclass(names.name)",
        [tables],
    ).fetchall()
    return RollbackPlan(tuple(chosen), dict(estimates), code_root)


def migrate_down(
    settings: Settings,
    plan: RollbackPlan,
    *,
    echo: Echo,
    running_api: RunningApi = configured_api,
) -> ApiState | None:
    """Roll back what was planned and load the code that goes with what is left, if any.

    All in one transaction: cut off at any moment, the database is what it was before. Returns
    what became of telling the API; None when it has no code any more.
    """
    root = settings.root
    with connect(settings, "migrate down") as conn, _migrating(conn, echo):
        applied = sorted(applied_migrations(conn), key=number_of, reverse=True)
        if tuple(applied[: len(plan.migrations)]) != plan.migrations:
            raise ControlError(
                "another migrate changed this database meanwhile; nothing was rolled back",
                "look at control migrate status and run the command again",
            )
        known = {migration.id: migration for migration in migrations_of(root)}

        def roll_back() -> str | None:
            # A database that an older version loaded lacks a part of it.
            conn.execute(query("schema/bookkeeping"))
            drop_code(conn)
            for name in plan.migrations:
                echo(f"rolling back {name}")
                script = _rollback_script(root, name)
                # `drop index concurrently` too: whoever waits for an index waits for the code.
                if untried := run_inside(conn, script):
                    raise ControlError(
                        f"{untried[0]}, and nothing was rolled back",
                        "take it out of the rollback and do it by hand",
                    )
                refuse_changed_session(conn, script.name)
                Ledger(conn).unmark(known[name])
            if plan.code_root is None:
                return None
            return load_code(conn, read_contents(plan.code_root))

        probe = with_short_locks(conn, roll_back, echo)
    return await_schema(settings, probe, running_api) if probe else None


def _refuse_misfit(conn: psycopg.Connection, code_root: Path, kept: list[Migration]) -> None:
    """Refuse to leave a database without code by accident."""
    trial = try_everything(conn, read_contents(code_root), kept)
    if trial.failures:
        raise ControlError(
            f"the code of sql/ does not fit the tables after that: {trial.failures[0].message}",
            "give the older version's checkout with --code DIRECTORY, or say --without-code: then"
            " the API answers nothing but errors until a control migrate up",
        )


def _bring_up(
    conn: psycopg.Connection, root: Path, echo: Echo, dry_run: bool = False
) -> tuple[tuple[str, ...], bool, str]:
    """Do the part of `migrate up` that concerns the database.

    Returns the migrations it applied, whether it loaded code, and the probe of the last load.
    """
    with _migrating(conn, echo):
        contents = read_contents(root)
        if not dry_run and (probe := _replace_in_place(conn, contents, echo)):
            return (), True, probe
        status = migrate_status(conn, root, contents)
        check_pending(root, status.applied, status.pending)
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
        known = migrations_of(root)
        pending = [migration for migration in known if migration.id in status.pending]
        # What is only recorded is not said to be applied.
        new = tuple(one.id for one in pending if not (one.replaces and status.replaced))
        # What may not be in a file is found before the first of them runs.
        for migration in pending:
            read_script(migration.path, f"migrations/{migration.id}.sql")
            _rollback_script(root, migration.id)
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
            with_short_locks(conn, partial(_apply_before, conn, batch, echo), echo)
            batch = []
        _apply_alone(conn, migration, echo)
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
                _apply_all(conn, before, echo)
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
    change_tables = partial(_apply_all, conn, migrations, echo)
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
    echo(_said_of(contents.code, contents, "anew"))
    return probe


def _is_seen_by_api(contents: Contents, status: MigrateStatus) -> bool:
    """Tell whether PostgREST reads what changes beside code: tables and comments of schemas."""
    files = {*status.files.added, *status.files.changed}
    return bool(status.pending or files.intersection(contents.schemas))


@contextmanager
def _migrating(conn: psycopg.Connection, echo: Echo) -> Iterator[None]:
    """Be the one session that may change this database, as the owner of everything in it."""
    try:
        with one_migrate_at_a_time(conn, echo):
            _become_owner(conn)
            conn.add_notice_handler(lambda notice: _pass_on(notice, echo))
            yield
    except Interrupted as error:
        raise ControlError(error.message, _AFTER_INTERRUPTION) from error
    except psycopg.OperationalError as error:
        if not conn.broken:
            raise
        raise ControlError(
            f"the connection to the database broke: {' '.join(str(error).split())}",
            _AFTER_INTERRUPTION,
        ) from error


def _pass_on(notice: psycopg.errors.Diagnostic, echo: Echo) -> None:
    """Say what a migration raises as a warning of its own, about rows it changed say."""
    if notice.sqlstate == RAISED_WARNING:
        echo(notice.message_primary or "")


def _become_owner(conn: psycopg.Connection) -> None:
    conn.execute("set role aspen_owner")
    # So that a name without its schema fails instead of meaning something else elsewhere.
    conn.execute("set search_path = ''")
    conn.execute("set client_min_messages = warning")


def _prepare(conn: psycopg.Connection, contents: Contents, *, is_pending: bool) -> None:
    """Make what migrations and code start from: the schemas and our own bookkeeping."""
    with conn.transaction():
        conn.execute("set local role none")
        run_files(conn, contents.root, contents.schemas)
        conn.execute("set local role aspen_owner")
        conn.execute(query("schema/bookkeeping"))
    if is_pending:
        Ledger(conn).prepare()


def _apply_all(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations, each with its mark; the caller holds the transaction."""
    for migration in migrations:
        if Ledger(conn).mark_in_place_of_replaced(migration):
            many = len(migration.replaces)
            echo(f"recorded {migration.id} in place of the {many} it replaces; nothing was run")
            continue
        echo(f"applying {migration.id}")
        _apply(conn, migration)


def _apply_before(conn: psycopg.Connection, migrations: list[Migration], echo: Echo) -> None:
    """Apply migrations that one outside a transaction follows: they are kept whatever it does."""
    before = find_breaches(conn)
    _apply_all(conn, migrations, echo)
    check_opened(conn, before, "correct the migration and run the command again")


def _apply(conn: psycopg.Connection, migration: Migration) -> None:
    script = read_script(migration.path, f"migrations/{migration.id}.sql")
    if migration.is_without_code:
        drop_code(conn)
    script.run(conn)
    refuse_changed_session(conn, script.name)
    Ledger(conn).mark(migration)


def _apply_alone(conn: psycopg.Connection, migration: Migration, echo: Echo) -> None:
    """Apply a migration that cannot run inside a transaction."""
    echo(f"applying {migration.id}")
    invalid_before = _invalid_indexes(conn)
    try:
        _apply(conn, migration)
    except Interrupted as error:
        raise Interrupted(f"{error.message}\n{_KEPT}") from error
    except ControlError as error:
        # `if not exists` would take one of these for the index that is wanted.
        for index in _invalid_indexes(conn) - invalid_before:
            conn.execute(f"drop index concurrently if exists {index}".encode())
            echo(f"dropped {index}, which could not be built")
        raise ControlError(f"{error.message}\n{_KEPT}", error.remedy) from error


def _invalid_indexes(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute(
        "select indexes.indexrelid::regclass::text from pg_catalog.pg_index as indexes"
        " where not indexes.indisvalid"
    ).fetchall()
    return {str(name) for (name,) in rows}


def _rollback_script(root: Path, name: str) -> Script:
    path = rollback_file(root, name)
    return read_script(path, f"migrations/{path.name}")
