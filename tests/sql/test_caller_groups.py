"""The groups that api.me names: those the caller may see, and why."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs


@pytest.fixture
def own(admin: psycopg.Connection) -> int:
    """A group that others grant things to."""
    return factories.group(admin, "Own")


def groups_of(conn: psycopg.Connection) -> Any:
    """What me says."""
    row = conn.execute("select groups from api.me").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_direct_role_is_named(
    admin: psycopg.Connection, request_as: RequestAs, own: int, role: str
) -> None:
    """A viewer learns the name of the group too, though the group itself is not for viewers."""
    factories.user(admin, "alice", {own: role})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == [{"id": own, "name": "Own", "role": role, "is_granted": False}]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_granted_role_is_named_as_granted(
    admin: psycopg.Connection, request_as: RequestAs, own: int, role: str
) -> None:
    """With the role that was granted, whatever the role at home."""
    generous = factories.group(admin, "Generous")
    factories.grant(admin, generous, own, role)
    factories.user(admin, "alice", {own: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == [
            {"id": own, "name": "Own", "role": "viewer", "is_granted": False},
            {"id": generous, "name": "Generous", "role": role, "is_granted": True},
        ]


def test_best_of_several_grants_counts(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """As it does for the rows."""
    second, generous = factories.group(admin, "Second"), factories.group(admin, "Generous")
    factories.grant(admin, generous, own, "viewer")
    factories.grant(admin, generous, second, "member")
    factories.user(admin, "alice", {own: "admin", second: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[-1] == {
            "id": generous,
            "name": "Generous",
            "role": "member",
            "is_granted": True,
        }


def test_caller_without_groups_has_an_empty_list(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Not null."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == []


def test_groups_that_do_not_exist_are_left_out(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """A token may outlive a group."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice", groups={own: "member", own + 1000: "admin"}) as conn:
        assert groups_of(conn) == [
            {"id": own, "name": "Own", "role": "member", "is_granted": False}
        ]
