"""What a machine token may see and end below the API; tests/http tells the rest."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

REVOKE = "select status from api.revoke_machine_token(%s)"
# Changes of a person's own rows, which a program leaves alone.
OWN = (
    "update api.me set agreed_to_tos = true returning id",
    "delete from api.group_members where user_id = %(user)s returning id",
)


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
