"""`control webhook send`: signed messages, in order, and nothing that their maker may not see."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.cli import cli
from control.events.numbering import number_events
from control.stack.ports import HOST
from control.stack.state import SUPERUSER
from control.webhooks.messages import Event, Message, message_of
from control.webhooks.posting import Answer, post
from control.webhooks.sending import WAITS, Report, send_webhooks
from tests import factories
from tests.control.mails.mail_server import write_certificate
from tests.control.webhooks.receiver import Receiver, running_receiver
from tests.servers import Database

EVENTS = [Event(1, 1, "tree.ready", 1, None, datetime(2026, 1, 1, tzinfo=UTC))]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a server that receives webhooks."""
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def hook(conn: psycopg.Connection, receiver: Receiver) -> int:
    """Store a webhook of Ada, who is an admin, to the receiver on this machine."""
    conn.execute("select set_config('aspen.webhook_local_hosts', 'localhost', false)")
    group = factories.group(conn)
    ada = factories.user(conn, "ada", {group: "admin"})
    number_events(conn)
    return factories.webhook(conn, group, ada, url=receiver.url)


def run(database: Database, *args: object) -> Result:
    """Run `control webhook …` in this process."""
    return CliRunner().invoke(cli, ["webhook", *map(str, args)], env=database.environment)


def group_of(conn: psycopg.Connection, hook: int) -> int:
    """Return the group of a webhook."""
    row = conn.execute("select group_id from aspen.webhooks where id = %s", [hook]).fetchone()
    assert row is not None
    return int(row[0])


def told(receiver: Receiver) -> list[list[tuple[str, int]]]:
    """Return kind and row of the events of each message that arrived."""
    return [
        [(event["kind"], event["row_id"]) for event in json.loads(body)["data"]["events"]]
        for _, _, body in receiver.received
    ]


def state(conn: psycopg.Connection, hook: int) -> tuple[Any, ...]:
    """Return how a webhook stands."""
    return conn.execute(
        "select attempt_count, last_status, last_problem, stopped_at is not null,"
        " last_delivered_at is not null from aspen.webhooks where id = %s",
        [hook],
    ).fetchall()[0]


def make_due(conn: psycopg.Connection) -> None:
    """Let the time pass until the next try."""
    conn.execute("update aspen.webhooks set next_attempt_at = now()")


def test_event_is_sent_once(conn: psycopg.Connection, hook: int, receiver: Receiver) -> None:
    """Send what happened to a sample to the whole address, and then nothing more."""
    sample = factories.sample(conn, group_of(conn, hook))

    reports = [send_webhooks(conn), send_webhooks(conn)]

    assert reports == [Report(sent=1), Report()]
    assert told(receiver) == [[("sample.created", sample)]]
    assert [path for path, _, _ in receiver.received] == ["/hooks?key=a"]
    assert state(conn, hook) == (0, 200, None, False, True)


def test_message_is_signed_as_receivers_verify_it(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Sign id, time and body with the decoded secret (Standard Webhooks)."""
    factories.sample(conn, group_of(conn, hook))
    send_webhooks(conn)
    [(secret,)] = conn.execute("select secret from aspen.webhooks").fetchall()
    [(_, headers, body)] = receiver.received

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).digest()

    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


@pytest.mark.parametrize(("until", "count"), [("1 hour", 2), ("-1 second", 1)])
def test_message_has_both_signatures_while_a_secret_is_replaced(
    conn: psycopg.Connection, hook: int, receiver: Receiver, until: str, count: int
) -> None:
    """Sign with the new secret, and with the former one until its time is over."""
    conn.execute(
        "update aspen.webhooks set secret = repeat('B', 43) || '=',"
        " former_secret_ends_at = now() + %s::interval",
        [until],
    )
    factories.sample(conn, group_of(conn, hook))
    send_webhooks(conn)
    [(_, headers, body)] = receiver.received

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = [
        base64.b64encode(
            hmac.digest(base64.b64decode(letter * 43 + "="), signed, hashlib.sha256)
        ).decode()
        for letter in "BA"
    ]

    signatures = headers["webhook-signature"].split(" ")
    assert signatures == [f"v1,{one}" for one in expected[:count]]


def test_failed_message_is_sent_again_before_what_came_later(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Keep its id and its events, so that the receiver knows it, and the order."""
    receiver.statuses = [500]
    group = group_of(conn, hook)
    first = factories.sample(conn, group)
    report = send_webhooks(conn)
    second = factories.sample(conn, group)
    failed = state(conn, hook)
    waiting = send_webhooks(conn)
    make_due(conn)

    send_webhooks(conn)

    assert report.problems == {hook: "it answered 500"}
    assert (failed, waiting) == ((1, 500, "it answered 500", False, False), Report())
    created = [[("sample.created", sample)] for sample in (first, first, second)]
    assert told(receiver) == created
    ids = [headers["webhook-id"] for _, headers, _ in receiver.received]
    assert (ids[0] == ids[1], ids[1] == ids[2]) == (True, False)


def test_message_that_always_fails_stops_the_webhook(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Give up after the last wait, and keep the events for whoever lets it go on."""
    receiver.statuses = [503, 200]
    sample = factories.sample(conn, group_of(conn, hook))
    conn.execute("update aspen.webhooks set attempt_count = %s", [len(WAITS)])

    report = send_webhooks(conn)

    assert (report.stopped, state(conn, hook)[1:4]) == (1, (503, "it answered 503", True))
    assert send_webhooks(conn) == Report()
    conn.execute("update aspen.webhooks set stopped_at = null, attempt_count = 0")
    send_webhooks(conn)
    assert told(receiver) == [[("sample.created", sample)]] * 2


def test_receiver_that_is_gone_is_not_asked_again(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Stop at 410, which is how a receiver unsubscribes."""
    receiver.statuses = [410]
    factories.sample(conn, group_of(conn, hook))

    report = send_webhooks(conn)

    assert (report.stopped, state(conn, hook)[3]) == (1, True)


def test_redirect_is_not_followed(conn: psycopg.Connection, hook: int, receiver: Receiver) -> None:
    """Count it as a failure, because it may lead into a private network."""
    receiver.statuses = [307]
    factories.sample(conn, group_of(conn, hook))

    report = send_webhooks(conn)

    assert report.problems == {hook: "it answered 307"}
    assert len(receiver.received) == 1


def test_text_of_the_receiver_is_kept_nowhere(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Store its status and words of ours."""
    receiver.statuses = [400]
    factories.sample(conn, group_of(conn, hook))
    send_webhooks(conn)

    rows = conn.execute("select webhooks::text from aspen.webhooks as webhooks").fetchall()

    assert "answered 400" in f"{rows}"
    assert "secret" not in f"{rows}"


def message_to(receiver: Receiver) -> Message:
    """Return a message to a server."""
    return message_of(1, receiver.url, [base64.b64encode(b"x" * 32).decode()], EVENTS)


@pytest.mark.parametrize("is_slow", [False, True], ids=["silent", "slow"])
@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "encrypted"])
def test_server_that_does_not_come_to_an_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_encrypted: bool, is_slow: bool
) -> None:
    """Wait for no longer than the limit, also for one that goes on talking."""
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}")
    with running_receiver(certificate if is_encrypted else None) as receiver:
        receiver.silence.set()
        receiver.is_slow = is_slow
        answer = post(message_to(receiver), {"localhost", HOST}, seconds=1)

    assert len(receiver.received) == 1
    assert answer == Answer(None, "it did not answer within 1 seconds")


def test_silent_name_server_is_given_up(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wait for the address of a name no longer than for the answer."""
    released = threading.Event()

    def never(*_: object, **__: object) -> list[Any]:
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    try:
        answer = post(message_to(receiver), {"localhost"}, seconds=0.2)
    finally:
        released.set()

    assert answer == Answer(None, "it did not answer within 0 seconds")


def test_name_that_changes_its_address_is_looked_up_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connect to the address that was checked, not to what the name has a moment later."""
    answers = iter(["203.0.113.1", HOST])
    connected: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("control.webhooks.posting.is_public", lambda text: text != HOST)
    message = message_of(1, "https://hooks.example.org/", [f"{'A' * 43}="], EVENTS)

    first, second = post(message, set()), post(message, set())

    assert first == Answer(None, "no connection, or no valid answer")
    assert second == Answer(None, "its name leads to a private network")
    assert connected == ["203.0.113.1"]


def test_connection_that_ends_in_a_private_network_is_closed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ask the connection itself whom it reached, before anything is sent."""
    create = socket.create_connection

    def look_up(host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.1", port))]

    def connect(_: tuple[str, int], timeout: float) -> socket.socket:
        monkeypatch.undo()
        monkeypatch.setattr("control.webhooks.posting.is_public", lambda text: text != HOST)
        return create((HOST, receiver.port), timeout)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("control.webhooks.posting.is_public", lambda text: text != HOST)
    message = message_of(1, "https://hooks.example.org/", [f"{'A' * 43}="], EVENTS)

    assert post(message, set()) == Answer(None, "its name leads to a private network")
    assert receiver.received == []


@pytest.mark.parametrize(
    ("is_trusted", "answer"),
    [(True, Answer(200, None)), (False, Answer(None, "its certificate is not trusted"))],
)
def test_certificate_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool, answer: Answer
) -> None:
    """Send nothing to a server that cannot prove its name."""
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}" if is_trusted else os.devnull)
    with running_receiver(certificate) as receiver:
        assert post(message_to(receiver), {HOST}) == answer

    assert len(receiver.received) == int(is_trusted)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("select %s", ["open", "private"]),
        ("update aspen.memberships set role = 'viewer' where user_id = %s", ["open"]),
        ("delete from aspen.memberships where user_id = %s", None),
        ("update aspen.users set disabled_at = now() where id = %s", None),
        ("delete from aspen.users where id = %s", None),
    ],
    ids=["admin", "viewer", "left", "disabled", "deleted"],
)
def test_maker_decides_by_present_rights_what_is_sent(
    conn: psycopg.Connection,
    hook: int,
    receiver: Receiver,
    change: str,
    seen: list[str] | None,
) -> None:
    """Send what the maker sees now; stop and say so if that is nothing."""
    group = group_of(conn, hook)
    # The last admin of a group may not leave it.
    factories.user(conn, "eve", {group: "admin"})
    [(ada,)] = conn.execute("select created_by_id from aspen.webhooks").fetchall()
    samples = {
        "open": factories.sample(conn, group),
        "private": factories.sample(conn, group, is_private=True),
    }
    conn.execute(change.encode(), [ada])

    report = send_webhooks(conn)

    expected = [] if seen is None else [[("sample.created", samples[name]) for name in seen]]
    assert told(receiver) == expected
    assert (report.stopped, state(conn, hook)[3]) == ((1, True) if seen is None else (0, False))


def test_events_of_other_groups_are_not_sent(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Send those of the webhook's group only, also where its maker belongs to both."""
    other = factories.group(conn)
    conn.execute(
        "insert into aspen.memberships (group_id, user_id, role)"
        " select %s, id, 'admin' from aspen.users",
        [other],
    )
    factories.sample(conn, other)
    sample = factories.sample(conn, group_of(conn, hook))

    send_webhooks(conn)

    assert told(receiver) == [[("sample.created", sample)]]


def test_only_wanted_kinds_are_sent(
    conn: psycopg.Connection, hook: int, receiver: Receiver
) -> None:
    """Pass over the others."""
    conn.execute("update aspen.webhooks set kinds = '{sample.deleted}'")
    sample = factories.sample(conn, group_of(conn, hook))
    conn.execute("delete from aspen.samples where id = %s", [sample])

    send_webhooks(conn)

    assert told(receiver) == [[("sample.deleted", sample)]]


def test_many_events_come_in_order(conn: psycopg.Connection, hook: int, receiver: Receiver) -> None:
    """Send at most 100 in a message, and all of them."""
    group = group_of(conn, hook)
    conn.execute(
        "insert into aspen.event_notes (group_id, kind, row_ids, disclosed_at)"
        " select %s, 'tree.ready', array_agg(n), '1900-01-01' from generate_series(1, 250) as n",
        [group],
    )

    report = send_webhooks(conn)

    rows = [row for message in told(receiver) for _, row in message]
    assert (report.sent, rows) == (3, list(range(1, 251)))


def test_paused_webhook_catches_up(conn: psycopg.Connection, hook: int, receiver: Receiver) -> None:
    """Send nothing meanwhile, and everything afterwards."""
    conn.execute("update aspen.webhooks set is_enabled = false")
    sample = factories.sample(conn, group_of(conn, hook))
    paused = send_webhooks(conn)
    conn.execute("update aspen.webhooks set is_enabled = true")

    send_webhooks(conn)

    assert (paused, told(receiver)) == (Report(), [[("sample.created", sample)]])


def test_webhook_that_another_sender_holds_is_left_alone(
    conn: psycopg.Connection, database: Database, hook: int, receiver: Receiver
) -> None:
    """Send no message twice at the same time, and none out of order."""
    factories.sample(conn, group_of(conn, hook))
    with database.connect() as other:
        other.execute("select pg_advisory_lock(hashtext('aspen.webhooks'), %s)", [hook])
        meanwhile = send_webhooks(conn)
        # The end of a session lets go of it as well, but later than its client is told.
        other.execute("select pg_advisory_unlock_all()")

    assert (meanwhile, send_webhooks(conn)) == (Report(), Report(sent=1))


def test_local_address_needs_the_setting(
    conn: psycopg.Connection, database: Database, hook: int, receiver: Receiver
) -> None:
    """Refuse http, and a private network, unless operators allow the name."""
    factories.sample(conn, group_of(conn, hook))
    conn.execute("select set_config('aspen.webhook_local_hosts', '', false)")
    refused = [send_webhooks(conn).problems[hook]]
    conn.execute("update aspen.webhooks set url = replace(url, 'http:', 'https:')")
    make_due(conn)
    refused.append(send_webhooks(conn).problems[hook])

    assert refused == ["only https is allowed", "its name leads to a private network"]
    assert receiver.received == []


def test_command_sends_and_counts(
    conn: psycopg.Connection, database: Database, hook: int, receiver: Receiver
) -> None:
    """Say what became of it; a dry run sends nothing."""
    factories.sample(conn, group_of(conn, hook))
    number_events(conn)
    with psycopg.connect(database.url_of(SUPERUSER), autocommit=True) as administrator:
        administrator.execute(
            sql.SQL("alter database {} set aspen.webhook_local_hosts = 'localhost'").format(
                sql.Identifier(database.name)
            )
        )

    results = [run(database, "send", "--dry-run").stdout, run(database, "send").stdout]

    assert results == [
        "would send to 1 webhooks\n",
        "sent 1 messages, 0 are tried again, 0 webhooks stopped\n",
    ]
