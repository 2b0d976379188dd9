"""Objects in S3 that no output refers to any more are queued for deletion."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

QUEUE = "select group_id, job_id, bucket, key, version_id from aspen.object_prunes order by id"
DELETE = "delete from api.phylo_runs where id = %s"


@pytest.fixture
def run(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a run with two files, and one that stays."""
    run = factories.phylo_run(admin, lab.group)
    factories.job_output(admin, run, key=f"jobs/{run}/1/tree.json", version_id="v1")
    factories.job_output(admin, run, "aligned_fasta", key=f"jobs/{run}/1/all.fasta")
    factories.job_output(admin, factories.phylo_run(admin, lab.group))
    return run


def test_objects_of_a_deleted_run_are_queued(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, run: int
) -> None:
    """Queue every file of the run, and no other, in the transaction that deletes it."""
    with request_as("member", sub="alice", keep=True) as conn:
        deleted = conn.execute(DELETE, [run]).rowcount

    assert deleted == 1
    assert sorted(admin.execute(QUEUE).fetchall()) == [
        (lab.group, run, "aspen", f"jobs/{run}/1/all.fasta", None),
        (lab.group, run, "aspen", f"jobs/{run}/1/tree.json", "v1"),
    ]


def test_folder_of_a_deleted_job_is_queued(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, run: int
) -> None:
    """Queue what nobody knows by name; a job that never ran has no folder."""
    factories.storage_credentials(admin)
    admin.execute("update aspen.jobs set started_at = created_at where id = %s", [run])
    never_ran = factories.phylo_run(admin, lab.group, status="cancelled", started_at=None)

    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.phylo_runs where id = any(%s)", [[run, never_ran]])

    queued = admin.execute(QUEUE).fetchall()
    assert [entry for entry in queued if entry[3].endswith("/")] == [
        (lab.group, run, "aspen", f"jobs/{run}/", None)
    ]


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_delete_that_is_not_allowed_queues_nothing(
    admin: psycopg.Connection, request_as: RequestAs, run: int, who: str
) -> None:
    """Leave the run and its files to viewers and strangers."""
    with request_as("member", sub=who, keep=True) as conn:
        deleted = conn.execute(DELETE, [run]).rowcount

    assert (deleted, admin.execute(QUEUE).fetchall()) == (0, [])


def test_object_of_a_replaced_output_is_queued(
    admin: psycopg.Connection, lab: Lab, run: int
) -> None:
    """Queue the file of the attempt before; registering the same file again queues nothing."""
    admin.execute(
        "update aspen.job_outputs set verified_at = now(), key = key, version_id = 'v1'"
        " where job_id = %s and kind = 'auspice_json'",
        [run],
    )
    same = admin.execute(QUEUE).fetchall()

    admin.execute(
        "update aspen.job_outputs set key = %s where job_id = %s and kind = 'aligned_fasta'",
        [f"jobs/{run}/2/all.fasta", run],
    )

    assert same == []
    assert admin.execute(QUEUE).fetchall() == [
        (lab.group, run, "aspen", f"jobs/{run}/1/all.fasta", None)
    ]


@pytest.mark.parametrize("role", ["member", "operator"])
def test_queue_is_for_the_control_plane_alone(admin: psycopg.Connection, role: str) -> None:
    """Grant nothing on the table to the roles of the API."""
    granted = admin.execute(
        "select has_table_privilege(%s, 'aspen.object_prunes', 'select, insert, update, delete')",
        [role],
    ).fetchall()

    assert granted == [(False,)]
