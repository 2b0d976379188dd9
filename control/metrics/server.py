"""Serve metrics to Prometheus by HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from control.errors import ControlError
from control.metrics.families import CONTENT_TYPE, END, write
from control.metrics.following import Follower
from control.metrics.group_requests import GroupCounter
from control.metrics.log_reader import LogReader
from control.metrics.probes import Prober
from control.settings import Settings

PATH = "/metrics"
# Longer than a whole answer takes.
SECONDS = 30


class Metrics(ThreadingHTTPServer):
    """One address that answers with the text of `gather`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], gather: Callable[[], str]) -> None:
        self.gather = gather
        # A scrape waits for the one before, so many at once cost as much as one after the other.
        self.lock = threading.Lock()
        super().__init__(address, Exchange)

    @property
    def url(self) -> str:
        """Return where Prometheus finds the metrics."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}{PATH}"


class Exchange(BaseHTTPRequestHandler):
    """One connection, which ends with its answer."""

    server: Metrics
    server_version = "control"
    sys_version = ""
    timeout = SECONDS

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer with the metrics, or name their path."""
        if self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", f"Ask for {PATH}\n")
            return
        with self.server.lock:
            text = self.server.gather()
        self._answer(HTTPStatus.OK, CONTENT_TYPE, text)

    def _answer(self, status: HTTPStatus, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def open_metrics(settings: Settings, host: str, port: int, log: Path) -> Iterator[Metrics]:
    """Follow the access log and take a port; the caller serves it. Port 0 is any free one."""
    follower, prober = Follower(LogReader(log)), Prober(settings)

    def gather() -> str:
        families, of_database = prober.ask()
        return write([*families, *follower.families()]) + of_database + END

    try:
        server = Metrics((host, port), gather)
    except OSError as error:
        raise ControlError(
            f"{host}, port {port}, cannot be used: {error.strerror}", "choose another port"
        ) from error
    counter = GroupCounter(settings, log)
    follower.start()
    counter.start()
    try:
        yield server
    finally:
        server.server_close()
        prober.close()
        follower.close()
        counter.close()
