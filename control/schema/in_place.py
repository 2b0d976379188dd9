"""Replace functions in place: run their files at once, in one transaction, without a trial.

That locks nothing and nobody notices it, whether it succeeds or fails. It is the way of a load that
changes the bodies, comments and rights of functions and nothing else. Whatever else is found sends
the load the longer way, where it is tried first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.queries import query
from control.schema.code import Contents, FileChanges, check_scripts, remember_load
from control.schema.code_objects import (
    Address,
    LoadedObject,
    loaded_objects,
    read_marks,
    reset_statements,
    write_loaded_objects,
)
from control.schema.descriptions import carry_over, catalog_state
from control.schema.safety_rules import find_breaches
from control.schema.script import (
    Interrupted,
    Script,
    raise_interrupted,
    refuse_changed_session,
    run_at_once,
)

# Creates something that must not be there yet, or that is no function.
_CREATES = re.compile(r"create\s+(?!or\s+replace\s+function\b)", re.IGNORECASE)
# PostgreSQL looks up all names in it when the function is created; in another body, when it runs.
_IN_SQL = re.compile(r"\blanguage\s+sql\b", re.IGNORECASE)
# What it says names nothing: only what it is about has to be there.
_COMMENT = re.compile(r"(comment\s+on\s[^'$]+)['$]", re.IGNORECASE)
_NAME = re.compile(r'\b(?:api(?:_v[0-9]+)?|authz|internal)\.(?:\w+|"[^"]+")')


class NotInPlaceError(Exception):
    """Say what the load changes besides functions that can be replaced in place."""


@dataclass(frozen=True)
class _Function:
    """Hold what others rely on (`shape`), who may execute it, and who wrote it last."""

    xid: str
    shape: str
    read_by_api: str | None
    holders: list[str]


def replace_in_place(
    conn: psycopg.Connection, contents: Contents, changes: FileChanges
) -> tuple[str, tuple[str, ...]] | None:
    """Replace the functions of the changed files; return the probe and the files that were run.

    The caller holds the transaction. Returns None, and leaves everything as it was, where that is
    not the whole of the load, or where it fails: the longer way names what fails.
    """
    if changes.added or changes.removed or changes.reordered:
        return None
    loaded = loaded_objects(conn)
    if not loaded or check_scripts(contents, changes):
        return None
    with suppress(NotInPlaceError), conn.transaction():
        return _replace(conn, contents, changes, loaded)
    return None


def _replace(
    conn: psycopg.Connection,
    contents: Contents,
    changes: FileChanges,
    loaded: Mapping[Address, LoadedObject],
) -> tuple[str, tuple[str, ...]]:
    made = _functions_of(changes.changed, contents, loaded)
    scripts = _scripts_to_run(changes.changed, made, contents)
    _refuse_later_names(contents, scripts, loaded)
    before, described = _functions(conn, made), catalog_state(conn)
    try:
        for (_, oid), one in made.items():
            reset = reset_statements(one.identity, before[oid].holders)
            conn.execute(b";".join(reset))
        _run(conn, scripts, made)
        refuse_changed_session(conn, "sql/")
    except (errors.LockNotAvailable, errors.DeadlockDetected, Interrupted):
        raise
    except (psycopg.Error, ControlError) as error:
        if isinstance(error, psycopg.Error):
            raise_interrupted(conn, error, "the load")
        raise NotInPlaceError(f"{error}") from error
    after = _functions(conn, made)
    if other := [one.shape for oid, one in after.items() if one.shape != before[oid].shape]:
        raise NotInPlaceError(f"{other[0]} is not what others were built on")
    marks = read_marks(conn)
    changed = {at for at, mark in marks.items() if at not in loaded or loaded[at].mark != mark}
    if marks.keys() != loaded.keys() or changed != made.keys():
        raise NotInPlaceError("more was changed than their functions, by the files or by hand")
    if find_breaches(conn):
        raise NotInPlaceError("a safety rule is broken")
    is_seen = any(now.read_by_api != before[oid].read_by_api for oid, now in after.items())
    probe = remember_load(conn, contents, is_seen_by_api=is_seen)
    write_loaded_objects(conn, {at: replace(one, mark=marks[at]) for at, one in loaded.items()})
    if not is_seen and all(now.holders == before[oid].holders for oid, now in after.items()):
        carry_over(conn, described, scripts)
    return probe, tuple(scripts)


def _functions_of(
    changed: Iterable[str], contents: Contents, loaded: Mapping[Address, LoadedObject]
) -> dict[Address, LoadedObject]:
    """Find what the changed files made, which must be functions that no other file wrote."""
    again = {path for path, one in contents.scripts.items() if one.creates_what_is_missing}
    made: dict[Address, LoadedObject] = {}
    for path in changed:
        written = {at: one for at, one in loaded.items() if path in one.paths}
        if not written or path in again:
            raise NotInPlaceError(f"sql/{path} made no object of its own")
        for one in written.values():
            if one.kind != "function" or {*one.paths} - again != {path}:
                raise NotInPlaceError(f"sql/{path} made {one.kind} {one.identity}")
        made |= written
    return made


def _scripts_to_run(
    changed: Iterable[str], made: Mapping[Address, LoadedObject], contents: Contents
) -> dict[str, Script]:
    """Choose the changed files, and those that go over the same functions after them."""
    paths = {*changed}.union(*(one.paths for one in made.values()))
    scripts = {path: one for path, one in contents.scripts.items() if path in paths}
    for script in scripts.values():
        if any(_CREATES.match(statement.text) for statement in script.statements):
            raise NotInPlaceError(f"{script.name} creates what must not be there yet")
    return scripts


def _refuse_later_names(
    contents: Contents, scripts: Mapping[str, Script], loaded: Mapping[Address, LoadedObject]
) -> None:
    """Refuse files that name what load.sql lists after them: an empty database does not have it."""
    positions = {path: number for number, path in enumerate(contents.code)}
    places = (
        (positions[one.paths[0]], one.identity.partition("(")[0])
        for one in loaded.values()
        if one.paths
    )
    # Of functions of one name the first counts, because the name does not tell which is meant.
    made_at = {name: position for position, name in sorted(places, reverse=True)}
    for path, script in scripts.items():
        for statement in script.statements:
            named = _NAME.findall(_looked_up(statement.text))
            if later := [name for name in named if made_at.get(name, -1) > positions[path]]:
                raise NotInPlaceError(f"{script.name} names {later[0]}, which comes after it")


def _looked_up(text: str) -> str:
    """Return the part of a statement whose names PostgreSQL looks up when it runs the statement."""
    if comment := _COMMENT.match(text):
        return comment[1]
    return text if _IN_SQL.search(text) else text.partition("$")[0]


def _run(
    conn: psycopg.Connection,
    scripts: Mapping[str, Script],
    made: Mapping[Address, LoadedObject],
) -> None:
    """Run each file in a savepoint, and refuse one that writes other functions than before."""
    state = _functions(conn, made)
    for path, script in scripts.items():
        with conn.transaction():
            run_at_once(conn, [script])
        now = _functions(conn, made)
        written = {oid for oid, one in now.items() if one.xid != state[oid].xid}
        expected = {oid for (_, oid), one in made.items() if path in one.paths}
        if written != expected and not script.creates_what_is_missing:
            raise NotInPlaceError(f"{script.name} makes other functions than before")
        state = now


def _functions(
    conn: psycopg.Connection, made: Mapping[Address, LoadedObject]
) -> dict[int, _Function]:
    oids = [oid for _, oid in made]
    rows = conn.execute(query("schema/function_shapes"), [oids]).fetchall()
    if len(rows) != len(oids):
        raise NotInPlaceError("a function is gone")
    return {oid: _Function(*rest) for oid, *rest in rows}
