"""The edge before several PostgREST, of which some are broken or gone."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from control.stack.ports import HOST, any_free
from tests.http.world import World, refusal
from tests.names import unique
from tests.servers import run_edge

Ask = Callable[..., httpx.Response]


class Breaking(socketserver.ThreadingTCPServer):
    """What a PostgREST looks like that is killed while it works: it reads, and never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        self.seen: list[bytes] = []
        super().__init__((HOST, 0), BrokenRequest)


class BrokenRequest(socketserver.BaseRequestHandler):
    """One connection to it."""

    server: Breaking

    def handle(self) -> None:
        """Note the request line, and close."""
        if request := self.request.recv(65536):
            self.server.seen.append(request.split(b"\r\n")[0])


@pytest.fixture
def breaking() -> Iterator[Breaking]:
    """Start a server that breaks with every request."""
    with Breaking() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def asking(world: World, folder: Path, first_port: int) -> Iterator[Ask]:
    """Ask as Alice an edge that knows this server and, after it, a PostgREST that works."""
    second_port = urlsplit(world.api.direct_url).port
    assert second_port is not None
    headers = {"Authorization": f"Bearer {world.alice.token}"}
    with (
        run_edge(folder, any_free(), first_port, second_port, unlimited=[HOST]) as url,
        httpx.Client(base_url=url, headers=headers, timeout=30) as http,
    ):
        yield http.request


def test_read_that_broke_is_repeated(world: World, tmp_path: Path, breaking: Breaking) -> None:
    """Ask the next PostgREST; for CSV, too."""
    with asking(world, tmp_path, breaking.server_address[1]) as ask:
        answers = [
            ask(method, "/samples?select=id&limit=1", headers={"Accept": accept}).status_code
            for accept in ("application/json", "text/csv")
            for method in ("GET", "HEAD")
        ]

    assert answers == [200] * 4
    assert breaking.seen != []


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
def test_write_that_broke_is_not_repeated(
    world: World, tmp_path: Path, breaking: Breaking, method: str
) -> None:
    """Answer 503: nobody knows whether the first PostgREST executed it."""
    path = "/samples" if method == "POST" else "/samples?id=eq.0"
    before = world.count()
    with asking(world, tmp_path, breaking.server_address[1]) as ask:
        response = ask(method, path, json=world.sample(unique()))

    assert refusal(response) == (503, "api_unavailable")
    assert response.headers["Retry-After"] == "1"
    assert len(breaking.seen) == 1
    assert world.count() == before


def test_write_with_a_key_is_stored_once_when_it_is_sent_again(
    world: World, tmp_path: Path, breaking: Breaking
) -> None:
    """Send it until it is answered, as a client does."""
    before, key = world.count(), unique()
    sample = world.sample(key)
    with asking(world, tmp_path, breaking.server_address[1]) as ask:
        statuses = [
            ask("POST", "/samples", json=sample, headers={"Idempotency-Key": key}).status_code
            for _ in range(4)
        ]

    assert statuses[0] == 503 and set(statuses[1:]) <= {503, 201} and 201 in statuses
    assert world.count() == before + 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_request_that_nobody_accepted_goes_to_the_next(
    world: World, tmp_path: Path, method: str
) -> None:
    """Send a write, too, to another PostgREST if the first one is gone."""
    with asking(world, tmp_path, any_free()) as ask:
        statuses = {ask(method, "/rpc/health", json={}).status_code for _ in range(4)}

    assert statuses == {200}


def test_broken_one_is_left_alone_for_a_moment(
    world: World, tmp_path: Path, breaking: Breaking
) -> None:
    """Ask it three times within two seconds, then only the other one."""
    with asking(world, tmp_path, breaking.server_address[1]) as ask:
        statuses = [ask("GET", "/samples?select=id&limit=1").status_code for _ in range(30)]

    assert statuses == [200] * 30
    # Whoever is slow has it tried again every two seconds.
    assert 3 <= len(breaking.seen) < 12
