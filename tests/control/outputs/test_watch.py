"""`control output watch` registers what S3 announces: twice, in any order, or wrongly."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from control.outputs.watching import MOST_ATTEMPTS, Notified, replay, watch
from control.storage.sqs import Queue, open_queue
from tests.control.outputs.desk import Desk, dataset, tip
from tests.names import unique

TREE = dataset(tip("a"), tip("b"))
WAITING = "select reason from aspen.rejected_notifications where replayed_at is null order by id"


@pytest.fixture
def own(desk: Desk) -> Desk:
    """Return a desk with a bucket of its own."""
    return desk.with_bucket()


@pytest.fixture
def queue(own: Desk) -> Iterator[Queue]:
    """Make a queue that gives a message again at once."""
    name = f"outputs-{unique(32)}"
    sqs = open_queue(own.s3.settings, "http://unused/").client
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    yield open_queue(own.s3.settings, name)
    sqs.delete_queue(QueueUrl=url)


def send(queue: Queue, *bodies: object) -> None:
    """Send messages to the queue."""
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        queue.client.send_message(QueueUrl=queue.url, MessageBody=text)


def created(desk: Desk, key: str, **changes: Any) -> dict[str, Any]:
    """Return what S3 says of a new object."""
    about = {"bucket": {"name": desk.s3.bucket}, "object": {"key": key}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": about} | changes]}


def manifest_of(job: int) -> str:
    """Return the key of a job's manifest."""
    return f"jobs/{job}/1/manifest.json"


def watched(desk: Desk, queue: Queue) -> list[Notified]:
    """Handle what waits."""
    return list(watch(desk.conn, desk.s3.client, queue, desk.s3.bucket, once=True))


def statuses(desk: Desk) -> list[str]:
    """Return the status of each job."""
    return desk.rows("select status from aspen.jobs order by id")


def test_notifications_of_the_bucket_register_a_run(own: Desk, queue: Queue) -> None:
    """Let S3 itself write them."""
    arn = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    own.s3.client.put_bucket_notification_configuration(
        Bucket=own.s3.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    job = own.job("phylo_run")
    own.tree(job, TREE)

    result = own.run("watch", queue.url.rpartition("/")[2], "--once")

    assert result.exit_code == 0, result.output
    assert f"registered job {job} (phylo_run): succeeded\n" in result.stdout
    assert statuses(own) == ["succeeded"]
    assert queue.receive(wait=False) == []


def sns(body: object) -> dict[str, Any]:
    """Return a message as SNS delivers it."""
    return {"Type": "Notification", "Message": json.dumps(body)}


def event_bridge(desk: Desk, key: str) -> dict[str, Any]:
    """Return a message as EventBridge delivers it."""
    detail = {"bucket": {"name": desk.s3.bucket}, "object": {"key": key}}
    return {"detail-type": "Object Created", "detail": detail}


def test_every_form_of_a_notification_is_read(own: Desk, queue: Queue) -> None:
    """Read it directly, through SNS and through EventBridge; keys are spelled as in forms."""
    jobs = [own.job("phylo_run") for _ in range(3)]
    for job in jobs:
        own.tree(job, TREE)
    keys = [manifest_of(job) for job in jobs]
    send(queue, created(own, keys[0].replace("/", "%2F")))
    send(queue, sns(created(own, keys[1], eventName="s3:ObjectCreated:Copy")))
    send(queue, event_bridge(own, keys[2]))

    watched(own, queue)

    assert statuses(own) == ["succeeded"] * 3


def test_what_comes_twice_or_too_early_changes_nothing_more(own: Desk, queue: Queue) -> None:
    """Register once; a message before its manifest is there comes again."""
    job = own.job("phylo_run")
    send(queue, created(own, manifest_of(job)), created(own, f"jobs/{job}/1/auspice_json"))
    early = next(watch(own.conn, own.s3.client, queue, own.s3.bucket))
    own.tree(job, TREE)
    send(queue, created(own, manifest_of(job)))

    handled = [one.outcome for notified in watched(own, queue) for one in notified.handled]

    assert [one.outcome for one in early.handled] == ["postponed"]
    assert (handled, statuses(own)) == (["registered"], ["succeeded"])
    assert own.rows(WAITING) == []


def test_wrong_file_fails_its_job(own: Desk, queue: Queue) -> None:
    """Handle the message as the job's own report."""
    job = own.job("phylo_run")
    own.tree(job, "{")
    send(queue, created(own, manifest_of(job)))

    watched(own, queue)

    assert statuses(own) == ["failed"]
    assert "ends too early" in own.rows("select error from aspen.jobs")[0]


def test_message_about_nothing_of_ours_is_forgotten(own: Desk, queue: Queue) -> None:
    """Leave other events, files and buckets, and manifests that no job wrote."""
    job = own.job("phylo_run")
    failure = {"kind": "phylo_run", "attempt": 1, "status": "failed", "error": "forged"}
    own.put(f"group/7/jobs/{job}/1/manifest.json", json.dumps(failure))
    own.put(manifest_of(job), json.dumps(failure))
    send(
        queue,
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        created(own, manifest_of(job), eventName="ObjectRemoved:Delete"),
        created(own, f"group/7/jobs/{job}/1/manifest.json"),
        created(own, manifest_of(999_999)),
        created(own, manifest_of(job)) | {"Records": []},
        {"detail-type": "Object Deleted", "detail": {}},
    )
    about = {"bucket": {"name": "other"}, "object": {"key": manifest_of(job)}}
    send(queue, created(own, "", s3=about))

    notified = watched(own, queue)

    assert (len(notified), {one.handled for one in notified}) == (7, {()})
    assert (statuses(own), own.rows(WAITING)) == (["queued"], [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the message, line 1 column 2: is not JSON"),
        ("hello", "is not JSON"),
        ({"Records": [{"eventName": "ObjectCreated:Put"}]}, "has a record that is none of S3"),
        ({"Records": [7]}, "has a record that is none of S3"),
        ({"detail-type": "Object Created", "detail": {"bucket": {}}}, "names no object"),
        ([], "is no notification of S3"),
        ({"Type": "Notification", "Message": "{}"}, "is no notification of S3"),
    ],
)
def test_poison_message_is_put_aside(own: Desk, queue: Queue, body: Any, reason: str) -> None:
    """Keep it with the reason, take it out of the queue, and handle the next."""
    job = own.job("phylo_run")
    own.tree(job, TREE)
    send(queue, body, created(own, manifest_of(job)))

    watched(own, queue)

    [kept] = own.rows("select body, reason from aspen.rejected_notifications")
    assert (kept[0], reason in kept[1]) == (body, True)
    assert statuses(own) == ["succeeded"]
    assert queue.receive(wait=False) == []


def test_message_that_is_never_done_is_put_aside_and_replayed(own: Desk, queue: Queue) -> None:
    """Give up after some attempts; handle it once its cause is gone."""
    job = own.job("phylo_run")
    send(queue, created(own, manifest_of(job)))

    attempts = watched(own, queue)
    waiting = own.rows(WAITING)
    in_vain = own.run("replay")
    own.tree(job, TREE)
    tried = own.run("replay", "--dry-run")
    is_open = statuses(own)
    done, again = own.run("replay"), own.run("replay")

    assert len(attempts) == MOST_ATTEMPTS + 1
    assert waiting == [f"it was handled {MOST_ATTEMPTS} times without success"]
    assert f"postponed job {job}: s3://" in in_vain.stdout
    assert "does not exist" in tried.stdout
    assert is_open == ["queued"]
    assert f"registered job {job} (phylo_run): succeeded\n" in done.stdout
    assert (again.exit_code, again.stdout, own.rows(WAITING)) == (0, "", [])


def test_message_that_stays_wrong_stays_rejected(own: Desk, queue: Queue) -> None:
    """Handle what is behind it."""
    send(queue, "{", "[")
    watched(own, queue)

    replayed = list(replay(own.conn, own.s3.client, own.s3.bucket))

    assert [one.problem is None for one in replayed] == [False, False]
    assert len(own.rows(WAITING)) == 2


def test_watcher_ends_when_it_is_told(own: Desk, queue: Queue) -> None:
    """Exit with 0 after SIGTERM."""
    process = own.start("watch", queue.url)
    assert process.stderr is not None
    said = process.stderr.readline()

    process.send_signal(signal.SIGTERM)
    process.communicate()

    assert (said, process.returncode) == (f"watching {queue.url}\n", 0)


def test_unknown_queue_is_refused(own: Desk) -> None:
    """Name it."""
    result = own.run("watch", "no-such-queue", "--once")

    assert result.exit_code == 1
    assert "there is no queue 'no-such-queue'" in result.stderr
