"""`control output verify --queue` queues for deletion what nothing accounts for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from control.outputs import orphans
from control.outputs.object_locks import lock_objects
from control.outputs.verifying import verify_outputs
from control.storage.s3 import S3Uri
from tests import factories
from tests.control.outputs.desk import Desk

QUEUED = "select group_id, job_id, key from aspen.object_prunes order by id"


@pytest.fixture
def own(desk: Desk) -> Desk:
    """Return a desk with a bucket of its own."""
    return desk.with_bucket()


def queued_keys(desk: Desk, *, older: timedelta = timedelta(minutes=-1)) -> set[str]:
    """Queue what was written before so long, and return the keys that were queued."""
    before = datetime.now(UTC) - older
    found = [
        one
        for prefix in ("jobs/", "group/", "other/")
        for one in verify_outputs(
            desk.conn, desk.s3.client, desk.s3.bucket, prefix, queue_before=before
        )
    ]
    keys = {one.uri.key for one in found if one.is_queued}
    assert {key for _, _, key in desk.rows(QUEUED)} >= keys
    return keys


def test_what_failed_attempts_left_is_queued_for_its_group(own: Desk) -> None:
    """Queue files of ended attempts, keep log and manifest of a job that is there."""
    failed = factories.phylo_run(own.conn, own.group_id, status="failed", attempt=2)
    left = [own.put(f"jobs/{failed}/{attempt}/tree.json", "{}").key for attempt in (1, 2)]
    hidden = own.put(f"jobs/{failed}/1/more/log.txt", "no log").key
    own.put(f"jobs/{failed}/1/log.txt", "it failed")
    own.put(f"jobs/{failed}/2/manifest.json", "{}")

    assert queued_keys(own) == {*left, hidden}
    assert own.rows(QUEUED) == [(own.group_id, failed, key) for key in (hidden, left[0], left[1])]
    assert queued_keys(own) == set()


def test_what_deleted_jobs_and_uploads_left_is_queued(own: Desk) -> None:
    """Give what came after the deletion to the group in its key, or to the platform."""
    upload = f"group/{own.group_id}/uploads/9b2ab1a0-0000-4000-8000-000000000000/part-00001"
    gone = f"group/{10**17}/uploads/9b2ab1a0-0000-4000-8000-000000000000/part-00001"
    log = f"jobs/{10**17}/1/log.txt"
    for key in (upload, gone, log):
        own.put(key, "x")

    assert queued_keys(own) == {upload, gone, log}
    assert sorted(own.rows(QUEUED), key=str) == sorted(
        [(own.group_id, None, upload), (0, None, gone), (0, 10**17, log)], key=str
    )


def test_what_is_accounted_for_is_never_queued(own: Desk) -> None:
    """Leave what a row or the queue names, and keys that the platform did not choose."""
    run = factories.phylo_run(own.conn, own.group_id)
    output = own.put(f"jobs/{run}/1/tree.json", "{}")
    factories.job_output(own.conn, run, bucket=output.bucket, key=output.key)
    running = factories.phylo_run(own.conn, own.group_id, status="running", attempt=2)
    own.put(f"jobs/{running}/2/tree.json", "{}")
    factories.upload(own.conn, own.group_id, bucket=own.s3.bucket)
    [folder] = own.rows("select folder from aspen.uploads")
    own.put(f"{folder}part-00001", "x")
    factories.object_prune(own.conn, own.group_id, "jobs/77/", bucket=own.s3.bucket)
    own.put("jobs/77/1/log.txt", "x")
    for key in ("jobs/x/1/tree.json", "other/jobs/5/1/tree.json", "group/1/notes.txt"):
        own.put(key, "x")

    assert queued_keys(own) == set()


def test_what_was_written_lately_waits(own: Desk) -> None:
    """Leave it to the next time: somebody may look at it."""
    failed = factories.phylo_run(own.conn, own.group_id, status="failed")
    own.put(f"jobs/{failed}/1/tree.json", "{}")

    assert queued_keys(own, older=timedelta(days=1)) == set()


def test_object_that_is_being_registered_is_not_queued(own: Desk) -> None:
    """Skip what somebody has locked; nobody needs it afterwards, so it is queued then."""
    failed = factories.phylo_run(own.conn, own.group_id, status="failed")
    uri = own.put(f"jobs/{failed}/1/tree.json", "{}")

    with own.database.connect() as other, other.transaction():
        lock_objects(other, [uri])
        meanwhile = queued_keys(own)

    assert (meanwhile, queued_keys(own)) == (set(), {uri.key})


def test_object_that_was_registered_since_the_look_is_not_queued(
    own: Desk,
) -> None:
    """Look again after the lock was taken."""
    run = factories.phylo_run(own.conn, own.group_id)
    uri = own.put(f"jobs/{run}/1/tree.json", "{}")
    seen = orphans.find_unregistered(own.conn, uri.bucket, [uri.key])
    factories.job_output(own.conn, run, bucket=uri.bucket, key=uri.key)

    assert (seen, orphans.queue_orphans(own.conn, uri.bucket, seen)) == ([uri.key], set())


def test_dry_run_says_what_would_be_queued(own: Desk) -> None:
    """Change nothing, and exit with 0 where only files that can be queued differ."""
    failed = factories.phylo_run(own.conn, own.group_id, status="failed")
    key = own.put(f"jobs/{failed}/1/tree.json", "{}").key
    uri = S3Uri(own.s3.bucket, key)
    later = datetime.now(UTC) + timedelta(minutes=1)

    tried = list(
        verify_outputs(
            own.conn, own.s3.client, uri.bucket, "jobs/", queue_before=later, dry_run=True
        )
    )
    young = own.run("verify", "--queue", "--dry-run", "--json")

    assert [(one.uri, one.is_queued) for one in tried] == [(uri, True)]
    assert own.rows(QUEUED) == []
    assert (young.exit_code, json.loads(young.stdout)["is_queued"]) == (3, False)
    assert young.stderr == "0 missing, 0 changed, 1 unregistered, 0 would be queued\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--dry-run"], "--dry-run goes with --queue"),
        (["--queue", "s3://another/jobs/"], "--queue is for the bucket of this environment"),
    ],
)
def test_wrong_options_are_refused(desk: Desk, arguments: list[str], reason: str) -> None:
    """Exit with 2 before anything is looked at."""
    result = desk.run("verify", *arguments)

    assert result.exit_code == 2
    assert reason in result.stderr
