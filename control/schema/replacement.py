"""Replace only the code that differs from what was tried, with few locks and as late as can be.

Functions take the place of functions, which locks nothing. Views, policies and triggers lock their
table from the moment they go until the transaction ends; so they go last, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.schema.code import (
    AFTER_A_LOAD,
    Contents,
    FileChanges,
    refuse_dependents,
    remember_load,
)
from control.schema.code_objects import (
    CodeObject,
    Key,
    drop_statements,
    read_needs,
    read_objects,
    read_structures,
    relation_of,
    reset_statements,
    right_statements,
    with_dependents,
)
from control.schema.locks import Echo, NoLockError, lock_briefly
from control.schema.safety_rules import check_safety
from control.schema.script import Interrupted, Script, raise_interrupted, run_at_once
from control.schema.trial import Trial
from control.schema.versions import VERSION, drop_gone_versions

_GATE = """
select array_agg(name order by position)
from unnest(array['aspen.users', 'aspen.jobs']) with ordinality as names (name, position)
where to_regclass(name) is not null
"""
_CREATES = re.compile(r"create\s+(?:function|procedure)\b", re.IGNORECASE)


class DiffersError(Exception):
    """Say that the database did not become what was tried: all is to be loaded again."""


@dataclass(frozen=True)
class Replacement:
    """Hold what is dropped, what is replaced in its place, and the files that do the rest."""

    drops: frozenset[Key]
    resets: tuple[CodeObject, ...]
    early: Mapping[str, Script]
    late: Mapping[str, Script]
    # The tables and views that are locked until the end.
    relations: frozenset[Key]
    # Whether PostgREST reads any of it.
    is_seen_by_api: bool

    @property
    def paths(self) -> tuple[str, ...]:
        """List the files that are run."""
        return (*self.early, *self.late)


def plan_replacement(
    conn: psycopg.Connection, contents: Contents, changes: FileChanges, trial: Trial
) -> Replacement:
    """Compare this database with what was tried: which files to run, and what goes before.

    Raises DiffersError when no rule compares what is there, for everything to be loaded again.
    """
    refuse_dependents(conn)
    return _plan(conn, contents.scripts, {*changes.added, *changes.changed}, trial)


def replace_code(
    conn: psycopg.Connection,
    contents: Contents,
    plan: Replacement,
    trial: Trial,
    echo: Echo,
    *,
    change_tables: Callable[[], None] | None,
    is_seen_by_api: bool,
) -> str:
    """Make the code what was tried; the caller holds the transaction. Returns the probe.

    `change_tables` applies the migrations. Raises DiffersError when the code does not become just
    what was tried, for everything to be loaded again.
    """
    (made_since,) = _one(
        conn, "select pg_catalog.pg_current_xact_id()::text::bigint % (1::bigint << 32)"
    )
    with _differing_instead_of_failing(conn):
        # What bodies say was checked when they were tried; here they may precede what they name.
        conn.execute("set local check_function_bodies = off")
        probe = remember_load(conn, contents, is_seen_by_api=is_seen_by_api or plan.is_seen_by_api)
    is_early_done = _replace_early(conn, plan)
    if change_tables:
        # Whoever locks a table and then waits at the gate waits for requests that wait for the
        # table; so the gate comes first.
        lock_briefly(conn, _gate(conn, plan), echo)
        change_tables()
    # Where the tables are those of the trial, and the code becomes what it was there, the rules
    # have been asked already: they see nothing else.
    is_safe = not trial.breaches and read_structures(conn) == trial.structures
    with _differing_instead_of_failing(conn):
        if not is_early_done:
            _run_early(conn, plan)
        # From here on others wait, so what is left goes in as few messages as can be.
        lock_briefly(conn, _locks(conn, plan) + drop_statements(plan.drops), echo)
        run_at_once(conn, plan.late.values())
        drop_gone_versions(conn, contents.versions)
        had_other_rights = _finish_tables(conn, trial, made_since)
    if had_other_rights or not is_safe:
        check_safety(conn, AFTER_A_LOAD)
    return probe


def _replace_early(conn: psycopg.Connection, plan: Replacement) -> bool:
    """Replace what locks nothing, unless it needs what a migration is to change first."""
    with suppress(DiffersError), _differing_instead_of_failing(conn), conn.transaction():
        _run_early(conn, plan)
        return True
    return False


def _run_early(conn: psycopg.Connection, plan: Replacement) -> None:
    for function in plan.resets:
        holders = {grant.rpartition("=")[0] for grant in function.grants}
        conn.execute(b";".join(reset_statements(function.identity, holders)))
    run_at_once(conn, plan.early.values())


@contextmanager
def _differing_instead_of_failing(conn: psycopg.Connection) -> Iterator[None]:
    """Take a failure of what was tried for a difference: it needs what was not made again."""
    try:
        yield
    except (errors.LockNotAvailable, errors.DeadlockDetected, Interrupted, NoLockError):
        raise
    except (psycopg.Error, ControlError) as error:
        if isinstance(error, psycopg.Error):
            raise_interrupted(conn, error, "the load")
        raise DiffersError from error


def _plan(
    conn: psycopg.Connection, scripts: Mapping[str, Script], changed: set[str], trial: Trial
) -> Replacement:
    present = _without_tables(read_objects(conn))
    wanted = _without_tables(trial.objects)
    needs = read_needs(conn, present)
    written: dict[str, set[Key]] = {path: set() for path in scripts}
    for key in wanted:
        # What no file makes, or what can be compared by no rule, is no case for us.
        if key not in trial.files or key[0] == "other":
            raise DiffersError
        for path in trial.files[key]:
            written[path].add(key)
    # A file that creates what is missing runs again without what it made going before.
    again = {path: written[path] for path in scripts if not scripts[path].creates_what_is_missing}
    differing = {
        key
        for key in present.keys() & wanted.keys()
        if present[key].definition != wanted[key].definition
    }

    def in_the_way(keys: set[Key]) -> set[Key]:
        return {
            key
            for key in keys & present.keys()
            if not _can_be_replaced(
                [scripts[path] for path in trial.files[key] if path in again],
                present[key],
                wanted[key],
            )
        }

    drops = with_dependents(present.keys() - wanted.keys() | in_the_way(differing), needs)
    # Rights on a schema, say, are no object of their own.
    run = {path for path in changed & scripts.keys() if not written[path]}
    while True:
        # All that files write which run again is made by all of the files that write it.
        remade = {key for path in run & again.keys() for key in again[path]}
        remade |= differing | (wanted.keys() - present.keys()) | (drops & wanted.keys())
        more_drops = with_dependents(drops | in_the_way(remade), needs)
        more_run = run.union(*(trial.files[key] for key in remade | more_drops & wanted.keys()))
        if (more_drops, more_run) == (drops, run):
            break
        drops, run = more_drops, more_run
    if any(kind == "other" for kind, _ in drops):
        raise DiffersError
    early = _early(run, written, drops, present, trial)
    made = {key for path in run - early for key in again.get(path, wanted.keys() - present.keys())}
    touched = drops | made
    relations = {relation for key in touched if (relation := relation_of(key, present | wanted))}
    return Replacement(
        drops=frozenset(drops),
        resets=tuple(present[key] for key in sorted(remade & present.keys() - drops)),
        early={path: script for path, script in scripts.items() if path in early},
        late={path: script for path, script in scripts.items() if path in run - early},
        relations=frozenset(one for one in relations if one[0] == "table" or one in present),
        is_seen_by_api=any(
            _is_seen_by_api(key, present | wanted)
            for key in drops.union(*(written[path] for path in run))
        ),
    )


def _is_seen_by_api(key: Key, objects: Mapping[Key, CodeObject]) -> bool:
    """Tell whether PostgREST reads this object into its schema cache."""
    kind, identity = key
    if kind == "function":
        return re.match(rf"(?:api|{VERSION.pattern})\.", identity) is not None
    if kind == "trigger":
        # It reads which views can be written to.
        return relation_of(key, objects) != ("table", identity.rpartition(" on ")[2])
    return kind != "policy"


def _can_be_replaced(scripts: list[Script], present: CodeObject, wanted: CodeObject) -> bool:
    """Tell whether running these files changes the object instead of finding it in the way."""
    return (
        bool(scripts)
        and wanted.kind == "function"
        and present.shape == wanted.shape
        and not any(
            _CREATES.match(statement.text) for script in scripts for statement in script.statements
        )
    )


def _early(
    run: set[str],
    made: dict[str, set[Key]],
    drops: set[Key],
    present: dict[Key, CodeObject],
    trial: Trial,
) -> set[str]:
    """Find the files that lock nothing: functions, built on nothing that goes or is yet to come."""
    early = {
        path
        for path in run
        if made[path] and all(key[0] == "function" and key not in drops for key in made[path])
    }
    while True:
        settled = present.keys() - drops | {key for path in early for key in made[path]}
        waiting = {
            path
            for path in early
            for key in made[path]
            if any(needed not in settled for needed in trial.needs[key] if needed[0] != "table")
        }
        if not waiting:
            return early
        early -= waiting


def _gate(conn: psycopg.Connection, plan: Replacement) -> list[bytes]:
    """Return what keeps requests out: each reads one of two tables before anything else.

    So whoever holds both meets no request that has a lock and wants another. One relation alone
    needs no such gate.
    """
    if len(plan.relations) < 2:
        return []
    (gate,) = _one(conn, _GATE)
    return [_lock(table) for table in gate or []]


def _locks(conn: psycopg.Connection, plan: Replacement) -> list[bytes]:
    """Return what takes the locks before anything is dropped, one at a time, in one order."""
    tables = sorted(identity for kind, identity in plan.relations if kind == "table")
    return [*_gate(conn, plan), *map(_lock, tables)]


def _lock(table: str) -> bytes:
    return f"lock table {table} in access exclusive mode".encode()


def _finish_tables(conn: psycopg.Connection, trial: Trial, made_since: int) -> bool:
    """Give the tables the rights they are to have, and see that all else is as it was tried.

    Returns whether any had others.
    """
    now = read_objects(conn, made_since)
    statements = []
    for key, one in now.items():
        if one.kind == "table":
            wanted = trial.objects.get(key, replace(one, grants=frozenset(), shape=""))
            statements += right_statements(one, wanted)
    if statements:
        conn.execute(b";".join(statements))
    there, wanted_there = _without_tables(now), _without_tables(trial.objects)
    # What was not made now was compared when this was planned.
    if there.keys() != wanted_there.keys() or any(
        one.definition not in (None, wanted_there[key].definition) for key, one in there.items()
    ):
        raise DiffersError
    return bool(statements)


def _one(conn: psycopg.Connection, text: str) -> tuple[Any, ...]:
    row = conn.execute(text.encode()).fetchone()
    assert row is not None
    return row


def _without_tables(objects: dict[Key, CodeObject]) -> dict[Key, CodeObject]:
    return {key: one for key, one in objects.items() if one.kind != "table"}
