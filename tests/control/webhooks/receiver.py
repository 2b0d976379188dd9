"""A server that receives webhooks, and answers as a test wants."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from control.stack.ports import HOST


@dataclass
class Receiver:
    """What arrived, and the statuses of the next answers; 200 after those."""

    port: int = 0
    scheme: str = "http"
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    # Whether an answer that is held back comes letter by letter.
    is_slow: bool = False
    # Set while answers are held back.
    silence: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address of the server."""
        host = "localhost" if self.scheme == "http" else HOST
        return f"{self.scheme}://{host}:{self.port}/hooks?key=a"


@contextmanager
def running_receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    """Run the server on a free port of this machine, with a certificate over https."""
    receiver = Receiver(scheme="https" if certificate else "http")
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append((self.path, headers, body))
            if receiver.silence.is_set():
                # Ends when the client has gone, or with the server.
                with suppress(OSError):
                    while receiver.is_slow and not released.wait(0.05):
                        self.wfile.write(b"H")
                released.wait(60)
                return
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()
