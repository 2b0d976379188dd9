"""`control output verify` compares the registered outputs with S3, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from control.outputs.verifying import verify_outputs
from control.storage.s3 import S3Uri, make_client
from tests import factories
from tests.control.outputs.desk import Desk, dataset, tip

TREE = dataset(tip("a"), tip("b"))


@pytest.fixture
def run(desk: Desk) -> int:
    """Register a run with its tree."""
    job = desk.job("phylo_run")
    desk.register(job, desk.tree(job, TREE))
    return job


def findings(desk: Desk) -> list[tuple[str, str, int | None, str | None]]:
    """Return what differs in the desk's folder: problem, key, job, detail."""
    found = verify_outputs(desk.conn, desk.s3.client, desk.s3.bucket, f"{desk.folder}/")
    return [(one.problem, one.uri.key, one.job_id, one.detail) for one in found]


def tree_of(desk: Desk, job: int) -> str:
    """Return the key of a run's tree."""
    return f"{desk.home(job)}auspice_json"


def test_outputs_as_registered_are_no_finding(desk: Desk, run: int) -> None:
    """Exit with 0; the manifest of the job and its log belong to it."""
    desk.put(f"{desk.home(run)}log.txt", "done")

    result = desk.run("verify", f"s3://{desk.s3.bucket}/{desk.folder}/")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 missing, 0 changed, 0 unregistered\n"


@pytest.mark.parametrize(
    ("content", "problem", "detail"),
    [
        (None, "missing", None),
        (TREE + " ", "changed", f"has {len(TREE) + 1} bytes, not {len(TREE)}"),
        (TREE.replace('"b"', '"c"'), "changed", "has ETag "),
    ],
    ids=["missing", "size", "content"],
)
def test_output_that_differs_is_named(
    desk: Desk, run: int, content: str | None, problem: str, detail: str | None
) -> None:
    """Exit with 3, name job, kind, address and difference, and change nothing."""
    key = tree_of(desk, run)
    desk.s3.client.delete_object(Bucket=desk.s3.bucket, Key=key)
    if content is not None:
        desk.put(key, content)
    before = desk.state()

    result = desk.run("verify", f"s3://{desk.s3.bucket}/{desk.folder}/", "--json")

    said: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (said.pop("detail") or "").startswith(detail or "")
    assert said == {
        "problem": problem,
        "uri": {"bucket": desk.s3.bucket, "key": key},
        "job_id": run,
        "kind": "auspice_json",
        "is_queued": False,
    }
    assert desk.state() == before


def test_version_that_is_gone_is_missing_though_the_key_has_another(desk: Desk, run: int) -> None:
    """Ask for the version that was registered."""
    desk.conn.execute("update aspen.job_outputs set version_id = 'gone'")

    assert findings(desk) == [("missing", tree_of(desk, run), run, None)]


def test_file_that_nothing_accounts_for_is_unregistered(desk: Desk, run: int) -> None:
    """Name what a failed job left, a job that never was, and a second file of an ended job."""
    failed = factories.phylo_run(desk.conn, desk.group_id, status="failed")
    keys = [
        desk.put(f"{desk.home(failed)}tree.json", "{}").key,
        desk.put(f"{desk.home(run)}draft.json", "{}").key,
        desk.put(f"{desk.folder}/jobs/999999999/1/manifest.json", "{}").key,
        desk.put(f"{desk.folder}/jobs/x/1/tree.json", "{}").key,
    ]

    found = findings(desk)

    jobs = {keys[0]: failed, keys[1]: run, keys[2]: 999999999, keys[3]: None}
    assert found == [("unregistered", key, jobs[key], None) for key in sorted(keys)]


def test_file_that_is_accounted_for_is_no_finding(desk: Desk, run: int) -> None:
    """Leave out what a job still writes, what waits for deletion, and what no job wrote."""
    running = desk.job("phylo_run", attempt=2)
    desk.put(f"{desk.home(running, 2)}tree.json", "{}")
    queued = desk.put(f"{desk.home(run)}old.json", "{}")
    factories.object_prune(desk.conn, desk.group_id, queued.key, bucket=queued.bucket)
    desk.put(f"{desk.folder}/uploads/metadata.tsv", "strain")
    earlier = desk.put(f"{desk.home(running, 1)}tree.json", "{}")

    assert findings(desk) == [("unregistered", earlier.key, running, None)]


def test_output_deleted_while_it_is_compared_is_no_finding(desk: Desk, run: int) -> None:
    """Look at the row again before saying that its object is missing."""
    desk.s3.client.delete_object(Bucket=desk.s3.bucket, Key=tree_of(desk, run))
    s3 = make_client(desk.s3.settings)

    def delete_the_run(**_: object) -> None:
        with desk.database.connect() as conn:
            conn.execute("delete from aspen.jobs where id = %s", [run])

    s3.meta.events.register("before-call.s3.HeadObject", delete_the_run)

    found = list(verify_outputs(desk.conn, s3, desk.s3.bucket, f"{desk.folder}/"))

    assert [(one.problem, one.uri.key) for one in found] == [
        ("unregistered", f"{desk.home(run)}manifest.json")
    ]


def test_bucket_that_is_not_there_is_a_failure(desk: Desk) -> None:
    """Do not say that all is well."""
    result = desk.run("verify", "s3://no-such-bucket/jobs/")

    assert result.exit_code == 1
    assert "NoSuchBucket" in result.stderr


def test_many_outputs_are_compared_page_by_page(
    desk: Desk, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Find every one that is missing, in three pages of rows."""
    monkeypatch.setattr("control.outputs.listing.PAGE", 100)
    desk.conn.execute(
        "with jobs as (insert into aspen.jobs (group_id, pathogen_id, kind)"
        " select group_id, pathogen_id, 'pangolin' from aspen.jobs, generate_series(1, 210)"
        " returning id, group_id)"
        " insert into aspen.job_outputs"
        " (group_id, job_id, kind, bucket, key, size_bytes, etag, verified_at)"
        " select group_id, id, 'lineage_report_csv', %s, %s || id, 0, 'x', now() from jobs",
        [desk.s3.bucket, f"{desk.folder}/report-"],
    )

    found = findings(desk)

    assert len({key for problem, key, _, _ in found if problem == "missing"}) == 210


def test_uri_of_the_whole_environment_is_the_default(desk: Desk) -> None:
    """Look at jobs/ of the bucket; other tests use the same bucket."""
    job = desk.job("phylo_run")
    missing = S3Uri(desk.s3.bucket, f"jobs/{job}/1/missing.json")
    factories.job_output(desk.conn, job, bucket=missing.bucket, key=missing.key)

    result = desk.run("verify")

    assert result.exit_code == 3
    assert f"missing      {missing}\n" in result.stdout
