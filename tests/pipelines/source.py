"""A server that publishes files, as repositories do: with ranges, and with the faults of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


@dataclass
class Source:
    """What is published, by path, and what goes wrong."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    # After how many bytes the next answers break off.
    breaks: list[int] = field(default_factory=list)
    etag: str | None = '"1"'
    # What a file becomes after the next answer.
    newer: dict[str, bytes] = field(default_factory=dict)
    # What was asked for: path and range.
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def published() -> Iterator[Source]:
    """Run the server while a test uses it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            source.asked.append((self.path, wanted))
            if self.path in source.redirects:
                self.send_response(302)
                self.send_header("Location", source.redirects[self.path])
                self.end_headers()
                return
            content = source.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = 0
            if wanted is not None and self.headers.get("If-Range") == source.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                self.send_response(206)
                last, size = len(content) - 1, len(content)
                self.send_header("Content-Range", f"bytes {start}-{last}/{size}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            if source.etag is not None:
                self.send_header("ETag", source.etag)
            self.end_headers()
            end = start + source.breaks.pop(0) if source.breaks else len(content)
            if self.path in source.newer:
                source.files[self.path], source.etag = source.newer.pop(self.path), '"2"'
            self.wfile.write(content[start:end])
            self.close_connection = True

        def log_message(self, *_args: object) -> None:
            """Say nothing on the terminal of the tests."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    source = Source(f"http://{HOST}:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield source
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
