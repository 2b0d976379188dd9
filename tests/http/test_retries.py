"""A request with an Idempotency-Key is executed once, however often it is sent."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from control.database import begin_request, request_claims
from tests import factories
from tests.factories import GENOME
from tests.http.test_two_at_once import at_once, wait_until_waiting
from tests.http.world import DRY_RUN, Caller, World, problems, refusal, rows
from tests.names import unique

SHOWN = "return=representation"
CREATE = "/rpc/create_samples"
OBJECT = "application/vnd.pgrst.object+json"
# Headers of an answer that a client may read something from.
READ = ("Content-Type", "Content-Range", "Location", "Preference-Applied")
HOLD = "lock table aspen.samples in exclusive mode"

Send = Callable[[World, str, str], httpx.Response]


def keyed(key: str | None = None) -> dict[str, str]:
    """Return the header with a key, a new one if none is given."""
    return {"Idempotency-Key": key or unique()}


def posting(path: str, prefer: str = "", accept: str = "", many: int = 0) -> Send:
    """Return a POST of one sample with a name, or of several."""

    def send(world: World, key: str, name: str) -> httpx.Response:
        one = world.sample(name)
        body = [world.sample(f"{name}-{n}") for n in range(many)] if many else one
        return world.alice.post(
            path, json=body, headers=keyed(key), prefer=prefer or None, accept=accept or None
        )

    return send


def csv_of(world: World, key: str, name: str) -> httpx.Response:
    """Post a sample as CSV."""
    sample = world.sample(name)
    lines = [",".join(sample), ",".join(map(str, sample.values()))]
    return world.alice.post(
        "/samples?select=id,private_identifier",
        content="\n".join(lines),
        headers=keyed(key) | {"Content-Type": "text/csv"},
        prefer=SHOWN,
    )


def batch(world: World, key: str, name: str) -> httpx.Response:
    """Send a batch with a sequence, which queues jobs as well."""
    body = world.batch(world.batch_sample(name, sequence=GENOME))
    return world.alice.post(CREATE, json=body, headers=keyed(key))


def run(path: str, accept: str = "") -> Send:
    """Return a request for a run, which a second request would queue again."""
    return lambda world, key, name: world.alice.post(
        path, json=world.run_request(name=name), headers=keyed(key), accept=accept or None
    )


def sequence_of(world: World, key: str, name: str) -> httpx.Response:
    """Post a sequence of a sample that has none."""
    found = world.conn.execute(
        "insert into aspen.samples (group_id, pathogen_id, location_id, collection_date,"
        " private_identifier, public_identifier) values (%s, %s, %s, '2024-02-01', %s, %s)"
        " on conflict do nothing returning id",
        [world.group, world.pathogen, world.france, f"of-{name}", f"of-{name}"],
    ).fetchone()
    found = (
        found
        or world.conn.execute(
            "select id from aspen.samples where private_identifier = %s", [f"of-{name}"]
        ).fetchone()
    )
    assert found is not None
    return world.alice.post(
        "/sequences?select=id,sample_id",
        json=world.sequence(found[0]),
        headers=keyed(key),
        prefer=SHOWN,
    )


def reference(prefer: str) -> Send:
    """Return a POST of reference data by an operator."""
    return lambda world, key, name: world.olga.post(
        "/lineages?on_conflict=pathogen_id,lineage&select=id,lineage",
        json={"pathogen_id": world.pathogen, "lineage": f"B.{len(name)}"},
        headers=keyed(key),
        prefer=prefer,
    )


def merged(world: World, key: str, name: str) -> httpx.Response:
    """Post reference data that is there already, which PostgREST answers with 200."""
    send = reference(f"resolution=merge-duplicates, {SHOWN}")
    send(world, unique(), name)
    return send(world, key, name)


def invitations(world: World, key: str, name: str) -> httpx.Response:
    """Invite two people, and leave out the tokens, which are shown once."""
    emails = [f"{number}-{name.replace(' ', '-')}@example.org" for number in range(2)]
    return world.ada.post(
        "/rpc/invite_members?select=email,outcome",
        json={"group_id": world.group, "emails": emails},
        headers=keyed(key),
        prefer="tx=commit, count=exact",
    )


ALL_PREFERENCES = (
    "timezone=Asia/Tokyo, tx=commit, handling=lenient, count=exact, missing=default, " + SHOWN
)
WAYS: dict[str, Send] = {
    "one row": posting("/samples", SHOWN),
    "several rows": posting("/samples", SHOWN, many=3),
    "some columns": posting("/samples?select=id,name:private_identifier", SHOWN),
    "embedded rows": posting("/samples?select=id,locations(country),accessions(id)", SHOWN, many=2),
    "a computed column": posting("/samples?select=id,owner", SHOWN),
    "an object": posting("/samples?select=id", SHOWN, OBJECT),
    "no body": posting("/samples"),
    "no body, asked for": posting("/samples", "return=minimal", many=2),
    "the address": posting("/samples", "return=headers-only"),
    "all preferences": posting("/samples?select=created_at", ALL_PREFERENCES),
    "first of two preferences": posting("/samples", f"return=minimal, {SHOWN}"),
    "preference in another case": posting("/samples", SHOWN.upper()),
    "CSV": csv_of,
    "sequence": sequence_of,
    "reference data": reference(SHOWN),
    "reference data merged into a row": merged,
    "reference data merged": reference(f"resolution=merge-duplicates, {SHOWN}"),
    "batch": batch,
    "function with a row": run("/rpc/create_phylo_run"),
    "function with several rows": invitations,
    "function with columns": run("/rpc/create_phylo_run?select=id,name"),
    "function with an object": run("/rpc/create_phylo_run?select=id", OBJECT),
}


def counts(world: World) -> list[int]:
    """Count what the ways store."""
    return [world.count(table) for table in ("samples", "sequences", "jobs", "audit_log")]


@pytest.mark.parametrize(("label", "send"), WAYS.items(), ids=WAYS)
def test_request_sent_again_gets_the_first_answer(world: World, label: str, send: Send) -> None:
    """Return status, body and headers again, store nothing, and say so."""
    key, name = unique(), f"again-{label}"
    first = send(world, key, name)
    stored = counts(world)

    second = send(world, key, name)

    assert first.is_success, first.text
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (second.status_code, second.content) == (first.status_code, first.content)
    shown = [first.headers.get(header) for header in READ]
    if not first.content:
        # An answer without a body has no type; the same from a function has one.
        shown[0] = "text/plain; charset=utf-8"
    assert [second.headers.get(header) for header in READ] == shown
    assert counts(world) == stored


@pytest.mark.parametrize("asked", ["5-9", "5-1"])
def test_range_is_not_that_of_the_kept_answer(world: World, asked: str) -> None:
    """Send the answer again as a whole: a POST has no pages."""
    headers = keyed() | {"Range": asked}
    body = world.batch(world.batch_sample(f"page-{asked}"))

    first, second = [world.alice.post(CREATE, json=body, headers=headers) for _ in range(2)]

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (second.status_code, second.content) == (first.status_code, first.content)


@pytest.mark.parametrize(("label", "send"), WAYS.items(), ids=WAYS)
def test_request_without_a_key_is_executed_again(world: World, label: str, send: Send) -> None:
    """Show that the answers above come from the key: another one executes, or meets the rows."""
    name = f"twice-{label}"
    send(world, unique(), name)

    second = send(world, unique(), name)

    assert "Idempotency-Replayed" not in second.headers
    assert second.status_code in (200, 201, 409)


def other_query(world: World, key: str, name: str) -> httpx.Response:
    """Send the same body for another answer."""
    return posting("/samples?select=id", SHOWN)(world, key, name)


def other_body(world: World, key: str, name: str) -> httpx.Response:
    """Send another sample."""
    return posting("/samples", SHOWN)(world, key, f"{name}-2")


def other_upsert(world: World, key: str, name: str) -> httpx.Response:
    """Send it with another preference."""
    return posting("/samples", f"{SHOWN}, missing=default")(world, key, name)


def forged(world: World, key: str, name: str) -> httpx.Response:
    """Send another body with the hash of the first, which the edge replaces."""
    found = world.conn.execute(
        "select encode(request_hash, 'hex') from aspen.idempotency_keys order by created_at desc"
    ).fetchone()
    assert found is not None
    return world.alice.post(
        "/samples",
        json=world.sample(f"{name}-3"),
        headers=keyed(key) | {"Aspen-Request-Hash": found[0], "Aspen-Idempotency-Key": key},
        prefer=SHOWN,
    )


OTHERS = [other_query, other_body, other_upsert, forged, batch, run("/rpc/create_phylo_run")]


@pytest.mark.parametrize("send", OTHERS)
def test_key_of_another_request_is_refused(world: World, send: Send) -> None:
    """Name the request that had it, and execute nothing."""
    key, name = unique(), f"first-{unique()}"
    rows(posting("/samples", SHOWN)(world, key, name))
    stored = counts(world)

    response = send(world, key, name)

    assert refusal(response) == (409, "idempotency_key_reused")
    assert json.loads(response.json()["details"])["path"] == "/samples"
    assert counts(world) == stored


def test_key_of_another_user_means_nothing(world: World) -> None:
    """Execute the request of each: nobody gets an answer to another."""
    key = unique()
    rows(posting("/samples", SHOWN)(world, key, f"alice-{key}"))
    body = world.sample(f"ada-{key}")

    response = world.ada.post("/samples", json=body, headers=keyed(key), prefer=SHOWN)

    assert [row["private_identifier"] for row in rows(response)] == [f"ada-{key}"]
    assert "Idempotency-Replayed" not in response.headers
    assert refusal(world.bob.get("/rpc/kept_answer", headers=keyed(key))) == (
        404,
        "answer_not_found",
    )


def test_one_of_two_at_once_executes_and_the_other_replays(world: World) -> None:
    """Let the second wait for the first, and answer both alike."""
    key = unique()
    send = posting("/samples", SHOWN)

    first, second = at_once(world, [lambda: send(world, key, key)] * 2, HOLD)

    assert rows(first) == rows(second)
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in (first, second)]
    assert sorted(replayed, key=str) == [None, "true"]


def test_second_of_two_at_once_executes_if_the_first_fails(world: World) -> None:
    """Answer both with an error that says what happened: nothing was stored."""
    key = unique()
    send = posting("/samples", SHOWN)

    answers = at_once(world, [lambda: send(world, key, f"open-{world.name}")] * 2, HOLD)

    assert [refusal(answer) for answer in answers] == [(409, "sample_exists")] * 2


def test_refused_request_may_be_corrected_under_its_key(world: World) -> None:
    """Keep nothing of a request that was not executed."""
    key = unique()
    bad = world.alice.post("/samples", json=world.sample(key, location_id=0), headers=keyed(key))

    good = posting("/samples", SHOWN)(world, key, key)

    assert refusal(bad) == (400, "invalid_sample")
    assert (good.status_code, good.headers.get("Idempotency-Replayed")) == (201, None)


def test_request_that_postgrest_takes_back_may_be_corrected(world: World) -> None:
    """Keep nothing of a request that failed after its rows were stored: two are not one object."""
    key = unique()
    bad = posting("/samples?select=id", SHOWN, OBJECT, many=2)(world, key, key)

    good = posting("/samples?select=id", SHOWN, OBJECT, many=1)(world, key, key)

    assert refusal(bad) == (406, "PGRST116")
    assert (good.status_code, good.headers.get("Idempotency-Replayed")) == (201, None)


def test_dry_run_keeps_no_key(world: World) -> None:
    """Execute the request that follows."""
    key = unique()
    world.alice.post(
        CREATE, json=world.batch(world.batch_sample(key)), headers=keyed(key), prefer=DRY_RUN
    )

    response = batch(world, key, key)

    assert [row["outcome"] for row in rows(response)] == ["created"]


def test_key_may_be_used_again_after_a_day(world: World) -> None:
    """Execute another request under it; a second earlier it is refused."""
    key = unique()
    rows(posting("/samples", SHOWN)(world, key, f"{key}-1"))
    age = (
        "update aspen.idempotency_keys set created_at = now() - interval '24 hours' + %s"
        " where subject = %s"
    )

    world.conn.execute(age, ["1 minute", f"alice-{world.name}"])
    early = posting("/samples", SHOWN)(world, key, f"{key}-2")
    world.conn.execute(age, ["0", f"alice-{world.name}"])
    late = posting("/samples", SHOWN)(world, key, f"{key}-2")

    assert refusal(early) == (409, "idempotency_key_reused")
    assert [row["private_identifier"] for row in rows(late)] == [f"{key}-2"]
    assert posting("/samples", SHOWN)(world, key, f"{key}-2").content == late.content


# --- Clients that go away.


@contextmanager
def connection(url: str) -> Iterator[socket.socket]:
    """Open a connection without a client that would tidy up."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as opened:
        yield opened


def head(world: World, key: str, length: int) -> bytes:
    """Return the head of a batch."""
    return (
        f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {world.alice.token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def big_batch(world: World, label: str) -> bytes:
    """Return the body of a batch of ten thousand samples, which nginx writes to a file."""
    samples = [world.batch_sample(f"{label}-{number}") for number in range(10_000)]
    return json.dumps(world.batch(*samples)).encode()


def send_batch(world: World, key: str, body: bytes) -> httpx.Response:
    """Send a batch to the edge and wait for its answer."""
    return world.alice.post(
        CREATE, content=body, headers=keyed(key) | {"Content-Type": "application/json"}
    )


def stored(world: World, label: str) -> int:
    """Count the samples of a batch."""
    row = world.conn.execute(
        "select count(*) from aspen.samples where group_id = %s and private_identifier like %s",
        [world.group, f"{label}-%"],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_client_killed_in_the_middle_of_a_batch_sends_it_again(world: World) -> None:
    """Store ten thousand samples once, and tell their ids, which nobody had received."""
    label = unique()
    body = big_batch(world, label)
    with world.api.database.connect("postgres") as holder, ThreadPoolExecutor(1) as pool:
        with holder.transaction():
            holder.execute(HOLD)
            with connection(world.api.url) as client:
                client.sendall(head(world, label, len(body)) + body)
                wait_until_waiting(holder, 1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            again = pool.submit(send_batch, world, label, body)
            wait_until_waiting(holder, 2)
        answer = again.result()

    assert answer.headers["Idempotency-Replayed"] == "true"
    assert (len({row["id"] for row in rows(answer)}), stored(world, label)) == (10_000, 10_000)
    assert send_batch(world, label, body).content == answer.content
    other = send_batch(world, label, body.replace(b"2024-02-01", b"2024-02-02", 1))
    assert refusal(other) == (409, "idempotency_key_reused")


def test_client_killed_while_it_sends_has_sent_nothing(world: World) -> None:
    """Execute the whole batch that comes next under the key."""
    label = unique()
    body = big_batch(world, label)
    with connection(world.api.url) as client:
        client.sendall(head(world, label, len(body)) + body[: len(body) // 2])

    answer = send_batch(world, label, body)

    assert (answer.headers.get("Idempotency-Replayed"), len(rows(answer))) == (None, 10_000)
    assert stored(world, label) == 10_000


def test_killed_client_of_postgrest_is_not_executed_twice(world: World) -> None:
    """Refuse the second request where no edge compares the two."""
    label = unique()
    body = big_batch(world, label)
    with world.api.database.connect("postgres") as holder, holder.transaction():
        holder.execute(HOLD)
        with connection(world.api.direct_url) as client:
            client.sendall(head(world, label, len(body)) + body)
            wait_until_waiting(holder, 1)
    again = httpx.post(
        world.api.direct_url + CREATE,
        content=body,
        headers=keyed(label)
        | {"Content-Type": "application/json", "Authorization": f"Bearer {world.alice.token}"},
        timeout=60,
    )

    assert refusal(again) == (409, "idempotency_key_reused")
    assert stored(world, label) == 10_000
    assert len(rows(world.alice.get("/rpc/kept_answer", headers=keyed(label)))) == 10_000


# --- What an answer may tell.


def test_disabled_user_gets_no_answer(world: World) -> None:
    """Refuse the token before the key; once enabled, the user gets the answer."""
    key = unique()
    first = posting("/samples", SHOWN)(world, key, key)
    disable = "update aspen.users set disabled_at = %s where subject = %s"

    world.conn.execute(disable, ["2024-01-01", f"alice-{world.name}"])
    refused = [
        posting("/samples", SHOWN)(world, key, key),
        world.alice.get("/rpc/kept_answer", headers=keyed(key)),
    ]
    world.conn.execute(disable, [None, f"alice-{world.name}"])

    assert [refusal(answer) for answer in refused] == [(401, "user_disabled")] * 2
    assert world.alice.get("/rpc/kept_answer", headers=keyed(key)).content == first.content


@pytest.mark.parametrize("role", [None, "viewer"])
def test_user_who_lost_access_gets_no_answer(world: World, role: str | None) -> None:
    """Withhold what the user could not read any more, and execute nothing."""
    key, subject = unique(), f"leaver-{unique()}"
    user = factories.user(world.conn, subject, {world.group: "member"})
    leaver = Caller(world.api, world.api.token(subject))
    body = world.sample(key)
    first = leaver.post("/samples", json=body, headers=keyed(key), prefer=SHOWN)
    whom = "user_id = %s and group_id = %s"
    if role is None:
        world.conn.execute(f"delete from aspen.memberships where {whom}", [user, world.group])  # noqa: S608
    else:
        world.conn.execute(
            f"update aspen.memberships set role = %s where {whom}",  # noqa: S608
            [role, user, world.group],
        )

    again = leaver.post("/samples", json=body, headers=keyed(key), prefer=SHOWN)

    assert first.status_code == 201
    status, code, details = problems(again)
    assert (status, code, details["path"]) == (409, "answer_withheld", "/samples")


def test_user_who_gained_access_gets_the_answer(world: World) -> None:
    """Show what was shown."""
    key, subject = unique(), f"joiner-{unique()}"
    user = factories.user(world.conn, subject, {world.group: "member"})
    joiner = Caller(world.api, world.api.token(subject))
    first = joiner.post("/samples", json=world.sample(key), headers=keyed(key), prefer=SHOWN)
    world.conn.execute(
        "insert into aspen.memberships (user_id, group_id, role) values (%s, %s, 'admin')",
        [user, world.other],
    )

    again = joiner.post("/samples", json=world.sample(key), headers=keyed(key), prefer=SHOWN)

    assert (again.status_code, again.content) == (201, first.content)


def test_links_to_trees_are_shown_once(world: World) -> None:
    """Keep no member of the answer that holds the token."""
    key = unique()
    body = {"phylo_tree_id": world.tree}
    [first], [second] = (
        rows(world.alice.post("/rpc/share_phylo_tree", json=body, headers=keyed(key)))
        for _ in range(2)
    )
    kept = world.conn.execute("select body from aspen.idempotency_keys").fetchall()

    assert first["token"] in first["path"]
    assert second == first | {"token": None, "path": None, "url": None}
    assert not [text for (text,) in kept if text and first["token"] in text]


@pytest.mark.parametrize("column", ["mine:token", "email:token", "url", "a:url", "b:token::bytea"])
def test_links_are_shown_once_under_any_name(world: World, column: str) -> None:
    """Keep no token because the client calls it something else."""
    path = f"/rpc/share_phylo_tree?select=kind,shown:expires_at,{column}"
    key = unique()
    body = {"phylo_tree_id": world.tree}

    [first], [second] = (rows(world.alice.post(path, json=body, headers=keyed(key))) for _ in "12")

    name = column.split(":")[0]
    assert len(first[name]) >= 64
    assert second == first | {name: None}


def test_links_of_invitations_are_shown_once(world: World) -> None:
    """Answer without them, because no table keeps them in clear."""
    key = unique()
    body = {"group_id": world.group, "emails": [f"{key}@example.org", "token", "link"]}

    first = rows(world.ada.post("/rpc/invite_members", json=body, headers=keyed(key)))
    second = world.ada.post("/rpc/invite_members", json=body, headers=keyed(key))

    assert [row["token"] and len(row["token"]) for row in first] == [64, None, None]
    assert rows(second) == [row | {"token": None, "link": None} for row in first]
    kept = world.conn.execute("select body from aspen.idempotency_keys").fetchall()
    assert not [text for (text,) in kept if text and first[0]["token"] in text]


def test_no_caller_reads_the_keys(world: World) -> None:
    """Keep the table out of the API, and neither key nor request in it."""
    key = f"secret-{unique()}"
    rows(posting("/samples", SHOWN)(world, key, unique()))

    row = world.conn.execute(
        "select string_agg(k::text, '') from aspen.idempotency_keys as k"
    ).fetchone()

    assert row is not None
    assert key not in row[0]
    assert refusal(world.olga.get("/idempotency_keys")) == (404, "42P01")


# --- Keys, and requests that need none.

INVALID = {
    "empty": [("Idempotency-Key", "")],
    "too long": [("Idempotency-Key", "k" * 256)],
    "a space": [("Idempotency-Key", "a b")],
    "a tab": [("Idempotency-Key", "a\tb")],
    "a letter with an accent": [("Idempotency-Key", b"\xc3\xa9")],
    "two": [("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    "twice the same": [("Idempotency-Key", "a"), ("Idempotency-Key", "a")],
    "one that is empty": [("Idempotency-Key", ""), ("Idempotency-Key", "b")],
}


@pytest.mark.parametrize("path", ["/samples", CREATE])
@pytest.mark.parametrize("headers", INVALID.values(), ids=INVALID)
def test_invalid_key_is_refused(world: World, headers: list[tuple[Any, Any]], path: str) -> None:
    """Say what a key is, and store nothing."""
    before = world.count()
    name = unique()
    body = world.sample(name) if path == "/samples" else world.batch(world.batch_sample(name))

    response = world.api.http.post(
        path, json=body, headers=[*headers, ("Authorization", f"Bearer {world.alice.token}")]
    )

    assert refusal(response) == (400, "invalid_idempotency_key")
    assert world.count() == before


@pytest.mark.parametrize("key", ["k" * 255, "!", "~", '"a"', "a,b;c=d"])
def test_key_is_visible_ascii(world: World, key: str) -> None:
    """Accept every visible character, and 255 of them."""
    name = unique()

    posting("/samples")(world, key, name)

    assert posting("/samples")(world, key, name).headers["Idempotency-Replayed"] == "true"


UNKEYED: dict[str, Callable[[World], httpx.Response]] = {
    "a read": lambda world: world.alice.get("/samples?limit=1", headers=keyed("read")),
    "a change": lambda world: world.alice.patch(
        f"/samples?id=eq.{world.open}", json={"host": "x"}, headers=keyed("change")
    ),
    "a deletion": lambda world: world.alice.delete("/samples?id=eq.0", headers=keyed("delete")),
    "a function that reads": lambda world: world.alice.post(
        "/rpc/search_locations", json={"query": "France"}, headers=keyed("function")
    ),
    "no token": lambda world: world.nobody.post("/rpc/health", headers=keyed("nobody")),
}


@pytest.mark.parametrize("ask", UNKEYED.values(), ids=UNKEYED)
def test_key_of_what_may_be_repeated_is_ignored(
    world: World, ask: Callable[[World], httpx.Response]
) -> None:
    """Answer again each time."""
    answers = [ask(world), ask(world)]

    assert [answer.is_success for answer in answers] == [True, True], answers[0].text
    assert ["Idempotency-Replayed" in answer.headers for answer in answers] == [False, False]


# --- Bounds.


def test_answer_of_too_many_rows_is_refused_before_anything_is_stored(world: World) -> None:
    """Accept the same rows without an answer, and one row less with it."""
    key = unique()
    refused = posting("/samples", SHOWN, many=1001)(world, key, key)
    before = world.count()

    shown = posting("/samples?select=id", SHOWN, many=1000)(world, key, key)
    silent = posting("/samples", many=1001)(world, f"{key}-silent", f"{key}-silent")

    assert (refusal(refused), len(rows(shown))) == ((413, "answer_too_large"), 1000)
    assert (silent.status_code, world.count() - before) == (201, 2001)


def test_answer_in_another_form_is_not_kept(world: World) -> None:
    """Execute the request once, and say that it was executed."""
    key = unique()
    send = posting("/samples?select=id", SHOWN, "text/csv")
    first = send(world, key, key)
    before = world.count()

    again = send(world, key, key)

    assert (first.status_code, first.text.splitlines()[0]) == (201, "id")
    assert (refusal(again), world.count()) == ((409, "answer_not_kept"), before)


def test_answer_can_be_asked_for_without_the_request(world: World) -> None:
    """Return it by the key, and 404 for a key that executed nothing."""
    key = unique()
    before = world.alice.get("/rpc/kept_answer", headers=keyed(key))
    first = batch(world, key, key)

    answer = world.alice.get("/rpc/kept_answer", headers=keyed(key))

    assert refusal(before) == (404, "answer_not_found")
    assert (answer.status_code, answer.content) == (200, first.content)
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_request_without_a_key_does_not_touch_the_keys(world: World) -> None:
    """Count what the transaction of a request reads and writes, as PostgREST begins it."""
    touched = (
        "select pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)"
        " + pg_stat_get_xact_numscans(oid) from pg_catalog.pg_class"
        " where relname = 'idempotency_keys'"
    )
    counts = []
    for headers in ({}, keyed(unique())):
        body = world.batch(world.batch_sample(unique()))
        with (
            world.api.database.connect("authenticator") as conn,
            conn.transaction(force_rollback=True),
        ):
            conn.execute(
                "select set_config('request.method', 'POST', true),"
                " set_config('request.path', %s, true), set_config('request.headers', %s, true)",
                [CREATE, json.dumps({name.lower(): value for name, value in headers.items()})],
            )
            begin_request(conn, "member", request_claims("member", f"alice-{world.name}"))
            conn.execute(
                "select api.create_samples(%s, %s, %s)",
                [body["group_id"], body["pathogen"], json.dumps(body["samples"])],
            )
            conn.execute("set local role none")
            row = conn.execute(touched).fetchone()
            assert row is not None
            counts.append(row[0] > 0)

    assert counts == [False, True]
