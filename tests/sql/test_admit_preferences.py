"""Which preferences of a request are rejected before it is answered."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.conftest import RequestAs
from tests.refusals import refusal


def begin(admin: psycopg.Connection, prefer: str | None) -> None:
    """Set what PostgREST sets for the headers before it runs the pre-request function."""
    headers = {"host": "example.org"} | ({} if prefer is None else {"prefer": prefer})
    admin.execute("select set_config('request.headers', %s, true)", [json.dumps(headers)])


REFUSED = [
    "count=planned",
    "count=estimated",
    "Count=Planned",
    "COUNT=ESTIMATED",
    "count = planned",
    'count="planned"',
    'count=\t" estimated"',
    "return=minimal, count=planned",
    "return=minimal,count=planned,tx=rollback",
    "count=exact, count=planned",
    "count=planned; x=y",
    "count=, planned",
]
ALLOWED = [
    None,
    "",
    "count=exact",
    "Count = exact",
    "return=representation, count=exact",
    "tx=rollback",
    "account=planned",
    "count=unplanned",
]


@pytest.mark.parametrize("prefer", REFUSED)
@pytest.mark.parametrize("role", ["anon", "member", "operator", "job"])
def test_count_by_estimate_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, role: str, prefer: str
) -> None:
    """Reject it in every spelling and for every caller, because it is checked before the token."""
    begin(admin, prefer)

    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="nobody"):
        pass

    assert refusal(caught.value) == (400, "count_not_allowed", None)


@pytest.mark.parametrize("prefer", ALLOWED)
def test_other_preferences_are_not_looked_at(
    admin: psycopg.Connection, request_as: RequestAs, prefer: str | None
) -> None:
    """Accept an exact count: it counts only rows that the caller may see."""
    begin(admin, prefer)

    with request_as("anon") as conn:
        found = conn.execute("select current_user::text").fetchone()

    assert found == ("anon",)
