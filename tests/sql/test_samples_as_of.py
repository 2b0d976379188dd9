"""Samples as they were at a time, from what changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.test_restore_samples import earlier

AS_OF = (
    "select private_identifier, host, is_private from api.samples_as_of(%s, %s) as samples"
    " order by private_identifier"
)
WHOLE = "select to_jsonb(samples) from api.samples_as_of(%s) as samples order by id"


def as_of(conn: psycopg.Connection, at: datetime | str, group: int | None) -> list[tuple[Any, ...]]:
    """Return what samples were at a time."""
    moment = at if isinstance(at, str) else at.isoformat()
    return conn.execute(AS_OF, [moment, group]).fetchall()


def test_created_changed_and_deleted_samples_are_as_they_were(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave out what came later, and return whole rows of what is gone."""
    for name in ("changed", "deleted", "gone and back", "same"):
        factories.sample(admin, lab.group, name, host="bat")
    with request_as("member", sub="alice") as conn:
        before = conn.execute("select to_jsonb(samples) from api.samples order by id").fetchall()
    moment = earlier(admin)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(
            "update api.samples set host = 'cat', is_private = true where id % 1 = 0"
            " and private_identifier = 'changed'"
        )
        conn.execute(
            "update api.samples set host = 'dog', private_identifier = 'renamed'"
            " where private_identifier = 'changed'"
        )
        conn.execute(
            "delete from api.samples where private_identifier in ('deleted', 'gone and back')"
        )
    factories.sample(admin, lab.group, "gone and back", host="other")
    factories.sample(admin, lab.group, "created")
    with request_as("member", sub="alice") as conn:
        after = conn.execute(WHOLE, [moment.isoformat()]).fetchall()
        now = as_of(conn, "2999-01-01", lab.group)

    assert after == before
    assert now == [
        ("created", None, False),
        ("gone and back", "other", False),
        ("renamed", "dog", True),
        ("same", "bat", False),
    ]


def test_samples_are_those_of_groups_of_direct_members(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show no group that granted access, and no group of others."""
    factories.grant(admin, lab.other_group, lab.group, "admin")
    ours, theirs = (
        factories.sample(admin, lab.group, "ours"),
        factories.sample(admin, lab.other_group, "theirs"),
    )
    admin.execute("delete from aspen.samples where id = any (%s)", [[ours, theirs]])
    factories.sample(admin, lab.other_group, "shown")
    moment = earlier(admin)
    with request_as("member", sub="alice") as conn:
        now = as_of(conn, moment, None)
        refused = refusal_of(conn, AS_OF, ["2999-01-01", lab.other_group])

    assert now == []
    assert refused == (403, "group_access_denied", {"group_id": lab.other_group})


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_viewer_and_stranger_see_no_past(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str
) -> None:
    """Refuse the group, and show nothing of it without one."""
    factories.sample(admin, lab.group)
    with request_as("member", sub=who) as conn:
        rows = as_of(conn, "2999-01-01", None)
        refused = refusal_of(conn, AS_OF, ["2999-01-01", lab.group])

    assert (rows, refused) == ([], (403, "group_access_denied", {"group_id": lab.group}))


def test_time_before_the_history_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Say from when the history is known: since values are kept, or since the log was trimmed."""
    factories.sample(admin, lab.group, "a")
    admin.execute("set local timezone = 'UTC'")
    entry = (
        "insert into aspen.audit_log (occurred_at, table_name, action, role_name, details)"
        " values (%s, 'audit_log', 'insert', 'control', %s)"
    )
    admin.execute(entry, ["2021-01-01", '{"keeps": "values"}'])
    admin.execute(entry, ["2024-01-01", '{"older_than": "2022-01-01T00:00:00+00:00"}'])
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, AS_OF, ["2021-12-31", lab.group])
        allowed = as_of(conn, "2022-01-01", lab.group)

    assert refused == (
        400,
        "history_unknown",
        {"at": "2021-12-31T00:00:00+00:00", "known_since": "2022-01-01T00:00:00+00:00"},
    )
    assert allowed == []


@pytest.mark.parametrize("at", ["yesterday", "", "3/4/2021", "infinity"])
def test_at_must_be_a_time(request_as: RequestAs, lab: Lab, at: str) -> None:
    """Accept ISO 8601 only."""
    with request_as("member", sub="alice") as conn:
        assert refusal_of(conn, AS_OF, [at, lab.group])[:2] == (400, "invalid_argument")


def test_number_of_changes_to_take_back_is_limited(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer 413 above 100,000, so that nobody learns the limit by a time-out."""
    admin.execute(
        "insert into aspen.audit_log (group_id, table_name, row_id, action, role_name)"
        " select %s, 'samples', 1, 'update', 'x' from generate_series(1, 100001)",
        [lab.group],
    )
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, AS_OF, ["2022-01-01", lab.group])
        allowed = as_of(conn, "2999-01-01", lab.group)

    assert refused[:2] == (413, "batch_too_large")
    assert allowed == []
