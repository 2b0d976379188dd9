"""Invite and revoke by the functions of the API, as an operator."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from control.people.batch import Problem, Rejected, Row
from control.queries import query

if TYPE_CHECKING:
    import psycopg

FIELDS = ("group", "email", "role", "days")
REQUIRED = ("group", "email")
# What api.invite_members takes at once.
_MOST_ADDRESSES = 100
_OUTCOMES = {
    "already_invited": "has an open invitation (already_invited)",
    "already_member": "is in the group (already_member)",
    "named_twice": "is given twice (named_twice)",
    "invalid_address": "is no e-mail address (invalid_address)",
}


@dataclass(frozen=True)
class Invited:
    """An invitation that was made. The token and the link are shown to nobody again."""

    id: int
    group_id: int
    email: str
    role: str
    expires_at: object
    token: str
    link: str | None


def invite(
    conn: psycopg.Connection, rows: Sequence[Row], *, dry_run: bool = False
) -> list[Invited]:
    """Invite everybody named by the rows, or nobody; raise Rejected with every problem."""
    problems: list[Problem] = []
    invited: list[Invited] = []
    with conn.transaction(force_rollback=dry_run):
        for (group_id, role, days), part in _parts(conn, rows, problems):
            _invite(conn, (group_id, role, days), part, invited, problems)
        if problems:
            raise Rejected(problems)
    return invited


def revoke(conn: psycopg.Connection, ids: Sequence[int], *, dry_run: bool = False) -> None:
    """Revoke invitations, all or none; the API's function says why one is refused."""
    with conn.transaction(force_rollback=dry_run):
        conn.execute("set local role operator")
        for invitation_id in ids:
            conn.execute("select api.revoke_invitation(%s)", [invitation_id])
        conn.execute("set local role none")


def _parts(
    conn: psycopg.Connection, rows: Sequence[Row], problems: list[Problem]
) -> Iterator[tuple[tuple[int, str, str], list[Row]]]:
    """Yield the rows that ask for the same, at most as many as the API takes at once."""
    texts = [text for row in rows if (text := row.cells.get("group"))]
    groups: dict[str, list[int]] = dict(
        conn.execute(query("people/find_groups"), {"texts": texts}).fetchall()
    )
    alike: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        group = row.cells.get("group")
        ids = groups.get(group or "", [])
        if len(ids) == 1:
            days = row.cells.get("days") or "7"
            alike[ids[0], row.cells.get("role") or "member", days].append(row)
        else:
            reason = f"names several groups: {', '.join(map(str, ids))}" if ids else "is no group"
            problems.append(Problem(row.line, "group", group, reason))
    for key, same in alike.items():
        for first in range(0, len(same), _MOST_ADDRESSES):
            yield key, same[first : first + _MOST_ADDRESSES]


def _invite(
    conn: psycopg.Connection,
    key: tuple[int, str, str],
    rows: Sequence[Row],
    invited: list[Invited],
    problems: list[Problem],
) -> None:
    import psycopg

    group_id, role, days = key
    # Of anything else than a number the function says what days may be.
    number = int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0
    emails = json.dumps([row.cells.get("email") or "" for row in rows])
    try:
        with conn.transaction():
            conn.execute(query("people/act_as_operator"))
            found = conn.execute(
                "select outcome, invitation_id, expires_at, token, link"
                " from api.invite_members(%s, %s, %s, %s)",
                [group_id, emails, role, number],
            ).fetchall()
            conn.execute("set local role none")
    except psycopg.Error as error:
        problems.extend(_of_refusal(error, rows))
        return
    for row, (outcome, *made) in zip(rows, found, strict=True):
        email = row.cells.get("email") or ""
        if outcome == "invited":
            invitation_id, expires_at, token, link = made
            invited.append(Invited(invitation_id, group_id, email, role, expires_at, token, link))
        else:
            problems.append(Problem(row.line, "email", email, _OUTCOMES[outcome]))


def _of_refusal(error: psycopg.Error, rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield, for each row, what the API says about the arguments that all of them share."""
    body: dict[str, Any] = json.loads(error.diag.message_primary or "{}")
    if error.sqlstate != "PGRST" or body.get("code") != "invalid_argument":
        raise error
    for one in json.loads(body["details"]):
        for row in rows:
            yield Problem(row.line, one["field"], row.cells.get(one["field"]), one["reason"])
