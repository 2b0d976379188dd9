"""The status of a job changes by the steps of internal.job_transitions() and by no other."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from control.jobs.listing import STATUSES as LISTED_STATUSES
from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal, refusal_of
from tests.servers import SETTINGS, SQL_DIR, Database

# Written here a second time on purpose: what each action makes of a job of this status.
STATUSES = ("queued", "running", "succeeded", "failed", "cancelled", "timed_out")
STEPS = {
    ("start", "queued"): "running",
    ("succeed", "queued"): "succeeded",
    ("succeed", "running"): "succeeded",
    ("fail", "queued"): "failed",
    ("fail", "running"): "failed",
    ("cancel", "queued"): "cancelled",
    ("cancel", "running"): "cancelled",
    ("time_out", "running"): "timed_out",
}
RETRIES = {("retry", status): "queued" for status in ("failed", "cancelled", "timed_out")}
RETURNS = {("return", "running"): "queued", ("hand_back", "running"): "queued"}
ACTIONS = tuple(dict.fromkeys(action for action, _ in STEPS))
PAIRS = [(action, status) for action in ACTIONS for status in STATUSES]
MOVE = "select internal.move_job(%s, %s, %s, %s)"
DAY_BEFORE = "2024-02-01 10:00:00+00"
QUEUE = "select internal.queue_job(%s, %s, %s)"


def job_of(conn: psycopg.Connection, status: str) -> int:
    """Store a job of a group that runs, or ran, since DAY_BEFORE."""
    started = None if status == "queued" else DAY_BEFORE
    return factories.job(conn, factories.group(conn), status=status, started_at=started)


def row_of(conn: psycopg.Connection, job: int) -> dict[str, Any]:
    """Read the row of a job."""
    rows = conn.execute("select to_jsonb(jobs) from aspen.jobs where id = %s", [job]).fetchall()
    return dict(rows[0][0])


def test_steps_are_these(admin: psycopg.Connection) -> None:
    """Begin with queued, and lead back only to try again."""
    steps = admin.execute("select action, from_status, to_status from internal.job_transitions()")

    assert {(action, before): after for action, before, after in steps} == {
        ("queue", None): "queued"
    } | STEPS | RETRIES | RETURNS


def test_statuses_are_those_that_the_table_allows(admin: psycopg.Connection) -> None:
    """Reach every status by a step; ends are the statuses that need finished_at."""
    checks = admin.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conname in ('jobs_status_check', 'jobs_finished_when_ended_check')"
    )
    found = {name: set(re.findall(r"'(\w+)'", text)) for name, text in checks}
    open_statuses = {before for _, before in STEPS}

    assert found == {
        "jobs_status_check": {"queued", *STEPS.values()},
        "jobs_finished_when_ended_check": {*STEPS.values()} - open_statuses,
    }
    assert {*LISTED_STATUSES} == found["jobs_status_check"]


@pytest.mark.parametrize(("action", "status"), PAIRS)
def test_step_is_taken_where_the_list_has_it(
    admin: psycopg.Connection, action: str, status: str
) -> None:
    """Reject every other step and leave the row as it was."""
    job = job_of(admin, status)
    before = row_of(admin, job)
    values = [job, action, "it broke", json.dumps({"tool": "1"})]
    after = STEPS.get((action, status))

    if after is None:
        code = "job_in_progress" if status in ("queued", "running") else "job_has_ended"
        details = {"job_id": job, "status": status, "action": action}
        assert refusal_of(admin, MOVE, values) == (409, code, details)
        assert row_of(admin, job) == before
        return
    assert admin.execute(MOVE, values).fetchall() == [(after,)]
    row = row_of(admin, job)
    assert (row["status"], row["error"]) == (after, "it broke")
    assert (row["finished_at"] is None) == (after == "running")
    if after == "cancelled":
        assert row["started_at"] == before["started_at"]
    else:
        assert row["software_versions"] == {"tool": "1"}
        assert row["started_at"] is not None
        if status == "running":
            assert row["started_at"] == before["started_at"]


@pytest.mark.parametrize("status", STATUSES)
def test_many_are_cancelled_by_the_same_list(admin: psycopg.Connection, status: str) -> None:
    """Skip the jobs that the step is not for."""
    job = job_of(admin, status)
    before = row_of(admin, job)

    cancelled = admin.execute("select internal.cancel_jobs(array[%s]::bigint[])", [job]).fetchall()

    assert cancelled == ([(job,)] if ("cancel", status) in STEPS else [])
    assert (row_of(admin, job) == before) == (cancelled == [])


@pytest.mark.parametrize("status", STATUSES)
def test_job_is_deleted_when_no_step_is_left(
    admin: psycopg.Connection, request_as: RequestAs, status: str
) -> None:
    """Keep open jobs by a trigger that uses the same list."""
    group = factories.group(admin)
    factories.user(admin, "mia", {group: "member"})
    run = factories.phylo_run(admin, group, status=status)
    delete = "delete from api.phylo_runs where id = %s"
    with request_as("member", sub="mia") as conn:
        if any(before == status for _, before in STEPS):
            details = {"id": run, "status": status}
            assert refusal_of(conn, delete, [run]) == (409, "job_in_progress", details)
        else:
            assert conn.execute(delete, [run]).rowcount == 1


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        (
            "select internal.move_job(%s, 'start')",
            "select internal.cancel_jobs(array[%s])",
            "cancelled",
        ),
        ("select internal.move_job(%s, 'start')", "select internal.move_job(%s, 'fail')", "failed"),
        (
            "select internal.cancel_jobs(array[%s])",
            "select internal.move_job(%s, 'fail')",
            "cancelled",
        ),
        (
            "select internal.move_job(%s, 'fail')",
            "select internal.cancel_jobs(array[%s])",
            "failed",
        ),
    ],
)
def test_second_of_two_steps_sees_the_first(
    database: Database, first: str, then: str, ends: str
) -> None:
    """Wait for the row, and decide by the status that it has then."""
    with database.connect() as one, database.connect() as two, ThreadPoolExecutor() as pool:
        job = factories.job(one, factories.group(one))
        with one.transaction():
            one.execute(first.encode(), [job])
            waiting = pool.submit(two.execute, then.encode(), [job])
            one.execute(
                "do $$ begin while not exists (select from pg_stat_activity where wait_event_type"
                " = 'Lock' and datname = current_database()) loop perform"
                " pg_stat_clear_snapshot(); perform pg_sleep(0.01); end loop; end $$"
            )
        error = waiting.exception()

        assert row_of(one, job)["status"] == ends
    if "move_job" in then and ends != "failed":
        assert isinstance(error, psycopg.Error)
        assert refusal(error)[1] == "job_has_ended"
    else:
        assert error is None


def test_versions_stay_where_none_are_given(admin: psycopg.Connection) -> None:
    """Keep the versions when a step names none."""
    job = factories.job(
        admin, factories.group(admin), status="running", software_versions='{"tool": "1"}'
    )

    admin.execute("select internal.move_job(%s, 'fail', 'it broke')", [job])

    assert row_of(admin, job)["software_versions"] == {"tool": "1"}


def test_job_that_does_not_exist_takes_no_step(admin: psycopg.Connection) -> None:
    """Name the job in the error."""
    assert refusal_of(admin, "select internal.move_job(0, 'fail')") == (
        404,
        "job_not_found",
        {"job_id": 0},
    )


def test_new_job_is_queued(admin: psycopg.Connection) -> None:
    """Use the defaults of the table, in its first attempt."""
    group, pathogen = factories.group(admin), factories.pathogen(admin)

    [(job,)] = admin.execute(QUEUE, [group, pathogen, "pangolin"]).fetchall()

    row = row_of(admin, job)
    assert (row["group_id"], row["pathogen_id"], row["kind"]) == (group, pathogen, "pangolin")
    assert (row["status"], row["attempt"], row["started_at"]) == ("queued", 1, None)


@pytest.mark.parametrize("kind", ["tree", None])
def test_job_of_no_kind_is_not_queued(admin: psycopg.Connection, kind: str | None) -> None:
    """Reject kinds that are no rows of job_kinds."""
    group, pathogen = factories.group(admin), factories.pathogen(admin)

    refused = refusal_of(admin, QUEUE, [group, pathogen, kind])

    assert refused == ("23502" if kind is None else "23503")


@pytest.mark.parametrize(
    ("function", "allowed"),
    [
        ("move_job(bigint, text, text, jsonb, integer)", {"control"}),
        (
            "queue_job(bigint, bigint, text, bigint, text, text, jsonb, bigint, bigint)",
            {"control", "api_writer", "results_keeper"},
        ),
        ("cancel_jobs(bigint[], text)", {"control", "api_writer", "results_keeper"}),
        (
            "requeue_job(bigint, text, text, timestamptz)",
            {"control", "api_writer", "results_keeper"},
        ),
    ],
)
def test_steps_are_not_for_callers(
    admin: psycopg.Connection, function: str, allowed: set[str]
) -> None:
    """Reserve them for the control plane and for functions that check the caller."""
    roles = admin.execute(
        "select rolname from pg_roles where has_function_privilege(oid, %s, 'execute')"
        " and not rolsuper and rolname <> 'aspen_owner'"
        " and has_schema_privilege(oid, 'internal', 'usage')",
        [f"internal.{function}"],
    ).fetchall()

    assert {role for (role,) in roles} == allowed


@pytest.mark.parametrize("role", ["anon", "member", "operator", "job"])
def test_caller_takes_no_step(admin: psycopg.Connection, request_as: RequestAs, role: str) -> None:
    """Reject a step even of a job of the caller's own group."""
    group = factories.group(admin)
    factories.user(admin, "mia", {group: "admin"}, is_operator=True)
    job = factories.job(admin, group, status="running")
    claims: dict[str, Any] = {"anon": {}}.get(
        role, {"sub": "mia", "job_id": str(job), "attempt": 1}
    )
    with request_as(role, **claims) as conn:
        assert refusal_of(conn, "select internal.move_job(%s, 'succeed')", [job]) == "42501"


def test_no_other_statement_writes_a_status() -> None:
    """Find no other one, so that every step has its place in the list."""
    writes = re.compile(
        r"\b(insert\s+into|update)\s+aspen\.jobs\b"
        r"(?![^;]*?\bset\s+(?:executor|heartbeat_at|arguments|progress_done) =)",
        re.IGNORECASE,
    )
    files = [*SQL_DIR.rglob("*.sql"), *(SETTINGS.root / "control").rglob("*.sql")]
    files += (SETTINGS.root / "control").rglob("*.py")

    found = {
        (path.stem, write.lower())
        for path in files
        for write in writes.findall(path.read_text("utf-8"))
    }

    assert found == {
        ("queue_job", "insert into"),
        ("move_job", "update"),
        ("adopt_jobs", "update"),
        ("cancel_jobs", "update"),
        ("requeue_job", "update"),
        ("claim_jobs", "update"),
        ("release_jobs", "update"),
    }
