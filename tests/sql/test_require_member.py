"""authz.require_member: the check of a caller's role in a group that all functions share."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of

REQUIRE = "select authz.require_member(%s, 'You cannot do this here', %s)"
HELD = ["direct admin", "direct member", "direct viewer", "granted admin", "granted viewer"]
ALLOWED = {
    "any": set(HELD),
    "direct": {"direct admin", "direct member"},
    "full": {"direct admin", "direct member", "granted admin"},
    "admin": {"direct admin"},
}
CASES = [(needs, held) for needs in ALLOWED for held in HELD]


@pytest.fixture
def group(admin: psycopg.Connection) -> int:
    """Make the group that the caller wants to do something in."""
    return factories.group(admin)


def give(conn: psycopg.Connection, group: int, held: str) -> None:
    """Create Alice with this role in the group: her own, or granted to a group of hers."""
    kind, role = held.split()
    if kind == "direct":
        factories.user(conn, "alice", {group: role})
    else:
        home = factories.group(conn)
        factories.user(conn, "alice", {home: "member"})
        factories.grant(conn, group, home, role)


@pytest.mark.parametrize(("needs", "held"), [case for case in CASES if case[1] in ALLOWED[case[0]]])
def test_strong_enough_role_passes(
    admin: psycopg.Connection, request_as: RequestAs, group: int, needs: str, held: str
) -> None:
    """Return true and raise nothing."""
    give(admin, group, held)
    with request_as("member", sub="alice") as conn:
        assert conn.execute(REQUIRE, [group, needs]).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("needs", "held"), [case for case in CASES if case[1] not in ALLOWED[case[0]]]
)
def test_weaker_role_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, group: int, needs: str, held: str
) -> None:
    """Name the group in the error."""
    give(admin, group, held)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, REQUIRE, [group, needs])

    assert answer == (403, "group_access_denied", {"group_id": group})


@pytest.mark.parametrize("needs", ["any", "direct", "full", "admin", "no such need"])
@pytest.mark.parametrize("given", ["no group", "unknown", "invisible"])
def test_group_out_of_sight_is_refused_like_an_unknown_one(
    admin: psycopg.Connection, request_as: RequestAs, group: int, needs: str, given: str
) -> None:
    """Answer alike, whatever the arguments, so that no caller learns which groups exist."""
    asked = {"no group": None, "unknown": 999999999, "invisible": group}[given]
    factories.user(admin, "alice", {factories.group(admin): "admin"})
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, REQUIRE, [asked, needs])

    assert answer == (403, "group_access_denied", {"group_id": asked})


def test_unknown_need_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, group: int
) -> None:
    """Close the function, rather than open it, when a call misspells the role."""
    factories.user(admin, "alice", {group: "admin"})
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, REQUIRE, [group, "memebr"])

    assert answer == (403, "group_access_denied", {"group_id": group})


def test_caller_without_groups_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, group: int
) -> None:
    """Reject a user of no group, who has no role that could be strong enough."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice") as conn:
        answers = [refusal_of(conn, REQUIRE, [group, needs]) for needs in ALLOWED]

    assert answers == [(403, "group_access_denied", {"group_id": group})] * 4


@pytest.mark.parametrize(
    ("needs", "hint"),
    [
        ("any", "Any role is needed, direct or granted."),
        ("direct", "A direct role of member or admin is needed."),
        ("full", "A role of member or admin is needed."),
        ("admin", "A direct role of admin is needed."),
    ],
)
def test_refusal_says_what_the_caller_wanted_and_which_role_it_takes(
    admin: psycopg.Connection, request_as: RequestAs, group: int, needs: str, hint: str
) -> None:
    """Take the message from the calling function, and derive the hint from the need."""
    factories.user(admin, "alice")
    with request_as("member", sub="alice") as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(REQUIRE, [group, needs])

    body = json.loads(f"{caught.value.diag.message_primary}")
    assert (body["message"], body["hint"]) == ("You cannot do this here", hint)
