"""How large a request body may be, and how a large one changes the plans of its request."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.conftest import RequestAs
from tests.refusals import refusal

BATCH = "/rpc/create_samples"


def begin(admin: psycopg.Connection, method: str, path: str, size: str | None) -> None:
    """Set what PostgREST sets for a request before it runs the pre-request function."""
    headers = {"host": "example.org"} | ({} if size is None else {"content-length": size})
    admin.execute(
        "select set_config('request.method', %s, true), set_config('request.path', %s, true),"
        " set_config('request.headers', %s, true), set_config('plan_cache_mode', 'auto', true)",
        [method, path, json.dumps(headers)],
    )


@pytest.mark.parametrize(
    ("method", "path", "size", "largest"),
    [
        ("POST", "/samples", "32000001", 32_000_000),
        ("PATCH", "/samples", "32000001", 32_000_000),
        ("PUT", "/locations", "999999999999999999", 32_000_000),
        ("POST", "/rpc/create_phylo_run", "350000000", 32_000_000),
        ("POST", BATCH, "350000001", 350_000_000),
    ],
)
@pytest.mark.parametrize("role", ["anon", "member"])
def test_body_that_is_too_large_is_refused(
    admin: psycopg.Connection,
    request_as: RequestAs,
    role: str,
    method: str,
    path: str,
    size: str,
    largest: int,
) -> None:
    """Reject a body that is too large before anything else is checked, the token included."""
    begin(admin, method, path, size)

    with pytest.raises(psycopg.Error) as caught, request_as(role, sub="nobody"):
        pass

    sizes = {"content_length": int(size), "largest": largest}
    assert refusal(caught.value) == (413, "body_too_large", sizes)


@pytest.mark.parametrize(
    ("method", "path", "size", "mode"),
    [
        ("POST", "/samples", "1000000", "auto"),
        ("POST", "/samples", "1000001", "force_generic_plan"),
        ("PATCH", "/samples", "32000000", "force_generic_plan"),
        ("POST", BATCH, "350000000", "force_generic_plan"),
        ("POST", BATCH, None, "auto"),
        ("POST", BATCH, "", "auto"),
        ("POST", BATCH, "-1", "auto"),
        ("POST", BATCH, "many", "auto"),
        ("GET", "/samples", "99999999999", "auto"),
        ("", "", None, "auto"),
    ],
)
def test_large_body_is_kept_out_of_plans(
    admin: psycopg.Connection,
    request_as: RequestAs,
    method: str,
    path: str,
    size: str | None,
    mode: str,
) -> None:
    """Use generic plans: a custom plan would copy the body a dozen times.

    Whether a Content-Length is malformed is for PostgREST to judge.
    """
    begin(admin, method, path, size)

    with request_as("anon") as conn:
        found = conn.execute("select current_setting('plan_cache_mode')").fetchone()

    assert found == (mode,)
