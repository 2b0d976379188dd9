"""What the program of a running job may call: its inputs, its sequences, its report."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

MANIFEST = {"kind": "pangolin", "attempt": 1, "status": "succeeded", "files": []}


class AsJob(Protocol):
    """Begin a request of a job, at its first attempt unless another is named."""

    def __call__(
        self, job: int, attempt: int = 1
    ) -> AbstractContextManager[psycopg.Connection]: ...


@pytest.fixture
def as_job(request_as: RequestAs) -> AsJob:
    """Send a request with the token of a job."""

    def begin(job: int, attempt: int = 1) -> AbstractContextManager[psycopg.Connection]:
        return request_as("job", sub=f"job|{job}", job_id=job, attempt=attempt)

    return begin


@pytest.fixture
def job(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a running job without inputs."""
    return factories.job(admin, lab.group, "pangolin", "running")


def inputs_of(conn: psycopg.Connection) -> dict[str, Any]:
    """Return what the job runs on."""
    ((inputs,),) = conn.execute("select api.claim_job_inputs()").fetchall()
    found: dict[str, Any] = inputs
    return found


def fasta_of(conn: psycopg.Connection, after_id: int = 0) -> str:
    """Return the sequences of the job after a sample."""
    ((fasta,),) = conn.execute("select api.job_sequences(%s)", [after_id]).fetchall()
    return str(fasta)


def test_job_reads_lineages_and_alignments_of_its_inputs(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab, job: int
) -> None:
    """Return those of the pathogen's caller, and no others; a page of alignments has no others."""
    own, plain, unused = (factories.sample(admin, lab.group) for _ in range(3))
    for sample in (own, plain, unused):
        factories.sequence(admin, sample)
    for sample in (own, unused):
        factories.aligned_sequence(admin, sample, "ACGT--N")
        factories.sample_lineage(admin, sample, "BA.2")
        factories.sample_lineage(admin, sample, "21L", lineage_type="NEXTCLADE")
    for sample in (own, plain):
        factories.job_sample(admin, job, sample)

    with as_job(job) as conn:
        inputs = inputs_of(conn)
        uploaded = fasta_of(conn)
        ((aligned,),) = conn.execute("select api.job_sequences(0, true)").fetchall()

    assert {one["id"]: one["lineage"] for one in inputs["samples"]} == {own: "BA.2", plain: None}
    assert aligned == f">{own}\nACGT--N\n"
    assert uploaded.count(">") == 2
    assert "--N" not in uploaded


def test_job_of_the_platform_reads_its_data_set_and_what_it_is_told(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab
) -> None:
    """Give links for what is in the storage, the rest as it is; tell a job of a group nothing."""
    factories.storage_credentials(admin)
    data_set = factories.repository_data(admin, stage="raw")
    told = {"data_set_id": data_set, "metadata_url": "s3://aspen/a b/m", "is_aligned": True}
    of_group = {"data_set_id": data_set, "metadata_url": "https://example.org/m"}
    told_job = factories.platform_job(
        admin,
        "repository_processing",
        status="running",
        pathogen_id=lab.pathogen,
        public_repository_id=factories.repository(admin, "GenBank"),
        arguments=Jsonb(told),
    )
    job = factories.job(admin, lab.group, "pangolin", "running", arguments=Jsonb(of_group))

    with as_job(told_job) as conn:
        inputs = inputs_of(conn)
    with as_job(job) as conn:
        others = inputs_of(conn)

    assert (inputs["kind"], inputs["repository"]) == ("repository_processing", "GenBank")
    assert inputs["data_set"]["id"] == data_set
    assert "/sequences.fasta.xz?" in inputs["data_set"]["sequences_url"]
    assert "/a%20b/m?" in inputs["arguments"].pop("metadata_url")
    assert inputs["arguments"] == {"data_set_id": data_set, "is_aligned": True}
    assert (others["arguments"], others["data_set"], others["repository"]) == (None, None, None)


def test_job_claims_its_own_inputs_and_no_others(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab, job: int
) -> None:
    """Show the sample of a group that granted access as well, and nothing else of any group."""
    other_group = factories.group(admin)
    own = factories.sample(admin, lab.group, is_private=True)
    granted = factories.sample(admin, other_group)
    for sample in (own, granted):
        factories.job_sample(admin, job, sample)
        factories.sequence(admin, sample)
    unused = factories.sample(admin, lab.group)
    factories.sequence(admin, unused)
    factories.job_sample(admin, factories.job(admin, lab.group, "pangolin", "running"), unused)

    with as_job(job) as conn:
        inputs, fasta = inputs_of(conn), fasta_of(conn)

    assert [sample["id"] for sample in inputs["samples"]] == [own, granted]
    assert all(sample["bases"] >= 1000 for sample in inputs["samples"])
    assert (inputs["job_id"], inputs["attempt"], inputs["kind"]) == (job, 1, "pangolin")
    assert inputs["output_prefix"] == f"jobs/{job}/1/"
    assert inputs["group"]["id"] == lab.group
    assert [line[1:] for line in fasta.splitlines() if line[0] == ">"] == [str(own), str(granted)]


def test_job_of_another_group_sees_none_of_these_inputs(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab, job: int
) -> None:
    """Show a job without inputs an empty list and no sequence."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    factories.job_sample(admin, job, sample)
    other = factories.job(admin, factories.group(admin), "pangolin", "running")

    with as_job(other) as conn:
        inputs, fasta = inputs_of(conn), fasta_of(conn)

    assert (inputs["job_id"], inputs["samples"], fasta) == (other, [], "")


def test_run_claims_its_public_strains_and_arguments(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab
) -> None:
    """Say what the run was asked to do."""
    run = factories.phylo_run(admin, lab.group, status="running", template_args='{"a": 1}')
    repository = factories.repository(admin)
    admin.execute(
        "insert into aspen.job_public_sequences (group_id, job_id, public_repository_id, strain)"
        " values (%s, %s, %s, 'USA/1/2020')",
        [lab.group, run, repository],
    )

    with as_job(run) as conn:
        inputs = inputs_of(conn)

    assert inputs["template_args"] == {"a": 1}
    assert inputs["tree_type"] is not None
    assert [strain["strain"] for strain in inputs["public_sequences"]] == ["USA/1/2020"]


def test_run_claims_the_others_of_its_group_too(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab
) -> None:
    """Mark what was chosen, give the bases of all, and leave out what was deleted."""
    chosen, other, deleted, unused = (factories.sample(admin, lab.group) for _ in range(4))
    for sample in (chosen, other, deleted, unused):
        factories.sequence(admin, sample)
    run = factories.phylo_run(admin, lab.group, status="running")
    factories.job_sample(admin, run, chosen)
    factories.job_background(admin, run, [other, deleted], left_out_count=3)
    admin.execute("delete from aspen.samples where id = %s", [deleted])

    with as_job(run) as conn:
        inputs, fasta = inputs_of(conn), fasta_of(conn)

    assert [(one["id"], one["is_chosen"]) for one in inputs["samples"]] == [
        (chosen, True),
        (other, False),
    ]
    assert (inputs["samples_left_out"], inputs["resolved_template_args"]) == (3, {})
    assert [line for line in fasta.splitlines() if line[0] == ">"] == [f">{chosen}", f">{other}"]


def test_run_of_another_group_does_not_see_the_others(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab
) -> None:
    """Show a run of another group none of them, even one that lists their ids."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    run = factories.phylo_run(admin, lab.group, status="running")
    factories.job_background(admin, run, [sample])
    of_others = factories.phylo_run(admin, lab.other_group, status="running")
    factories.job_background(admin, of_others, [sample])

    with as_job(of_others) as conn:
        refused = inputs_of(conn)["samples"], fasta_of(conn)
    with as_job(run) as conn:
        allowed = [one["id"] for one in inputs_of(conn)["samples"]]

    assert (refused, allowed) == (([], ""), [sample])


def test_deleted_sample_and_replaced_sequence_are_left_out(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab, job: int
) -> None:
    """Leave out what results would not be stored for."""
    kept, replaced, deleted = (factories.sample(admin, lab.group) for _ in range(3))
    for sample in (kept, replaced, deleted):
        factories.sequence(admin, sample)
        factories.job_sample(admin, job, sample)
    admin.execute(
        "update aspen.sequences set sequence = repeat('ACGT', 300) where sample_id = %s", [replaced]
    )
    admin.execute("delete from aspen.samples where id = %s", [deleted])

    with as_job(job) as conn:
        inputs, fasta = inputs_of(conn), fasta_of(conn)

    assert [(one["id"], one["bases"] is None) for one in inputs["samples"]] == [
        (kept, False),
        (replaced, True),
    ]
    assert fasta.count(">") == 1
    assert fasta.startswith(f">{kept}\n")


def test_sequences_come_in_pages(
    admin: psycopg.Connection, as_job: AsJob, lab: Lab, job: int
) -> None:
    """Give at most 30,000,000 bases, say how many sequences are left, and go on after an id."""
    samples = [factories.sample(admin, lab.group) for _ in range(4)]
    for sample in samples:
        factories.sequence(admin, sample, "A" * 9_000_000)
        factories.job_sample(admin, job, sample)

    with as_job(job) as conn:
        first = fasta_of(conn)
        ((headers,),) = conn.execute("select current_setting('response.headers')").fetchall()
        second = fasta_of(conn, samples[2])

    assert [line for line in first.splitlines() if line[0] == ">"] == [
        f">{sample}" for sample in samples[:3]
    ]
    assert {"Samples-Left": "1"} in json.loads(headers)
    assert second.startswith(f">{samples[3]}\n")
    assert second.count(">") == 1


@pytest.mark.parametrize("call", ["claim_job_inputs()", "job_sequences()", "report_job()"])
def test_each_call_is_a_heartbeat(
    admin: psycopg.Connection, as_job: AsJob, job: int, call: str
) -> None:
    """Note that the program is alive."""
    with as_job(job) as conn:
        conn.execute(f"select api.{call}".encode())
        conn.execute("reset role")
        ((beat,),) = conn.execute(
            "select heartbeat_at > now() - interval '1 minute' from aspen.jobs where id = %s", [job]
        ).fetchall()

    assert beat


def test_manifest_is_handed_in_once(admin: psycopg.Connection, as_job: AsJob, job: int) -> None:
    """Accept the same again, and keep the first when another comes."""
    with as_job(job) as conn:
        answers = [
            conn.execute("select api.report_job(%s)", [json.dumps(MANIFEST)]).fetchall()
            for _ in range(2)
        ]
        other = refusal_of(
            conn, "select api.report_job(%s)", [json.dumps(MANIFEST | {"status": "failed"})]
        )
        conn.execute("reset role")
        rows = conn.execute("select job_id, attempt, manifest from aspen.job_reports").fetchall()

    assert answers == [[({"job_id": job, "attempt": 1, "is_reported": True},)]] * 2
    assert other == (409, "report_exists", {"job_id": job, "attempt": 1})
    assert rows == [(job, 1, MANIFEST)]


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        ("[]", "manifest"),
        ('"text"', "manifest"),
        (json.dumps(MANIFEST | {"kind": "nextclade"}), "manifest.kind"),
        (json.dumps(MANIFEST | {"attempt": 2}), "manifest.attempt"),
        (json.dumps(MANIFEST | {"attempt": "1"}), "manifest.attempt"),
        (json.dumps(MANIFEST | {"status": "done"}), "manifest.status"),
        (json.dumps(MANIFEST | {"error": "x" * (1 << 20)}), "manifest"),
        ("{}", "manifest.kind"),
    ],
)
def test_wrong_manifest_is_refused(as_job: AsJob, job: int, manifest: str, field: str) -> None:
    """Name the member, and store nothing."""
    with as_job(job) as conn:
        refused = refusal_of(conn, "select api.report_job(%s)", [manifest])
        conn.execute("reset role")
        stored = conn.execute("select from aspen.job_reports").fetchall()

    assert isinstance(refused, tuple)
    assert refused[:2] == (400, "invalid_argument")
    assert field in [problem["field"] for problem in refused[2]]
    assert stored == []
