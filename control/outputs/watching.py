"""Register manifests as soon as S3 says that they were written.

SQS gives a message at least once and in any order. Handling one twice finds the job ended; a
manifest is the last file of a job, so its message needs no other one. A message is removed after
what it says was committed, so a watcher that is killed loses none.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from control.outputs.arrivals import Handled, arrival_at, look, settle, wanted
from control.outputs.formats.json_values import MalformedJson, read_json
from control.outputs.malformed import UNPRINTABLE, Malformed
from control.outputs.notifications import created_objects
from control.queries import query

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from control.storage.sqs import Queue

# A message that was given to watchers this often, and never removed, is put aside: whoever handles
# it fails, or is killed.
MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Notified:
    """What became of one message; with a `problem` it waits for `control output replay`."""

    message_id: str
    handled: tuple[Handled, ...] = ()
    problem: str | None = None


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Return whether SIGTERM or SIGINT came; what is under way then is finished first."""
    stopped = threading.Event()
    before = {
        name: signal.signal(name, lambda *_: stopped.set())
        for name in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stopped.is_set
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def watch(
    conn: psycopg.Connection,
    s3: S3Client,
    queue: Queue,
    bucket: str,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    once: bool = False,
) -> Iterator[Notified]:
    """Handle messages until it is stopped, or once none waits."""
    while not is_stopped():
        messages = queue.receive(wait=not once)
        if once and not messages:
            return
        for message in messages:
            if is_stopped():
                return
            notified, is_done = _take(conn, s3, message, bucket)
            if is_done:
                queue.remove(message)
            yield notified


def replay(
    conn: psycopg.Connection, s3: S3Client, bucket: str, *, dry_run: bool = False
) -> Iterator[Notified]:
    """Handle the rejected messages again, the oldest first, each in one transaction."""
    last = 0
    while True:
        with conn.transaction(force_rollback=dry_run):
            row = conn.execute(query("outputs/claim_rejected_notification"), [last]).fetchone()
            if row is None:
                return
            last, message_id, body, reason = row
            notified = Notified(message_id, problem=reason)
            if not dry_run:
                notified = _handle(conn, s3, message_id, body, bucket)
                _keep_outcome(conn, last, notified)
        yield notified


def _take(
    conn: psycopg.Connection, s3: S3Client, message: MessageTypeDef, bucket: str
) -> tuple[Notified, bool]:
    """Handle a message, and return whether the queue may forget it."""
    message_id, body = message["MessageId"], message["Body"]
    count = int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1"))
    if count > MOST_ATTEMPTS:
        reason = f"it was handled {MOST_ATTEMPTS} times without success"
        return _put_aside(conn, Notified(message_id, problem=reason), body), True
    notified = _handle(conn, s3, message_id, body, bucket)
    if notified.problem is not None:
        return _put_aside(conn, notified, body), True
    return notified, not any(one.outcome == "postponed" for one in notified.handled)


def _handle(
    conn: psycopg.Connection, s3: S3Client, message_id: str, body: str, bucket: str
) -> Notified:
    """Register the manifests that a message names, if their jobs wait for them."""
    try:
        created = created_objects(body)
    except Malformed as error:
        return Notified(message_id, problem=error.message)
    # Notifications are of the whole bucket; only below jobs/ may nobody but jobs write.
    arrivals = [
        arrival
        for uri in created
        if uri.bucket == bucket and (arrival := arrival_at(uri, "")) is not None
    ]
    handled = [settle(conn, s3, arrival, look(s3, arrival)) for arrival in wanted(conn, arrivals)]
    return Notified(message_id, tuple(handled))


def _put_aside(conn: psycopg.Connection, notified: Notified, body: str) -> Notified:
    values = {
        "message_id": UNPRINTABLE.sub("\ufffd", notified.message_id),
        "body": Jsonb(_as_json(body)),
        "reason": notified.problem,
    }
    conn.execute(query("outputs/store_rejected_notification"), values)
    return notified


def _keep_outcome(conn: psycopg.Connection, row_id: int, notified: Notified) -> None:
    """Close a rejected message that was handled now, or record why it was not."""
    postponed = [one.problem for one in notified.handled if one.outcome == "postponed"]
    reason = notified.problem or (postponed[0] if postponed else None)
    conn.execute(
        "update aspen.rejected_notifications set reason = coalesce(%(reason)s, reason),"
        " replayed_at = case when %(reason)s::text is null then now() end where id = %(id)s",
        {"id": row_id, "reason": reason},
    )


def _as_json(body: str) -> Any:
    """Return a message as JSON where it is, else as a text."""
    try:
        return read_json(body.encode(errors="replace"))
    except MalformedJson:
        return body.replace("\0", "\ufffd")
