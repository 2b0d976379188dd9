"""Fetch files from servers that an operator named: whole, checked, and from no other network.

A server may send the program on to another one. It follows only to addresses of the public network,
so that nobody who changes a source reaches servers beside the worker.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from control.public_addresses import is_public
from pipelines.retries import PASSING_OF_STORAGE, pause, waits

# One PUT stores no more.
MOST_BYTES = 5 << 30
TIMEOUT_SECONDS = 120.0
_MOST_REDIRECTS = 5
_CHUNK = 1 << 20


class FetchError(Exception):
    """A reason why a file cannot be had; it names the server, but no path and no key."""


class _Interrupted(Exception):
    """A transfer that may succeed when it is tried again."""


@dataclass
class _State:
    """What is known of a file of which a part is here."""

    size: int = 0
    total: int | None = None
    # Names the version of the file of which the part is.
    validator: str | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Ask for the rest, or for the whole if it is not the same file any more."""
        if self.size and self.validator:
            return {"Range": f"bytes={self.size}-", "If-Range": self.validator}
        return {}


def fetch(url: str, path: Path, *, sha256: str | None = None, most_bytes: int = MOST_BYTES) -> None:
    """Store the file that is at a URL of https, http or file; a transfer that breaks off goes on.

    An empty file, one of another SHA-256 than stated, and one that is too large are errors.
    """
    parts = _split(url)
    if parts.scheme == "file":
        _copy(parts, path, most_bytes)
    else:
        _download(url, path, most_bytes)
    if path.stat().st_size == 0:
        raise FetchError(f"{_name(parts)} sent an empty file")
    if sha256 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256.lower():
            raise FetchError(f"{_name(parts)} sent a file with SHA-256 {found}, not {sha256}")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.port is None or parts.port > 0
    except ValueError:
        is_good = False
    if not is_good or parts.scheme not in ("https", "http", "file"):
        raise FetchError("a source must be the URL of https, http or file")
    if parts.username is not None or parts.password is not None:
        raise FetchError("the URL of a source must contain no password")
    if parts.scheme != "file" and not parts.hostname:
        raise FetchError("the URL of a source must name a server")
    return parts


def _name(parts: SplitResult) -> str:
    return parts.hostname or "the source"


def _copy(parts: SplitResult, path: Path, most_bytes: int) -> None:
    try:
        with Path(unquote(parts.path)).open("rb") as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
            size = file.tell()
    except OSError as error:
        raise FetchError(f"the source cannot be read: {error.strerror}") from error
    if size > most_bytes:
        raise FetchError(f"the source has more than {most_bytes} bytes")


def _download(url: str, path: Path, most_bytes: int) -> None:
    host = _name(urlsplit(url))
    state = _State()
    with path.open("wb") as file:
        for wait in waits():
            try:
                _transfer(url, file, state, most_bytes)
                return
            except (OSError, http.client.HTTPException, _Interrupted) as error:
                try:
                    pause(wait, error)
                except (OSError, http.client.HTTPException, _Interrupted):
                    said = str(error) if isinstance(error, _Interrupted) else type(error).__name__
                    raise FetchError(f"{host} cannot be reached, or breaks off: {said}") from error


def _transfer(url: str, file: BinaryIO, state: _State, most_bytes: int) -> None:
    """Receive what is missing."""
    host = _name(urlsplit(url))
    with _open(url, state.headers) as answer:
        if answer.status == 206 and _start(answer) == (state.size, state.total):
            file.seek(state.size)
        elif answer.status == 200:
            length = answer.getheader("Content-Length")
            file.seek(0)
            file.truncate()
            state.size, state.total = 0, None if length is None else int(length)
            state.validator = _validator(answer)
        elif answer.status in PASSING_OF_STORAGE:
            raise _Interrupted(f"HTTP {answer.status}")
        elif answer.status in (206, 416):
            state.size = 0
            raise _Interrupted("the file changed while it was fetched")
        else:
            raise FetchError(f"{host} answers HTTP {answer.status}")
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            state.size += len(chunk)
            if state.size > most_bytes:
                raise FetchError(f"{host} sends more than {most_bytes} bytes")
    if state.total not in (None, state.size):
        raise _Interrupted(f"{state.size} of {state.total} bytes came")


def _start(answer: http.client.HTTPResponse) -> tuple[int, int] | None:
    """Return the first byte of a part, and the length of the whole."""
    found = re.fullmatch(r"bytes ([0-9]+)-[0-9]+/([0-9]+)", answer.getheader("Content-Range", ""))
    return found and (int(found[1]), int(found[2]))


def _validator(answer: http.client.HTTPResponse) -> str | None:
    etag = answer.getheader("ETag")
    if etag is not None and etag.startswith('"'):
        return etag
    return answer.getheader("Last-Modified")


@contextmanager
def _open(url: str, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
    """Send a GET, and follow where a server sends it."""
    origin = here = _split(url)
    for _ in range(_MOST_REDIRECTS + 1):
        connection = _connect(here, is_chosen=_place(here) == _place(origin))
        try:
            target = (here.path or "/") + (f"?{here.query}" if here.query else "")
            connection.request("GET", target, headers={"Accept-Encoding": "identity", **headers})
            answer = connection.getresponse()
            location = answer.getheader("Location")
            if answer.status not in (301, 302, 303, 307, 308) or location is None:
                yield answer
                return
        finally:
            connection.close()
        print(f"{_name(here)} sends on to another address", file=sys.stderr)
        here = _split(urljoin(here.geturl(), location))
        if here.scheme != "https" and here.scheme != origin.scheme:
            raise FetchError(f"{_name(origin)} sends on to {here.scheme}, which is not followed")
    raise FetchError(f"{_name(origin)} sends on more than {_MOST_REDIRECTS} times")


def _place(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _connect(parts: SplitResult, *, is_chosen: bool) -> http.client.HTTPConnection:
    """Connect to the address that was checked: the name is not looked up again.

    What the operator named may be in a private network; what a server names may not.
    """
    scheme, host, port = _place(parts)
    assert host is not None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not is_chosen and not all(map(is_public, addresses)):
        raise FetchError(f"the source sends on to {host}, which is in a private network")
    failure: OSError | None = None
    for address in addresses:
        try:
            raw = socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
            break
        except OSError as error:
            failure = error
    else:
        raise failure or OSError("no address")
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    connection.sock = raw
    if scheme == "https":
        try:
            connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise
    # Otherwise another port than 80 is named, also with https.
    connection.default_port = 443 if scheme == "https" else 80
    return connection
