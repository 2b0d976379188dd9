"""Errors of SQL, as PostgREST would return them to a client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import sql

# Status, code and details of an error of ours; an error of PostgreSQL's own has but an SQLSTATE.
Refusal = tuple[int, str, Any] | str


def refusal_of(
    conn: psycopg.Connection,
    query: str | sql.Composed,
    params: Sequence[object] | Mapping[str, object] | None = None,
) -> Refusal:
    """Run a query that must fail, and return its error."""
    with pytest.raises(psycopg.Error) as caught, conn.transaction():
        conn.execute(query, params)
    return refusal(caught.value)


def refusal(error: psycopg.Error) -> Refusal:
    """Return the parts of what `internal.fail` raised.

    Details are JSON wherever they hold values.
    """
    if error.sqlstate != "PGRST":
        return f"{error.sqlstate}"
    body = json.loads(f"{error.diag.message_primary}")
    answer = json.loads(f"{error.diag.message_detail}")
    details = body["details"] and json.loads(body["details"])
    return answer["status"], body["code"], details


def problem(
    row: int, private_identifier: object, field: str | None, value: object, reason: str
) -> dict[str, object]:
    """Return one entry of the details of an error about a batch of samples."""
    return {
        "row": row,
        "private_identifier": private_identifier,
        "field": field,
        "value": value,
        "reason": reason,
    }
