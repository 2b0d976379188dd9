"""`control output register --reported`: what running jobs submitted through the API."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from control.outputs.arrivals import Handled
from control.outputs.reports import register_reports
from tests.control.outputs.desk import PANGOLIN_HEADER, Desk, dataset, lineage_row, table, tip

TREE = dataset(tip("a"), tip("b"))


def hand_in(desk: Desk, job: int, attempt: int = 1, **overrides: Any) -> None:
    """Store a manifest as api.report_job does."""
    (kind,) = desk.rows("select kind from aspen.jobs where id = %s", job)
    files = [{"kind": "auspice_json", "key": "tree.json"}] if kind == "phylo_run" else []
    manifest = {"kind": kind, "attempt": attempt, "status": "succeeded", "files": files}
    desk.conn.execute(
        "insert into aspen.job_reports (group_id, job_id, attempt, manifest)"
        " values (%s, %s, %s, %s)",
        [desk.group_id, job, attempt, Jsonb(manifest | overrides)],
    )


def put_tree(desk: Desk, job: int, tree: str | None = TREE) -> None:
    """Write the file of a run, or none, where the bucket has the files of the job.

    Other tests use the same bucket and numbers.
    """
    key = f"jobs/{job}/1/tree.json"
    if tree is None:
        desk.s3.client.delete_object(Bucket=desk.s3.bucket, Key=key)
    else:
        desk.put(key, tree)


def register(desk: Desk) -> list[Handled]:
    """Register what waits."""
    return list(register_reports(desk.conn, desk.s3.client, desk.s3.bucket))


def test_reported_run_has_succeeded_with_its_tree(desk: Desk) -> None:
    """Print it as if it were registered by hand, and find nothing the next time."""
    job = desk.job("phylo_run")
    put_tree(desk, job)
    hand_in(desk, job)

    first, second = (desk.run("register", "--reported") for _ in range(2))

    assert first.exit_code == 0, first.output
    assert first.stdout.startswith(f"registered job {job} (phylo_run): succeeded\n")
    assert (second.exit_code, second.stdout) == (0, "")
    assert desk.rows("select status from aspen.jobs") == ["succeeded"]
    assert desk.rows("select key from aspen.job_outputs") == [f"jobs/{job}/1/tree.json"]
    assert desk.rows("select tip_count from aspen.phylo_trees") == [2]


def test_reported_failure_fails_the_job_with_its_reason(desk: Desk) -> None:
    """Keep what the program said."""
    job = desk.job("phylo_run")
    hand_in(desk, job, status="failed", error="augur: no sequences left", files=[])

    register(desk)

    assert desk.rows("select status, error from aspen.jobs") == [
        ("failed", "augur: no sequences left")
    ]


@pytest.mark.parametrize(
    ("tree", "overrides", "reason"),
    [
        (None, {}, "does not exist"),
        ("{", {}, "tree.json"),
        (TREE, {"files": []}, "auspice_json is missing"),
        (TREE, {"colour": "red"}, "colour: is unknown"),
        (TREE, {"files": [{"kind": "auspice_json", "key": "../2/tree.json"}]}, "files[0].key"),
        (TREE, {"files": [{"kind": "auspice_json", "key": "tree.json", "size": 1}]}, "bytes"),
    ],
)
def test_wrong_report_fails_its_job_and_no_other(
    desk: Desk, tree: str | None, overrides: dict[str, Any], reason: str
) -> None:
    """Store the reason and nothing else; go on with the next report."""
    wrong, right = desk.job("phylo_run"), desk.job("phylo_run")
    put_tree(desk, wrong, tree)
    hand_in(desk, wrong, **overrides)
    put_tree(desk, right)
    hand_in(desk, right)

    handled = register(desk)

    assert [(one.job_id, one.problem is None) for one in handled] == [(wrong, False), (right, True)]
    assert desk.rows("select id, status from aspen.jobs order by id") == [
        (wrong, "failed"),
        (right, "succeeded"),
    ]
    (error,) = desk.rows("select error from aspen.jobs where id = %s", wrong)
    assert reason in str(error)
    assert desk.rows("select job_id from aspen.job_outputs") == [right]
    assert register(desk) == []


@pytest.mark.parametrize("status", ["cancelled", "timed_out"])
def test_report_of_a_job_that_ended_otherwise_changes_nothing(desk: Desk, status: str) -> None:
    """Leave the job as it is, and do not ask again."""
    job = desk.job("phylo_run")
    put_tree(desk, job)
    hand_in(desk, job)
    desk.conn.execute(
        "update aspen.jobs set status = %s, finished_at = now() where id = %s", [status, job]
    )

    (handled,) = register(desk)

    assert status.replace("_", " ") in str(handled.problem)
    assert desk.rows("select status, error from aspen.jobs") == [(status, None)]
    assert register(desk) == []


def test_report_of_an_earlier_attempt_changes_nothing(desk: Desk) -> None:
    """Let the present attempt go on."""
    job = desk.job("phylo_run", attempt=2)
    put_tree(desk, job)
    hand_in(desk, job)

    (handled,) = register(desk)

    assert "attempt 1" in str(handled.problem)
    assert desk.rows("select status from aspen.jobs") == ["queued"]


def test_report_waits_while_s3_does_not_answer(desk: Desk) -> None:
    """Fail no job for a fault of the storage."""
    job = desk.job("phylo_run")
    put_tree(desk, job)
    hand_in(desk, job)

    down = desk.run(
        "register", "--reported", environment={"ASPEN_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    )

    assert down.exit_code == 1
    assert desk.rows("select status from aspen.jobs") == ["queued"]
    assert [one.problem for one in register(desk)] == [None]


def test_two_at_once_register_each_report_once(desk: Desk) -> None:
    """Share the reports between them."""
    for _ in range(6):
        sample = desk.samples(1)[0]
        job = desk.job("pangolin", [sample])
        desk.put(f"jobs/{job}/1/report.csv", table(PANGOLIN_HEADER, lineage_row(sample, "BA.2")))
        hand_in(desk, job, files=[{"kind": "lineage_report_csv", "key": "report.csv"}])

    def one(_: int) -> list[Handled]:
        with desk.database.connect() as conn:
            return list(register_reports(conn, desk.s3.client, desk.s3.bucket))

    with ThreadPoolExecutor(2) as pool:
        both = [handled for found in pool.map(one, range(2)) for handled in found]

    assert [one.problem for one in both] == [None] * 6
    assert len({one.job_id for one in both}) == 6
    assert desk.rows("select distinct status from aspen.jobs") == ["succeeded"]


@pytest.mark.parametrize("args", [["7"], ["--dry-run"], ["--file", "auspice_json=s3://b/k"]])
def test_reported_takes_nothing_else(desk: Desk, args: list[str]) -> None:
    """Reject a job or a file beside it as wrong usage."""
    assert desk.run("register", "--reported", *args).exit_code == 2


def test_json_is_one_line_for_each_report(desk: Desk) -> None:
    """Give machines what was registered and what was not."""
    job = desk.job("phylo_run")
    put_tree(desk, job, None)
    hand_in(desk, job)

    lines = desk.run("register", "--reported", "--json").stdout.splitlines()

    assert [json.loads(line)["job_id"] for line in lines] == [job]
    assert json.loads(lines[0])["registration"] is None
