"""Run the S3 emulator behind a gate of our own, by its path: `python -I s3_emulator.py`.

ministack is made for containers: it accepts any Host header, lets any web page read and reset it,
and takes the mere name of a key as proof. Here it serves programs of this machine, and browsers
only when they follow a link to a file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
HEALTH = "/_ministack/health"
READING = ("GET", "HEAD")
ALGORITHM = "AWS4-HMAC-SHA256"
# The query parameters a link may have. Not Action, which lets a GET write to SQS.
OF_A_LINK = ("x-amz-", "response-", "versionid", "partnumber", "x-id")
# A page from S3 gets an origin of its own, so that it can read nothing else here.
FOR_BROWSERS = [
    (b"content-security-policy", b"sandbox"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Origin"),
]


class Refused(Exception):
    """The reason why a request is rejected."""


@dataclass(frozen=True)
class Request:
    """The parts of a request that decide whether it is passed on."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """Build the request from an ASGI scope."""
        headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]]
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return cls(scope["method"], scope["path"], headers, query)

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next(iter(self.all(name)), None)

    @property
    def is_of_a_browser(self) -> bool:
        """Return whether a web page sent it: only browsers send these headers."""
        return any(key in ("origin", "sec-fetch-site") for key, _ in self.headers)

    @property
    def is_signed(self) -> bool:
        """Return whether it carries a signature, in a header or in its query."""
        authorization = self.all("authorization")
        if authorization:
            [one, *more] = authorization
            return one.startswith(f"{ALGORITHM} ") and "Signature=" in one and not more
        values = dict(reversed(self.query))
        return values.get("X-Amz-Algorithm") == ALGORITHM and bool(values.get("X-Amz-Signature"))


class Gate:
    """An ASGI application that passes requests for files to the emulator and rejects the rest."""

    def __init__(self, app: Asgi, port: int, origins: frozenset[str]) -> None:
        self._app = app
        # A foreign name that resolves to this machine still shows in the Host header.
        self._hosts = {f"{host}:{port}" for host in (HOST, "localhost", "[::1]")}
        # Origins whose pages may read links. Not `*`, because any page can sign with the well-known
        # key.
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(Request.of(scope), scope, receive, send)

    async def _serve(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        extra = list(self._headers_for(request))
        try:
            self._check(request)
        except Refused as refused:
            await _answer(send, 403, f"{refused}\n".encode(), extra)
            return
        if request.method == "OPTIONS":
            await _answer(send, 204, b"", extra)
            return

        async def send_ours(message: Message) -> None:
            if message["type"] == "http.response.start":
                theirs = [
                    header
                    for header in message.get("headers", [])
                    if not header[0].lower().startswith(b"access-control-")
                ]
                message = {**message, "headers": theirs + extra}
            await send(message)

        await self._app(scope, receive, send_ours)

    def _check(self, request: Request) -> None:
        if not set(request.all("host")) <= self._hosts or len(request.all("host")) != 1:
            raise Refused("this is not an address of the local stack")
        # The emulator's administration: reset, settings, other services' documents.
        if request.path.startswith("/_"):
            if request.path != HEALTH or request.method not in READING:
                raise Refused("the emulator cannot be administered through this port")
            if request.is_of_a_browser:
                raise Refused("web pages may not ask this")
            return
        if request.is_of_a_browser:
            self._check_page(request)
        if request.method != "OPTIONS" and not request.is_signed:
            raise Refused("this request is not signed")

    def _check_page(self, request: Request) -> None:
        """Let people follow links, and let pages of our own origins read them."""
        origin = request.first("origin")
        if origin is not None and origin not in self._origins:
            raise Refused("web pages of this origin may not read here")
        if origin is None and request.first("sec-fetch-mode") != "navigate":
            raise Refused("web pages may link here, not read here")
        if request.method not in (*READING, "OPTIONS"):
            raise Refused("web pages may not write here")
        if request.method != "OPTIONS" and not all(
            name.lower().startswith(OF_A_LINK) for name, _ in request.query
        ):
            raise Refused("this is not a link to a file")

    def _headers_for(self, request: Request) -> Iterator[tuple[bytes, bytes]]:
        if not request.is_of_a_browser:
            return
        yield from FOR_BROWSERS
        origin = request.first("origin")
        if origin in self._origins:
            yield b"access-control-allow-origin", origin.encode("latin-1")
            yield b"access-control-allow-methods", b"GET, HEAD"
            yield b"access-control-allow-headers", b"Range"
            yield b"access-control-expose-headers", b"Content-Length, Content-Range, ETag"


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    plain = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if status == 204:
        plain = []
    await send({"type": "http.response.start", "status": status, "headers": plain + headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until stopped; all settings come from the environment, as for ministack itself."""
    # Imported here: the tests of the gate need neither.
    import hypercorn.asyncio
    import hypercorn.config
    from ministack.app import app

    port = int(os.environ["GATEWAY_PORT"])
    origins = frozenset(filter(None, map(str.strip, os.environ["ASPEN_ORIGINS"].split(","))))
    config = hypercorn.config.Config()
    # A different address only in a container, whose port is published on loopback.
    config.bind = [f"{os.environ.get('BIND_HOST', HOST)}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    asyncio.run(hypercorn.asyncio.serve(Gate(app, port, origins - {"*"}), config))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
