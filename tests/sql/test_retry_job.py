"""Members and admins of a group try its failed, cancelled and timed out jobs again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from control.database import begin_request, request_claims
from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal, refusal_of
from tests.servers import Database
from tests.sql.conftest import Lab

RETRY = "select * from api.retry_job(%s)"
ENDED: dict[str, Any] = {
    "attempt": 2,
    "executor": "local",
    "executor_handle": "7",
    "error": "it broke",
    "started_at": "2024-02-01",
    "heartbeat_at": "2024-02-01",
}


@pytest.mark.parametrize("kind", ["phylo_run", "nextclade"])
@pytest.mark.parametrize("status", ["failed", "cancelled", "timed_out"])
def test_ended_job_is_queued_as_its_next_attempt(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, kind: str, status: str
) -> None:
    """Return the job with nothing left of the attempt before."""
    make = factories.phylo_run if kind == "phylo_run" else factories.job
    job = make(admin, lab.group, status=status, **ENDED)
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    factories.job_sample(admin, job, sample)
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        answer = cursor.execute(RETRY, [job]).fetchall()
        shown = cursor.execute("select * from api.jobs where id = %s", [job]).fetchall()

    assert answer == shown
    assert {name: answer[0][name] for name in ("status", "attempt", "error", "started_at")} == {
        "status": "queued",
        "attempt": 3,
        "error": None,
        "started_at": None,
    }
    assert (answer[0]["heartbeat_at"], answer[0]["finished_at"]) == (None, None)


def test_control_plane_retries_by_the_same_step(admin: psycopg.Connection, lab: Lab) -> None:
    """Forget the executor of the attempt before."""
    job = factories.phylo_run(admin, lab.group, status="failed", **ENDED)

    moved = admin.execute("select internal.move_job(%s, 'retry')", [job]).fetchall()

    row = admin.execute(
        "select status, attempt, executor, executor_handle, software_versions, finished_at"
        " from aspen.jobs where id = %s",
        [job],
    ).fetchall()
    assert (moved, row) == ([("queued",)], [("queued", 3, None, None, {}, None)])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("queued", "job_in_progress"),
        ("running", "job_in_progress"),
        ("succeeded", "job_has_ended"),
    ],
)
def test_other_job_is_not_retried(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str, code: str
) -> None:
    """Keep what goes on, and the results of what succeeded."""
    job = factories.job(admin, lab.group, status=status)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, RETRY, [job])

    assert answer == (409, code, {"job_id": job, "status": status})


def test_retried_job_runs_on_the_present_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Take the sequence that replaced the one of the attempt before."""
    sample = factories.sample(admin, lab.group)
    factories.sequence(admin, sample)
    job = factories.job(admin, lab.group, status="failed")
    factories.job_sample(admin, job, sample)
    admin.execute("update aspen.sequences set sequence = repeat('T', 1000)")
    revisions = (
        "select sequences.revision = inputs.sequence_revision from aspen.job_samples as inputs"
        " join aspen.sequences on sequences.sample_id = inputs.sample_id where job_id = %s"
    )
    before = admin.execute(revisions, [job]).fetchall()
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(RETRY, [job])

    assert (before, admin.execute(revisions, [job]).fetchall()) == ([(False,)], [(True,)])


def test_job_without_samples_left_is_cancelled_again(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Say why instead of running on nothing."""
    job = factories.job(admin, lab.group, status="failed")
    with request_as("member", sub="alice") as conn:
        answer = conn.execute("select status, error from api.retry_job(%s)", [job]).fetchall()

    assert answer == [
        ("cancelled", "its samples were deleted, or have no sequence any more, before it began")
    ]


@pytest.mark.parametrize("role", ["member", "admin"])
def test_granted_member_retries_a_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Accept a granted member or admin role like a direct one."""
    factories.grant(admin, lab.group, lab.other_group, role)
    job = factories.phylo_run(admin, lab.group, status="failed")
    with request_as("member", sub="bob") as conn:
        answer = conn.execute("select status from api.retry_job(%s)", [job]).fetchall()

    assert answer == [("queued",)]


def test_viewer_cannot_retry_a_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject a viewer who may read the job."""
    job = factories.phylo_run(admin, lab.group, status="failed")
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, RETRY, [job])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_job_of_another_group_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer as for a job that does not exist."""
    job = factories.phylo_run(admin, lab.group, status="failed")
    with request_as("member", sub="bob") as conn:
        answer = refusal_of(conn, RETRY, [job])

    assert answer == (404, "job_not_found", {"job_id": job})


def test_two_retries_at_once_make_one_attempt(database: Database) -> None:
    """Let the second wait for the row and see that the job is queued."""
    with database.connect() as one, database.connect() as two, ThreadPoolExecutor() as pool:
        group = factories.group(one)
        factories.user(one, "mia", {group: "member"})
        job = factories.phylo_run(one, group, status="failed")
        claims = request_claims("member", "mia")

        def second() -> object:
            with two.transaction():
                begin_request(two, "member", claims)
                return two.execute(RETRY, [job]).fetchall()

        with one.transaction():
            begin_request(one, "member", claims)
            one.execute(RETRY, [job])
            waiting = pool.submit(second)
            one.execute("reset role")
            one.execute(
                "do $$ begin while not exists (select from pg_stat_activity where wait_event_type"
                " = 'Lock' and datname = current_database()) loop perform"
                " pg_stat_clear_snapshot(); perform pg_sleep(0.01); end loop; end $$"
            )
        error = waiting.exception()

        attempt = one.execute("select attempt from aspen.jobs where id = %s", [job]).fetchone()
    assert isinstance(error, psycopg.Error)
    assert refusal(error) == (409, "job_in_progress", {"job_id": job, "status": "queued"})
    assert attempt == (2,)
