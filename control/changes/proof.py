"""Prove a migration and its rollback on clones with made-up rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import psycopg
from psycopg import errors

from control.changes.clones import CloneServer
from control.changes.rows import Rows, lost_values, make_up_rows, read_rows
from control.errors import ControlError
from control.local import connect_here
from control.schema.diff import Difference, compare_databases
from control.schema.script import Script, refuse_changed_session
from control.stack.state import SUPERUSER

# From weak to strong, with what others notice of it.
_LOCKS = {
    "ShareUpdateExclusiveLock": "nobody waits",
    "ShareLock": "writers wait",
    "ShareRowExclusiveLock": "writers wait",
    "ExclusiveLock": "writers wait",
    "AccessExclusiveLock": "everybody waits",
}
_HELD = """
select relations.oid::regclass::text, locks.mode
from pg_catalog.pg_locks as locks
inner join pg_catalog.pg_class as relations on locks.relation = relations.oid
where
    locks.pid = pg_catalog.pg_backend_pid()
    and relations.relnamespace = 'aspen'::regnamespace
    and relations.relkind in ('r', 'p')
"""
_FILES = """
select relations.oid, pg_catalog.pg_relation_filenode(relations.oid), relations.oid::regclass::text
from pg_catalog.pg_class as relations
where relations.relnamespace = 'aspen'::regnamespace and relations.relkind = 'r'
"""


@dataclass(frozen=True)
class Review:
    """Hold what a migration does beside what it is for."""

    # Of each table that was there: what others notice while it runs.
    locks: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    # What a rollback does not bring back.
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """Hold the outcome: what differs afterwards, and what was seen on the way."""

    after_forward: tuple[Difference, ...]
    after_rollback: tuple[Difference, ...]
    review: Review


def prove(
    clones: CloneServer,
    forward: Script,
    rollback: Script,
    *,
    before: str,
    after: str,
    alone: bool = False,
    renames: Mapping[str, str] | None = None,
) -> Proof:
    """Run both on a clone of `before`, and compare it with `after` and with `before`.

    `alone` is a migration outside a transaction; `renames` map full names of tables and columns.
    """
    review, rows = _forward(clones, forward, before, alone, has_rows=True)
    clones.create("back", of="there")
    with clones.connect("back") as conn, conn.transaction():
        rollback.run(conn)
        refuse_changed_session(conn, rollback.name)
    kept = _rows(clones, "back") if rows else {}
    forward_rows = _rows(clones, "there") if rows else {}
    lost = dict.fromkeys(lost_values(rows, forward_rows, renames or {}))
    not_back = [one for one in lost_values(rows, kept, {}) if one not in lost]
    forth, back = compare_databases(
        {name: clones.url(name) for name in ("there", "back", before, after)},
        [("there", after), ("back", before)],
    )
    return Proof(
        forth.differences,
        without_places(back.differences),
        replace(review, lost=(*lost, *not_back)),
    )


def without_places(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Leave out where a column is in its table: one that comes back comes last."""
    return tuple(one for one in differences if not one.id.startswith("column position:"))


def _forward(
    clones: CloneServer, forward: Script, before: str, alone: bool, *, has_rows: bool
) -> tuple[Review, Rows]:
    """Run a migration on a clone called there; without rows where a made-up one stops it."""
    clones.drop("there")
    clones.create("there", of=before)
    if has_rows:
        with connect_here(clones.url("there", SUPERUSER)) as conn:
            make_up_rows(conn)
    rows = _rows(clones, "there")
    with clones.connect("there") as conn:
        if alone:
            forward.run(conn)
            return Review(), rows
        files = _files(conn)
        try:
            with conn.transaction():
                forward.run(conn)
                refuse_changed_session(conn, forward.name)
                review = _review(conn, files)
        except ControlError as error:
            if not has_rows or not isinstance(error.__cause__, errors.IntegrityError):
                raise
            _refuse_not_null(error)
            note = f"a made-up row stops it, rows of yours may too: {error.message.splitlines()[0]}"
        else:
            return review, rows
    review, _ = _forward(clones, forward, before, alone, has_rows=False)
    return replace(review, notes=(note,)), {}


def _refuse_not_null(error: ControlError) -> None:
    """Refuse what every row stops, whatever it is."""
    cause = error.__cause__
    if isinstance(cause, errors.NotNullViolation):
        raise ControlError(
            f"{error.message.splitlines()[0]}: the rows that are there have no value for it",
            "give the column a default, or add it without `not null` and fill it in a migration of"
            " its own before the one that says `not null`",
        ) from error


def _review(conn: psycopg.Connection, files: Mapping[int, tuple[int, str]]) -> Review:
    """Read what the transaction holds, of tables that were there before it."""
    known = {name for _, name in files.values()}
    strongest: dict[str, str] = {}
    for table, mode in conn.execute(_HELD):
        modes = list(_LOCKS)
        if table in known and mode in _LOCKS:
            other = strongest.get(table)
            if other is None or modes.index(mode) > modes.index(other):
                strongest[table] = mode
    now = _files(conn)
    rewritten = [name for oid, (file, name) in files.items() if oid in now and now[oid][0] != file]
    return Review(
        locks=tuple(f"{table}: {_LOCKS[mode]}" for table, mode in sorted(strongest.items())),
        rewrites=tuple(sorted(rewritten)),
    )


def _files(conn: psycopg.Connection) -> dict[int, tuple[int, str]]:
    return {oid: (file, name) for oid, file, name in conn.execute(_FILES).fetchall()}


def _rows(clones: CloneServer, name: str) -> Rows:
    with connect_here(clones.url(name, SUPERUSER)) as conn:
        return read_rows(conn)
