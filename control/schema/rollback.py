"""Take a database back: roll back migrations, newest first, and load the code that fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from control.database import connect
from control.errors import ControlError
from control.queries import query
from control.schema.api_reload import ApiState, RunningApis, await_schema, configured_api
from control.schema.code import drop_code, file_changes, load_code, read_contents
from control.schema.freeze import check_applied, number_of, rollback_file
from control.schema.ledger import (
    Ledger,
    Migration,
    applied_migrations,
    migrations_of,
    replaced_migrations,
)
from control.schema.locks import Echo, NoLockError, with_short_locks
from control.schema.replacement import DiffersError, plan_replacement, replace_code
from control.schema.script import Interrupted, Script, read_script, refuse_changed_session
from control.schema.session import migrating
from control.schema.trial import Trial, run_inside, try_everything
from control.settings import Settings

# What changes no rows. Rows are put back while no trigger of ours notes or refuses it.
_CHANGES_NO_ROWS = re.compile(r"(?:alter|comment|create|drop|grant|revoke)\b", re.IGNORECASE)
_DROPPED_TABLE = re.compile(r"^drop table (?:if exists )?(aspen\.\w+)", re.MULTILINE)


@dataclass(frozen=True)
class RollbackPlan:
    """Hold the migrations to roll back, newest first, the tables that go, the code that comes."""

    migrations: tuple[str, ...]
    tables: dict[str, int]
    # Where the code comes from that is loaded afterwards; None when there is to be none.
    code_root: Path | None
    # What came of trying that code on the tables that are left.
    trial: Trial | None = None


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
    scripts = [rollback_script(root, name) for name in chosen]
    trial: Trial | None = None
    if chosen and code_root:
        kept = [one for one in migrations_of(root) if one.id in applied and one.id not in chosen]
        with migrating(conn, echo):
            trial = with_short_locks(conn, partial(_try_code, conn, code_root, kept), echo)
    tables = [table for script in scripts for table in _DROPPED_TABLE.findall(script.text)]
    estimates = conn.execute(
        "select names.name, coalesce(relations.reltuples, 0)::bigint"
        " from unnest(%s::text[]) as names (name)"
        " inner join pg_catalog.pg_class as relations on relations.oid = to_regclass(names.name)",
        [tables],
    ).fetchall()
    return RollbackPlan(tuple(chosen), dict(estimates), code_root, trial)


def migrate_down(
    settings: Settings,
    plan: RollbackPlan,
    *,
    echo: Echo,
    running_apis: RunningApis = configured_api,
) -> ApiState | None:
    """Roll back what was planned and load the code that goes with what is left, if any.

    All in one transaction: cut off at any moment, the database is what it was before. Returns
    what became of telling the API; None when it has no code any more.
    """
    root = settings.root
    with connect(settings, "migrate down") as conn, migrating(conn, echo):
        applied = sorted(applied_migrations(conn), key=number_of, reverse=True)
        if tuple(applied[: len(plan.migrations)]) != plan.migrations:
            raise ControlError(
                "another migrate has changed this database; nothing was rolled back",
                "look at control migrate status and run the command again",
            )
        known = {migration.id: migration for migration in migrations_of(root)}

        def roll_back() -> str | None:
            # A database that an older version loaded lacks a part of it.
            conn.execute(query("schema/bookkeeping"))
            for name in plan.migrations:
                echo(f"rolling back {name}")
            undo = partial(_undo, conn, root, [known[name] for name in plan.migrations])
            is_kept = not any(known[name].is_without_code for name in plan.migrations)
            if is_kept and (probe := _keep_code(conn, root, plan, undo, echo)):
                return probe
            drop_code(conn)
            undo()
            if plan.code_root is None:
                return None
            return load_code(conn, read_contents(plan.code_root))

        probe = with_short_locks(conn, roll_back, echo)
    return await_schema(settings, probe, running_apis) if probe else None


def _keep_code(
    conn: psycopg.Connection,
    root: Path,
    plan: RollbackPlan,
    undo: Callable[[], None],
    echo: Echo,
) -> str | None:
    """Roll back under the code that is there, and replace only what is to be different.

    Requests go on: what PostgREST prepared before is valid afterwards, and only tables that change
    are locked. Returns the probe; None, with everything as it was, where that cannot be done.
    """
    scripts = [rollback_script(root, name) for name in plan.migrations]
    statements = [statement.text for script in scripts for statement in script.statements]
    if not (plan.code_root and plan.trial and plan.trial.is_good) or not all(
        _CHANGES_NO_ROWS.match(text) for text in statements
    ):
        return None
    contents = read_contents(plan.code_root)

    def change_tables() -> None:
        try:
            undo()
        except (Interrupted, NoLockError):
            raise
        except ControlError as error:
            # The code that is there may need what goes.
            raise DiffersError from error

    with suppress(DiffersError), conn.transaction():
        replacement = plan_replacement(conn, contents, file_changes(conn, contents), plan.trial)
        return replace_code(
            conn,
            contents,
            replacement,
            plan.trial,
            echo,
            change_tables=change_tables,
            is_seen_by_api=True,
        )
    return None


def _undo(conn: psycopg.Connection, root: Path, migrations: list[Migration]) -> None:
    """Run the rollbacks of these migrations and take their marks away."""
    for migration in migrations:
        script = rollback_script(root, migration.id)
        # `drop index concurrently` too: whoever waits for an index waits for the code.
        if untried := run_inside(conn, script):
            raise ControlError(
                f"{untried[0]}, and nothing was rolled back",
                "take it out of the rollback and do it by hand",
            )
        refuse_changed_session(conn, script.name)
        Ledger(conn).unmark(migration)


def _try_code(conn: psycopg.Connection, code_root: Path, kept: list[Migration]) -> Trial:
    """Refuse to leave a database without code by accident."""
    trial = try_everything(conn, read_contents(code_root), kept)
    if trial.failures:
        raise ControlError(
            f"the code of sql/ does not fit the tables after that: {trial.failures[0].message}",
            "give the older version's checkout with --code DIRECTORY, or say --without-code: then"
            " the API answers nothing but errors until a control migrate up",
        )
    return trial


def rollback_script(root: Path, name: str) -> Script:
    """Read the file that takes a migration back; there must be one."""
    path = rollback_file(root, name)
    return read_script(path, f"migrations/{path.name}")
