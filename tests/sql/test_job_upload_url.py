"""The program of a job sends files into the folder of its attempt, without keys of the storage."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CALL = "select api.job_upload_url(%s, %s, %s)"
CHECKSUM = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def job(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a running job at its second attempt, and credentials of the bucket."""
    factories.storage_credentials(admin)
    return factories.job(admin, lab.group, "pangolin", "running", attempt=2)


def link_of(request_as: RequestAs, job: int, *arguments: object) -> Any:
    """Return the link that the program of the job gets."""
    with request_as("job", sub=f"job|{job}", job_id=job, attempt=2) as conn:
        ((link,),) = conn.execute(CALL, list(arguments)).fetchall()
    return link


def refused(request_as: RequestAs, job: int, *arguments: object) -> Any:
    """Return the error that the program of the job gets."""
    with request_as("job", sub=f"job|{job}", job_id=job, attempt=2) as conn:
        return refusal_of(conn, CALL, list(arguments))


def test_program_gets_a_link_into_the_folder_of_its_attempt(
    request_as: RequestAs, job: int
) -> None:
    """Sign the size and the checksum, for fifteen minutes."""
    link = link_of(request_as, job, "a folder/tree ü.json", 7, CHECKSUM)

    url = urlsplit(link["url"])
    signed = parse_qs(url.query)
    assert url.path == f"/aspen/jobs/{job}/2/a%20folder/tree%20%C3%BC.json"
    assert signed["X-Amz-SignedHeaders"] == [
        "content-length;content-type;host;x-amz-checksum-sha256"
    ]
    assert signed["X-Amz-Expires"] == ["900"]
    assert link["uri"] == f"s3://aspen/jobs/{job}/2/a folder/tree ü.json"
    assert link["headers"] == {
        "Content-Length": "7",
        "Content-Type": "application/octet-stream",
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(b"content").digest()).decode(),
    }


def test_end_of_a_link_is_that_of_credentials_that_end_before(
    admin: psycopg.Connection, request_as: RequestAs, job: int
) -> None:
    """Tell the program when the link ends."""
    admin.execute("update aspen.storage_credentials set expires_at = now() + interval '90 s'")

    link = link_of(request_as, job, "tree.json", 7, CHECKSUM)

    ends = datetime.fromisoformat(link["expires_at"])
    assert ends - datetime.now(UTC) <= timedelta(seconds=90)


@pytest.mark.parametrize(
    "change",
    [
        "update aspen.storage_credentials set expires_at = now()",
        "delete from aspen.storage_credentials",
    ],
)
def test_without_valid_credentials_there_is_no_link(
    admin: psycopg.Connection, request_as: RequestAs, job: int, change: str
) -> None:
    """Answer 503 instead of a link that nothing would accept."""
    admin.execute(change.encode())

    assert refused(request_as, job, "a", 7, CHECKSUM) == (503, "storage_unavailable", None)


def test_files_go_where_credentials_were_renewed_last(
    admin: psycopg.Connection, request_as: RequestAs, job: int
) -> None:
    """Send nothing to a bucket that the environment used before."""
    factories.storage_credentials(admin, "new", updated_at="2999-01-01")

    assert link_of(request_as, job, "a", 7, CHECKSUM)["uri"] == f"s3://new/jobs/{job}/2/a"


WRONG = {
    "nothing": (None, "path"),
    "empty": ("", "path"),
    "leading slash": ("/tree.json", "path"),
    "trailing slash": ("trees/", "path"),
    "empty part": ("a//b", "path"),
    "dot": ("./tree.json", "path"),
    "dots": ("a/../../../jobs/1/1/tree.json", "path"),
    "dots at the end": ("a/..", "path"),
    "line break": ("a\nb", "path"),
    "right to left": ("a\u202eb", "path"),
    "log": ("log.txt", "path"),
    "long": ("ü" * 257, "path"),
}


@pytest.mark.parametrize(("path", "field"), WRONG.values(), ids=WRONG)
def test_wrong_path_is_rejected(
    request_as: RequestAs, job: int, path: str | None, field: str
) -> None:
    """Let no path lead out of the folder or into the log."""
    answer = refused(request_as, job, path, 7, CHECKSUM)

    assert answer[:2] == (400, "invalid_argument")
    assert [problem["field"] for problem in answer[2]] == [field]


@pytest.mark.parametrize("path", ["ü" * 256, "a/log.txt", "..a", "a..b/c.", "manifest.json", "%2e"])
def test_odd_path_is_accepted(request_as: RequestAs, job: int, path: str) -> None:
    """Reject no more than what would harm."""
    assert link_of(request_as, job, path, 7, CHECKSUM)["uri"] == f"s3://aspen/jobs/{job}/2/{path}"


@pytest.mark.parametrize(
    ("size", "checksum", "field"),
    [
        (0, CHECKSUM, "size_bytes"),
        (-1, CHECKSUM, "size_bytes"),
        ((5 << 30) + 1, CHECKSUM, "size_bytes"),
        (None, CHECKSUM, "size_bytes"),
        (7, CHECKSUM.upper(), "checksum_sha256"),
        (7, CHECKSUM[1:], "checksum_sha256"),
        (7, f"{CHECKSUM}\n", "checksum_sha256"),
        (7, None, "checksum_sha256"),
    ],
)
def test_wrong_size_or_checksum_is_rejected(
    request_as: RequestAs, job: int, size: int | None, checksum: str | None, field: str
) -> None:
    """Sign what S3 can check, and at most what it takes in one piece."""
    answer = refused(request_as, job, "tree.json", size, checksum)

    assert answer[:2] == (400, "invalid_argument")
    assert [problem["field"] for problem in answer[2]] == [field]
