"""Call the API as the program of a job: read inputs, stay alive, upload files, report.

The environment says everything: ASPEN_API_URL, ASPEN_JOB_ID, ASPEN_JOB_ATTEMPT, ASPEN_JOB_TOKEN and
TRACEPARENT (docs/jobs.md). No other access to the platform exists.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pipelines.fetching import FetchError, fetch
from pipelines.retries import PASSING, PASSING_OF_STORAGE, TRIES, pause, waits

# A worker takes a job from a program that is silent for longer than 30 s.
HEARTBEAT_SECONDS = 10.0
_TIMEOUT_SECONDS = 120.0


class JobError(Exception):
    """A reason why the job cannot succeed, in one sentence for its owner."""


class JobEnded(Exception):
    """The API does not know the attempt any more: it was cancelled, timed out or retried."""


@dataclass
class Job:
    """The calling job."""

    job_id: int
    attempt: int
    api_url: str
    token: str = field(repr=False)
    traceparent: str | None = None
    files: list[dict[str, object]] = field(default_factory=list)
    _inputs: dict[str, Any] | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Job:
        """Read what the worker set."""
        try:
            return cls(
                int(environment["ASPEN_JOB_ID"]),
                int(environment["ASPEN_JOB_ATTEMPT"]),
                environment["ASPEN_API_URL"].rstrip("/"),
                environment["ASPEN_JOB_TOKEN"],
                environment.get("TRACEPARENT"),
            )
        except KeyError as error:
            raise JobError(f"the environment has no {error.args[0]}") from error

    def inputs(self) -> dict[str, Any]:
        """Return what the job runs on, as claim_job_inputs describes it; asked for once."""
        if self._inputs is None:
            self._inputs = self._call("claim_job_inputs", {})
        return self._inputs

    def sequences(self, path: Path, *, is_aligned: bool = False) -> int:
        """Write the sequences of all samples to a FASTA file, page by page; return their number.

        With `is_aligned`, those that Nextclade aligned, of samples that have one.
        """
        count, after_id, left = 0, 0, 1
        with path.open("wb") as file:
            while left:
                page = file.tell()
                for wait in waits():
                    # An answer that broke off is asked for again as a whole.
                    file.seek(page)
                    file.truncate()
                    try:
                        with self._open(
                            "job_sequences", {"after_id": after_id, "is_aligned": is_aligned}
                        ) as answer:
                            records, last_id = _copy_fasta(answer, file, after_id)
                            left = int(answer.headers["Samples-Left"])
                        break
                    except (OSError, http.client.HTTPException) as error:
                        pause(wait, error)
                if left and not records:
                    raise JobError("the API sends no more sequences although some are left")
                count, after_id = count + records, last_id
        return count

    def download(self, url: str, path: Path) -> None:
        """Fetch an input from its presigned link."""
        try:
            fetch(url, path)
        except FetchError as error:
            raise JobError(f"an input cannot be fetched: {error}") from None

    @contextmanager
    def heartbeat(self, seconds: float = HEARTBEAT_SECONDS) -> Iterator[threading.Event]:
        """Report in the background that the job is alive; the event is set when it has ended."""
        done, ended = threading.Event(), threading.Event()

        def beat() -> None:
            while not done.wait(seconds):
                try:
                    self._call("report_job", {}, tries=1)
                except JobEnded:
                    ended.set()
                    return
                except (JobError, OSError, http.client.HTTPException) as error:
                    print(f"heartbeat: {type(error).__name__}", file=sys.stderr)

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield ended
        finally:
            done.set()
            thread.join()

    def upload(self, path: Path, kind: str) -> None:
        """Send a file to the folder of the attempt, and list it in the manifest."""
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        described = {"path": path.name, "size_bytes": size, "checksum_sha256": checksum}
        for wait in waits():
            link = self._call("job_upload_url", described)
            try:
                with path.open("rb") as file:
                    request = urllib.request.Request(
                        link["url"],
                        data=file,
                        method="PUT",
                        headers={"Content-Length": str(size)} | dict(link["headers"]),
                    )
                    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                        pass
                break
            except urllib.error.HTTPError as error:
                if error.code not in PASSING_OF_STORAGE:
                    raise JobError(f"{path.name} was not stored: HTTP {error.code}") from None
                pause(wait, error)
            except (OSError, http.client.HTTPException) as error:
                pause(wait, error)
        self.files.append({"kind": kind, "key": path.name, "size": size, "sha256": checksum})

    def report(self, software_versions: Mapping[str, str], **others: object) -> None:
        """Submit the manifest: the job has succeeded with the files that were uploaded."""
        self._report(
            {
                "status": "succeeded",
                "error": None,
                "software_versions": dict(software_versions),
                "files": self.files,
                **others,
            }
        )

    def fail(self, reason: str, software_versions: Mapping[str, str] | None = None) -> None:
        """Report that the job failed, and why."""
        self._report(
            {
                "status": "failed",
                "error": reason,
                "software_versions": dict(software_versions or {}),
                "files": [],
            }
        )

    def _report(self, manifest: dict[str, object]) -> None:
        named = {"kind": self.inputs()["kind"], "attempt": self.attempt}
        if self.traceparent:
            named["traceparent"] = self.traceparent
        self._call("report_job", {"manifest": {**named, **manifest}})

    def _call(self, name: str, arguments: Mapping[str, object], tries: int = TRIES) -> Any:
        for wait in waits(tries):
            try:
                with self._open(name, arguments) as answer:
                    return json.load(answer)
            except (OSError, http.client.HTTPException) as error:
                pause(wait, error)
        raise AssertionError("the last pause raises")

    def _open(self, name: str, arguments: Mapping[str, object]) -> http.client.HTTPResponse:
        """Send a request. Raise OSError for what may pass, JobError and JobEnded for the rest."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        request = urllib.request.Request(
            f"{self.api_url}/rpc/{name}", data=json.dumps(arguments).encode(), headers=headers
        )
        try:
            answer: http.client.HTTPResponse = urllib.request.urlopen(
                request, timeout=_TIMEOUT_SECONDS
            )
        except urllib.error.HTTPError as error:
            if error.code in PASSING:
                raise
            problem = _problem(error)
            if error.code == 401:
                raise JobEnded(problem) from None
            raise JobError(f"{name}: {problem}") from None
        return answer


def run(program: Callable[[Job], None]) -> int:
    """Run a program as the job of the environment, and return the exit code.

    A JobError is reported as the reason. Any other error is not: its trace goes to stderr, of which
    the worker keeps the end.
    """
    job = Job.from_environment()
    try:
        with job.heartbeat():
            try:
                program(job)
            except JobError as error:
                print(error, file=sys.stderr)
                job.fail(str(error))
    except JobEnded as error:
        print(f"the attempt is over: {error}", file=sys.stderr)
        return 1
    return 0


def _copy_fasta(answer: IO[bytes], file: IO[bytes], after_id: int) -> tuple[int, int]:
    """Copy records named by the id of a sample; return their number and the last id."""
    records, last_id = 0, after_id
    for line in answer:
        if line.startswith(b">"):
            records, last_id = records + 1, int(line[1:])
        file.write(line)
    return records, last_id


def _problem(error: urllib.error.HTTPError) -> str:
    """Return the message of an answer, or its status if it has none."""
    try:
        answer = json.load(error)
        return " ".join(str(answer[key]) for key in ("message", "details") if answer.get(key))
    except (ValueError, AttributeError, OSError):
        return f"HTTP {error.code}"
