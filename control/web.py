"""Ask other people's servers over https: no redirects, bounded answers, waits as they wish."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from control.errors import ControlError
from control.local import forward

# What urllib raises where no answer arrives.
NO_ANSWER = (OSError, http.client.HTTPException)
LONGEST_ANSWER = 32 << 20
# A server that wants a longer pause is asked again after this one.
LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Answer:
    """The status, headers and content of an answer."""

    status: int
    headers: Message
    content: bytes = field(repr=False)

    def object(self) -> dict[str, Any]:
        """Return the JSON object of the answer; an empty one if it is anything else."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def ask(request: Request, seconds: float = 30.0) -> Answer:
    """Send a request and return the answer, whatever its status; NO_ANSWER if none arrives."""
    with forward(request, seconds) as response:
        content = response.read(LONGEST_ANSWER + 1)
        if len(content) > LONGEST_ANSWER:
            raise ControlError(f"{_host(request.full_url)} answers with more than 32 MB")
        return Answer(response.status or 0, response.headers, content)


def pause_of(headers: Message, now: float) -> float | None:
    """Return the seconds to wait that an answer asks for; None if it does not say.

    `Retry-After` are seconds or a date; `X-RateLimit-Reset` is a time in seconds since 1970.
    """
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isascii() and after.isdigit():
        wanted = float(after)
    elif after:
        try:
            date = parsedate_to_datetime(after)
        except ValueError:
            return None
        wanted = date.timestamp() - datetime.fromtimestamp(now, UTC).timestamp()
    elif reset.isascii() and reset.isdigit():
        wanted = float(reset) - now
    else:
        return None
    return min(max(wanted, 0.0), LONGEST_PAUSE)


def require_secure(name: str, url: str) -> str:
    """Return an address without its last slash, if nobody on the way can read what is sent there.

    Only this machine may be reached without encryption.
    """
    try:
        parts = urlsplit(url)
        host, is_url = parts.hostname or "", parts.port != 0 and not parts.username
    except ValueError:
        host, is_url = "", False
    is_plain = " " in url or not url.isprintable() or "#" in url
    if is_plain or not is_url or not host or parts.scheme not in ("http", "https"):
        raise ControlError(f"{name} is not a URL", "give it as https://host")
    if parts.scheme == "http" and not _is_here(host):
        raise ControlError(f"{name} is not encrypted", "give it as https://host")
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urlsplit(url).netloc
