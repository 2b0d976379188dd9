"""List groups, users, members, grants, invitations and tokens, and find a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from control.errors import ControlError
from control.queries import query

if TYPE_CHECKING:
    import psycopg

_STATEMENTS = {
    "groups": query("people/list_groups"),
    "users": query("people/list_users"),
    "members": query("people/list_members"),
    "grants": query("people/list_grants"),
    "invitations": query("people/list_invitations"),
    "tokens": query("people/list_tokens"),
}
_NO_FILTER = {"ids": None, "group_id": None, "user_id": None, "open_only": False}


def list_rows(
    conn: psycopg.Connection, what: str, filters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a kind (groups, users, …), all or those that pass the filters."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_STATEMENTS[what], _NO_FILTER | dict(filters or {})).fetchall()


def find_user(conn: psycopg.Connection, text: str) -> int:
    """Return the id of the user with this subject, e-mail address or id, in this order."""
    row = conn.execute(query("people/find_users"), {"texts": [text]}).fetchone()
    if row is None:
        raise ControlError(
            f"there is no user {text!r}", "give the subject, e-mail address or id of a user"
        )
    return int(row[1][0])
