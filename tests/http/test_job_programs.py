"""The program of a job calls the API with the token of its attempt."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.http.world import Caller, World, refusal, rows
from tests.servers import S3

CALLS: dict[str, dict[str, Any]] = {
    "claim_job_inputs": {},
    "job_sequences": {},
    "job_upload_url": {"path": "a", "size_bytes": 1, "checksum_sha256": "0" * 64},
    "report_job": {},
}
CONTENT = b"a tree of \xff"


def job_of(world: World, **columns: object) -> tuple[int, int]:
    """Store a running job over a sample with a sequence, and return both ids."""
    sample = factories.sample(world.conn, world.group)
    factories.sequence(world.conn, sample)
    job = factories.job(world.conn, world.group, "pangolin", "running", **columns)
    factories.job_sample(world.conn, job, sample)
    return job, sample


def program(world: World, job: int, attempt: int = 1) -> Caller:
    """Return a client with the token of a job."""
    return Caller(world.api, world.api.token(f"job|{job}", "job", job_id=job, attempt=attempt))


def test_program_reads_its_inputs_and_hands_in_its_manifest(world: World) -> None:
    """Take JSON, then FASTA named by sample ids, and report."""
    job, sample = job_of(world)
    caller = program(world, job)

    inputs = rows(caller.post("/rpc/claim_job_inputs"))
    fasta = caller.post("/rpc/job_sequences", json={"after_id": 0})
    manifest = {"kind": "pangolin", "attempt": 1, "status": "failed", "error": "no disk"}
    report = rows(caller.post("/rpc/report_job", json={"manifest": manifest}))

    assert [one["id"] for one in inputs["samples"]] == [sample]
    assert fasta.headers["content-type"] == "text/x-fasta; charset=utf-8"
    assert fasta.headers["samples-left"] == "0"
    assert fasta.text.startswith(f">{sample}\n")
    assert report == {"job_id": job, "attempt": 1, "is_reported": True}


@pytest.mark.parametrize("call", CALLS)
def test_only_the_program_of_the_present_attempt_may_call(world: World, s3: S3, call: str) -> None:
    """Answer it, and neither a member nor a program whose attempt is over."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    job, _ = job_of(world, attempt=2)
    path, body = f"/rpc/{call}", CALLS[call]

    assert program(world, job, 2).post(path, json=body).status_code == 200
    assert refusal(program(world, job, 1).post(path, json=body)) == (401, "job_not_running")
    assert refusal(world.alice.post(path, json=body))[0] == 403


@pytest.mark.parametrize(
    "path", ["/samples", "/sequences", "/jobs", "/groups", "/me", "/job_outputs", "/phylo_trees"]
)
def test_program_reads_no_resource(world: World, path: str) -> None:
    """Reject it everywhere else."""
    job, _ = job_of(world)

    assert refusal(program(world, job).get(path))[0] == 403


def link_for(caller: Caller, content: bytes) -> dict[str, Any]:
    """Return the link by which a program sends a file."""
    link: dict[str, Any] = rows(
        caller.post(
            "/rpc/job_upload_url",
            json={
                "path": "trees/a tree.json",
                "size_bytes": len(content),
                "checksum_sha256": hashlib.sha256(content).hexdigest(),
            },
        )
    )
    return link


def test_program_sends_a_file_by_its_link(world: World, s3: S3) -> None:
    """Store it in the folder of the attempt, with no key but the link."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    job, _ = job_of(world)

    link = link_for(program(world, job), CONTENT)
    sent = httpx.put(link["url"], headers=link["headers"], content=CONTENT)

    assert sent.status_code == 200
    assert link["uri"] == f"s3://{s3.bucket}/jobs/{job}/1/trees/a tree.json"
    stored = s3.client.get_object(Bucket=s3.bucket, Key=f"jobs/{job}/1/trees/a tree.json")
    assert (stored["Body"].read(), stored["ContentType"]) == (CONTENT, "application/octet-stream")


@pytest.mark.parametrize(
    ("content", "headers", "place"),
    [
        (b"another tree", {}, ("", "")),
        (CONTENT, {"x-amz-checksum-sha256": "A" * 43 + "="}, ("", "")),
        (CONTENT, {"Content-Type": "text/html"}, ("", "")),
        (CONTENT, {}, ("trees/", "other/")),
        (CONTENT, {}, ("X-Amz-Signature=", "X-Amz-Signature=0")),
    ],
    ids=["content", "checksum", "type", "path", "signature"],
)
def test_link_takes_no_other_file(
    world: World, s3: S3, content: bytes, headers: dict[str, str], place: tuple[str, str]
) -> None:
    """Refuse another length, checksum, type or place, and store nothing."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    job, _ = job_of(world)
    link = link_for(program(world, job), CONTENT)
    given = link["headers"] | headers | {"Content-Length": str(len(content))}

    sent = httpx.put(link["url"].replace(*place), headers=given, content=content)

    assert sent.status_code in (400, 403)
    listed = s3.client.list_objects_v2(Bucket=s3.bucket, Prefix=f"jobs/{job}/")
    assert listed["KeyCount"] == 0
