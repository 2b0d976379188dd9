"""Registered outputs as clients of the API fetch them: by a link that needs no token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from control.stack.ministack import ensure_bucket
from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.names import unique
from tests.people import store_groups, store_people
from tests.servers import S3, Api

CONTENT = "naïve ☃ content".encode() * 1_000
KEYS = {
    "plain": "tree.json",
    "spaces": "a tree of ours.json",
    "other alphabets": "arbre/ü/☃/林.json",
    "signs": "a+b&c=d?e#f%20g'h(i)j*k!l;m:n@o,p~q.json",
}


@dataclass
class Archive:
    """The outputs of a group, and the cast that asks for them."""

    api: Api
    s3: S3
    conn: psycopg.Connection

    def __post_init__(self) -> None:
        self.name = unique(32)
        groups = store_groups(self.conn, f"-{self.name[:12]}")
        store_people(self.conn, groups, suffix=f"-{self.name}")
        self.group_id = groups["lab"]

    def output(self, key: str = "tree.json", kind: str = "auspice_json", **columns: Any) -> int:
        """Store an object in the bucket, and the output that names it."""
        place = f"{self.name}/{key}"
        self.s3.client.put_object(Bucket=self.s3.bucket, Key=place, Body=CONTENT)
        job_id = factories.job(self.conn, self.group_id, "nextclade", "succeeded")
        values = {"bucket": self.s3.bucket, "key": place} | columns
        return factories.job_output(self.conn, job_id, kind, **values)

    def ask(self, output_id: int, person: str = "alice") -> httpx.Response:
        """Request the link as one of the cast."""
        token = self.api.token(f"{person}-{self.name}")
        return self.api.get("/rpc/output_url", token, params={"id": output_id})

    def link(self, output_id: int) -> str:
        """Return the link that a member gets."""
        return str(self.ask(output_id).raise_for_status().json()["url"])


@pytest.fixture
def archive(api: Api, s3: S3) -> Iterator[Archive]:
    """Store credentials as `control output credentials` does."""
    with api.database.connect() as conn:
        store_credentials(conn, current_credentials(s3.settings, s3.client))
        yield Archive(api, s3, conn)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_link_fetches_the_file(archive: Archive, key: str) -> None:
    """Return it byte by byte, whatever the key looks like, without a token."""
    assert httpx.get(archive.link(archive.output(key))).raise_for_status().content == CONTENT


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Expires=300", "X-Amz-Expires=3600"),
        ("tree.json", "other.json"),
    ],
    ids=["signature", "lifetime", "key"],
)
def test_link_tampered_with_is_refused(archive: Archive, what: str, instead: str) -> None:
    """Reject a wrong signature, which the emulator checks wherever one is given."""
    link = archive.link(archive.output("tree.json"))
    archive.output("other.json")

    assert what in link
    assert httpx.get(link.replace(what, instead)).status_code == 403


def test_link_leads_to_the_registered_version_of_a_file(archive: Archive) -> None:
    """Return it though the file was overwritten or deleted, in a bucket that keeps versions."""
    client, bucket, key = archive.s3.client, f"bucket-{archive.name}", "tree.json"
    settings = replace(archive.s3.settings, bucket=bucket)
    ensure_bucket(settings)
    store_credentials(archive.conn, current_credentials(settings, client))
    registered = client.put_object(Bucket=bucket, Key=key, Body=CONTENT)
    client.put_object(Bucket=bucket, Key=key, Body=b"something else")
    job_id = factories.job(archive.conn, archive.group_id, "nextclade", "succeeded")
    link = archive.link(
        factories.job_output(
            archive.conn, job_id, bucket=bucket, key=key, version_id=registered["VersionId"]
        )
    )

    assert httpx.get(link).content == CONTENT
    client.delete_object(Bucket=bucket, Key=key)
    assert httpx.get(link).content == CONTENT
    assert httpx.get(link.replace("versionId=", "versionId=0")).is_client_error


def test_link_serves_no_other_method(archive: Archive) -> None:
    """Allow reading only."""
    link = archive.link(archive.output())

    assert httpx.put(link, content=b"mine").status_code == 403
    assert httpx.get(link).content == CONTENT


def test_link_outlives_no_credentials(archive: Archive) -> None:
    """Name the end of the credentials, which S3 enforces."""
    archive.conn.execute(
        "update aspen.storage_credentials set expires_at = now() + interval '2 minutes'"
    )

    query = httpx.QueryParams(urlsplit(archive.link(archive.output())).query)

    assert 110 <= int(query["X-Amz-Expires"]) <= 120


@pytest.mark.parametrize("lifetime", ["-1 second", "0.5 seconds"])
def test_no_link_is_made_without_good_credentials(archive: Archive, lifetime: str) -> None:
    """Reject the request, because a link that cannot work is worse than none."""
    output_id = archive.output()
    archive.conn.execute(
        "update aspen.storage_credentials set expires_at = now() + %s::interval", [lifetime]
    )

    answer = archive.ask(output_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


def test_output_in_a_bucket_without_credentials_has_no_link(archive: Archive) -> None:
    """Name the command that operators should run."""
    answer = archive.ask(archive.output(bucket="elsewhere"))

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


@pytest.mark.parametrize(
    ("person", "kind", "answer"),
    [
        ("alice", "auspice_json", (200, None)),
        ("alice", "aligned_fasta", (200, None)),
        ("gus", "auspice_json", (200, None)),
        ("gus", "aligned_fasta", (403, "output_is_private")),
        ("gus", "nextclade_csv", (403, "output_is_private")),
        ("gus", "lineage_report_csv", (403, "output_is_private")),
        ("bob", "auspice_json", (404, "output_not_found")),
        ("bob", "aligned_fasta", (404, "output_not_found")),
    ],
)
def test_link_is_made_for_those_who_may_read_the_file(
    archive: Archive, person: str, kind: str, answer: tuple[int, str | None]
) -> None:
    """Return trees to everybody who sees the run, other files to members and admins."""
    given = archive.ask(archive.output(kind=kind), person)

    assert (given.status_code, given.json().get("code")) == answer


def test_unknown_output_is_not_found(archive: Archive) -> None:
    """Answer as for an output of another group."""
    answer = archive.ask(2**62)

    assert (answer.status_code, answer.json()["code"]) == (404, "output_not_found")
