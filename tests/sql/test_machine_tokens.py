"""What a machine token may see and end below the API; tests/http tells the rest.

authz.find_machine_token looks it up, and authz.identify_caller gives it less than its user has.
"""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, refusal, refusal_of
from tests.sql.conftest import Lab

REVOKE = "select status from api.revoke_machine_token(%s)"
# Changes of a person's own rows, which a program leaves alone.
OWN = (
    "update api.me set agreed_to_tos = true returning id",
    "delete from api.group_members where user_id = %(user)s returning id",
)


def refused_request(request_as: RequestAs, token: int, role: str = "member") -> Refusal:
    """Return why authz.identify_caller refuses a program."""
    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="x", machine_token_id=token):
        pass
    return refusal(caught.value)


def test_program_sees_its_group_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave out the other groups of its user, and those that grant access to its group."""
    generous = factories.group(admin)
    factories.grant(admin, generous, lab.group, "admin")
    factories.membership(admin, lab.other_group, lab.alice)
    for group in (generous, lab.group, lab.other_group):
        factories.sample(admin, group)
    token = factories.machine_token(admin, lab.group, lab.alice, scope="write")

    with request_as("member", sub="x", machine_token_id=token) as conn:
        by_program = conn.execute("select group_id from api.samples").fetchall()
    with request_as("member", sub="alice") as conn:
        by_person = conn.execute("select count(*) from api.samples").fetchone()

    assert (by_program, by_person) == ([(lab.group,)], (3,))


def test_program_of_an_operator_is_none(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse its token with that role; as a member it is let in."""
    otto = factories.user(admin, "otto", {lab.group: "member"}, is_operator=True)
    token = factories.machine_token(admin, lab.group, otto, scope="write")

    with request_as("member", sub="x", machine_token_id=token):
        pass
    answer = refused_request(request_as, token, "operator")

    assert answer == (403, "role_not_allowed", None)


def test_program_ends_with_the_membership_of_its_user(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse its token when the user has left the group, though not another one."""
    factories.membership(admin, lab.other_group, lab.alice)
    token = factories.machine_token(admin, lab.group, lab.alice, scope="write")
    with request_as("member", sub="x", machine_token_id=token):
        pass
    admin.execute("delete from aspen.memberships where group_id = %s", [lab.group])

    assert refused_request(request_as, token) == (401, "token_revoked", None)


def test_status_says_what_became_of_a_token(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Derive it from the times; a revoked token stays revoked."""
    old = {"created_at": "2024-01-01", "expires_at": "2024-02-01"}
    for columns in ({}, old, {"revoked_at": "2024-01-15"}, old | {"revoked_at": "2024-01-15"}):
        factories.machine_token(admin, lab.group, lab.alice, **columns)

    with request_as("member", sub="alice") as conn:
        rows = conn.execute("select status from api.machine_tokens order by id").fetchall()

    assert rows == [("open",), ("expired",), ("revoked",), ("revoked",)]


@pytest.mark.parametrize("change", OWN)
def test_program_changes_nothing_of_its_user(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, change: str
) -> None:
    """Find no row, where the person finds one."""
    token = factories.machine_token(admin, lab.group, lab.alice, scope="write")

    with request_as("member", sub="x", machine_token_id=token) as conn:
        by_program = conn.execute(change.encode(), {"user": lab.alice}).fetchall()
    with request_as("member", sub="alice") as conn:
        by_person = conn.execute(change.encode(), {"user": lab.alice}).fetchall()

    assert (by_program, len(by_person)) == ([], 1)


@pytest.mark.parametrize(
    ("who", "sees"), [("alice", True), ("vic", False), ("bob", False)], ids=str
)
def test_token_is_seen_and_revoked_by_whom_it_acts_as(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str, sees: bool
) -> None:
    """Answer anybody else as if it did not exist."""
    token = factories.machine_token(admin, lab.group, lab.alice)

    with request_as("member", sub=who) as conn:
        seen = conn.execute("select id from api.machine_tokens").fetchall()
        if sees:
            assert conn.execute(REVOKE, [token]).fetchall() == [("revoked",)]
        else:
            answer = refusal_of(conn, REVOKE, [token])
            assert answer == (404, "machine_token_not_found", {"id": token})

    assert seen == ([(token,)] if sees else [])


def test_token_is_revoked_by_an_admin_of_its_group_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Let the admin of another group see none."""
    token = factories.machine_token(admin, lab.group, lab.alice)
    factories.user(admin, "ada", {lab.group: "admin"})

    with request_as("member", sub="bob") as conn:
        refused = refusal_of(conn, REVOKE, [token])
    with request_as("member", sub="ada") as conn:
        revoked = conn.execute(REVOKE, [token]).fetchall()

    assert refused[:2] == (404, "machine_token_not_found")
    assert revoked == [("revoked",)]


def test_program_revokes_no_token(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse it for its own and for others of its user."""
    token = factories.machine_token(admin, lab.group, lab.alice, scope="write")

    with request_as("member", sub="x", machine_token_id=token) as conn:
        answer = refusal_of(conn, REVOKE, [token])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})
