"""Fetch the sequences and metadata that a repository publishes, and keep them as they came."""

from __future__ import annotations

from pathlib import Path

from pipelines import tools
from pipelines.fetching import FetchError, fetch
from pipelines.job import Job, JobError
from pipelines.unpacking import opened

CONTENTS = ("sequences", "metadata")


def download(job: Job) -> None:
    """Fetch both files of the source, and hand them in."""
    source = job.inputs()["arguments"] or {}
    for content in CONTENTS:
        path = Path(f"raw_{content}")
        fetch_source(source.get(f"{content}_url"), path, content, source.get(f"{content}_sha256"))
        check(path, content)
        job.upload(path, path.name)
    job.report(tools.own_versions())


def fetch_source(url: str | None, path: Path, content: str, sha256: str | None = None) -> None:
    """Fetch one file of a source, or fail the job with the reason."""
    if url is None:
        raise JobError(f"the job names no {content}_url: give its source one")
    try:
        fetch(url, path, sha256=sha256)
    except FetchError as error:
        raise JobError(f"the {content} cannot be fetched: {error}") from None


def check(path: Path, content: str) -> None:
    """Refuse what is cut off, or something else, such as a page about a file that moved."""
    with opened(path) as file:
        line = file.readline(1 << 16)
        while file.read(1 << 20):
            pass
    if content == "sequences" and not line.startswith(b">"):
        raise JobError("the sequences are not FASTA: they do not begin with >")
    if content == "metadata" and b"\t" not in line and b"," not in line:
        raise JobError("the metadata are no table: their first line has neither tab nor comma")
