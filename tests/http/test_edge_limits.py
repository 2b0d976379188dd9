"""The edge limits the requests of each token, and of each address without one."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.http.conftest import Limited
from tests.http.world import World

# Loopback addresses of people who share nothing; a closed connection may be counted for a while.
FLOODER, NEIGHBOUR, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@contextmanager
def holding(url: str, address: str, count: int, token: str | None) -> Iterator[list[bytes]]:
    """Begin requests at once and end none; yield the answers of those that were rejected."""
    host, _, port = url.removeprefix("http://").partition(":")
    who = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST /rpc/health HTTP/1.1\r\nHost: x\r\n{who}Content-Length: 9\r\n\r\n"
    with ExitStack() as stack:
        held = [
            stack.enter_context(
                socket.create_connection((host, int(port)), 10, source_address=(address, 0))
            )
            for _ in range(count)
        ]
        for connection in held:
            connection.sendall(head.encode())
        yield [connection.recv(4096) for connection in answered(held)]


def answered(connections: list[socket.socket]) -> list[socket.socket]:
    """Wait until one of them has an answer and no more arrive; return those that have."""
    found: list[socket.socket] = []
    while True:
        ready, _, _ = select.select([c for c in connections if c not in found], [], [], 0.5)
        if not ready:
            return found
        found += ready


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_flood_is_refused(world: World, limited: Limited, who: str) -> None:
    """Accept ten running requests per token, or per address without one, and reject more."""
    with holding(limited.url, FLOODER, 12, world.caller(who).token) as refused:
        assert len(refused) == 2

    for answer in refused:
        head, _, body = answer.decode().partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 429 ") and "\r\nRetry-After: 1" in head
        assert json.loads(body)["code"] == "too_many_requests"


def test_header_without_a_token_is_counted_as_none(limited: Limited) -> None:
    """Give strangers no more requests for a header that PostgREST ignores."""
    with holding(limited.url, STRANGER, 12, " ") as refused:
        assert len(refused) == 2


@pytest.mark.parametrize("who", ["vic", "nobody"])
def test_flood_leaves_others_alone(world: World, limited: Limited, who: str) -> None:
    """Count each address and each token apart."""
    transport = httpx.HTTPTransport(local_address=NEIGHBOUR)
    with (
        holding(limited.url, FLOODER, 12, world.caller(who).token),
        httpx.Client(base_url=limited.url, transport=transport) as http,
    ):
        answers = [
            http.get("/rpc/health"),
            http.get("/me", headers={"Authorization": f"Bearer {world.alice.token}"}),
        ]

    assert {answer.status_code for answer in answers} == {200}


def test_one_request_after_the_other_is_never_refused(world: World, limited: Limited) -> None:
    """Slow a loop down instead of rejecting its requests."""
    headers = {"Authorization": f"Bearer {world.pat.token}"}
    with httpx.Client(headers=headers, timeout=30) as http:
        answers = {http.get(f"{limited.url}/me?select=id").status_code for _ in range(400)}

    assert answers == {200}


def test_visitors_of_links_are_counted_by_address(limited: Limited) -> None:
    """Give a visitor no more requests for inventing a token with each."""
    transport = httpx.HTTPTransport(local_address=FLOODER)
    url = f"{limited.url}/shared/sequences/{'feed' * 16}"

    def visit(http: httpx.Client, number: int) -> int:
        made_up = {"Authorization": f"Bearer a.b.{number}"}
        return http.get(url, headers=made_up).status_code

    with (
        httpx.Client(transport=transport, timeout=30) as http,
        ThreadPoolExecutor(60) as pool,
    ):
        answers = list(pool.map(lambda number: visit(http, number), range(120)))

    assert set(answers) == {404, 429}
