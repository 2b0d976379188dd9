"""Pass a client's bytes on to PostgreSQL, and note the statements that it sends on the way.

PostgREST makes its statements itself; this is how they are known as they are, with their values,
whatever its version and without rights to the server's log.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

_HEAD = struct.Struct("!I")
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_CHUNK = 65536


@dataclass(frozen=True)
class Statement:
    """One statement with its values, as the protocol has them."""

    text: str
    types: tuple[int, ...] = ()
    formats: tuple[int, ...] = ()
    values: tuple[bytes | None, ...] = ()

    @property
    def shown_values(self) -> list[str | None]:
        """Return the values as text."""
        return [None if one is None else one.decode("utf-8", "replace") for one in self.values]


class Server(NamedTuple):
    """Where PostgreSQL listens, and how its certificate is checked."""

    host: str
    port: int
    sslmode: str
    root_certificate: str | None


class Recorder:
    """Listen on loopback, and connect whoever comes to the server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._statements: list[Statement] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and end every connection."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def take(self) -> list[Statement]:
        """Return what was sent since the last call."""
        with self._lock:
            taken, self._statements = self._statements, []
        return taken

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    upstream = _connect(self._server)
                except OSError:
                    client.close()
                    continue
                self._open += [client, upstream]
                reader = _Reader(self._note)
                threading.Thread(target=_pass, args=(client, upstream, reader), daemon=True).start()
                threading.Thread(target=_pass, args=(upstream, client, None), daemon=True).start()

    def _note(self, statement: Statement) -> None:
        with self._lock:
            self._statements.append(statement)


class _Reader:
    """Read the messages of one client: which text each prepared statement has, and its values."""

    def __init__(self, note: Callable[[Statement], None]) -> None:
        self._note = note
        self._rest = b""
        self._has_started = False
        self._prepared: dict[bytes, tuple[str, tuple[int, ...]]] = {}

    def read(self, received: bytes) -> None:
        self._rest += received
        while True:
            start = 1 if self._has_started else 0
            if len(self._rest) < start + 4:
                return
            length = start + _HEAD.unpack_from(self._rest, start)[0]
            if len(self._rest) < length:
                return
            message, self._rest = self._rest[:length], self._rest[length:]
            if self._has_started:
                self._read_one(message[:1], message[5:])
            self._has_started = True

    def _read_one(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self._note(Statement(body.rstrip(b"\0").decode()))
        elif kind == b"P":
            name, text, rest = body.split(b"\0", 2)
            self._prepared[name] = (text.decode(), _numbers(rest, "I")[0])
        elif kind == b"B":
            _, name, rest = body.split(b"\0", 2)
            prepared, types = self._prepared[name]
            formats, rest = _numbers(rest, "H")
            self._note(Statement(prepared, types, formats, _values(rest)))


def _numbers(data: bytes, form: str) -> tuple[tuple[int, ...], bytes]:
    """Read a count and so many numbers; return them and the rest."""
    (count,) = struct.unpack_from("!H", data)
    found = struct.Struct(f"!{count}{form}")
    return tuple(found.unpack_from(data, 2)), data[2 + found.size :]


def _values(data: bytes) -> tuple[bytes | None, ...]:
    (count,) = struct.unpack_from("!H", data)
    at, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", data, at)
        at += 4
        values.append(None if length < 0 else data[at : at + length])
        at += max(length, 0)
    return tuple(values)


def _pass(source: socket.socket, target: socket.socket, reader: _Reader | None) -> None:
    with suppress(OSError):
        while received := source.recv(_CHUNK):
            if reader is not None:
                reader.read(received)
            target.sendall(received)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _connect(server: Server) -> socket.socket:
    """Connect as libpq would; encrypted, unless the server or the setting does not want it."""
    if server.host.startswith("/"):
        local = socket.socket(socket.AF_UNIX)
        local.connect(f"{server.host}/.s.PGSQL.{server.port}")
        return local
    plain = socket.create_connection((server.host, server.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if server.sslmode in ("disable", "allow"):
        return plain
    plain.sendall(_SSL_REQUEST)
    if plain.recv(1) == b"S":
        checks_name = server.sslmode == "verify-full"
        context = ssl.create_default_context(cafile=server.root_certificate)
        context.check_hostname = checks_name
        if server.sslmode not in ("verify-ca", "verify-full"):
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=server.host)
    if server.sslmode != "prefer":
        plain.close()
        raise ConnectionError("the server does not encrypt")
    return plain
