"""The groups that api.me names: those the caller may see, and why."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs


@pytest.fixture
def own(admin: psycopg.Connection) -> int:
    """Store a group that other groups grant roles to."""
    return factories.group(admin, "Own")


# What a role allows, held directly and granted.
VIEWER = ["read"]
GRANTED = {"viewer": VIEWER, "member": [*VIEWER, "read_private", "change"]}
GRANTED["admin"] = GRANTED["member"]
DIRECT = {"viewer": VIEWER, "member": [*GRANTED["member"], "create", "read_members"]}
DIRECT["admin"] = [*DIRECT["member"], "manage"]


def entry(group: int, name: str, role: str, *, is_granted: bool = False) -> dict[str, Any]:
    """Return what api.me says of a group, access to which has no end."""
    return {
        "id": group,
        "name": name,
        "role": role,
        "is_granted": is_granted,
        "ends_at": None,
        "may": (GRANTED if is_granted else DIRECT)[role],
    }


def groups_of(conn: psycopg.Connection) -> Any:
    """Return the groups that api.me names."""
    row = conn.execute("select groups from api.me").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_direct_role_is_named(
    admin: psycopg.Connection, request_as: RequestAs, own: int, role: str
) -> None:
    """Tell a viewer the group's name too, though the group's row is not for viewers."""
    factories.user(admin, "alice", {own: role})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == [entry(own, "Own", role)]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_granted_role_is_named_as_granted(
    admin: psycopg.Connection, request_as: RequestAs, own: int, role: str
) -> None:
    """Name the role that was granted, whatever role the caller holds in the grantee group."""
    generous = factories.group(admin, "Generous")
    factories.grant(admin, generous, own, role)
    factories.user(admin, "alice", {own: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == [
            entry(own, "Own", "viewer"),
            entry(generous, "Generous", role, is_granted=True),
        ]


def test_best_of_several_grants_counts(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Name the strongest of several grants, the one that decides on rows as well."""
    second, generous = factories.group(admin, "Second"), factories.group(admin, "Generous")
    factories.grant(admin, generous, own, "viewer")
    factories.grant(admin, generous, second, "member")
    factories.user(admin, "alice", {own: "admin", second: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[-1] == entry(generous, "Generous", "member", is_granted=True)


def test_grants_of_and_to_others_do_not_count(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Name the role of the grant between the two groups, also where others hold a stronger one."""
    stranger, generous = factories.group(admin, "Stranger"), factories.group(admin, "Generous")
    lavish = factories.group(admin, "Lavish")
    factories.grant(admin, generous, own, "viewer")
    factories.grant(admin, generous, stranger, "admin")
    factories.grant(admin, lavish, own, "member")
    factories.user(admin, "alice", {own: "admin"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[1:] == [
            entry(generous, "Generous", "viewer", is_granted=True),
            entry(lavish, "Lavish", "member", is_granted=True),
        ]


def test_caller_without_groups_has_an_empty_list(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Return an empty list, not null."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn) == []


def test_platform_is_no_group_of_an_operator(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Name the groups where the operator is a member, and not the one whose jobs operators see."""
    factories.user(admin, "otto", {own: "member"}, is_operator=True)
    with request_as("operator", sub="otto") as conn:
        assert groups_of(conn) == [entry(own, "Own", "member")]


def test_groups_that_do_not_exist_are_left_out(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Skip deleted groups, because a token may outlive a group."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice", groups={own: "member", own + 1000: "admin"}) as conn:
        assert groups_of(conn) == [entry(own, "Own", "member")]


def test_viewer_of_a_group_that_grants_more_may_do_both(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Say what the policies allow: the direct role names the group, the grant adds rights."""
    generous = factories.group(admin, "Generous")
    factories.grant(admin, generous, own, "member")
    factories.user(admin, "alice", {own: "viewer", generous: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[-1] == entry(generous, "Generous", "viewer") | {
            "may": GRANTED["member"]
        }


def test_end_of_a_grant_is_named(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Tell when access ends: of two equal grants, the later end."""
    generous, second = factories.group(admin, "Generous"), factories.group(admin, "Second")
    factories.grant(admin, generous, own, "member", ends_at="2998-01-01Z")
    factories.grant(admin, generous, second, "member", ends_at="2999-01-01Z")
    factories.user(admin, "alice", {own: "viewer", second: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[1] == entry(generous, "Generous", "member", is_granted=True) | {
            "ends_at": "2999-01-01T00:00:00+00:00"
        }


def test_ended_grant_leaves_the_weaker_one(
    admin: psycopg.Connection, request_as: RequestAs, own: int
) -> None:
    """Name the role that is left, the one that decides on rows as well, from that moment on."""
    generous, second = factories.group(admin, "Generous"), factories.group(admin, "Second")
    factories.grant(admin, generous, own, "viewer")
    factories.grant(admin, generous, second, "admin", created_at="2024-01-01")
    admin.execute("update aspen.group_grants set ends_at = now() where role = 'admin'")
    factories.user(admin, "alice", {own: "viewer", second: "viewer"})
    with request_as("member", sub="alice") as conn:
        assert groups_of(conn)[1] == entry(generous, "Generous", "viewer", is_granted=True)
