"""Read and write users, groups and memberships of the database, in whole sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from control.directory.interface import Organization, Person
from control.directory.planning import DISABLED, Change, Group, Stored, User
from control.people.groups import find_group
from control.queries import query, run_query

_HALF = re.compile("[\ud800-\udfff]")
# Two that follow a directory at once would plan the same changes.
_LOCK = "select pg_advisory_xact_lock(hashtextextended('control user sync', 0))"
_CHECKS = (
    "select pg_get_expr(conbin, conrelid) from pg_catalog.pg_constraint"
    " where conrelid = %s::regclass and contype = 'c'"
)


def take_turns(conn: psycopg.Connection) -> None:
    """Wait until no other synchronisation writes, until the end of the transaction."""
    conn.execute(_LOCK)


def read_stored(conn: psycopg.Connection, issues: Callable[[str], bool]) -> Stored:
    """Return users, groups and the roles of those whom the directory issues tokens to."""
    groups = conn.execute(query("directory/groups")).fetchall()
    users = conn.execute(
        "select subject, email, is_operator, disabled_at is not null from aspen.users"
    ).fetchall()
    roles = conn.execute(query("directory/roles")).fetchall()
    admins = conn.execute(query("directory/admins")).fetchall()
    return Stored(
        tuple(Group(*row) for row in groups),
        {row[0]: User(*row) for row in users},
        {(key, subject): role for key, subject, role in roles if issues(subject)},
        {group: frozenset(subjects) for group, subjects in admins},
    )


def link(conn: psycopg.Connection, links: Mapping[str, str]) -> list[Change]:
    """Let groups stand for organisations; return which of them did not before."""
    changes = []
    for text, organization_id in links.items():
        group = find_group(conn, text)
        row = conn.execute(
            "select directory_id from aspen.groups where id = %s for update", [group.id]
        ).fetchone()
        before = row[0] if row else None
        if before == organization_id:
            continue
        conn.execute(
            "update aspen.groups set directory_id = %s where id = %s", [organization_id, group.id]
        )
        changes.append(
            Change(
                "change",
                "group",
                None,
                organization_id,
                group.name,
                before,
                organization_id,
                "linked by --link",
            )
        )
    return changes


def unstorable(conn: psycopg.Connection, people: Iterable[Person]) -> frozenset[str]:
    """Return those whom the table of users would refuse."""
    given = [one for one in people if one.email is not None]
    rows = [{"subject": one.id, "name": one.name, "email": one.email} for one in given]
    return frozenset(given[number].id for number in _refused(conn, "users", rows))


def unstorable_groups(
    conn: psycopg.Connection, organizations: Iterable[Organization]
) -> frozenset[str]:
    """Return the organisations whose name or prefix the table of groups would refuse."""
    given = [one for one in organizations if one.prefix is not None]
    rows = [{"name": one.name, "prefix": one.prefix, "directory_id": one.id} for one in given]
    return frozenset(given[number].id for number in _refused(conn, "groups", rows))


def _refused(
    conn: psycopg.Connection, table: str, rows: Sequence[Mapping[str, str | None]]
) -> list[int]:
    """Return the positions of the rows that a check of the table refuses, or that are no text."""
    bad = [number for number, row in enumerate(rows) if not _is_text(row.values())]
    checks = [f"({check})" for (check,) in conn.execute(_CHECKS, [f"aspen.{table}"])]
    statement = sql.SQL(
        "select rows.number - 1 from unnest(%s::jsonb[]) with ordinality as rows (value, number)"
        " cross join lateral jsonb_populate_record(null::{}, rows.value) as checked"
        " where not ({})"
    ).format(sql.Identifier("aspen", table), sql.SQL(" and ".join(checks)))
    good = [number for number in range(len(rows)) if number not in bad]
    found = conn.execute(statement, [[Jsonb(dict(rows[number])) for number in good]])
    return bad + [good[number] for (number,) in found]


def _is_text(values: Iterable[str | None]) -> bool:
    """Return whether PostgreSQL takes these as texts: without NUL and halves of characters."""
    return not any("\0" in one or _HALF.search(one) for one in values if one is not None)


def write(
    conn: psycopg.Connection, changes: Iterable[Change], people: Mapping[str, Person]
) -> None:
    """Make the changes, one statement for each kind."""
    changes = list(changes)
    groups = _of(changes, "group", "add")
    if groups:
        conn.execute(
            "insert into aspen.groups (name, prefix, directory_id)"
            " select * from unnest(%s::text[], %s::text[], %s::text[])",
            [
                [one.group for one in groups],
                [one.after for one in groups],
                [one.organization for one in groups],
            ],
        )
    new = [people[f"{one.subject}"] for one in _of(changes, "user", "add")]
    if new:
        conn.execute(
            "insert into aspen.users (subject, name, email)"
            " select * from unnest(%s::text[], %s::text[], %s::text[])",
            [[one.id for one in new], [one.name for one in new], [one.email for one in new]],
        )
    if barred := [one.subject for one in changes if one.after == DISABLED]:
        conn.execute(
            "update aspen.users set disabled_at = now()"
            " where subject = any(%s) and disabled_at is null",
            [barred],
        )
    # First those who become admins, so that no group is without one in between.
    if given := _of(changes, "membership", "add", "change"):
        roles = [one.after for one in given]
        run_query(conn, "directory/set_memberships", _columns(given) | {"roles": roles})
    if gone := _of(changes, "membership", "remove"):
        run_query(conn, "directory/delete_memberships", _columns(gone))


def _of(changes: Iterable[Change], kind: str, *actions: str) -> list[Change]:
    return [one for one in changes if one.kind == kind and one.action in actions]


def _columns(changes: Sequence[Change]) -> dict[str, object]:
    return {
        "organizations": [one.organization for one in changes],
        "subjects": [one.subject for one in changes],
    }
