"""Members and admins of a group can cancel its jobs that have not ended."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import dict_row

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CANCEL = "select * from api.cancel_job(%s)"


@pytest.mark.parametrize("kind", ["phylo_run", "pangolin"])
@pytest.mark.parametrize("status", ["queued", "running"])
def test_open_job_is_cancelled_and_returned(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, kind: str, status: str
) -> None:
    """Return the job as api.jobs shows it, with the time it ended."""
    job = (
        factories.phylo_run(admin, lab.group, status=status)
        if kind == "phylo_run"
        else factories.job(admin, lab.group, kind, status)
    )
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        answer = cursor.execute(CANCEL, [job]).fetchall()
        shown = cursor.execute("select * from api.jobs").fetchall()

    assert answer == shown
    [row] = answer
    assert (row["id"], row["status"], row["error"]) == (job, "cancelled", None)
    assert row["finished_at"] is not None


def test_job_cancelled_twice_stays_cancelled(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep the time of the first cancellation."""
    job = factories.job(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        answers = [conn.execute(CANCEL, [job]).fetchall() for _ in range(2)]

    assert answers[0] == answers[1]


@pytest.mark.parametrize("status", ["succeeded", "failed", "timed_out"])
def test_job_that_has_ended_is_not_cancelled(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Keep the results of a job that has ended."""
    job = factories.job(admin, lab.group, status=status)
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CANCEL, [job])

    assert answer == (409, "job_has_ended", {"job_id": job, "status": status})


def test_cancelled_run_can_be_deleted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Delete a cancelled run, as the error for deleting an open run advises."""
    run = factories.phylo_run(admin, lab.group, status="queued")
    with request_as("member", sub="alice") as conn:
        refused = refusal_of(conn, "delete from api.phylo_runs where id = %s", [run])
        conn.execute(CANCEL, [run])
        conn.execute("delete from api.phylo_runs where id = %s", [run])
        left = conn.execute("select id from api.phylo_runs").fetchall()

    assert refused == (409, "job_in_progress", {"id": run, "status": "queued"})
    assert left == []


@pytest.mark.parametrize("role", ["member", "admin"])
def test_granted_member_cancels_a_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Accept a granted member or admin role like a direct one."""
    factories.grant(admin, lab.group, lab.other_group, role)
    job = factories.job(admin, lab.group)
    with request_as("member", sub="bob") as conn:
        answer = conn.execute("select status from api.cancel_job(%s)", [job]).fetchall()

    assert answer == [("cancelled",)]


def test_viewer_cannot_cancel_a_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject viewers, whether the role is granted or direct."""
    factories.grant(admin, lab.group, lab.other_group, "viewer")
    job = factories.job(admin, lab.group)
    answers = []
    for viewer in ("bob", "vic"):
        with request_as("member", sub=viewer) as conn:
            answers.append(refusal_of(conn, CANCEL, [job]))

    assert answers == [(403, "group_access_denied", {"group_id": lab.group})] * 2


def test_job_of_a_group_out_of_sight_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer as for a job that does not exist; operators see no group's jobs either."""
    job = factories.job(admin, lab.group)
    factories.user(admin, "olga", is_operator=True)
    answers = []
    for role, sub in (("member", "bob"), ("operator", "olga")):
        with request_as(role, sub=sub) as conn:
            answers.append(refusal_of(conn, CANCEL, [job]))

    assert answers == [(404, "job_not_found", {"job_id": job})] * 2


def test_job_cannot_cancel_itself(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Limit a job's token to the job's inputs and outputs."""
    job = factories.job(admin, lab.group, status="running")
    with request_as("job", sub="job", job_id=job, attempt=1) as conn:
        answer = refusal_of(conn, CANCEL, [job])

    assert answer == "42501"


def test_cancelling_is_audited(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """Record who cancelled the job."""
    job = factories.job(admin, lab.group)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CANCEL, [job])

    records = admin.execute(
        "select action, user_id from aspen.audit_log where table_name = 'jobs' and row_id = %s"
        " order by id",
        [job],
    ).fetchall()
    assert records == [("insert", None), ("update", lab.alice)]
