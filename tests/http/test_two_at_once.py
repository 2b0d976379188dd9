"""Requests for the same rows at the same moment: no acknowledged change is lost.

A test holds what the requests need until all of them wait, so each has seen the rows as they were
before any of the others wrote.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests import factories
from tests.factories import GENOME
from tests.http.world import Caller, World, problems, refusal, rows
from tests.names import unique

CREATE = "/rpc/create_samples"
SHOWN = "return=representation"
LOCK_SAMPLE = "select from aspen.samples where id = %s for update"
COLUMNS: dict[str, Callable[[str], Any]] = {
    "private_identifier": lambda name: f"private-{name}",
    "public_identifier": lambda name: f"public-{name}",
    "collection_date": lambda name: f"2023-01-{int(name.rpartition('-')[2]) + 1:02}",
    "sample_collected_by": str,
    "sample_collector_contact_email": str,
    "sample_collector_contact_address": str,
    "authors": lambda name: [name],
    "organism": str,
    "host": str,
    "purpose_of_sampling": str,
    "specimen_processing": str,
}

Change = Mapping[str, Any]
Request = Callable[[], httpx.Response]


@pytest.fixture(scope="module")
def people(world: World) -> list[Caller]:
    """Store eight members of the group."""
    for number in range(8):
        factories.user(world.conn, f"{number}-{world.name}", {world.group: "member"})
    return [Caller(world.api, world.api.token(f"{number}-{world.name}")) for number in range(8)]


def wait_until_waiting(conn: psycopg.Connection, requests: int) -> None:
    """Wait until so many requests wait for a lock."""
    conn.execute("set local statement_timeout = '8s'")
    conn.execute("select set_config('tests.requests', %s, false)", [str(requests)])
    conn.execute(
        "do $$ begin while (select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        " and datname = current_database()) < current_setting('tests.requests')::integer loop"
        " perform pg_sleep(0.01), pg_stat_clear_snapshot(); end loop; end $$"
    )


def at_once(
    world: World,
    requests: Iterable[Request],
    statement: str,
    *parameters: object,
    take_back: bool = False,
) -> list[httpx.Response]:
    """Return the answers of requests that all waited for one statement, done or rolled back."""
    with world.api.database.connect("postgres") as conn, ThreadPoolExecutor(8) as pool:
        with conn.transaction(force_rollback=take_back):
            conn.execute(statement, parameters)
            answers = [pool.submit(request) for request in requests]
            wait_until_waiting(conn, len(answers))
        return [answer.result() for answer in answers]


def patch_of(caller: Caller, path: str, change: Change) -> Request:
    """Return a change that answers with the row."""
    return lambda: caller.patch(path, json=change, prefer=SHOWN)


def deletion_of(caller: Caller, path: str) -> Request:
    """Return a deletion that answers with the row."""
    return lambda: caller.delete(path, prefer=SHOWN)


def batch_of(caller: Caller, batch: Mapping[str, Any]) -> Request:
    """Return a batch of samples."""
    return lambda: caller.post(CREATE, json=batch)


def unexplained(changes: Sequence[Change], row: Mapping[str, Any]) -> list[Change]:
    """Return the changes that no order of all of them explains; each value was given once.

    Taken from the end: the last change is there whole, the one before it but for what the last
        has overwritten, and so on.
    """
    left, overwritten = list(changes), set[str]()
    while last := [
        change
        for change in left
        if all(row[column] == change[column] for column in change.keys() - overwritten)
    ]:
        left.remove(last[0])
        overwritten |= last[0].keys()
    return left


def shows(row: Mapping[str, Any], change: Change) -> bool:
    """Tell whether a row has the values of a change."""
    return change.items() <= row.items()


@pytest.mark.parametrize("seed", range(3))
def test_changes_of_a_sample_at_once_are_all_stored(
    world: World, people: list[Caller], seed: int
) -> None:
    """Store each whole, one after the other, and answer it with the row it made."""
    chance = random.Random(seed)
    sample = world.bare_sample()
    path = f"/samples?id=eq.{sample}"
    changes = [
        {
            column: COLUMNS[column](f"{sample}-{seed}-{number}")
            for column in chance.sample(sorted(COLUMNS), chance.choice([1, 1, 2, 5]))
        }
        for number in range(len(people))
    ]

    answers = at_once(
        world,
        [patch_of(caller, path, change) for caller, change in zip(people, changes, strict=True)],
        LOCK_SAMPLE,
        sample,
    )

    shown = [rows(answer)[0] for answer in answers]
    [stored] = rows(world.alice.get(path))
    assert [shows(row, change) for row, change in zip(shown, changes, strict=True)] == [True] * 8
    assert (unexplained(changes, stored), stored in shown) == ([], True)


def test_sample_made_private_beside_other_changes_is_private(
    world: World, people: list[Caller]
) -> None:
    """Hide its related rows with it, and keep all acknowledged changes."""
    sample = world.bare_sample()
    factories.sample_lineage(world.conn, sample)
    path = f"/samples?id=eq.{sample}"
    others = [{column: value("x-1")} for column, value in list(COLUMNS.items())[3:10]]

    answers = at_once(
        world,
        [
            patch_of(caller, path, change)
            for caller, change in zip(people, [*others, {"is_private": True}], strict=True)
        ],
        LOCK_SAMPLE,
        sample,
    )

    assert [answer.status_code for answer in answers] == [200] * 8
    assert rows(world.vic.get(path)) == []
    assert rows(world.vic.get(f"/sample_lineages?sample_id=eq.{sample}")) == []


def test_sample_made_public_beside_other_changes_is_public(
    world: World, people: list[Caller]
) -> None:
    """Treat privacy like any other column."""
    sample = factories.sample(world.conn, world.group, f"twin-{world.name}", is_private=True)
    path = f"/samples?id=eq.{sample}"
    changes: list[Change] = [{"is_private": False}, {"host": "x"}]

    at_once(
        world,
        [patch_of(caller, path, change) for caller, change in zip(people, changes, strict=False)],
        LOCK_SAMPLE,
        sample,
    )

    assert [row["host"] for row in rows(world.vic.get(path))] == ["x"]


def test_named_value_is_stored_though_it_was_the_old_one(
    world: World, people: list[Caller]
) -> None:
    """Store what a change names, whatever another wrote before it; keep what it does not name."""
    sample = factories.sample(
        world.conn, world.group, f"named-{world.name}", host="bat", organism="a virus"
    )
    path = f"/samples?select=host,organism&id=eq.{sample}"

    [answer] = at_once(
        world,
        [patch_of(people[0], path, {"host": "bat"})],
        "update aspen.samples set host = 'cat', organism = 'another' where id = %s",
        sample,
    )

    expected = [{"host": "bat", "organism": "another"}]
    assert (rows(answer), rows(world.alice.get(path))) == (expected, expected)


def test_generated_identifier_uses_the_current_location(world: World, people: list[Caller]) -> None:
    """Use the location at the time of writing, not at the start of the request."""
    sample = world.bare_sample()
    spain = factories.location(world.conn, "Spain")

    [answer] = at_once(
        world,
        [patch_of(people[0], f"/samples?id=eq.{sample}", {"public_identifier": ""})],
        "update aspen.samples set location_id = %s where id = %s",
        spain,
        sample,
    )

    [shown] = rows(answer)
    assert (shown["location_id"], "/Spain/" in shown["public_identifier"]) == (spain, True)


WRITES = {
    "change": lambda caller, path: patch_of(caller, path, {"host": "x"}),
    "deletion": deletion_of,
}


@pytest.mark.parametrize("write", WRITES)
def test_sample_that_left_the_group_meanwhile_is_not_written(
    world: World, people: list[Caller], write: str
) -> None:
    """Check rights on the row as it is when it is written."""
    sample = world.bare_sample()

    [answer] = at_once(
        world,
        [WRITES[write](people[0], f"/samples?id=eq.{sample}")],
        "update aspen.samples set group_id = %s where id = %s",
        world.other,
        sample,
    )

    stored = world.conn.execute("select host from aspen.samples where id = %s", [sample])
    assert (rows(answer), stored.fetchall()) == ([], [(None,)])


@pytest.mark.parametrize("write", WRITES)
def test_sample_that_stayed_in_the_group_is_written(
    world: World, people: list[Caller], write: str
) -> None:
    """Store the change though another change came first."""
    sample = world.bare_sample()

    [answer] = at_once(
        world,
        [WRITES[write](people[0], f"/samples?select=id&id=eq.{sample}")],
        "update aspen.samples set is_private = true where id = %s",
        sample,
    )

    assert rows(answer) == [{"id": sample}]


def test_one_of_many_deletions_claims_the_sample(world: World, people: list[Caller]) -> None:
    """Return the row to changes before the deletion, and no row to those after it."""
    sample = world.bare_sample()
    path = f"/samples?select=id&id=eq.{sample}"

    answers = at_once(
        world,
        [
            *(deletion_of(caller, path) for caller in people[:4]),
            *(patch_of(caller, path, {"host": "x"}) for caller in people[4:]),
        ],
        LOCK_SAMPLE,
        sample,
    )

    deleted = [rows(answer) for answer in answers[:4]]
    assert sorted(deleted) == [[], [], [], [{"id": sample}]]
    assert [answer.status_code for answer in answers[4:]] == [200] * 4
    assert rows(world.alice.get(path)) == []


def test_record_names_a_change_once_it_is_made(world: World, people: list[Caller]) -> None:
    """Record no change of a request that found the sample deleted."""
    sample = world.bare_sample()

    at_once(
        world,
        [
            deletion_of(people[0], f"/samples?id=eq.{sample}"),
            patch_of(people[1], f"/samples?id=eq.{sample}", {"host": "x"}),
        ],
        "delete from aspen.samples where id = %s",
        sample,
    )

    recorded = world.conn.execute(
        "select action, role_name from aspen.audit_log"
        " where table_name = 'samples' and row_id = %s order by id",
        [sample],
    )
    assert recorded.fetchall() == [("insert", "control"), ("delete", "postgres")]


def test_changes_of_a_sequence_at_once_are_all_stored(world: World, people: list[Caller]) -> None:
    """Store changes of different columns together, and of one column one after the other."""
    sample = world.bare_sample()
    factories.sequence(world.conn, sample)
    path = f"/sequences?sample_id=eq.{sample}"
    changes: list[dict[str, Any]] = [
        {"sequencing_date": "2024-03-01"},
        {"sequencing_depth": 1.5},
        {"sequence": GENOME + "A"},
        {"sequence": GENOME + "AN", "sequencing_depth": 2.5},
        {"sequence": GENOME + "ANR", "sequencing_date": "2024-03-02"},
    ]

    answers = at_once(
        world,
        [patch_of(caller, path, change) for caller, change in zip(people, changes, strict=False)],
        "select from aspen.sequences where sample_id = %s for update",
        sample,
    )

    shown = [rows(answer)[0] for answer in answers]
    [stored] = rows(world.alice.get(path))
    assert [shows(row, change) for row, change in zip(shown, changes, strict=True)] == [True] * 5
    assert (unexplained(changes, stored), stored in shown) == ([], True)


def test_upserts_of_a_sequence_at_once_are_all_answered(world: World, people: list[Caller]) -> None:
    """Create it by one of them and replace it by the others."""
    sample = world.bare_sample()
    bodies = [world.sequence(sample, sequencing_depth=float(number)) for number in range(8)]

    answers = at_once(
        world,
        [
            lambda caller=caller, body=body: caller.post(  # type: ignore[misc]
                "/sequences?on_conflict=group_id,sample_id",
                json=body,
                prefer=f"{SHOWN},resolution=merge-duplicates",
            )
            for caller, body in zip(people, bodies, strict=True)
        ],
        "insert into aspen.sequences (group_id, sample_id, sequence) values (%s, %s, %s)",
        world.group,
        sample,
        GENOME,
    )

    shown = [rows(answer)[0] for answer in answers]
    [stored] = rows(world.alice.get(f"/sequences?sample_id=eq.{sample}"))
    assert sorted(row["sequencing_depth"] for row in shown) == list(range(8))
    assert stored in shown


def test_names_of_a_run_at_once_end_as_one_of_them(world: World, people: list[Caller]) -> None:
    """Keep the name that one of the answers showed."""
    run = factories.phylo_run(world.conn, world.group)
    path = f"/phylo_runs?id=eq.{run}"

    answers = at_once(
        world,
        [patch_of(caller, path, {"name": f"Run {n}"}) for n, caller in enumerate(people)],
        "select from aspen.jobs where id = %s for update",
        run,
    )

    shown = [rows(answer)[0] for answer in answers]
    [stored] = rows(world.alice.get(path))
    assert [row["name"] for row in shown] == [f"Run {number}" for number in range(8)]
    assert stored in shown


def test_one_of_many_deletions_claims_the_run(world: World, people: list[Caller]) -> None:
    """Return the deleted run to one of them, as for samples."""
    run = factories.phylo_run(world.conn, world.group)

    answers = at_once(
        world,
        [deletion_of(caller, f"/phylo_runs?select=id&id=eq.{run}") for caller in people],
        "select from aspen.jobs where id = %s for update",
        run,
    )

    assert sorted(rows(answer) for answer in answers) == [[]] * 7 + [[{"id": run}]]


def test_changes_of_oneself_at_once_are_all_stored(world: World) -> None:
    """Store changes from several windows of one user."""
    changes: list[dict[str, Any]] = [
        {"name": "A"},
        {"agreed_to_tos": True},
        {"acknowledged_policy_version": "2024-01-01"},
        {"gisaid_submitter_id": "a"},
        {"name": "B", "gisaid_submitter_id": "b"},
    ]

    answers = at_once(
        world,
        [patch_of(world.ada, "/me", change) for change in changes],
        "select from aspen.users where id = %s for update",
        world.users["ada"],
    )

    shown = [rows(answer)[0] for answer in answers]
    [stored] = rows(world.ada.get("/me"))
    assert [shows(row, change) for row, change in zip(shown, changes, strict=True)] == [True] * 5
    assert (unexplained(changes, stored), stored in shown) == ([], True)


def shuffled_batches(
    world: World, identifiers: Sequence[str], on_conflict: str, seed: int = 1
) -> list[dict[str, Any]]:
    """Return a batch for each of eight people: the same samples in another order and host."""
    chance = random.Random(seed)
    return [
        world.batch(
            *(
                world.batch_sample(identifier, host=f"host {n}", sequence=GENOME + "A" * n)
                for identifier in chance.sample(identifiers, len(identifiers))
            ),
            on_conflict=on_conflict,
        )
        for n in range(8)
    ]


def names(count: int) -> list[str]:
    """Return identifiers in an order that no other test uses."""
    return [f"{unique(32)}-{number:02}" for number in range(count)]


def held_sample(world: World, identifier: str) -> tuple[str, int, int, int, str, str]:
    """Return an insert that holds an identifier, and its parameters."""
    return (
        "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date) values (%s, %s, %s, %s, %s, '2024-02-01')",
        world.group,
        world.pathogen,
        world.france,
        identifier,
        identifier,
    )


def outcomes(answers: Iterable[httpx.Response]) -> Counter[tuple[str, str]]:
    """Count how often each sample was created, updated or skipped."""
    return Counter(
        (row["private_identifier"], row["outcome"]) for answer in answers for row in rows(answer)
    )


def stored_of(world: World, identifiers: Sequence[str]) -> list[tuple[str, int]]:
    """Return host, and bases of the sequence beyond the genome, of stored samples."""
    return world.conn.execute(
        "select samples.host, octet_length(sequences.sequence) - %s"
        " from aspen.samples as samples"
        " inner join aspen.sequences as sequences on samples.id = sequences.sample_id"
        " where samples.private_identifier = any(%s) and samples.group_id = %s",
        [len(GENOME), list(identifiers), world.group],
    ).fetchall()


@pytest.mark.parametrize(("on_conflict", "outcome"), [("skip", "skipped"), ("update", "updated")])
def test_batch_submitted_by_many_at_once_is_stored_once(
    world: World, people: list[Caller], on_conflict: str, outcome: str
) -> None:
    """Answer each with the outcome of every sample; keep each batch whole."""
    identifiers = sorted(names(20))
    batches = shuffled_batches(world, identifiers, on_conflict)

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller, batch in zip(people, batches, strict=True)],
        *held_sample(world, identifiers[0]),
        take_back=True,
    )

    assert outcomes(answers) == {
        **{(identifier, "created"): 1 for identifier in identifiers},
        **{(identifier, outcome): 7 for identifier in identifiers},
    }
    [(host, letters)] = set(stored_of(world, identifiers))
    assert (len(stored_of(world, identifiers)), host) == (20, f"host {letters}")


@pytest.mark.parametrize("on_conflict", ["skip", "update"])
def test_overlapping_batches_at_once_create_each_sample_once(
    world: World, people: list[Caller], on_conflict: str
) -> None:
    """Create each sample by one of them, in whatever order they name it."""
    identifiers = sorted(names(15))
    batches = [
        shuffled_batches(world, identifiers[n : n + 8], on_conflict, seed=n)[n] for n in range(8)
    ]

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller, batch in zip(people, batches, strict=True)],
        *held_sample(world, identifiers[7]),
        take_back=True,
    )
    counted = outcomes(answers)

    assert {key: n for key, n in counted.items() if key[1] == "created"} == {
        (identifier, "created"): 1 for identifier in identifiers
    }
    assert counted.total() == 64
    assert len(stored_of(world, identifiers)) == 15


def test_batches_in_opposite_order_do_not_wait_for_each_other(
    world: World, people: list[Caller]
) -> None:
    """Lock rows in one order, whatever order the batches have."""
    identifiers = sorted(names(3))
    batches = [
        world.batch(*(world.batch_sample(name) for name in order), on_conflict="skip")
        for order in (identifiers, identifiers[::-1])
    ]

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller, batch in zip(people, batches, strict=False)],
        *held_sample(world, identifiers[1]),
    )

    assert outcomes(answers) == {
        (identifiers[0], "created"): 1,
        (identifiers[0], "skipped"): 1,
        (identifiers[1], "skipped"): 2,
        (identifiers[2], "created"): 1,
        (identifiers[2], "skipped"): 1,
    }


def test_batches_that_would_create_the_same_are_refused_by_name(
    world: World, people: list[Caller]
) -> None:
    """Store one by default, and name every existing sample to the others."""
    identifiers = sorted(names(3))
    batch = world.batch(*map(world.batch_sample, identifiers))

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller in people],
        *held_sample(world, identifiers[0]),
        take_back=True,
    )
    answers.sort(key=lambda answer: answer.status_code)

    named = [
        {
            "row": row,
            "private_identifier": identifier,
            "field": "private_identifier",
            "value": identifier,
            "reason": "already exists in this group",
        }
        for row, identifier in enumerate(identifiers, start=1)
    ]
    assert {row["outcome"] for row in rows(answers[0])} == {"created"}
    assert [problems(answer) for answer in answers[1:]] == [(409, "sample_exists", named)] * 7


def test_public_identifier_taken_meanwhile_is_named(world: World, people: list[Caller]) -> None:
    """Name it for every on_conflict, which is about private identifiers only."""
    [theirs, ours] = names(2)
    batch = world.batch(world.batch_sample(ours, public_identifier=theirs), on_conflict="skip")

    [answer] = at_once(world, [batch_of(people[0], batch)], *held_sample(world, theirs))

    [problem] = problems(answer)[2]
    assert refusal(answer) == (409, "sample_exists")
    assert (problem["field"], problem["value"]) == ("public_identifier", theirs)


LEAVES = {
    "deleted": "delete from aspen.samples where id = %s",
    "renamed": "update aspen.samples set private_identifier = 'renamed-' || id where id = %s",
}


@pytest.mark.parametrize("statement", LEAVES.values(), ids=LEAVES.keys())
def test_sample_gone_meanwhile_is_created_and_not_updated(
    world: World, people: list[Caller], statement: str
) -> None:
    """Create it with its sequence; leave a renamed sample alone."""
    [identifier] = names(1)
    sample = factories.sample(world.conn, world.group, identifier, public_identifier=identifier)
    batch = world.batch(
        world.batch_sample(identifier, host="a host", sequence=GENOME), on_conflict="update"
    )

    [answer] = at_once(world, [batch_of(people[0], batch)], statement, sample)

    [stored] = rows(answer)
    assert (stored["outcome"], stored["has_sequence"]) == ("created", True)
    assert stored_of(world, [identifier]) == [("a host", 0)]
    left = world.conn.execute("select host from aspen.samples where id = %s", [sample]).fetchall()
    assert left in ([], [(None,)])


def test_batch_updates_only_what_it_gives_beside_a_change(
    world: World, people: list[Caller]
) -> None:
    """Keep absent fields as they are when written, not as they were when the request began."""
    [identifier] = names(1)
    sample = factories.sample(world.conn, world.group, identifier, organism="a virus")
    batch = world.batch(world.batch_sample(identifier, host="a host"), on_conflict="update")

    [answer] = at_once(
        world,
        [batch_of(people[0], batch)],
        "update aspen.samples set is_private = true, organism = 'another', host = 'x'"
        " where id = %s",
        sample,
    )

    shown = rows(world.alice.get(f"/samples?select=is_private,organism,host&id=eq.{sample}"))
    assert [row["outcome"] for row in rows(answer)] == ["updated"]
    assert shown == [{"is_private": True, "organism": "another", "host": "a host"}]


def changes_of(caller: Caller, world: World, changes: Sequence[Change]) -> Request:
    """Return a batch of changes."""
    body = {"group_id": world.group, "samples": changes}
    return lambda: caller.post("/rpc/update_samples", json=body)


def test_batches_of_changes_at_once_are_stored_whole(world: World, people: list[Caller]) -> None:
    """Lock in one order, whatever order the batches have, and keep each batch together."""
    identifiers = sorted(names(10))
    samples = [world.bare_sample(identifier) for identifier in identifiers]
    batches = [
        [
            {"identifier": name, "host": f"host {n}"}
            for name in random.Random(n).sample(identifiers, len(identifiers))
        ]
        for n in range(8)
    ]

    answers = at_once(
        world,
        [changes_of(one, world, batch) for one, batch in zip(people, batches, strict=True)],
        LOCK_SAMPLE,
        samples[0],
    )

    hosts = world.conn.execute(
        "select distinct host from aspen.samples where id = any(%s)", [samples]
    ).fetchall()
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(hosts) == 1


def test_one_of_many_renames_finds_the_sample(world: World, people: list[Caller]) -> None:
    """Tell the others that nothing has this identifier any more."""
    (identifier,) = names(1)
    sample = world.bare_sample(identifier)
    batches = [
        [{"identifier": identifier, "private_identifier": f"{identifier}-{n}"}] for n in range(8)
    ]

    answers = at_once(
        world,
        [changes_of(one, world, batch) for one, batch in zip(people, batches, strict=True)],
        LOCK_SAMPLE,
        sample,
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 404: 7}


def test_identifier_that_two_batches_give_is_given_once(world: World, people: list[Caller]) -> None:
    """Name the clash to all but the first, though no row had it when they began."""
    identifiers = sorted(names(8))
    samples = [world.bare_sample(identifier) for identifier in identifiers]
    batches = [[{"id": sample, "private_identifier": f"{identifiers[0]}-x"}] for sample in samples]

    answers = at_once(
        world,
        [changes_of(one, world, batch) for one, batch in zip(people, batches, strict=True)],
        "select from aspen.samples where id = any(%s) for update",
        samples,
    )

    refusals = [problems(answer) for answer in answers if answer.status_code != 200]
    assert {(status, code, found[0]["field"]) for status, code, found in refusals} == {
        (409, "sample_exists", "private_identifier")
    }
    assert len(refusals) == 7


def test_one_of_many_batches_deletes_the_samples(world: World, people: list[Caller]) -> None:
    """Answer the others that they do not exist."""
    samples = [world.bare_sample(identifier) for identifier in names(3)]
    body = {"group_id": world.group, "ids": samples}

    def deletion(caller: Caller) -> Request:
        return lambda: caller.post("/rpc/delete_samples", json=body)

    answers = at_once(world, map(deletion, people), LOCK_SAMPLE, samples[0])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 404: 7}


def test_one_of_many_batches_restores_the_samples(world: World, people: list[Caller]) -> None:
    """Restore each sample once, and tell the others that it exists."""
    samples = [world.bare_sample(identifier) for identifier in names(3)]
    world.conn.execute("delete from aspen.samples where id = any(%s)", [samples])
    body = {"group_id": world.group, "ids": samples}

    def restoration(caller: Caller) -> Request:
        return lambda: caller.post("/rpc/restore_samples", json=body)

    answers = at_once(world, map(restoration, people), "lock table aspen.samples in exclusive mode")

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    stored = world.conn.execute(
        "select count(*) from aspen.samples where id = any(%s)", [samples]
    ).fetchone()
    assert stored == (3,)


def test_new_location_of_many_batches_is_created_once(world: World, people: list[Caller]) -> None:
    """Store the samples of all of them there, however they spell it."""
    identifiers = names(8)
    spellings = [f"Land of {world.name}", f"land of {world.name}"]
    batches = [
        world.batch(
            world.batch_sample(
                identifier, location_id=None, region="Europe", country=spellings[number % 2]
            )
        )
        for number, identifier in enumerate(identifiers)
    ]

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller, batch in zip(people, batches, strict=True)],
        "insert into aspen.locations (region, country) values ('Europe', %s)",
        spellings[0],
        take_back=True,
    )

    places = world.conn.execute(
        "select count(*), count(distinct location_id) from aspen.samples"
        " where private_identifier = any(%s)",
        [identifiers],
    ).fetchall()
    assert [answer.status_code for answer in answers] == [200] * 8
    assert places == [(8, 1)]
