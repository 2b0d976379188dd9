"""Registered outputs as clients of the API get them: by a link that needs no token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

from control.stack.ministack import ensure_bucket
from control.storage.credentials import current_credentials, store_credentials
from tests import factories
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
    """The outputs of a group, and people of every kind who ask for them."""

    api: Api
    s3: S3
    conn: psycopg.Connection

    def __post_init__(self) -> None:
        self.name = uuid4().hex
        self.group_id = factories.group(self.conn, self.name, prefix=self.name[:8])
        grantee, stranger = (
            factories.group(self.conn, f"{role} {self.name}", prefix=f"{role}{self.name[:8]}")
            for role in ("grantee", "stranger")
        )
        factories.grant(self.conn, self.group_id, grantee, "viewer")
        for person, group_id in {
            "member": self.group_id,
            "viewer": grantee,
            "stranger": stranger,
        }.items():
            factories.user(self.conn, f"{person}-{self.name}", {group_id: "member"})

    def output(self, key: str = "tree.json", kind: str = "auspice_json", **columns: Any) -> int:
        """An object in the bucket, and the output that names it."""
        place = f"{self.name}/{key}"
        self.s3.client.put_object(Bucket=self.s3.bucket, Key=place, Body=CONTENT)
        job_id = factories.job(self.conn, self.group_id, "nextclade", "succeeded")
        values = {"bucket": self.s3.bucket, "key": place} | columns
        return factories.job_output(self.conn, job_id, kind, **values)

    def ask(self, output_id: int, person: str = "member") -> httpx.Response:
        """Ask for the link as one of them."""
        token = self.api.token(f"{person}-{self.name}")
        return self.api.get("/rpc/output_url", token, params={"id": output_id})

    def link(self, output_id: int) -> str:
        """The link a member gets."""
        return str(self.ask(output_id).raise_for_status().json()["url"])


@pytest.fixture
def archive(api: Api, s3: S3) -> Iterator[Archive]:
    """With credentials as `control output credentials` stores them."""
    with api.database.connect() as conn:
        store_credentials(conn, current_credentials(s3.settings, s3.client))
        yield Archive(api, s3, conn)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_link_fetches_the_file(archive: Archive, key: str) -> None:
    """Byte by byte, whatever the key looks like, and without a token."""
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
    """Where a signature is given, the emulator checks it."""
    link = archive.link(archive.output("tree.json"))
    archive.output("other.json")

    assert what in link
    assert httpx.get(link.replace(what, instead)).status_code == 403


def test_link_leads_to_what_was_registered_though_it_was_overwritten(archive: Archive) -> None:
    """And though it was deleted: a bucket that keeps versions still has it."""
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
    """It is good for reading."""
    link = archive.link(archive.output())

    assert httpx.put(link, content=b"mine").status_code == 403
    assert httpx.get(link).content == CONTENT


def test_link_outlives_no_credentials(archive: Archive) -> None:
    """It says so itself, and S3 holds it to that."""
    archive.conn.execute(
        "update aspen.storage_credentials set expires_at = now() + interval '2 minutes'"
    )

    query = httpx.QueryParams(urlsplit(archive.link(archive.output())).query)

    assert 110 <= int(query["X-Amz-Expires"]) <= 120


@pytest.mark.parametrize("lifetime", ["-1 second", "0.5 seconds"])
def test_without_good_credentials_no_link_is_made(archive: Archive, lifetime: str) -> None:
    """A link that cannot work is worse than none."""
    output_id = archive.output()
    archive.conn.execute(
        "update aspen.storage_credentials set expires_at = now() + %s::interval", [lifetime]
    )

    answer = archive.ask(output_id)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


def test_output_in_a_bucket_without_credentials_has_no_link(archive: Archive) -> None:
    """Operators are told what to run."""
    answer = archive.ask(archive.output(bucket="elsewhere"))

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


@pytest.mark.parametrize(
    ("person", "kind", "answer"),
    [
        ("member", "auspice_json", (200, None)),
        ("member", "aligned_fasta", (200, None)),
        ("viewer", "auspice_json", (200, None)),
        ("viewer", "aligned_fasta", (403, "output_is_private")),
        ("viewer", "nextclade_csv", (403, "output_is_private")),
        ("viewer", "lineage_report_csv", (403, "output_is_private")),
        ("stranger", "auspice_json", (404, "output_not_found")),
        ("stranger", "aligned_fasta", (404, "output_not_found")),
    ],
)
def test_link_is_made_for_those_who_may_read_the_file(
    archive: Archive, person: str, kind: str, answer: tuple[int, str | None]
) -> None:
    """Trees for everybody who sees the run, the rest for members and admins."""
    given = archive.ask(archive.output(kind=kind), person)

    assert (given.status_code, given.json().get("code")) == answer


def test_unknown_output_is_not_found(archive: Archive) -> None:
    """Like one of another group."""
    answer = archive.ask(2**62)

    assert (answer.status_code, answer.json()["code"]) == (404, "output_not_found")
