"""Serve the page on this machine, and pass its calls on to the API.

Page and API have one origin, so the API needs no CORS for it, and the page may speak to nobody
else. Nothing is logged, because a call can carry a token.
"""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import Request

from control.docs.files import File, read_files
from control.errors import ControlError
from control.local import forward
from control.settings import Settings

HOST = "127.0.0.1"
PREFIX = "/api"
# A little more than the API allows a request.
SECONDS = 90
# What the edge of the API accepts of most requests.
LARGEST_BODY = 32_000_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# What the API reads (postgrest.conf, nginx.conf). Cookies and origins are none of its business.
PASSED_ON = (
    *("Accept", "Accept-Profile", "Authorization", "Content-Profile", "Content-Type"),
    *("Idempotency-Key", "If-None-Match", "Prefer", "Range", "Range-Unit", "X-Request-Id"),
)
# Belongs to one connection, or is for pages of other origins.
NOT_PASSED_BACK = ("connection", "keep-alive", "transfer-encoding", "server", "date", "set-cookie")


class Docs(ThreadingHTTPServer):
    """The page and the way to one API, on loopback."""

    daemon_threads = True

    def __init__(self, api_url: str, files: Mapping[str, File], port: int) -> None:
        self.api_url = api_url.rstrip("/")
        self.files = files
        super().__init__((HOST, port), Exchange)

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"http://{HOST}:{self.server_port}/"

    @property
    def names(self) -> set[str]:
        """Return the hosts that a browser may ask for, so that no other site's name leads here."""
        return {f"{host}:{self.server_port}" for host in (HOST, "localhost")}


class Exchange(BaseHTTPRequestHandler):
    """One connection, which ends with its answer."""

    server: Docs
    server_version = "control"
    sys_version = ""
    timeout = SECONDS

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer with a file of the page, or as the API does."""
        if self._is_ours():
            if self._is_call():
                self._pass_on()
            else:
                self._answer_file()

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Answer as the API does."""
        if self._is_ours():
            if self._is_call():
                self._pass_on()
            else:
                self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "The page can only be read")

    do_PATCH = do_PUT = do_DELETE = do_POST

    def _is_ours(self) -> bool:
        """Refuse what another site makes a browser send."""
        origin = self.headers.get("Origin")
        is_ours = self.headers.get("Host") in self.server.names and (
            origin is None or urlsplit(origin).netloc in self.server.names
        )
        if not is_ours:
            self._refuse(HTTPStatus.FORBIDDEN, "Only the page itself may call")
        return is_ours

    def _is_call(self) -> bool:
        return self.path.startswith(f"{PREFIX}/")

    def _answer_file(self) -> None:
        file = self.server.files.get(urlsplit(self.path).path)
        if file is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such file")
            return
        self.send_response(HTTPStatus.OK)
        self._end_headers(PAGE_HEADERS | {"Content-Type": file.media_type}, len(file.content))
        if self.command != "HEAD":
            self.wfile.write(file.content)

    def _pass_on(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large for the page")
            return
        request = Request(
            f"{self.server.api_url}{self.path.removeprefix(PREFIX)}",
            data=self.rfile.read(int(length)) or None,
            headers={name: self.headers[name] for name in PASSED_ON if name in self.headers},
            method=self.command,
        )
        try:
            answer = forward(request, SECONDS)
        except (OSError, http.client.HTTPException):
            self._refuse(HTTPStatus.BAD_GATEWAY, "The API cannot be reached")
            return
        with answer:
            self.send_response(answer.status or HTTPStatus.BAD_GATEWAY)
            self._end_headers(_passed_back(answer.headers))
            shutil.copyfileobj(answer, self.wfile)

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer in the form of the API's own errors."""
        error = {"code": "control_docs", "message": message, "details": None, "hint": None}
        body = json.dumps(error).encode()
        self.send_response(status)
        self._end_headers(PAGE_HEADERS | {"Content-Type": "application/json"}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _end_headers(self, headers: Mapping[str, str], length: int | None = None) -> None:
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def _passed_back(headers: Message) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in NOT_PASSED_BACK and not name.lower().startswith("access-control-")
    }


def open_docs(settings: Settings, port: int = 0) -> Docs:
    """Take a port for the page; the caller serves it. Port 0 is any free one."""
    if settings.api_url is None:
        raise ControlError(
            f"environment {settings.environment} has no address of an API",
            "run control up, or set ASPEN_API_URL (in aspen.toml: api_url)",
        )
    try:
        forward(Request(f"{settings.api_url.rstrip('/')}/"), SECONDS).close()
    except (OSError, http.client.HTTPException) as error:
        raise ControlError(
            f"the API at {settings.api_url} does not answer",
            "control status shows whether the local one runs, control up starts it",
        ) from error
    try:
        return Docs(settings.api_url, read_files(settings.root), port)
    except OSError as error:
        raise ControlError(
            f"port {port} cannot be used: {error.strerror}", "choose another one"
        ) from error
