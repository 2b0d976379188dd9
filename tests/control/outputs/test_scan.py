"""`control output scan` finds manifests in the bucket and registers them, however often it runs."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from control.outputs.arrivals import Handled
from control.outputs.scanning import scan
from control.storage.s3 import S3Uri
from tests import factories
from tests.control.outputs.desk import PANGOLIN_HEADER, Desk, dataset, lineage_row, table, tip

TREE = dataset(tip("a"), tip("b"))


@pytest.fixture
def own(desk: Desk) -> Desk:
    """Return a desk with a bucket of its own."""
    return desk.with_bucket()


def scanned(desk: Desk, prefix: str = "jobs/", **options: Any) -> list[Handled]:
    """Register what is below a prefix."""
    return list(scan(desk.conn, desk.s3.client, S3Uri(desk.s3.bucket, prefix), **options))


def statuses(desk: Desk) -> list[Any]:
    """Return the status of each job."""
    return desk.rows("select id, status from aspen.jobs order by id")


def test_manifests_are_registered_once(own: Desk) -> None:
    """Register each job's, and find nothing to do the next time."""
    jobs = [own.job("phylo_run") for _ in range(3)]
    for job in jobs:
        own.tree(job, TREE)

    first, second = own.run("scan"), own.run("scan")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert first.stdout.count(" (phylo_run): succeeded\n") == 3
    assert "3 registered, 0 rejected, 0 postponed, 0 skipped" in first.stderr
    assert "0 registered, 0 rejected, 0 postponed, 0 skipped" in second.stderr
    assert statuses(own) == [(job, "succeeded") for job in jobs]
    assert own.rows("select count(*) from aspen.job_outputs") == [3]


def test_dry_run_stores_nothing(own: Desk) -> None:
    """Say of each manifest what would become of it."""
    right, wrong = own.job("phylo_run"), own.job("phylo_run")
    own.tree(right, TREE)
    own.tree(wrong, "{")
    before = own.state()

    result = own.run("scan", "--dry-run")

    assert f"would register job {right} (phylo_run): succeeded\n" in result.stdout
    assert f"job {wrong} would be rejected: s3://" in result.stdout
    assert own.state() == before


WRONG = {
    "another kind": ({"kind": "pangolin", "files": []}, "lineage_report_csv is missing"),
    "file of another job": (
        {"files": [{"kind": "auspice_json", "key": "jobs/999/1/tree.json"}]},
        "is job 999's, not below the manifest",
    ),
    "file outside": (
        {"files": [{"kind": "auspice_json", "key": "../2/tree.json"}]},
        "is not the key of an object below the manifest",
    ),
    "no such file": ({"files": [{"kind": "auspice_json", "key": "tree"}]}, "does not exist"),
    "other size": (
        {"files": [{"kind": "auspice_json", "key": "auspice_json", "size": 1}]},
        "bytes, not 1 as stated",
    ),
}


@pytest.mark.parametrize(("manifest", "reason"), WRONG.values(), ids=WRONG)
def test_wrong_manifest_fails_its_job_and_no_other(
    own: Desk, manifest: dict[str, Any], reason: str
) -> None:
    """Store the reason, and go on with the next manifest."""
    wrong, right = own.job("phylo_run"), own.job("phylo_run")
    own.tree(wrong, TREE, **manifest)
    own.tree(right, TREE)

    handled = scanned(own)

    assert {(one.job_id, one.outcome) for one in handled} == {
        (wrong, "rejected"),
        (right, "registered"),
    }
    assert statuses(own) == [(wrong, "failed"), (right, "succeeded")]
    assert reason in own.rows("select error from aspen.jobs where id = %s", wrong)[0]
    assert own.rows("select job_id from aspen.job_outputs") == [right]


def test_manifest_of_another_attempt_fails_its_job(own: Desk) -> None:
    """Believe neither the folder nor the manifest where they differ."""
    job = own.job("phylo_run")
    named = [{"kind": "auspice_json", "key": "auspice_json"}]
    manifest = {"kind": "phylo_run", "attempt": 2, "status": "succeeded", "files": named}
    own.put(f"{own.home(job)}auspice_json", TREE)
    own.put(f"{own.home(job)}manifest.json", json.dumps(manifest))

    scanned(own)

    assert statuses(own) == [(job, "failed")]
    assert "is of attempt 2" in own.rows("select error from aspen.jobs")[0]


def test_truncated_manifest_fails_its_job(own: Desk) -> None:
    """Say where it ends."""
    job = own.job("phylo_run")
    own.put(f"{own.home(job)}manifest.json", '{"kind": "phylo_run", "att')

    scanned(own)

    assert statuses(own) == [(job, "failed")]
    assert (
        "manifest.json, line 1 column 23: is not JSON"
        in own.rows("select error from aspen.jobs")[0]
    )


FILES = {
    "zero bytes": ("", "is empty"),
    "wrong columns": ("taxon,lineage\n1,B\n", "the header lacks"),
    "unknown id": (table(PANGOLIN_HEADER, lineage_row(999_999)), "is not an input of job"),
    "truncated": (table(PANGOLIN_HEADER, "1,B,0.0"), "has 3 fields, the header 9"),
    "bad number": (
        table(PANGOLIN_HEADER, lineage_row(1, score="much")),
        "not a number from 0 to 1",
    ),
    "wrong encoding": (table(PANGOLIN_HEADER, lineage_row(1)).encode("utf-16"), "holds the char"),
    "duplicate rows": (
        table(PANGOLIN_HEADER, lineage_row(1), lineage_row(1)),
        "the taxon 1 is given twice",
    ),
}


@pytest.mark.parametrize(("report", "reason"), FILES.values(), ids=FILES)
def test_wrong_file_fails_its_job(own: Desk, report: bytes | str, reason: str) -> None:
    """Store nothing of it; by hand the same file would leave the job open."""
    [sample] = own.samples(1)
    job = own.job("pangolin", [sample])
    manifest = own.report(job, report)

    by_hand = own.register(job, manifest)
    before = statuses(own)
    scanned(own)

    assert (by_hand.exit_code, before) == (1, [(job, "queued")])
    assert statuses(own) == [(job, "failed")]
    assert reason in own.rows("select error from aspen.jobs")[0]
    assert own.rows("select id from aspen.sample_lineages") == []


def test_retry_of_a_rejected_job_is_registered(own: Desk) -> None:
    """Replace the failed attempt by the next; its own manifest stays unread."""
    job = own.job("phylo_run")
    own.tree(job, "{")
    scanned(own)
    own.conn.execute("select internal.move_job(%s, 'retry', null, '{}')", [job])
    own.tree(job, TREE, attempt=2)

    handled = scanned(own)

    assert [(one.attempt, one.outcome) for one in handled] == [(2, "registered")]
    assert statuses(own) == [(job, "succeeded")]


def test_files_above_the_limit_of_the_group_fail_their_job(own: Desk) -> None:
    """Say the numbers and store nothing; register the next attempt below a higher limit."""
    job = own.job("phylo_run")
    own.tree(job, TREE)
    factories.insert(
        own.conn, "group_limits", {"group_id": own.group_id, "most_output_bytes": len(TREE) - 1}
    )
    [refused] = scanned(own)
    left = own.rows("select id from aspen.job_outputs union all select id from aspen.phylo_trees")
    own.conn.execute("update aspen.group_limits set most_output_bytes = %s", [len(TREE)])
    own.conn.execute("select internal.move_job(%s, 'retry', null, '{}')", [job])
    own.tree(job, TREE, attempt=2)

    handled = scanned(own)

    assert (refused.outcome, left) == ("rejected", [])
    assert f'"added" : {len(TREE)}' in f"{refused.problem}"
    assert [one.outcome for one in handled] == ["registered"]


@pytest.mark.parametrize(
    "key",
    [
        "jobs/{other}/1/jobs/{job}/1/manifest.json",
        "jobs/{other}/1/x/jobs/{job}/1/manifest.json",
        "jobs/{job}/manifest.json",
        "jobs/{job}/1/x/manifest.json",
        "jobs/0{job}/1/manifest.json",
        "uploads/jobs/{job}/1/manifest.json",
    ],
)
def test_manifest_elsewhere_is_no_jobs(own: Desk, key: str) -> None:
    """Let nobody end a job but who may write to its folder."""
    job, other = own.job("phylo_run"), own.job("phylo_run")
    manifest = {"kind": "phylo_run", "attempt": 1, "status": "failed", "error": "forged"}
    own.put(key.format(job=job, other=other), json.dumps(manifest))

    handled = [scanned(own), scanned(own, "j"), scanned(own, "u")]

    assert handled == [[], [], []]
    assert statuses(own) == [(job, "queued"), (other, "queued")]


@pytest.mark.parametrize("prefix", ["uploads/", "uploads/jobs/", "uploads/jobs/1"])
def test_folder_that_an_operator_names_may_contain_jobs(own: Desk, prefix: str) -> None:
    """Read what was copied elsewhere."""
    job = own.job("phylo_run")
    manifest = {"kind": "phylo_run", "attempt": 1, "status": "failed", "error": "no"}
    own.put(f"uploads/jobs/{job}/1/manifest.json", json.dumps(manifest))

    assert [one.outcome for one in scanned(own, prefix)] == ["registered"]


def test_manifest_of_a_job_that_ended_or_was_deleted_is_left(own: Desk) -> None:
    """Change nothing; neither is a fault."""
    job, gone = own.job("phylo_run"), own.job("phylo_run")
    for one in (job, gone):
        own.tree(one, TREE)
    own.conn.execute("select internal.cancel_jobs(%s)", [[job, gone]])
    own.conn.execute("delete from aspen.jobs where id = %s", [gone])

    assert scanned(own) == []
    assert statuses(own) == [(job, "cancelled")]


def test_object_replaced_while_it_is_read_leaves_its_job_open(own: Desk) -> None:
    """Look again the next time, and register what is there then."""
    job = own.job("phylo_run")
    own.tree(job, TREE)
    replaced: list[str] = []

    def replace(model: Any, params: dict[str, Any], **_: Any) -> None:
        if not replaced and params["url_path"].endswith("auspice_json"):
            replaced.append("once")
            own.put(f"{own.home(job)}auspice_json", dataset(tip("a"), tip("c")))

    own.s3.client.meta.events.register("before-call.s3.GetObject", replace)
    try:
        first = scanned(own)
    finally:
        own.s3.client.meta.events.unregister("before-call.s3.GetObject", replace)
    second = scanned(own)

    assert [(one.outcome, "was replaced" in str(one.problem)) for one in first] == [
        ("postponed", True)
    ]
    assert [one.outcome for one in second] == ["registered"]


def test_two_scans_at_once_register_each_job_once(own: Desk) -> None:
    """Let the second find what the first has registered."""
    jobs = [own.job("phylo_run") for _ in range(6)]
    for job in jobs:
        own.tree(job, TREE)

    def one(_: int) -> list[Handled]:
        with own.database.connect() as conn:
            return list(scan(conn, own.s3.client, S3Uri(own.s3.bucket, "jobs/")))

    with ThreadPoolExecutor(2) as threads:
        both = [handled for some in threads.map(one, range(2)) for handled in some]

    assert sorted(one.job_id for one in both if one.outcome == "registered") == jobs
    assert {one.outcome for one in both} <= {"registered", "skipped"}


def test_killed_scan_is_continued(own: Desk) -> None:
    """Keep what was registered, and register the rest."""
    jobs = [own.job("phylo_run") for _ in range(4)]
    for job in jobs:
        own.tree(job, TREE)
    process = own.start("scan")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()

    rest = scanned(own)

    assert statuses(own) == [(job, "succeeded") for job in jobs]
    assert len(rest) < 4


def test_other_bucket_is_refused(own: Desk) -> None:
    """Say which bucket the environment has."""
    result = own.run("scan", "s3://other/jobs/")

    assert result.exit_code == 1
    assert f"is not in the bucket of this environment, {own.s3.bucket}" in result.stderr
