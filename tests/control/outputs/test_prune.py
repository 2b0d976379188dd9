"""`control output prune` deletes what the queue lists, and never what an output refers to."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import botocore.exceptions
import pytest

from control.outputs.object_locks import lock_objects
from control.outputs.pruning import BATCH, Pruned, prune_objects
from control.storage.s3 import S3Uri
from tests import factories
from tests.control.outputs.desk import Desk, dataset, tip
from tests.names import unique
from tests.servers import S3

WAITING = "select key from aspen.object_prunes order by id"


@pytest.fixture
def versioned(desk: Desk) -> Desk:
    """Return a desk whose bucket keeps versions, as in production."""
    return desk.with_bucket(is_versioned=True)


def queue(desk: Desk, key: str, version_id: str | None = None, **columns: object) -> None:
    """Queue an object of the desk's bucket for deletion."""
    values = {"bucket": desk.s3.bucket, "version_id": version_id} | columns
    factories.object_prune(desk.conn, desk.group_id, key, **values)


def versions(desk: Desk, key: str) -> list[str]:
    """Return the versions of an object that S3 has, and the marks of deletions."""
    found = desk.s3.client.list_object_versions(Bucket=desk.s3.bucket, Prefix=key)
    return [
        one["VersionId"] for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    ]


def exists(desk: Desk, key: str) -> bool:
    """Return whether S3 answers with the object."""
    try:
        desk.s3.client.head_object(Bucket=desk.s3.bucket, Key=key)
    except botocore.exceptions.ClientError:
        return False
    return True


def prune(desk: Desk, *, dry_run: bool = False) -> list[Pruned]:
    """Delete what waits for this desk's bucket."""
    return list(prune_objects(desk.conn, desk.s3.client, desk.s3.bucket, dry_run=dry_run))


def test_files_of_a_deleted_run_are_deleted_after_a_dry_run(versioned: Desk) -> None:
    """Say first what would go, then delete this version and nothing else, and empty the queue."""
    gone, stays = versioned.job("phylo_run"), versioned.job("phylo_run")
    for job in (gone, stays):
        versioned.register(job, versioned.tree(job, dataset(tip("a"), tip("b"))))
    versioned.conn.execute("delete from aspen.jobs where id = %s", [gone])
    key = f"{versioned.home(gone)}auspice_json"

    tried = versioned.run("prune", "--dry-run")
    is_there = exists(versioned, key)
    done = versioned.run("prune")
    again = versioned.run("prune")

    uri = S3Uri(versioned.s3.bucket, key)
    assert (tried.exit_code, tried.stdout, is_there) == (0, f"would be deleted {uri}\n", True)
    assert (done.exit_code, done.stdout) == (0, f"deleted {uri}\n")
    assert (again.exit_code, again.stdout) == (0, "")
    assert versions(versioned, key) == []
    assert exists(versioned, f"{versioned.home(stays)}auspice_json")
    assert versioned.rows(WAITING) == []


def test_folder_of_a_deleted_job_is_deleted_with_what_nobody_named(versioned: Desk) -> None:
    """Delete logs, manifests and failed attempts in every version, and nothing of a neighbour."""
    factories.storage_credentials(versioned.conn, bucket=versioned.s3.bucket)
    gone = factories.phylo_run(
        versioned.conn, versioned.group_id, started_at="2024-02-01", finished_at="2024-02-02"
    )
    keys = [f"jobs/{gone}/1/log.txt", f"jobs/{gone}/2/tree.json"]
    stays = [f"jobs/{gone}0/1/log.txt", f"x/jobs/{gone}/1/log.txt"]
    for key in [*keys, *keys, *stays]:
        versioned.put(key, "x")
    versioned.conn.execute("delete from aspen.jobs where id = %s", [gone])

    tried = prune(versioned, dry_run=True)
    pruned = prune(versioned)

    assert tried == pruned
    assert [(one.outcome, one.job_id, one.uri.key) for one in pruned] == [
        ("deleted", gone, key) for key in keys
    ]
    assert [versions(versioned, key) for key in keys] == [[], []]
    assert all(exists(versioned, key) for key in stays)
    assert versioned.rows(WAITING) == []


def test_folder_of_a_job_that_is_there_is_kept(desk: Desk) -> None:
    """Look whether the job came back, with a backup."""
    run = factories.phylo_run(desk.conn, desk.group_id)
    log = desk.put(f"jobs/{run}/1/log.txt", "x")
    queue(desk, f"jobs/{run}/", job_id=run)

    assert [(one.outcome, one.uri.key) for one in prune(desk)] == [("kept", f"jobs/{run}/")]
    assert exists(desk, log.key)


def test_file_of_an_open_attempt_is_kept(desk: Desk) -> None:
    """Delete nothing that a job still writes, even if the queue names it."""
    run = factories.phylo_run(desk.conn, desk.group_id, status="running", attempt=2)
    before, now = (desk.put(f"jobs/{run}/{attempt}/x", "x").key for attempt in (1, 2))
    for key in (before, now):
        queue(desk, key, job_id=run)

    assert [(one.outcome, one.uri.key) for one in prune(desk)] == [
        ("deleted", before),
        ("kept", now),
    ]


def test_replaced_version_is_deleted_and_the_registered_one_kept(versioned: Desk) -> None:
    """Delete by version: the key is that of an output."""
    job = versioned.job("phylo_run")
    versioned.register(job, versioned.tree(job, dataset(tip("a"), tip("b"))))
    versioned.conn.execute(
        "update aspen.jobs set status = 'queued', finished_at = null where id = %s", [job]
    )
    versioned.register(job, versioned.tree(job, dataset(tip("a"), tip("c"))))
    [(key, kept)] = versioned.rows("select key, version_id from aspen.job_outputs")
    before = versions(versioned, key)

    pruned = prune(versioned)

    assert [one.outcome for one in pruned] == ["deleted"]
    assert (len(before), versions(versioned, key)) == (2, [kept])


@pytest.mark.parametrize("version", [None, "v1"], ids=["no version", "same version"])
def test_object_that_an_output_refers_to_again_is_kept(desk: Desk, version: str | None) -> None:
    """Look at the outputs when deleting, not when queueing; the entry has had its day."""
    run = factories.phylo_run(desk.conn, desk.group_id)
    key = f"jobs/{run}/1/{desk.folder}.json"
    desk.put(key, "{}")
    queue(desk, key, version)
    factories.job_output(desk.conn, run, bucket=desk.s3.bucket, key=key, version_id="v1")

    pruned = prune(desk)

    assert [(one.outcome, one.uri.key) for one in pruned] == [("kept", key)]
    assert exists(desk, key)
    assert desk.rows(WAITING) == []


def test_object_from_before_the_bucket_kept_versions_is_deleted(versioned: Desk) -> None:
    """Leave no mark of a deletion, which would hide it and keep it."""
    client, bucket = versioned.s3.client, versioned.s3.bucket
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    versioned.put("old.json", "{}")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    queue(versioned, "old.json")

    prune(versioned)

    assert versions(versioned, "old.json") == []


def test_every_version_goes_where_none_was_recorded(versioned: Desk) -> None:
    """Delete what people sent to a bucket that keeps versions, and no neighbour."""
    for content in ("1", "2"):
        versioned.put("group/1/uploads/x/part-00001", content)
    versioned.put("group/1/uploads/x/part-000010", "another")
    queue(versioned, "group/1/uploads/x/part-00001", job_id=None)

    prune(versioned)

    [left] = versioned.s3.client.list_object_versions(Bucket=versioned.s3.bucket)["Versions"]
    assert left["Key"] == "group/1/uploads/x/part-000010"


def test_part_of_an_upload_that_is_there_is_kept(desk: Desk) -> None:
    """Look at uploads as at outputs."""
    folder = f"group/{desk.group_id}/uploads/{uuid.uuid4()}/"
    desk.conn.execute(
        "insert into aspen.uploads"
        " (group_id, file_name, bucket, folder, size_bytes, checksum_sha256)"
        " values (%s, 'a.tsv', %s, %s, 1, repeat('0', 64))",
        [desk.group_id, desk.s3.bucket, folder],
    )
    queue(desk, f"{folder}part-00001", job_id=None)

    assert [one.outcome for one in prune(desk)] == ["kept"]


def test_object_that_is_being_registered_waits(desk: Desk) -> None:
    """Skip it while a registration has its lock, and delete it afterwards."""
    key = f"{desk.folder}/tree.json"
    uri = desk.put(key, "{}")
    queue(desk, key)

    with desk.database.connect() as other, other.transaction():
        lock_objects(other, [uri])
        meanwhile = prune(desk)
        is_there = exists(desk, key)
    afterwards = prune(desk)

    assert (meanwhile, is_there) == ([], True)
    assert [one.outcome for one in afterwards] == ["deleted"]


def test_registration_waits_for_a_deletion_and_finds_the_object_gone(desk: Desk) -> None:
    """Reject the manifest, and leave no output without its object."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, dataset(tip("a"), tip("b")))
    key = f"{desk.home(job)}auspice_json"

    with desk.database.connect() as other, ThreadPoolExecutor(1) as threads:
        with other.transaction():
            lock_objects(other, [S3Uri(desk.s3.bucket, key)])
            registering = threads.submit(desk.register, job, manifest)
            wait_for_a_lock(desk)
            desk.s3.client.delete_object(Bucket=desk.s3.bucket, Key=key)
        result = registering.result()

    assert result.exit_code == 1
    assert "was replaced or deleted since it was looked up" in result.stderr
    assert desk.rows("select id from aspen.job_outputs") == []


def wait_for_a_lock(desk: Desk) -> None:
    """Return when somebody waits for an advisory lock of this database."""
    statement = (
        "select from pg_locks inner join pg_database on pg_locks.database = pg_database.oid"
        " where locktype = 'advisory' and not granted and datname = current_database()"
    )
    while not desk.rows(statement):
        pass


def test_two_commands_share_the_work(desk: Desk) -> None:
    """Delete every object once, in batches."""
    keys = [f"{desk.folder}/{number}" for number in range(BATCH + 20)]
    for key in keys:
        queue(desk, key)

    def work(_: int) -> list[str]:
        with desk.database.connect() as conn:
            return [one.uri.key for one in prune_objects(conn, desk.s3.client, desk.s3.bucket)]

    with ThreadPoolExecutor(2) as threads:
        shares = list(threads.map(work, range(2)))

    assert sorted(key for share in shares for key in share) == sorted(keys)
    assert desk.rows(WAITING) == []


def test_objects_of_another_environment_are_left_alone(desk: Desk) -> None:
    """Delete nothing in production's bucket from a copy of its database."""
    queue(desk, "jobs/1/1/tree.json", bucket="aspen-production")

    done = desk.run("prune")

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"1 objects in the queue are not in {desk.s3.bucket} and left alone\n"
    assert desk.rows(WAITING) == ["jobs/1/1/tree.json"]


def test_object_that_s3_does_not_delete_stays_in_the_queue(desk: Desk) -> None:
    """Fail, say so, and go on with the others the next time."""
    queue(desk, f"{desk.folder}/tree.json")

    done = desk.run("prune", environment={"ASPEN_S3_ENDPOINT_URL": "http://127.0.0.1:9"})

    assert done.exit_code == 1
    assert "no S3 server answers at" in done.stderr
    assert desk.rows(WAITING) == [f"{desk.folder}/tree.json"]


def test_object_that_s3_keeps_stays_in_the_queue(desk: Desk) -> None:
    """Delete the others, fail with the number, and name the reason beside the object."""
    settings = replace(desk.s3.settings, bucket=f"locked-{unique(32)}")
    desk.s3.client.create_bucket(Bucket=settings.bucket, ObjectLockEnabledForBucket=True)
    locked = Desk(desk.conn, desk.database, S3(desk.s3.client, settings))
    version = desk.s3.client.put_object(
        Bucket=settings.bucket,
        Key="kept.json",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime(2100, 1, 1, tzinfo=UTC),
    )["VersionId"]
    queue(locked, "kept.json", version)
    queue(locked, "free.json")

    done = locked.run("prune")

    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith(f"failed s3://{settings.bucket}/kept.json: ")
    assert done.stdout.splitlines()[1] == f"deleted s3://{settings.bucket}/free.json"
    assert "S3 did not delete 1 objects; they stay in the queue" in done.stderr
    assert locked.rows(WAITING) == ["kept.json"]


def test_each_object_is_a_line_of_json(desk: Desk) -> None:
    """Give machines what a screen shortens."""
    queue(desk, f"{desk.folder}/tree.json", job_id=7)

    done = desk.run("prune", "--dry-run", "--json")

    assert json.loads(done.stdout) == {
        "dry_run": True,
        "job_id": 7,
        "uri": {"bucket": desk.s3.bucket, "key": f"{desk.folder}/tree.json"},
        "version_id": None,
        "outcome": "deleted",
        "reason": None,
    }
