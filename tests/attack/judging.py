"""Send bytes to the edge, and tell what is wrong with the answer, whatever was asked."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from tests.attack.stage import Stage
from tests.http.leaks import foreign_values, hidden_names
from tests.http.test_fuzz import ERROR_KEYS
from tests.http.test_odd_requests import Received, exchange

# The longest time limit of what is asked here is 10 s, and of `phylo_tree` 30 s.
LONGEST = 11.0
# Refusals that ask to try again, and are no fault: a time limit, a lock, too many connections.
WANTED = {"57014", "55P03", "PGRST003"}
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """A request as it is written to the socket; texts may hold anything that UTF-8 can."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    version: str = "1.1"
    # Whether the caller may see nothing of the other group.
    is_of_lab: bool = True

    def written(self) -> bytes:
        """Write the request, which asks for the connection to be closed."""
        names = {name.lower() for name, _ in self.headers}
        lines = [f"{self.method} {self.target} HTTP/{self.version}", "Host: x", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([*lines, "", ""])
        return head.encode("utf-8", "surrogateescape") + (self.body or b"")

    def __str__(self) -> str:
        """Return it in one line, without the token."""
        shown = [f"{name}: {value}" for name, value in self.headers if name != "Authorization"]
        return f"{self.method} {self.target} {shown} {(self.body or b'')[:200]!r}"


def faults_of(stage: Stage, request: Request) -> list[str]:
    """Send a request; return what is wrong with its answer, and nothing if all is well."""
    started = time.monotonic()
    try:
        answer = exchange(stage.world.api, request.written(), 60)
    except (ConnectionError, TimeoutError) as error:
        return [f"no answer: {error!r}"]
    took = time.monotonic() - started
    faults = [f"took {took:.0f} s"] if took > LONGEST else []
    response = HTTPResponse(Received(answer), method=request.method)  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
    except HTTPException as error:
        return [*faults, f"not HTTP: {error!r}, {answer[:200]!r}"]
    if response.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    text = body.decode(errors="replace")
    if request.is_of_lab and any(value in text for value in foreign_values(stage.world)):
        faults.append("data of the other group")
    if response.status >= 400:
        faults += error_faults(stage, request, response, text)
    return faults


def error_faults(stage: Stage, request: Request, response: HTTPResponse, text: str) -> list[str]:
    """Return what is wrong with an error: its status, its form, or a name that api lacks."""
    status = response.status
    if not text and request.method == "HEAD":
        return [f"status {status}"] if status >= 500 else []
    try:
        error = json.loads(text)
    except ValueError:
        return [f"status {status} without JSON: {text[:300]}"]
    if not isinstance(error, dict) or error.keys() != ERROR_KEYS or not error["message"]:
        return [f"status {status} of another form: {text[:300]}"]
    faults = []
    if status >= 500 and error["code"] not in WANTED:
        faults.append(f"status {status}: {text[:300]}")
    if not f"{response.headers['Content-Type']}".startswith("application/json"):
        faults.append(f"an error as {response.headers['Content-Type']}")
    sent = f"{request}"
    names = hidden_names(f"{stage.settings.database_url}", text)
    if told := [name for name in names if name not in sent]:
        faults.append(f"names {told}: {text[:300]}")
    return faults
