"""A group keeps at least one admin, whatever statement would remove the last one."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.refusals import refusal_of
from tests.servers import Database


@pytest.fixture
def ada(admin: psycopg.Connection) -> int:
    """Store a user."""
    return factories.user(admin, "ada")


@pytest.fixture
def group(admin: psycopg.Connection, ada: int) -> int:
    """Store a group whose only admin is Ada and in which Alice is a member."""
    group = factories.group(admin)
    factories.membership(admin, group, ada, "admin")
    factories.user(admin, "alice", {group: "member"})
    return group


REMOVALS = {
    "removed": "delete from aspen.memberships where user_id = %(ada)s",
    "demoted": "update aspen.memberships set role = 'viewer' where user_id = %(ada)s",
    "moved": "update aspen.memberships set group_id = %(other)s where user_id = %(ada)s",
    "deleted with the user": "delete from aspen.users where id = %(ada)s",
    "removed with everybody": "delete from aspen.memberships where group_id = %(group)s",
}


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_last_admin_stays(admin: psycopg.Connection, group: int, ada: int, removal: str) -> None:
    """Reject it: nobody could invite anybody any more."""
    values = {"ada": ada, "group": group, "other": factories.group(admin)}

    answer = refusal_of(admin, removal, values)

    assert answer == (409, "last_admin", {"group_ids": [group]})


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_one_of_two_admins_can_be_removed(
    admin: psycopg.Connection, group: int, ada: int, removal: str
) -> None:
    """Accept removing one; removing every member at once is rejected."""
    other = factories.group(admin)
    factories.user(admin, "second", {group: "admin"})
    values = {"ada": ada, "group": group, "other": other}
    left = removal.replace("where group_id = %(group)s", "where user_id = %(ada)s")

    assert admin.execute(left, values).rowcount == 1


def test_admins_are_swapped_in_one_statement(admin: psycopg.Connection, group: int) -> None:
    """Check when the statement is complete, not row by row."""
    admin.execute(
        "update aspen.memberships set role = case role when 'admin' then 'member' else 'admin' end"
        " where group_id = %s",
        [group],
    )

    assert admin.execute(
        "select users.subject from aspen.memberships as memberships"
        " inner join aspen.users as users on memberships.user_id = users.id"
        " where memberships.group_id = %s and memberships.role = 'admin'",
        [group],
    ).fetchall() == [("alice",)]


def test_member_can_leave_a_group_without_an_admin(admin: psycopg.Connection) -> None:
    """Accept it: a new group has no admin that could be lost."""
    group = factories.group(admin)
    user = factories.user(admin, "alice", {group: "member"})

    assert admin.execute("delete from aspen.memberships where user_id = %s", [user]).rowcount == 1


def test_group_is_deleted_with_its_admin(admin: psycopg.Connection, group: int) -> None:
    """Accept it, because no group is left without an admin."""
    assert admin.execute("delete from aspen.groups where id = %s", [group]).rowcount == 1


def test_last_admin_may_be_disabled(admin: psycopg.Connection, group: int, ada: int) -> None:
    """Let access be revoked at once; an operator can invite another admin."""
    changed = admin.execute("update aspen.users set disabled_at = now() where id = %s", [ada])

    assert changed.rowcount == 1


def test_two_admins_removing_each_other_at_once_leave_one(database: Database) -> None:
    """Make the second wait for the first, then reject it."""
    with database.connect() as first, database.connect() as second, database.connect() as watcher:
        group = factories.group(first)
        ids = [factories.user(first, name, {group: "admin"}) for name in ("ada", "eve")]
        statement = "delete from aspen.memberships where user_id = %s"
        with first.transaction():
            first.execute(statement, [ids[0]])
            second.execute("set lock_timeout = '10ms'")
            waiting = refusal_of(second, statement, [ids[1]])
        second.execute("reset lock_timeout")
        answer = refusal_of(second, statement, [ids[1]])
        left = watcher.execute(
            "select user_id from aspen.memberships where group_id = %s", [group]
        ).fetchall()

    assert (waiting, answer) == ("55P03", (409, "last_admin", {"group_ids": [group]}))
    assert left == [(ids[1],)]
