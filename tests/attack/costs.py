"""Attacks on processor time, memory and connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx

from tests.attack.stage import Stage, Trial, memory_of

DEEP = "id,pathogens(id,jobs(id,groups(id,samples(id,pathogens(id,jobs(id))))))"
# What one refusal may cost all servers together.
MOST_SECONDS = 0.25
MOST_MIB = 64
# How long others wait for an answer at the same time.
MOST_WAIT = 2.0


def queries(stage: Stage) -> Iterator[Trial]:
    """Send queries whose cost grows with the square of their length."""
    paths = [
        f"/{resource}?{query}"
        for resource in ("samples", "rpc/health", "locations")
        for query in (
            "select=" + "id," * 4000,
            "select=" + "id," * 8000,
            "select=" + "id," * 2700 + "id",
            "%73elect=" + "id%2C" * 1300,
            "select=" + "a:id," * 1500,
            "or=(" + "id.eq.0," * 3000 + "id.eq.0)",
            "order=" + "id," * 1000,
            "order=" + "id," * 2700 + "id",
            "columns=" + "id," * 2700 + "id",
            "and=" + "(or" * 1500 + "(id.eq.0,id.eq.1)" + ")" * 1500,
            "select=" + ",".join(f"a{n}:accessions(id)" for n in range(300)),
            f"select={DEEP}",
            "select=" + "pathogens(jobs(" * 500 + "id" + "))" * 500,
        )
    ]
    for who in ("nobody", "alice"):
        with stage.client(stage.world.caller(who).token) as http:
            for path in paths:
                before = sum(stage.used().values())
                answer = http.get(path)
                cost = sum(stage.used().values()) - before
                held = answer.status_code < 500 and cost < MOST_SECONDS
                yield f"{path[:60]} as {who}: {answer.status_code}, {cost:.2f} s", held


def bodies(stage: Stage) -> Iterator[Trial]:
    """Send larger bodies than any client needs."""
    pids = stage.pids()
    before = {name: memory_of(pid) for name, pid in pids.items()}
    megabyte = b"x" * (1 << 20)

    def parts(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield megabyte

    bad = "e30.e30.e30"
    for token, path, count in (
        (None, "/rpc/create_samples", 120),
        (None, "/samples", 40),
        (None, "/", 40),
        (bad, "/rpc/create_samples", 120),
        (bad, "/samples", 30),
        (stage.world.alice.token, "/samples", 60),
        (stage.world.alice.token, "/rpc/create_phylo_run", 60),
    ):
        for how, content in (
            ("with a length", megabyte * count),
            ("in chunks", parts(count)),
        ):
            with stage.client(token) as http:
                try:
                    answer = http.post(
                        path, content=content, headers={"Content-Type": "application/json"}
                    )
                    held = answer.status_code in (401, 413)
                except httpx.TransportError:
                    # Hung up on: as good.
                    held = True
            yield f"{count} MB to {path} {how}", held
    for name, pid in pids.items():
        grown = memory_of(pid) - before[name]
        yield f"{name} keeps {grown:.0f} MiB more", grown < MOST_MIB


def waits(stage: Stage, token: str | None, seconds: float = 3) -> float:
    """Return the longest wait of a plain request, sent again and again for some seconds."""
    longest = 0.0
    with stage.client(token) as http:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.monotonic()
            answer = http.get("/samples?select=id&limit=10")
            if answer.status_code == 200:
                longest = max(longest, time.monotonic() - started)
            else:
                longest = 60
            time.sleep(0.05)
    return longest


def floods(stage: Stage) -> Iterator[Trial]:
    """Send many requests at once, and check that a neighbour is served."""
    member, viewer = stage.world.alice.token, stage.world.vic.token
    heavy = "/samples?select=*,pathogens(*,jobs(*,groups(*)))&limit=1000"
    for name, token, path, count in (
        ("12 embeds at once", member, heavy, 12),
        ("40 embeds at once", member, heavy, 40),
        ("descriptions for strangers", None, "/", 100),
        ("health for strangers", None, "/rpc/health", 200),
        ("lists", member, "/samples?limit=1000", 100),
    ):
        with stage.client(token) as http, ThreadPoolExecutor(count + 1) as pool:
            answers = [pool.submit(http.get, path) for _ in range(count)]
            longest = waits(stage, viewer)
            statuses = {answer.result().status_code for answer in answers}
        held = longest < MOST_WAIT and statuses <= {200, 400, 429, 503}
        yield f"{count} {name}: {sorted(statuses)}, a neighbour waits {longest:.2f} s", held


def slow_clients(stage: Stage) -> Iterator[Trial]:
    """Hold connections open with headers and bodies that never end."""
    address = urlsplit(stage.edge)
    head = b"POST /rpc/health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    for name, sent in (("half a header", b"GET / HTTP/1.1\r\nX: "), ("half a body", head + b"{")):
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(sent)
            started = time.monotonic()
            try:
                while connection.recv(4096):
                    pass
                took = time.monotonic() - started
            except ConnectionError:
                took = time.monotonic() - started
            except TimeoutError:
                took = 60
        yield f"{name} is hung up on after {took:.0f} s", took < 25
