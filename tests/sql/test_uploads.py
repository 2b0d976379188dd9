"""Members announce large files, get links to send them, and delete them."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CALL = "select api.create_upload(%s, %s, %s, %s)"
LINKS = "select api.upload_links(%s)"
CHECKSUM = "ab" * 32
PART = 64 << 20


@pytest.fixture(autouse=True)
def _credentials(admin: psycopg.Connection) -> None:
    """Store credentials of the bucket."""
    factories.storage_credentials(admin)


def answer_to(conn: psycopg.Connection, query: str, *arguments: object) -> Any:
    """Return the document that a function returns."""
    ((answer,),) = conn.execute(query.encode(), list(arguments)).fetchall()
    return answer


def test_small_file_is_sent_in_one_part_with_its_checksum(request_as: RequestAs, lab: Lab) -> None:
    """Sign length, type and checksum for a place below the folder of the group."""
    with request_as("member", sub="alice") as conn:
        upload = answer_to(conn, CALL, lab.group, " a file.tsv ", PART, CHECKSUM)
        stored = conn.execute(
            "select id, group_id, file_name, size_bytes, checksum_sha256, part_count,"
            " uploaded_by_id, expires_at - created_at = '7 days' from api.uploads"
        ).fetchall()

    [part] = upload["parts"]
    url = urlsplit(part["url"])
    assert stored == [(upload["id"], lab.group, "a file.tsv", PART, CHECKSUM, 1, lab.alice, True)]
    assert re.fullmatch(
        rf"/aspen/group/{lab.group}/uploads/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}/part-00001",
        url.path,
    )
    assert parse_qs(url.query)["X-Amz-SignedHeaders"] == [
        "content-length;content-type;host;x-amz-checksum-sha256"
    ]
    assert part["headers"] == {
        "Content-Length": str(PART),
        "Content-Type": "application/octet-stream",
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(CHECKSUM)).decode(),
    }


def test_large_file_is_sent_in_parts_of_known_length(request_as: RequestAs, lab: Lab) -> None:
    """Give each part its own place and length; the checksum is that of the whole file."""
    with request_as("member", sub="alice") as conn:
        upload = answer_to(conn, CALL, lab.group, "a.fasta", 2 * PART + 1, CHECKSUM)

    assert [(part["number"], part["size_bytes"]) for part in upload["parts"]] == [
        (1, PART),
        (2, PART),
        (3, 1),
    ]
    assert [urlsplit(part["url"]).path[-11:] for part in upload["parts"]] == [
        "/part-00001",
        "/part-00002",
        "/part-00003",
    ]
    assert [part["headers"]["Content-Length"] for part in upload["parts"]] == [
        str(PART),
        str(PART),
        "1",
    ]
    assert "x-amz-checksum-sha256" not in upload["parts"][0]["headers"]


def test_links_are_made_again_for_the_same_places(request_as: RequestAs, lab: Lab) -> None:
    """Let a slow client go on."""
    with request_as("member", sub="alice") as conn:
        upload = answer_to(conn, CALL, lab.group, "a.fasta", PART + 1, CHECKSUM)

        assert answer_to(conn, LINKS, upload["id"]) == upload


@pytest.mark.parametrize(
    ("name", "size", "checksum", "fields"),
    [
        ("", 1, CHECKSUM, ["file_name"]),
        (None, 1, CHECKSUM, ["file_name"]),
        ("x" * 256, 1, CHECKSUM, ["file_name"]),
        ("a\u202eb", 1, CHECKSUM, ["file_name"]),
        ("a", 0, CHECKSUM, ["size_bytes"]),
        ("a", (10 << 30) + 1, CHECKSUM, ["size_bytes"]),
        ("a", None, "AB" * 32, ["size_bytes", "checksum_sha256"]),
    ],
)
def test_wrong_file_is_rejected(
    request_as: RequestAs,
    lab: Lab,
    name: str | None,
    size: int | None,
    checksum: str,
    fields: list[str],
) -> None:
    """Name every argument that is wrong."""
    with request_as("member", sub="alice") as conn:
        refused: Any = refusal_of(conn, CALL, [lab.group, name, size, checksum])

    assert refused[:2] == (400, "invalid_argument")
    assert [problem["field"] for problem in refused[2]] == fields


def test_group_has_at_most_twenty_uploads(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Refuse one more, and count those of no other group."""
    factories.upload(admin, lab.other_group)
    for _ in range(19):
        factories.upload(admin, lab.group)

    with request_as("member", sub="alice") as conn:
        answer_to(conn, CALL, lab.group, "a", 1, CHECKSUM)
        refused = refusal_of(conn, CALL, [lab.group, "b", 1, CHECKSUM])

    assert refused == (409, "too_many_uploads", {"group_id": lab.group, "at_most": 20})


def test_expired_upload_makes_room(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Delete it with its file, and give it no links."""
    ids = [
        factories.upload(admin, lab.group, created_at="2024-01-01", expires_at=f"2024-01-{day:02}")
        for day in range(2, 22)
    ]

    with request_as("member", sub="alice") as conn:
        gone = refusal_of(conn, LINKS, [ids[0]])
        upload = answer_to(conn, CALL, lab.group, "a", 1, CHECKSUM)
        left = conn.execute("select id from api.uploads").fetchall()

    assert gone == (404, "upload_not_found", {"id": ids[0]})
    assert left == [(upload["id"],)]


def test_file_of_a_deleted_upload_is_deleted_part_by_part(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Queue each object for deletion in the same transaction."""
    upload = factories.upload(admin, lab.group, size_bytes=PART + 1)
    ((folder,),) = admin.execute("select folder from aspen.uploads").fetchall()

    with request_as("member", sub="alice") as conn:
        conn.execute("delete from api.uploads where id = %s", [upload])
        conn.execute("reset role")
        queued = conn.execute(
            "select group_id, job_id, bucket, key from aspen.object_prunes order by key"
        ).fetchall()

    assert queued == [
        (lab.group, None, "aspen", f"{folder}part-00001"),
        (lab.group, None, "aspen", f"{folder}part-00002"),
    ]


@pytest.mark.parametrize("subject", ["vic", "bob"])
def test_stranger_and_viewer_send_no_file_and_see_none(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, subject: str
) -> None:
    """Answer as if the upload did not exist."""
    upload = factories.upload(admin, lab.group)

    with request_as("member", sub=subject) as conn:
        create = refusal_of(conn, CALL, [lab.group, "a", 1, CHECKSUM])
        links = refusal_of(conn, LINKS, [upload])
        seen = conn.execute("select from api.uploads").fetchall()
        deleted = conn.execute("delete from api.uploads").rowcount

    assert create == (403, "group_access_denied", {"group_id": lab.group})
    assert links == (404, "upload_not_found", {"id": upload})
    assert (seen, deleted) == ([], 0)
