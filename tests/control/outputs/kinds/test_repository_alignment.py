"""Aligned data sets of repositories: registered by a job, or by hand from files of a laptop."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.outputs.register import Registration
from tests import factories
from tests.control.outputs.desk import Desk
from tests.servers import S3, Database

KIND = "repository_alignment"
FILES = {"aligned_sequences": ">a\nACGT\n", "aligned_metadata": "strain\tdate\na\t2021\n"}
STORED = "select stage, sequences_key, metadata_key from aspen.repository_data where job_id = %s"


@pytest.fixture
def desk(conn: psycopg.Connection, database: Database, s3: S3) -> Desk:
    """Provide a database with SC2 and GenBank."""
    factories.pathogen(conn)
    factories.repository(conn, "GenBank")
    return Desk(conn, database, s3)


def job(desk: Desk) -> int:
    """Queue the job."""
    return factories.platform_job(
        desk.conn,
        pathogen_id=factories.pathogen(desk.conn),
        public_repository_id=factories.repository(desk.conn, "GenBank"),
    )


def register(desk: Desk, job_id: int, attempt: int = 1, **files: str) -> Registration:
    """Submit and register an attempt."""
    manifest = desk.submit(job_id, KIND, FILES | files, attempt=attempt)
    return desk.store(job_id, manifest)


def load(desk: Desk, *arguments: object, environment: dict[str, str] | None = None) -> Result:
    """Run `control load repository-data`."""
    names = ("--pathogen", "SC2", "--repository", "GenBank")
    command = ["load", "repository-data", *map(str, arguments)]
    return CliRunner().invoke(
        cli,
        [*command, *(() if "--pathogen" in arguments else names)],
        env=desk.environment | (environment or {}),
    )


def test_job_makes_the_latest_data_set(desk: Desk) -> None:
    """Store where its two files are."""
    job_id = job(desk)
    assert register(desk, job_id).status == "succeeded"

    home = desk.home(job_id)
    assert desk.rows(STORED, job_id) == [
        ("aligned", f"{home}aligned_sequences", f"{home}aligned_metadata")
    ]


def test_later_attempt_replaces_the_data_set(desk: Desk) -> None:
    """Keep its id; an attempt that fails removes it."""
    job_id = job(desk)
    register(desk, job_id)
    ids = desk.rows("select id from aspen.repository_data")
    again = "update aspen.jobs set status = 'queued', attempt = %s, finished_at = null"
    desk.conn.execute(again, [2])
    register(desk, job_id, attempt=2)

    assert desk.rows("select id from aspen.repository_data") == ids
    assert desk.rows(STORED, job_id)[0][1].endswith("/2/aligned_sequences")

    desk.conn.execute(again, [3])
    failed = desk.submit(job_id, KIND, {}, attempt=3, status="failed", error="no space")
    desk.store(job_id, failed)
    assert desk.rows(STORED, job_id) == []


def test_empty_file_is_no_data_set(desk: Desk) -> None:
    """Store nothing, and leave the job open."""
    job_id = job(desk)

    said = desk.refusal(lambda: register(desk, job_id, aligned_metadata=""))

    assert said.endswith("aligned_metadata: is empty")


def test_job_without_repository_makes_no_data_set(desk: Desk) -> None:
    """Refuse one that does not say whose data they are."""
    job_id = factories.platform_job(desk.conn)

    assert "names no pathogen and repository" in desk.refusal(lambda: register(desk, job_id))


def test_files_of_a_laptop_become_the_latest_data_set(desk: Desk, tmp_path: Path) -> None:
    """Upload them to the job's folder, and keep the job with the versions of the software."""
    paths = [tmp_path / name for name in ("a.fasta", "a.tsv")]
    for path, content in zip(paths, FILES.values(), strict=True):
        path.write_text(content)

    dry = load(desk, *paths, "--dry-run")
    assert (dry.exit_code, desk.rows("select id from aspen.jobs")) == (0, [])
    done = load(desk, *paths, "--software", "mafft=7.5", "--json")

    [job_id] = desk.rows("select id from aspen.jobs")
    home = f"jobs/{job_id}/1/"
    assert json.loads(done.stdout) == {
        "job_id": job_id,
        "files": [f"s3://{desk.s3.bucket}/{home}{path.name}" for path in paths],
    }
    assert desk.rows(STORED, job_id) == [("aligned", f"{home}a.fasta", f"{home}a.tsv")]
    assert desk.rows(
        "select group_id, kind, status, executor, software_versions from aspen.jobs"
    ) == [(0, KIND, "succeeded", "manual", {"mafft": "7.5"})]
    assert desk.rows("select size_bytes from aspen.job_outputs order by id") == [
        len(content) for content in FILES.values()
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("--pathogen", "XXX", "--repository", "GenBank"), "there is no pathogen 'XXX'"),
        (("--pathogen", "SC2", "--repository", "ENA"), "there is no repository 'ENA'"),
    ],
)
def test_unknown_names_are_refused(
    desk: Desk, tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    """Before anything is uploaded or queued."""
    paths = [tmp_path / name for name in ("a.fasta", "a.tsv")]
    for path in paths:
        path.write_text("a")

    refused = load(desk, *paths, *names)

    assert refused.exit_code == 1
    assert message in refused.stderr
    assert desk.rows("select id from aspen.jobs") == []


def test_upload_that_fails_fails_the_job(desk: Desk, tmp_path: Path) -> None:
    """State the reason, and leave no data set."""
    paths = [tmp_path / name for name in ("a.fasta", "a.tsv")]
    for path in paths:
        path.write_text("a")
    refused = load(desk, *paths, environment={"ASPEN_BUCKET": "no-such-bucket"})

    assert refused.exit_code == 1
    [(status, error)] = desk.rows("select status, error from aspen.jobs")
    assert status == "failed"
    assert "no-such-bucket" in error or "NoSuchBucket" in error
    assert desk.rows("select id from aspen.repository_data") == []
