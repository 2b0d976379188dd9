"""A storage that fails inside for a moment is asked again; one that refuses is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from control.stack.ports import HOST
from pipelines import job


class Storage:
    """A storage that answers with these statuses, then 200, and an API whose links lead to it."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.asked: list[str] = []
        storage = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                storage.asked.append(f"{self.command} {self.path}")
                is_api = self.path.startswith("/rpc/")
                status = 200 if is_api or not storage.statuses else storage.statuses.pop(0)
                body = json.dumps({"url": f"{storage.url}/file", "headers": {}}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self.server.server_address[1]}"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """Run the storage, and wait for nothing."""
    monkeypatch.setattr("pipelines.retries.time.sleep", lambda _: None)
    storage = Storage()
    thread = threading.Thread(target=storage.server.serve_forever)
    thread.start()
    yield storage
    storage.server.shutdown()
    thread.join()
    storage.server.server_close()


@pytest.mark.parametrize("status", [500, 503])
def test_storage_that_fails_is_asked_again(storage: Storage, tmp_path: Path, status: int) -> None:
    """Send a file with a new link, and fetch one, once more."""
    storage.statuses = [status]
    one = job.Job(1, 1, storage.url, "token")
    file = tmp_path / "file"
    file.write_bytes(b"content")

    one.upload(file, "log")
    storage.statuses = [status]
    one.download(f"{storage.url}/input", file)

    sent = ["POST /rpc/job_upload_url", "PUT /file"]
    assert storage.asked == sent * 2 + ["GET /input"] * 2


def test_storage_that_refuses_is_not_asked_again(storage: Storage, tmp_path: Path) -> None:
    """Fail the job with the status, without the link."""
    storage.statuses = [403]

    with pytest.raises(job.JobError, match=r"^an input .* 127.0.0.1 answers HTTP 403$"):
        job.Job(1, 1, storage.url, "token").download(f"{storage.url}/input", tmp_path / "file")

    assert storage.asked == ["GET /input"]
