"""A job keeps the trace of the request that queued it."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.conftest import RequestAs
from tests.sql.conftest import Lab

EXPORT = "select id from api.create_export(%s, 'SC2', 'samples')"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def trace_of_export(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, header: str
) -> str | None:
    """Return the trace of a job that a request with this traceparent queues."""
    with request_as("member", sub="alice", keep=True) as conn:
        headers = json.dumps({"traceparent": header})
        conn.execute("select set_config('request.headers', %s, true)", [headers])
        conn.execute("select authz.pre_request()")
        [(job,)] = conn.execute(EXPORT, [lab.group]).fetchall()
    [(trace,)] = admin.execute("select traceparent from aspen.jobs where id = %s", [job]).fetchall()
    return None if trace is None else f"{trace}"


def test_job_keeps_the_trace_of_its_request(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Store it as the client or the edge wrote it."""
    assert trace_of_export(admin, request_as, lab, TRACE) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "secret",
        TRACE.upper(),
        f"{TRACE}-x",
        TRACE.replace("00f067aa0ba902b7", "0" * 16),
        TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        "01" + TRACE[2:],
    ],
)
def test_malformed_trace_is_ignored(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, header: str
) -> None:
    """Queue the job all the same."""
    assert trace_of_export(admin, request_as, lab, header) is None


@pytest.mark.parametrize("given", ["abc-1", "A.b_9", "x" * 64])
def test_request_has_the_name_of_the_access_log(request_as: RequestAs, given: str) -> None:
    """Show it to what PostgreSQL logs, too."""
    assert name_of_request(request_as, given) == (given, given[:63])


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\n", "ä", "a;b", "é" * 33])
def test_malformed_name_is_ignored(request_as: RequestAs, given: str) -> None:
    """Take neither what is too long nor other characters."""
    assert name_of_request(request_as, given)[0] is None


def name_of_request(request_as: RequestAs, given: str) -> tuple[str | None, str]:
    """Return the id of a request with this header, and the name of its connection."""
    with request_as("anon") as conn:
        headers = json.dumps({"x-request-id": given})
        conn.execute("select set_config('request.headers', %s, true)", [headers])
        conn.execute("select authz.pre_request()")
        [(request_id, name)] = conn.execute(
            "select nullif(current_setting('aspen.request_id', true), ''),"
            " current_setting('application_name')"
        ).fetchall()
    return request_id, name
