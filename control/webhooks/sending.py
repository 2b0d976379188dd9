"""Send the events of groups to their webhooks, each in order and at least once."""

from __future__ import annotations

from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from psycopg.rows import class_row

from control.database import acting_as
from control.events.numbering import number_events
from control.queries import query
from control.webhooks.messages import Event, Message, message_of
from control.webhooks.posting import Answer, post

# Before each further try; after the last one the webhook stops. In sum less than two days.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 20 * 3600)
)
EVENTS_AT_ONCE = 100
_POSTS_AT_ONCE = 16
_ROUNDS = 100


@dataclass
class Report:
    """What became of the messages; the problems name webhooks by id."""

    sent: int = 0
    postponed: int = 0
    stopped: int = 0
    problems: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Webhook:
    """A webhook with events to send."""

    id: int
    group_id: int
    url: str = field(repr=False)
    kinds: list[str]
    secrets: list[str] = field(repr=False)
    subject: str | None
    last_event_id: int
    pending_event_id: int | None
    attempt_count: int
    newest: int


@dataclass(frozen=True)
class Parcel:
    """A message, and the event up to which a webhook is done when it has arrived."""

    webhook: Webhook
    message: Message
    upto: int


class _Left(Exception):
    """A webhook whose maker may see nothing of the group any more."""


def count_due(conn: psycopg.Connection) -> int:
    """Return how many webhooks have something to send now."""
    return len(_due(conn))


def send_webhooks(conn: psycopg.Connection) -> Report:
    """Send what happened and is due; several senders share the webhooks.

    A webhook has one message at a time, so that its events arrive in order.
    """
    number_events(conn)
    row = conn.execute("select current_setting('aspen.webhook_local_hosts', true)").fetchone()
    assert row is not None
    local_hosts = set((row[0] or "").split(",")) - {""}
    report = Report()
    with ThreadPoolExecutor(_POSTS_AT_ONCE) as pool:
        for _ in range(_ROUNDS):
            if not _send_round(conn, pool, local_hosts, report):
                break
    return report


def _send_round(
    conn: psycopg.Connection, pool: ThreadPoolExecutor, local_hosts: Set[str], report: Report
) -> bool:
    """Send one message of every webhook that has one, and return whether there were any."""
    held = [webhook_id for webhook_id in _due(conn) if _hold(conn, webhook_id)]
    try:
        parcels = []
        for webhook_id in held:
            # Read again, because another sender may have held it until now.
            for webhook in _read(conn, webhook_id):
                parcel = _pack(conn, webhook, report)
                if parcel is not None:
                    parcels.append(parcel)
        answers = pool.map(lambda parcel: post(parcel.message, local_hosts), parcels)
        for parcel, answer in zip(parcels, answers, strict=True):
            _note(conn, parcel, answer, report)
    finally:
        for webhook_id in held:
            conn.execute("select pg_advisory_unlock(hashtext('aspen.webhooks'), %s)", [webhook_id])
    return bool(held)


def _due(conn: psycopg.Connection) -> list[int]:
    return [row[0] for row in conn.execute(query("webhooks/find_due")).fetchall()]


def _hold(conn: psycopg.Connection, webhook_id: int) -> bool:
    """Keep other senders off a webhook; the lock ends with the connection at the latest."""
    row = conn.execute(
        "select pg_try_advisory_lock(hashtext('aspen.webhooks'), %s)", [webhook_id]
    ).fetchone()
    return row is not None and bool(row[0])


def _read(conn: psycopg.Connection, webhook_id: int) -> list[Webhook]:
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(query("webhooks/read_webhook"), {"id": webhook_id}).fetchall()


def _pack(conn: psycopg.Connection, webhook: Webhook, report: Report) -> Parcel | None:
    """Return the next message of a webhook, or none if nothing of it may be sent."""
    try:
        events = _visible_events(conn, webhook)
    except _Left:
        problem = "whoever made it does not belong to the group any more"
        _stop(conn, webhook, None, problem, report)
        return None
    upto = webhook.pending_event_id or webhook.newest
    if len(events) == EVENTS_AT_ONCE:
        upto = events[-1].id
    if not events:
        conn.execute(
            "update aspen.webhooks set last_event_id = %s, pending_event_id = null,"
            " attempt_count = 0 where id = %s",
            [upto, webhook.id],
        )
        return None
    message = message_of(webhook.id, webhook.url, webhook.secrets, events)
    return Parcel(webhook, message, upto)


def _visible_events(conn: psycopg.Connection, webhook: Webhook) -> list[Event]:
    """Return the next events that whoever made the webhook sees as a caller of the API."""
    if webhook.subject is None:
        raise _Left
    try:
        with (
            acting_as(conn, role="member", subject=webhook.subject),
            conn.cursor(row_factory=class_row(Event)) as cursor,
        ):
            found = cursor.execute(
                query("webhooks/visible_events"), vars(webhook) | {"most": EVENTS_AT_ONCE}
            ).fetchall()
            is_inside = conn.execute(
                "select %s::bigint = any(authz.any_groups())", [webhook.group_id]
            )
            if is_inside.fetchone() != (True,):
                raise _Left
    except psycopg.Error as error:
        # Such as a user who was disabled.
        if error.sqlstate == "PGRST":
            raise _Left from error
        raise
    return found


def _note(conn: psycopg.Connection, parcel: Parcel, answer: Answer, report: Report) -> None:
    webhook = parcel.webhook
    if answer.problem is None:
        conn.execute(query("webhooks/note_success"), _values(parcel, answer))
        report.sent += 1
        return
    # 410 Gone is how a receiver unsubscribes.
    if webhook.attempt_count >= len(WAITS) or answer.status == 410:
        _stop(conn, webhook, answer.status, answer.problem, report)
        return
    wait = WAITS[webhook.attempt_count]
    conn.execute(query("webhooks/note_failure"), _values(parcel, answer) | {"wait": wait})
    report.postponed += 1
    report.problems[webhook.id] = answer.problem


def _values(parcel: Parcel, answer: Answer) -> dict[str, object]:
    return {
        "id": parcel.webhook.id,
        "last_event_id": parcel.webhook.last_event_id,
        "upto": parcel.upto,
    } | vars(answer)


def _stop(
    conn: psycopg.Connection, webhook: Webhook, status: int | None, problem: str, report: Report
) -> None:
    conn.execute(
        "update aspen.webhooks set stopped_at = now(), last_status = %s, last_problem = %s"
        " where id = %s",
        [status, problem, webhook.id],
    )
    report.stopped += 1
    report.problems[webhook.id] = problem
