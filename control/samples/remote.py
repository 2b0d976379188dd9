"""Import files into an environment through its API, as any client does.

The files go to the storage part by part; a job imports them, and says what is wrong with them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from control.errors import ControlError
from control.people.groups import choose_group
from control.samples.api_client import Client
from control.samples.importing import ImportReport
from control.samples.metadata import Problem

POLL_SECONDS = 2.0
PAGE = 1000
PROBLEM_COLUMNS = ("file_name", "line", "strain", "field", "value", "reason")


@dataclass(frozen=True)
class Ended:
    """How the job of an import ended: its error is null if everything is stored."""

    job_id: int
    report: ImportReport
    error: str | None


def import_remotely(
    client: Client,
    group: str,
    metadata: Path,
    sequences: Path | None,
    options: Mapping[str, object],
    *,
    say: Callable[[str], None],
    advance: Callable[[int, int], None],
) -> Ended:
    """Send the files, queue their import and wait for its end.

    `advance` is told how many of how many samples are read.
    """
    rows = client.get("groups", {"select": "id,name,prefix", "order": "id"})
    group_id = choose_group(((row["id"], row["name"], row["prefix"]) for row in rows), group)
    with ExitStack() as stack:
        files = [_regular(path, stack) for path in (metadata, sequences) if path is not None]
        uploads = [_send(client, group_id, *file, say) for file in files]
    names = ("metadata_upload_id", "sequences_upload_id")
    arguments = {"group_id": group_id, **options, **dict(zip(names, uploads, strict=False))}
    [job] = client.call("create_import", arguments)
    say(f"job {job['id']} imports them")
    job = _follow(client, job["id"], advance)
    total = job["progress_total"] or 0
    if job["status"] == "succeeded":
        return Ended(job["id"], ImportReport(total, []), None)
    # They are sent again when they are corrected, and a group has room for some only.
    client.delete("uploads", uploads)
    given = {path.name: str(path) for path in (metadata, sequences) if path is not None}
    problems = [
        replace(problem, file=given.get(problem.file, problem.file))
        for problem in _problems(client, job["id"])
    ]
    error = job["error"] or f"the job was {job['status']}"
    return Ended(job["id"], ImportReport(total, problems), error)


def _regular(path: Path, stack: ExitStack) -> tuple[Path, str]:
    """Return a file that can be read twice, and its name: a pipe is copied first."""
    if path.is_file():
        return path, path.name
    copy = Path(stack.enter_context(TemporaryDirectory())) / path.name
    with path.open("rb") as pipe, copy.open("wb") as file:
        shutil.copyfileobj(pipe, file)
    return copy, path.name


def _send(client: Client, group_id: int, path: Path, name: str, say: Callable[[str], None]) -> int:
    """Send a file in as many parts as the API asks for, and return its id there."""
    size = path.stat().st_size
    if not size:
        raise ControlError(f"{name} is empty", "give a file with content")
    with path.open("rb") as file:
        checksum = file_digest(file, "sha256").hexdigest()
    upload = client.call(
        "create_upload",
        {
            "group_id": group_id,
            "file_name": name,
            "size_bytes": size,
            "checksum_sha256": checksum,
        },
    )
    sent = 0
    for number in range(len(upload["parts"])):
        say(f"sending {name}: {sent} of {size} bytes")
        part = upload["parts"][number]
        if not client.send_part(path, sent, part):
            # The links of a slow client expire.
            [part] = client.call("upload_links", {"id": upload["id"]})["parts"][number : number + 1]
            if not client.send_part(path, sent, part):
                raise ControlError(
                    f"the storage refused part {part['number']} of {name}",
                    "see that the file does not change while it is sent, and start again",
                )
        sent += part["size_bytes"]
    return int(upload["id"])


def _follow(client: Client, job_id: int, advance: Callable[[int, int], None]) -> dict[str, Any]:
    wanted = {"id": f"eq.{job_id}", "select": "id,status,error,progress_done,progress_total"}
    while True:
        rows = client.get("jobs", wanted)
        if not rows:
            raise ControlError(f"job {job_id} was deleted", "import the files again")
        [job] = rows
        advance(job["progress_done"] or 0, job["progress_total"] or 0)
        if job["status"] not in ("queued", "running"):
            return job
        client.pause(POLL_SECONDS)


def _problems(client: Client, job_id: int) -> Iterator[Problem]:
    """Yield what is wrong with the rows, page by page."""
    after = 0
    while True:
        page = client.get(
            "import_problems",
            {
                "job_id": f"eq.{job_id}",
                "id": f"gt.{after}",
                "order": "id",
                "limit": PAGE,
                "select": ",".join(("id", *PROBLEM_COLUMNS)),
            },
        )
        for row in page:
            yield Problem(*(row[column] for column in PROBLEM_COLUMNS))
        if len(page) < PAGE:
            return
        after = page[-1]["id"]
