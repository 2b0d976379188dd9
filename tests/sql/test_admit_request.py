"""authz.admit_request checks only what a request may have, and loses nothing by that."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.conftest import RequestAs
from tests.sql.conftest import Lab

# No transaction has this number for a long time to come.
FUTURE = "9000000000000000000"
ANNOUNCED = "select current_setting('response.headers') like '%Aspen-Transaction%'"


def send(admin: psycopg.Connection, method: str, headers: dict[str, str]) -> None:
    """Let the next request have this method and these headers."""
    admin.execute(
        "select set_config('request.method', %s, true), set_config('request.headers', %s, true)",
        [method, json.dumps(headers)],
    )


def test_primary_waits_for_no_transaction(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer at once: what a caller wrote is there, and what a caller invents never comes."""
    send(admin, "GET", {"aspen-transaction": FUTURE})

    with request_as("member", sub="alice") as conn:
        assert conn.execute("select authz.caller_id()").fetchone() == (lab.alice,)


def test_replica_waits_for_what_the_caller_wrote(admin: psycopg.Connection) -> None:
    """Refuse a request whose transaction does not come in time."""
    with pytest.raises(psycopg.DatabaseError, match="replica_behind"):
        admin.execute(
            "select authz.await_transaction(%s)", [f'{{"aspen-transaction": "{FUTURE}"}}']
        )


def test_request_to_read_has_no_body(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ask for the size of the body where there may be one."""
    send(admin, "GET", {"content-length": "999999999"})

    with request_as("member", sub="alice") as conn:
        assert conn.execute("select authz.caller_id()").fetchone() == (lab.alice,)


@pytest.mark.parametrize(
    ("headers", "announced"),
    [({}, False), ({"aspen-replicas": "replicas"}, True)],
    ids=["alone", "with replicas"],
)
def test_transaction_is_announced_where_there_are_replicas(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    headers: dict[str, str],
    announced: bool,
) -> None:
    """Give a request that writes nothing no number."""
    send(admin, "POST", headers)

    with request_as("member", sub="alice") as conn:
        assert conn.execute(ANNOUNCED).fetchone() == (announced,)
