"""Who sees the members of a group, sets their roles, removes them and leaves."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.kept_session import KeptSession
from tests.people import store_groups, store_people
from tests.refusals import refusal_of

SET_ROLE = "update api.group_members set role = %s where user_id = %s"
REMOVE = "delete from api.group_members where user_id = %s"


@pytest.fixture
def people(
    request: pytest.FixtureRequest,
    admin: psycopg.Connection,
    kept_sessions: dict[str, KeptSession],
) -> dict[str, int]:
    """Store the cast; the ids by name, and that of the lab as `lab`."""
    return kept_sessions["control"].store(request, lambda: store_cast(admin))


def store_cast(conn: psycopg.Connection) -> dict[str, int]:
    """Store what the fixture returns."""
    groups = store_groups(conn)
    return store_people(conn, groups) | {"lab": groups["lab"]}


def names_of(conn: psycopg.Connection, where: str = "true") -> list[Any]:
    """Return the names of the members that the caller sees."""
    query = f"select name from api.group_members where {where} order by name"  # noqa: S608
    return [name for (name,) in conn.execute(query.encode())]


@pytest.mark.parametrize("who", ["ada", "alice"])
def test_member_sees_all_members_of_the_group(
    request_as: RequestAs, people: dict[str, int], who: str
) -> None:
    """Name whoever holds a role in the group itself, a disabled user too."""
    with request_as("member", sub=who) as conn:
        assert names_of(conn) == ["Ada", "Alice", "Dina", "Otto", "Vic"]


@pytest.mark.parametrize(("who", "seen"), [("vic", ["Vic"]), ("pat", ["Pat"]), ("bob", ["Bob"])])
def test_others_see_themselves_only(
    request_as: RequestAs, people: dict[str, int], who: str, seen: list[str]
) -> None:
    """Show neither viewers nor grantees nor strangers who is in the lab."""
    with request_as("member", sub=who) as conn:
        assert names_of(conn) == seen


def test_operator_sees_the_members_of_every_group(
    request_as: RequestAs, people: dict[str, int]
) -> None:
    """Show them, because operators invite into every group."""
    with request_as("operator", sub="olga") as conn:
        assert names_of(conn) == sorted(
            name.capitalize() for name in people if name not in ("olga", "lab")
        )


def test_member_sees_name_address_and_consents(
    admin: psycopg.Connection, request_as: RequestAs, people: dict[str, int]
) -> None:
    """Show what the API before this one showed of a member."""
    admin.execute(
        "update aspen.users set email = 'ada@example.org', agreed_to_tos = true,"
        " acknowledged_policy_version = '2024-01-01' where id = %(ada)s",
        people,
    )
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "select group_id, user_id, role, name, email, agreed_to_tos,"
            " acknowledged_policy_version::text from api.group_members where user_id = %(ada)s",
            people,
        ).fetchone()

    assert row == (people["lab"], people["ada"], "admin", "Ada", "ada@example.org", True,
                   "2024-01-01")  # fmt: skip


@pytest.mark.parametrize("who", ["vic", "pat", "gwen", "bob"])
def test_person_is_unknown_to_who_is_no_member(
    request_as: RequestAs, people: dict[str, int], who: str
) -> None:
    """Tell nothing about Ada, even if a view gave away the id of her user."""
    with request_as("member", sub=who) as conn:
        row = conn.execute("select * from authz.fellow(%(ada)s)", people).fetchone()

    assert row in (None, (None, None, None, None))


def test_admin_sets_a_role(request_as: RequestAs, people: dict[str, int]) -> None:
    """Make a viewer a member."""
    with request_as("member", sub="ada") as conn:
        assert conn.execute(SET_ROLE, ["member", people["vic"]]).rowcount == 1


@pytest.mark.parametrize("who", ["alice", "vic", "pat", "gwen", "bob", "otto"])
def test_only_an_admin_sets_roles(request_as: RequestAs, people: dict[str, int], who: str) -> None:
    """Change nothing, not even the caller's own role."""
    with request_as("member", sub=who) as conn:
        changed = conn.execute("update api.group_members set role = 'admin'").rowcount

    own = {"bob": 1}
    assert changed == own.get(who, 0)


def test_operator_sets_no_roles(request_as: RequestAs, people: dict[str, int]) -> None:
    """Leave that to the admins of the group."""
    with request_as("operator", sub="olga") as conn:
        assert conn.execute(SET_ROLE, ["admin", people["alice"]]).rowcount == 0


@pytest.mark.parametrize("role", ["boss", "Admin", ""])
def test_role_is_one_of_three(request_as: RequestAs, people: dict[str, int], role: str) -> None:
    """Reject any other word."""
    with request_as("member", sub="ada") as conn:
        assert refusal_of(conn, SET_ROLE, [role, people["vic"]]) == "23514"


def test_admin_removes_a_member(request_as: RequestAs, people: dict[str, int]) -> None:
    """Delete the membership of somebody else."""
    with request_as("member", sub="ada") as conn:
        assert conn.execute(REMOVE, [people["alice"]]).rowcount == 1


@pytest.mark.parametrize("who", ["alice", "vic"])
def test_member_leaves(request_as: RequestAs, people: dict[str, int], who: str) -> None:
    """Let everybody end their own membership, and nobody else's by the same request."""
    with request_as("member", sub=who) as conn:
        assert conn.execute("delete from api.group_members").rowcount == 1


@pytest.mark.parametrize("who", ["alice", "vic", "pat", "gwen", "bob"])
def test_only_an_admin_removes_others(
    request_as: RequestAs, people: dict[str, int], who: str
) -> None:
    """Change nothing."""
    with request_as("member", sub=who) as conn:
        assert conn.execute(REMOVE, [people["dina"]]).rowcount == 0


def test_removed_member_sees_nothing_at_once(
    admin: psycopg.Connection, request_as: RequestAs, people: dict[str, int]
) -> None:
    """Read memberships in every request."""
    factories.sample(admin, people["lab"])
    with request_as("member", sub="ada", keep=True) as conn:
        conn.execute(REMOVE, [people["alice"]])
    with request_as("member", sub="alice") as conn:
        assert conn.execute("select count(*) from api.samples").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    ["delete from api.group_members", "update api.group_members set role = 'viewer'"],
    ids=["leaves", "demoted"],
)
def test_last_admin_stays(admin: psycopg.Connection, request_as: RequestAs, statement: str) -> None:
    """Reject it through the API as below it."""
    group = factories.group(admin)
    factories.user(admin, "eve", {group: "admin"})
    with request_as("member", sub="eve") as conn:
        answer = refusal_of(conn, statement)

    assert answer == (409, "last_admin", {"group_ids": [group]})


def test_change_of_a_role_is_recorded(
    admin: psycopg.Connection, request_as: RequestAs, people: dict[str, int]
) -> None:
    """Record who made whom what."""
    with request_as("member", sub="ada", keep=True) as conn:
        conn.execute(SET_ROLE, ["member", people["vic"]])

    assert admin.execute(
        "select user_id, action, details from aspen.audit_log"
        " where table_name = 'memberships' order by id desc limit 1"
    ).fetchone() == (
        people["ada"],
        "update",
        {"user_id": people["vic"], "role": "member", "before": {"role": "viewer"}},
    )
