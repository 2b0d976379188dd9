"""Which answers authz.admit_request has kept, and to whom api.kept_answer shows them.

tests/http sends the requests again, and reads the answers.
"""

from __future__ import annotations

import json

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal, refusal_of
from tests.sql.conftest import Lab

# The functions of authz that see the answer come first where it is kept.
KEPT = "authz, pg_catalog, api"


def announce(conn: psycopg.Connection, method: str, key: str | None, request: str = "0") -> None:
    """Make the following requests have a method and a key, as PostgREST and the edge note them."""
    headers = {} if key is None else {"idempotency-key": key, "aspen-request-hash": 64 * request}
    conn.execute(
        "select set_config('request.method', %s, true), set_config('request.headers', %s, true),"
        " set_config('request.path', '/samples', true)",
        [method, json.dumps(headers)],
    )


@pytest.mark.parametrize(
    ("method", "key", "path"),
    [("POST", "k", KEPT), ("POST", None, "api"), ("PATCH", "k", "api"), ("DELETE", "k", "api")],
)
def test_answer_to_a_post_with_a_key_is_kept(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    method: str,
    key: str | None,
    path: str,
) -> None:
    """Look at no other answer."""
    announce(admin, method, key)
    with request_as("member", sub="alice") as conn:
        assert conn.execute("show search_path").fetchone() == (path,)


@pytest.mark.parametrize(
    ("request_hash", "answer"),
    [("0", (303, "request_was_executed")), ("1", (409, "idempotency_key_reused"))],
)
def test_key_is_used_once(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    request_hash: str,
    answer: tuple[int, str],
) -> None:
    """Execute neither the same request nor another one; somebody else may have the same key."""
    announce(admin, "POST", "k")
    with request_as("member", sub="alice", keep=True):
        pass
    with request_as("member", sub="vic"):
        pass
    announce(admin, "POST", "k", request_hash)
    with pytest.raises(psycopg.Error) as caught, request_as("member", sub="alice"):
        pass

    assert refusal(caught.value)[:2] == answer


WITHHELD = (409, "answer_withheld")
# No answer is stored without PostgREST.
SHOWN = (409, "answer_not_kept")


@pytest.mark.parametrize(
    ("change", "role", "answer"),
    [
        ("select", "member", SHOWN),
        ("update aspen.memberships set role = 'admin'", "member", SHOWN),
        ("select", "operator", WITHHELD),
        ("update aspen.memberships set role = 'viewer' where role = 'member'", "member", WITHHELD),
        ("delete from aspen.memberships where role = 'viewer'", "member", WITHHELD),
    ],
)
def test_answer_is_for_whoever_still_sees_what_is_in_it(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    change: str,
    role: str,
    answer: tuple[int, str],
) -> None:
    """Withhold it from a token with another role, and from who sees less than then."""
    roles = {lab.group: "member", lab.other_group: "viewer"}
    factories.user(admin, "otto", roles, is_operator=True)
    announce(admin, "POST", "k")
    with request_as("member", sub="otto", keep=True):
        pass
    admin.execute(change.encode())
    announce(admin, "GET", "k")

    with request_as(role, sub="otto") as conn:
        assert refusal_of(conn, "select api.kept_answer()")[:2] == answer
