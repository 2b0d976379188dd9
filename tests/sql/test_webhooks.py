"""Admins let the events of their group be sent to an address, and see how that goes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CREATE = "select id, secret from api.create_webhook(%s, %s, %s)"
URL = "https://hooks.example.org/aspen"
REPLAY = "select last_event_id, attempt_count, stopped_at from api.replay_webhook(%s, %s)"


@pytest.fixture
def ada(admin: psycopg.Connection, lab: Lab) -> int:
    """Store an admin of the lab."""
    return factories.user(admin, "ada", {lab.group: "admin"})


def test_webhook_is_made_and_its_secret_is_shown_once(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Begin with the next event, and show the secret in no view."""
    event = factories.event(admin, factories.sample(admin, lab.group))
    with request_as("member", sub="ada") as conn:
        hook, secret = conn.execute(CREATE, [lab.group, f" {URL} ", None]).fetchall()[0]
        [row] = conn.execute(
            "select to_jsonb(webhooks), id, url, created_by_id, last_event_id, cardinality(kinds)"
            " from api.webhooks as webhooks"
        ).fetchall()

    assert row[1:] == (hook, URL, ada, event, 5)
    assert re.fullmatch("whsec_[A-Za-z0-9+/]{43}=", secret)
    assert secret.removeprefix("whsec_") not in f"{row[0]}"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://hooks.example.org/",
        "https://localhost/",
        "https://hooks/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://a:b@example.org/",
        "https://example.org@127.0.0.1/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://example.org/\r\nX: y",
        "https://example.org/a b",
        "https://example.org/#a",
        "https://exämple.org/",
        "https://example.org:x/",
        "ftp://example.org/",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_address_that_is_not_public_is_refused(
    request_as: RequestAs, lab: Lab, ada: int, url: str | None
) -> None:
    """Name the field."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, CREATE, [lab.group, url, None])

    status, code, [problem] = cast(tuple[int, str, Any], answer)
    assert (status, code, problem["field"]) == (400, "invalid_argument", "url")


@pytest.mark.parametrize(
    "url", [f"{URL}?key=a%20b&c=1", "https://example.org", "https://a-b.example.org:8443/x"]
)
def test_public_address_is_accepted(request_as: RequestAs, lab: Lab, ada: int, url: str) -> None:
    """Allow other ports, and keys in the address."""
    with request_as("member", sub="ada") as conn:
        assert len(conn.execute(CREATE, [lab.group, url, None]).fetchall()) == 1


def test_operators_allow_local_addresses(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Allow the listed names, also by http, and no others."""
    admin.execute("set local aspen.webhook_local_hosts = 'localhost,127.0.0.1'")
    with request_as("member", sub="ada") as conn:
        made = conn.execute(CREATE, [lab.group, "http://localhost:8000/x", None]).fetchall()
        refused = refusal_of(conn, CREATE, [lab.group, "http://printer/", None])

    assert (len(made), refused[1]) == (1, "invalid_argument")


@pytest.mark.parametrize(
    "kinds", [[], [None], [["sample.created"]], ["sample.created", "sample.seen"]]
)
def test_unknown_kinds_are_refused(
    request_as: RequestAs, lab: Lab, ada: int, kinds: list[str]
) -> None:
    """Name the field."""
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, CREATE, [lab.group, URL, kinds])

    status, code, [problem] = cast(tuple[int, str, Any], answer)
    assert (status, code, problem["field"]) == (400, "invalid_argument", "kinds")


def test_group_has_ten_webhooks_at_most(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Refuse the eleventh."""
    for _ in range(9):
        factories.webhook(admin, lab.group, ada)
    with request_as("member", sub="ada") as conn:
        conn.execute(CREATE, [lab.group, URL, ["tree.ready"]])
        answer = refusal_of(conn, CREATE, [lab.group, URL, None])

    assert answer == (409, "too_many_webhooks", {"group_id": lab.group})


def test_member_makes_no_webhook(request_as: RequestAs, lab: Lab) -> None:
    """Ask for an admin."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, [lab.group, URL, None])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


@pytest.mark.parametrize(("after", "last"), [(None, 7), (3, 3), (9, 7), (0, 0)])
def test_stopped_webhook_goes_on(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    ada: int,
    after: int | None,
    last: int,
) -> None:
    """Begin where it stood or earlier, and leave no event out."""
    hook = factories.webhook(
        admin,
        lab.group,
        ada,
        last_event_id=7,
        pending_event_id=8,
        attempt_count=9,
        stopped_at="2024-01-01",
    )
    with request_as("member", sub="ada") as conn:
        assert conn.execute(REPLAY, [hook, after]).fetchall() == [(last, 0, None)]


ROTATE = (
    "select webhook_id, secret, former_secret_ends_at - now()"
    " from api.rotate_webhook_secret(%s, %s)"
)
SECRETS = "select secret, former_secret from aspen.webhooks where id = %s"


def test_secret_is_replaced_and_the_former_one_kept_for_a_while(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Show the new one once, and show nobody the former one; one that leaked goes at once."""
    hook = factories.webhook(admin, lab.group, ada)
    [(old, _)] = admin.execute(SECRETS, [hook]).fetchall()
    with request_as("member", sub="ada", keep=True) as conn:
        [(rotated, secret, left)] = conn.execute(ROTATE, [hook, 48]).fetchall()
        [(shown,)] = conn.execute("select to_jsonb(w) from api.webhooks as w").fetchall()
    stored = admin.execute(SECRETS, [hook]).fetchall()
    with request_as("member", sub="ada", keep=True) as conn:
        [(_, last, none_left)] = conn.execute(ROTATE, [hook, 0]).fetchall()

    new = secret.removeprefix("whsec_")
    assert (rotated, left, none_left) == (hook, timedelta(hours=48), None)
    assert re.fullmatch("whsec_[A-Za-z0-9+/]{43}=", secret)
    assert stored == [(new, old)]
    assert not any(one in f"{shown}" for one in (new, old))
    assert admin.execute(SECRETS, [hook]).fetchall() == [(last.removeprefix("whsec_"), None)]


@pytest.mark.parametrize("hours", [-1, 169, None])
def test_overlap_has_a_limit(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int, hours: int | None
) -> None:
    """Name the argument."""
    hook = factories.webhook(admin, lab.group, ada)
    with request_as("member", sub="ada") as conn:
        status, code, [problem] = cast(
            tuple[int, str, Any], refusal_of(conn, ROTATE, [hook, hours])
        )

    assert (status, code, problem["field"]) == (400, "invalid_argument", "overlap_hours")


def test_secret_is_replaced_by_admins_alone(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Answer others as if there were no webhook, and change nothing."""
    hook, foreign = (factories.webhook(admin, g, ada) for g in (lab.group, lab.other_group))
    answers = []
    for who, asked in (("alice", hook), ("vic", hook), ("bob", hook), ("ada", foreign)):
        with request_as("member", sub=who, keep=True) as conn:
            answers.append(refusal_of(conn, ROTATE, [asked, 1])[:2])

    assert answers == [(404, "webhook_not_found")] * 4
    assert admin.execute(SECRETS, [hook]).fetchall() == [(f"{'A' * 43}=", None)]


def test_webhook_of_another_group_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: int
) -> None:
    """Answer as if it did not exist; the id of an event is not negative."""
    hook = factories.webhook(admin, lab.other_group, ada)
    with request_as("member", sub="ada") as conn:
        answers = [refusal_of(conn, REPLAY, [hook, after]) for after in (None, -1)]

    assert [answer[:2] for answer in answers] == [
        (404, "webhook_not_found"),
        (400, "invalid_argument"),
    ]


def test_secret_and_address_stay_out_of_the_audit_log(
    admin: psycopg.Connection, lab: Lab, ada: int
) -> None:
    """Record that a webhook changed and was deleted, without them."""
    hook = factories.webhook(admin, lab.group, ada)
    admin.execute(
        "update aspen.webhooks set is_enabled = false, secret = repeat('B', 43) || '=',"
        " former_secret_ends_at = now()"
    )
    admin.execute("delete from aspen.webhooks")
    recorded = admin.execute(
        "select action, old_values ?| array['secret', 'former_secret', 'url'] from aspen.audit_log"
        " where table_name = 'webhooks' and row_id = %s order by id",
        [hook],
    ).fetchall()

    assert recorded == [("insert", None), ("update", False), ("delete", False)]


@pytest.mark.parametrize(("who", "count"), [("ada", 1), ("alice", 0), ("bob", 0)])
@pytest.mark.parametrize(
    "statement", ["delete from api.webhooks", "update api.webhooks set is_enabled = false"]
)
def test_webhook_is_changed_by_an_admin_only(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    ada: int,
    statement: str,
    who: str,
    count: int,
) -> None:
    """Refuse it to a member, though a statement without a condition is under other rules."""
    factories.webhook(admin, lab.group, ada)
    with request_as("member", sub=who) as conn:
        assert conn.execute(statement.encode()).rowcount == count
