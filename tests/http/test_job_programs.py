"""The program of a job calls the API with the token of its attempt."""

from __future__ import annotations

import pytest

from tests import factories
from tests.http.world import Caller, World, refusal, rows

CALLS = ("claim_job_inputs", "job_sequences", "report_job")


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


@pytest.mark.parametrize("path", [f"/rpc/{call}" for call in CALLS])
def test_only_the_program_of_the_present_attempt_may_call(world: World, path: str) -> None:
    """Answer it, and neither a member nor a program whose attempt is over."""
    job, _ = job_of(world, attempt=2)

    assert program(world, job, 2).post(path).status_code == 200
    assert refusal(program(world, job, 1).post(path)) == (401, "job_not_running")
    assert refusal(world.alice.post(path))[0] == 403


@pytest.mark.parametrize(
    "path", ["/samples", "/sequences", "/jobs", "/groups", "/me", "/job_outputs", "/phylo_trees"]
)
def test_program_reads_no_resource(world: World, path: str) -> None:
    """Reject it everywhere else."""
    job, _ = job_of(world)

    assert refusal(program(world, job).get(path))[0] == 403
