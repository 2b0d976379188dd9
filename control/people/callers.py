"""Find who a command acts as: a user by subject, address or id, with the claims of a token."""

from __future__ import annotations

from typing import Any

import psycopg

from control.errors import ControlError

_USERS = """
select users.id, users.subject, users.is_operator
from aspen.users as users
where
    users.subject = %(text)s
    or users.email = %(text)s
    or users.id::text = %(text)s
    or users.name = %(text)s
    or split_part(users.email, '@', 1) = %(text)s
order by users.subject = %(text)s desc, users.email = %(text)s desc, users.id::text = %(text)s desc
limit 2
"""


def claims_of_user(conn: psycopg.Connection, text: str) -> dict[str, Any]:
    """Return what a token of this user says about it: subject and role."""
    found = conn.execute(_USERS.encode(), {"text": text}).fetchall()
    exact = [row for row in found if text in (row[1], f"{row[0]}")]
    if not found:
        raise ControlError(
            f"no user is called {text}", "give the subject, address, name or id of a user"
        )
    if len(found) > 1 and not exact:
        raise ControlError(f"more than one user is called {text}", "give the subject or the id")
    _, subject, is_operator = (exact or found)[0]
    return {"sub": subject, "role": "operator" if is_operator else "member"}
