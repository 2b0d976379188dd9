"""The access log of the edge: who asked what, and nothing that is of no business to its readers."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.http.conftest import Limited
from tests.http.world import World
from tests.names import unique


def test_access_log_tells_who_asked_what_and_no_values(world: World, limited: Limited) -> None:
    """Write method, route, status, time, id, user and groups, but neither query nor token."""
    token = world.alice.token
    httpx.get(
        f"{limited.url}/samples?private_identifier=eq.secret",
        headers={"Authorization": f"Bearer {token}", "X-Request-Id": "logged-1"},
    )

    entry = limited.line("logged-1")

    assert {
        name: entry[name] for name in ("method", "route", "status", "user", "groups", "address")
    } == {
        "method": "GET",
        "route": "/samples",
        "status": 200,
        "user": str(world.users["alice"]),
        "groups": str(world.group),
        "address": "127.0.0.1",
    }
    assert "secret" not in limited.log.read_text()
    assert f"{token}".rsplit(".", 1)[1] not in limited.log.read_text()


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def logged_trace(limited: Limited, traceparent: str | None) -> str:
    """Return the trace that the access log has for a request with this header."""
    request_id = f"traced-{unique()}"
    headers = {"X-Request-Id": request_id} | ({"traceparent": traceparent} if traceparent else {})
    httpx.get(f"{limited.url}/rpc/health", headers=headers)
    trace = limited.line(request_id)["trace_id"]
    return f"{trace}"


def test_trace_of_the_client_is_logged(limited: Limited) -> None:
    """Keep a valid traceparent, so that whoever sent it finds the request."""
    assert logged_trace(limited, f"00-{TRACE}-00f067aa0ba902b7-01") == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "secret",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-secret",
    ],
)
def test_trace_is_made_when_none_is_usable(limited: Limited, traceparent: str | None) -> None:
    """Ignore what is not of the form of W3C."""
    trace = logged_trace(limited, traceparent)

    assert re.fullmatch(r"[0-9a-f]{32}", trace) and trace != TRACE


@pytest.mark.parametrize("kind", ["phylo_tree", "sequences"])
def test_access_log_holds_no_token_of_a_link(limited: Limited, kind: str) -> None:
    """Write the path without it, whether the link works or not and however the URL goes on."""
    token = "feed" * 16
    for number, end in enumerate([".json", "?x=1", "/more", ".json%0a"]):
        url = f"{limited.url}/shared/{kind}/{token}{end}"
        httpx.get(url, headers={"X-Request-Id": f"{kind}-{number}"})
        httpx.post(url, headers={"X-Request-Id": f"{kind}-post-{number}"})

    assert limited.line(f"{kind}-post-0")["route"] == f"/shared/{kind}"
    assert limited.line(f"{kind}-0")["status"] == 404
    assert limited.line(f"{kind}-3")["status"] == 404
    assert token not in limited.log.read_text()


@pytest.mark.parametrize(
    ("method", "headers", "version"),
    [
        ("GET", {}, "api"),
        ("GET", {"Accept-Profile": "public", "Content-Profile": "api_v1"}, "api"),
        ("GET", {"Accept-Profile": "api_v1"}, "api_v1"),
        ("POST", {"Accept-Profile": "api_v1"}, "api"),
        ("POST", {"Content-Profile": "api_v12"}, "api_v12"),
        ("GET", {"Accept-Profile": "secret"}, "-"),
        ("GET", {"Accept-Profile": "api_v1 secret"}, "-"),
    ],
)
def test_access_log_tells_which_version_was_asked(
    limited: Limited, method: str, headers: dict[str, str], version: str
) -> None:
    """Write the schema of the profile that counts for the method, and no other text."""
    request_id = f"version-{unique()}"
    url = f"{limited.url}/rpc/health"
    httpx.request(method, url, headers=headers | {"X-Request-Id": request_id})

    assert limited.line(request_id)["version"] == version


def test_access_log_holds_no_path_that_nobody_serves(limited: Limited) -> None:
    """Write "-" for it, because it may be an identifier."""
    httpx.get(f"{limited.url}/secret", headers={"X-Request-Id": "logged-2"})
    httpx.get(f"{limited.url}/BAY-4420/x", headers={"X-Request-Id": "logged-3"})

    assert [limited.line(f"logged-{n}")["route"] for n in (2, 3)] == ["-", "-"]
