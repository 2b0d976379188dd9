"""Call the API as a user, and send files by the links that it gives."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request

from control.errors import ControlError
from control.local import forward
from control.login.calling import api_url_of, token_of
from control.settings import Settings

# Waits of 1, 2, 4, 8 and 16 s outlast a restart of the API.
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_SECONDS = 120.0
_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class Answer:
    """The status and the content of an answer."""

    status: int
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Client:
    """The API of one environment, and what gives the token of its user for a request."""

    url: str
    token: Callable[[], str] = field(repr=False)
    pause: Callable[[float], None] = time.sleep

    def get(self, resource: str, filters: Mapping[str, object]) -> list[dict[str, Any]]:
        """Return the rows of a resource."""
        rows = self._call("GET", f"/{resource}?{urlencode(filters)}", None)
        return cast(list[dict[str, Any]], rows)

    def call(self, function: str, arguments: Mapping[str, object]) -> Any:
        """Call a function; one that is sent again is executed once."""
        return self._call("POST", f"/rpc/{function}", json.dumps(arguments).encode())

    def delete(self, resource: str, ids: Sequence[int]) -> None:
        """Delete rows by id."""
        wanted = ",".join(map(str, ids))
        self._call("DELETE", f"/{resource}?{urlencode({'id': f'in.({wanted})'})}", None)

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "application/json"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"{uuid.uuid4()}"}
        request = Request(f"{self.url}{path}", data=body, headers=headers, method=method)
        answer = self._answer(lambda: request)
        try:
            content = json.loads(answer.content) if answer.content else None
        except ValueError as error:
            raise _strange(self.url, answer.status) from error
        if 200 <= answer.status < 300:
            return content
        if not isinstance(content, dict) or "message" not in content:
            raise _strange(self.url, answer.status)
        remedy = content.get("hint") or f"see {content.get('code')} in docs/errors.md"
        raise ControlError(f"the API refused: {content['message']}", str(remedy))

    def _answer(self, make: Callable[[], Request]) -> Answer:
        """Send a request, again while the server is not there, and return the last answer."""
        for wait in (*WAITS, None):
            try:
                # The answer to a file is short; rows come in pages.
                with forward(make(), _SECONDS) as response:
                    answer = Answer(response.status or 0, response.read())
                if answer.status not in _PASSING or wait is None:
                    return answer
            except (OSError, URLError, http.client.HTTPException) as error:
                if wait is None:
                    raise ControlError(
                        f"no server answers at {self.url}", "try again later, or correct api_url"
                    ) from error
            self.pause(wait)
        raise AssertionError

    def send_part(self, path: Path, start: int, part: Mapping[str, Any]) -> bool:
        """Send a part of a file by its link; False means that the link is not valid any more."""

        def request() -> Request:
            body = _pieces(path, start, part["size_bytes"])
            return Request(part["url"], data=body, headers=part["headers"], method="PUT")

        answer = self._answer(request)
        if answer.status == 403:
            return False
        if answer.status != 200:
            raise ControlError(
                f"the storage refused part {part['number']} of {path} with {answer.status}",
                "see that the file does not change while it is sent, and start again",
            )
        return True


def _pieces(path: Path, start: int, size: int) -> Iterator[bytes]:
    """Yield a part of a file in pieces that http.client sends one after the other."""
    with path.open("rb") as file:
        file.seek(start)
        while size and (piece := file.read(min(size, _PIECE_BYTES))):
            size -= len(piece)
            yield piece


def connect_api(settings: Settings) -> Client:
    """Return the API of the environment, as whoever is signed in there."""
    return Client(api_url_of(settings).rstrip("/"), partial(token_of, settings))


def _strange(url: str, status: int) -> ControlError:
    return ControlError(f"what answers at {url} with {status} is no API", "correct api_url")
