"""Call the API with the token of whoever is signed in: streamed, and sent again where that is safe.

The token goes to the address of the environment and nowhere else: paths are never addresses, and
redirects are not followed.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request

from control.errors import ControlError
from control.local import forward
from control.login.session import current_token
from control.login.stores import logins_of
from control.settings import Settings
from control.web import NO_ANSWER, pause_of, require_secure

SAFE = ("GET", "HEAD", "OPTIONS")
METHODS = (*SAFE, "POST", "PATCH", "PUT", "DELETE")
KEY = "Idempotency-Key"
_PASSING = (429, 503)
# Waits of 1, 2, 4, 8 and 16 s outlast a restart of the API.
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
_SECONDS = 120.0
_PIECE_BYTES = 1 << 18
_LONGEST_ERROR = 1 << 20
# What a path may contain beside letters and digits; the rest is percent-encoded.
_PLAIN = "/?&=,.:;()*!'-_~%+@$"

Headers = tuple[tuple[str, str], ...]
Response = HTTPResponse | HTTPError


@dataclass(frozen=True)
class Body:
    """What a request sends: bytes, a file, or a stream that can be read once."""

    content: bytes | Path | BinaryIO

    @property
    def is_stream(self) -> bool:
        """Return whether it cannot be sent again."""
        return not isinstance(self.content, bytes | Path)

    def pieces(self) -> tuple[bytes | Iterator[bytes], int | None]:
        """Return what is sent, and its length if that is known."""
        if isinstance(self.content, bytes):
            return self.content, len(self.content)
        if isinstance(self.content, Path):
            return _of_file(self.content), self.content.stat().st_size
        return _of_stream(self.content), None


@dataclass(frozen=True)
class Call:
    """One request. The path begins with a slash and may have a query."""

    method: str
    path: str
    headers: Headers = ()
    body: Body | None = field(default=None, repr=False)

    @property
    def can_repeat(self) -> bool:
        """Return whether sending it twice has the effect of sending it once."""
        has_key = any(name.lower() == KEY.lower() for name, _ in self.headers)
        is_written_once = self.method == "POST" and has_key
        is_whole = self.body is None or not self.body.is_stream
        return is_whole and (self.method in SAFE or is_written_once)

    def with_key(self) -> Call:
        """Return it with a key of its own, if it is a POST that could be sent again with one."""
        is_stream = self.body is not None and self.body.is_stream
        if self.method != "POST" or is_stream or self.can_repeat:
            return self
        return Call(self.method, self.path, (*self.headers, (KEY, f"{uuid.uuid4()}")), self.body)


class Rejected(ControlError):
    """An answer of the API that says no."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.content = status, content
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("message"), str):
            super().__init__(f"the answer is {status}, and not of the API", "check api_url")
            return
        lines = [f"{body['message']} ({status} {body.get('code')})", *_details(body.get("details"))]
        super().__init__("\n".join(lines), body.get("hint") or None)


@dataclass(frozen=True)
class Api:
    """The API of an environment, and where the token of a request comes from."""

    url: str
    token: Callable[[], str] = field(repr=False)
    say: Callable[[str], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep

    @contextmanager
    def open(self, call: Call) -> Iterator[Response]:
        """Send a request, and yield the answer before its content is read; Rejected if it is no.

        A request that may be repeated is sent again after 429 and 503, when the answer says.
        """
        call = call.with_key()
        with self._answer(call) as response:
            self.say(f"< {response.status} {response.reason}")
            if (response.status or 0) >= 300 and response.status != 304:
                raise Rejected(response.status or 0, response.read(_LONGEST_ERROR))
            yield response

    def read(self, path: str, headers: Headers = ()) -> list[dict[str, Any]]:
        """Return the rows of a list."""
        accept = (*headers, ("Accept", "application/json"))
        with self.open(Call("GET", path, accept)) as response:
            try:
                rows = json.loads(response.read())
            except (ValueError, RecursionError) as error:
                raise ControlError(f"the answer to {path} is not JSON") from error
        if not isinstance(rows, list):
            raise ControlError(f"the answer to {path} is no list", "leave out --paginate")
        return rows

    def _answer(self, call: Call) -> Response:
        for wait in (*PAUSES, None):
            try:
                response = forward(self._request(call), _SECONDS)
            except NO_ANSWER as error:
                if wait is None or not call.can_repeat:
                    raise ControlError(
                        f"no whole answer from {self.url}",
                        "try again later"
                        if call.can_repeat
                        else "see whether it was executed before you send it again",
                    ) from error
            else:
                if response.status not in _PASSING or wait is None or not call.can_repeat:
                    return response
                asked = pause_of(response.headers, time.time())
                response.close()
                wait = wait if asked is None else asked
                self.say(f"< {response.status}; again in {wait:g} s")
            self.pause(wait)
        raise AssertionError

    def _request(self, call: Call) -> Request:
        sent, size = (None, None) if call.body is None else call.body.pieces()
        request = Request(f"{self.url}{quote(call.path, safe=_PLAIN)}", method=call.method)
        request.data = sent
        self.say(f"> {call.method} {call.path}")
        for name, value in call.headers:
            request.add_header(name, value)
            self.say(f"> {name}: {value}")
        if sent is not None and not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/json")
        if size is not None:
            request.add_header("Content-Length", f"{size}")
        # Never said, so that no log or ticket has it.
        request.add_unredirected_header("Authorization", f"Bearer {self.token()}")
        return request


def api_url_of(settings: Settings) -> str:
    """Return the address of the API of an environment."""
    if settings.api_url is None:
        raise ControlError(
            f"the environment {settings.environment} has no api_url",
            "run control up" if settings.is_local else "set ASPEN_API_URL",
        )
    return require_secure("api_url", settings.api_url)


def signed_in(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Api:
    """Return the API as whoever ASPEN_API_TOKEN or the login of the environment stands for."""
    return Api(api_url_of(settings), partial(token_of, settings), say)


def token_of(settings: Settings) -> str:
    """Return ASPEN_API_TOKEN, or the token of the login, which is renewed if need be."""
    if settings.api_token:
        return settings.api_token.strip()
    stored = current_token(logins_of(settings.environment), api_url_of(settings))
    if stored is None:
        raise ControlError(
            f"nobody is signed in to {settings.environment}",
            "run control login, or set ASPEN_API_TOKEN",
        )
    return stored


def _details(details: object) -> list[str]:
    """Return the values of an error, one on a line."""
    try:
        found = json.loads(details) if isinstance(details, str) else details
    except (ValueError, RecursionError):
        found = details
    if isinstance(found, dict):
        return [f"  {name}: {_short(value)}" for name, value in found.items()]
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [f"  {_short(one)}" for one in found]
    return [] if found is None else [f"  {found}"]


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _of_stream(file)


def _of_stream(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        yield piece
