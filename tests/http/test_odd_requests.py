"""Requests of any form that HTTP allows, and some that it does not: none is answered with a 5xx."""

from __future__ import annotations

import gzip
import io
import json
import re
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.test_fuzz import ERROR_KEYS, ODD_TEXTS
from tests.http.world import World
from tests.servers import Api

FUZZ = settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
METHODS = st.sampled_from(
    ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "LOCK", "get"]
)
# Each may stand before, in or behind a path that is served.
ODD_PARTS = st.sampled_from(
    ["/", "//", "/..;/", "/../", "/./", "%00", "%2f", "%2e%2e/", "%ff", ";x=1", "\\", "?", "#", "~"]
)
PATHS = st.sampled_from(
    ["/", "/samples", "/samples?limit=1", "/rpc/health", "/locations", "/me", "/shared/sequences/x"]
)
TARGETS = st.one_of(PATHS, st.tuples(ODD_PARTS, PATHS, ODD_PARTS).map("".join), ODD_PARTS)
HEADERS: dict[str, list[str]] = {
    "Accept": ["*/*", "text/csv", "application/json;q=0", "application/vnd.pgrst.object+json", "x"],
    "Accept-Encoding": ["gzip", "gzip;q=0", "br, zstd", "identity;q=0, *;q=0"],
    "Accept-Profile": ["api", "public", "aspen", "api_v1", "pg_catalog"],
    "Authorization": ["Bearer", "Bearer x", "Basic YTpi", "Bearer ..", "Bearer e30.e30.e30"],
    "Content-Profile": ["api", "public", "aspen", "pg_catalog"],
    "Content-Type": ["application/json", "text/csv", "text/plain", "multipart/form-data", "x/y"],
    "Expect": ["100-continue", "200-ok"],
    "Idempotency-Key": ["k", "k" * 300, '"k"'],
    "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday"],
    "If-None-Match": ["*", '"x"', 'W/"x", "y"', "x"],
    "Origin": ["null", "http://localhost:3000", "http://evil.example"],
    "Prefer": ["count=exact", "count=planned", "return=representation", "max-affected=1", "tx=x"],
    "Range": ["0-1", "1-0", "bytes=0-1", "0-", "-1", "999999999999999999999-"],
    "Range-Unit": ["items", "bytes"],
    "traceparent": ["00-" + "0" * 32 + "-" + "0" * 16 + "-00", "ff", "00-x-y-z"],
    "X-Request-Id": ["a", "x" * 100],
}
NAMES = st.sampled_from(sorted(HEADERS))
# Without a line end, which would only begin another header.
ODD_VALUES = ODD_TEXTS.filter(lambda text: not {"\r", "\n", "\x00"} & set(text))


def values_of(name: str) -> st.SearchStrategy[tuple[str, str]]:
    """Return a header with one of its own values, or with any text."""
    return st.tuples(st.just(name), st.sampled_from(HEADERS[name]) | ODD_VALUES)


# Some twice: lists are drawn with repetition.
HEADER_LISTS = st.lists(NAMES.flatmap(values_of), max_size=5)
BODIES = st.sampled_from([b"", b"{}", b"[]", b"null", b"a,b\n1,2\n", b"\xff", b'{"limit":'])


def exchange(api: Api, request: bytes, seconds: float = 10) -> bytes:
    """Send bytes, and return everything that comes back until the edge closes."""
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port), seconds) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def written(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes, version: str = "1.1"
) -> bytes:
    """Write a request, which asks for the connection to be closed."""
    lines = [f"{method} {target} HTTP/{version}", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


class Received:
    """Bytes that came back, in the form in which http.client reads them."""

    def __init__(self, answer: bytes) -> None:
        """Keep them."""
        self.answer = answer

    def makefile(self, mode: str) -> io.BytesIO:
        """Return them as a file."""
        return io.BytesIO(self.answer)


def harm_of(world: World, method: str, answer: bytes) -> list[str]:
    """Return what is wrong with an answer: a fault of ours, or an error of another shape."""
    response = HTTPResponse(Received(answer), method=method)  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    if response.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    is_our_shape = response.status < 400 or body == b"" or json.loads(body).keys() == ERROR_KEYS
    harm = {
        f"status {response.status}": response.status >= 500,
        "data of the other group": f"foreign-{world.name}".encode() in body,
        "an error of another shape": not is_our_shape,
        "an error without a body": response.status >= 400 and not body and method != "HEAD",
    }
    return [f"{what}: {answer!r}" for what, is_so in harm.items() if is_so]


@FUZZ
@given(
    method=METHODS,
    target=TARGETS,
    headers=HEADER_LISTS,
    body=BODIES,
    version=st.sampled_from(["1.1", "1.0"]),
    is_signed=st.booleans(),
)
def test_any_request_is_answered_or_refused(
    world: World,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: bytes,
    version: str,
    is_signed: bool,
) -> None:
    """Combine methods, odd paths, headers that may come twice, and bodies, as a dry run."""
    signed = [("Authorization", f"Bearer {world.alice.token}")] if is_signed else []
    dry = [("Prefer", "tx=rollback")]

    answer = exchange(world.api, written(method, target, [*signed, *dry, *headers], body, version))

    assert harm_of(world, method, answer) == []


def test_pipelined_requests_are_answered_in_turn(world: World) -> None:
    """Answer each, whatever the one before was, and nothing of one to another."""
    token = [("Authorization", f"Bearer {world.alice.token}")]
    requests = [
        written("GET", "/samples?select=id&limit=1", token, b""),
        written("GET", "/rpc/health", [], b""),
        written("GET", "/nothing/here", token, b""),
        written("POST", "/rpc/health", [], b"{}"),
    ]
    kept = [request.replace(b"Connection: close\r\n", b"") for request in requests[:-1]]

    answer = exchange(world.api, b"".join([*kept, requests[-1]]))

    found = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert found == [b"200", b"200", b"404", b"200"]


SMUGGLED = b"GET /samples HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "two lengths": [("Content-Length", "0"), ("Content-Length", str(len(SMUGGLED)))],
    "a length and chunks": [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
    "an unknown coding": [("Transfer-Encoding", "x, chunked")],
    "a hidden coding": [("Transfer-Encoding", "\x0bchunked")],
    "two hosts": [("Host", "y")],
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_request_that_two_servers_may_read_differently_is_refused(
    world: World, headers: list[tuple[str, str]]
) -> None:
    """Refuse it once, so that no second request hides in its body."""
    answer = exchange(world.api, written("POST", "/rpc/health", headers, b"") + SMUGGLED)

    [status] = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert status in (b"400", b"501")


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "{admin}/live"), ("GET", "{admin}/config"), ("CONNECT", "{host}")],
    ids=["live", "config", "a tunnel"],
)
def test_address_in_a_request_leads_nowhere_else(world: World, method: str, target: str) -> None:
    """Serve our paths only, also if the target and the Host are those of the admin port."""
    admin = world.api.admin_url
    host = admin.removeprefix("http://")
    wanted = target.format(admin=admin, host=host)
    request = written(method, wanted, [], b"").replace(b"Host: x", f"Host: {host}".encode())

    answer = exchange(world.api, request)

    assert answer.split()[1] in (b"404", b"405", b"400")
    assert httpx.get(f"{admin}/live").status_code == 200
