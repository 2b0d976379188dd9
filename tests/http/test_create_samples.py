"""create_samples: batches of samples with sequences, stored entirely or not at all."""

from __future__ import annotations

import pytest

from tests.factories import GENOME
from tests.http.world import DRY_RUN, World, problems, refusal, rows
from tests.people import NO_CREATOR

PATH = "/rpc/create_samples"


def test_batch_is_stored_with_its_sequences_and_jobs(world: World) -> None:
    """Store all in one transaction and answer in the order given."""
    before = {table: world.count(table) for table in ("samples", "sequences", "jobs")}
    batch = world.batch(
        world.batch_sample("with", sequence=GENOME.lower()),
        world.batch_sample("without", public_identifier="given/without"),
    )

    created = rows(world.alice.post(PATH, json=batch))

    assert created == [
        {
            "id": created[0]["id"],
            "private_identifier": "with",
            "public_identifier": created[0]["public_identifier"],
            "outcome": "created",
            "has_sequence": True,
        },
        {
            "id": created[1]["id"],
            "private_identifier": "without",
            "public_identifier": "given/without",
            "outcome": "created",
            "has_sequence": False,
        },
    ]
    assert {table: world.count(table) - before[table] for table in before} == {
        "samples": 2,
        "sequences": 1,
        "jobs": 2,
    }


def test_existing_sample_is_refused_by_default(world: World) -> None:
    """Name all that exist and store none."""
    open_, hidden = f"open-{world.name}", f"hidden-{world.name}"
    batch = world.batch(
        world.batch_sample("new"), world.batch_sample(open_), world.batch_sample(hidden)
    )
    before = world.count()

    response = world.alice.post(PATH, json=batch)

    assert problems(response) == (
        409,
        "sample_exists",
        [
            {
                "row": row,
                "private_identifier": identifier,
                "field": "private_identifier",
                "value": identifier,
                "reason": "already exists in this group",
            }
            for row, identifier in ((2, open_), (3, hidden))
        ],
    )
    assert world.count() == before


ON_CONFLICT = {"skip": ("skipped", "A host"), "update": ("updated", "Human")}


@pytest.mark.parametrize("on_conflict", ON_CONFLICT)
def test_existing_sample_is_skipped_or_updated(world: World, on_conflict: str) -> None:
    """Serve as the upsert of samples."""
    outcome, host = ON_CONFLICT[on_conflict]
    identifier = f"existing-{on_conflict}"
    first = world.batch(world.batch_sample(identifier, host="A host"))
    again = world.batch(
        world.batch_sample(identifier, host="Human"),
        world.batch_sample(f"new-{on_conflict}"),
        on_conflict=on_conflict,
    )
    [stored] = rows(world.alice.post(PATH, json=first))

    answer = rows(world.alice.post(PATH, json=again))

    assert [(row["private_identifier"], row["outcome"]) for row in answer] == [
        (identifier, outcome),
        (f"new-{on_conflict}", "created"),
    ]
    assert rows(world.alice.get(f"/samples?select=host&id=eq.{stored['id']}")) == [{"host": host}]


@pytest.mark.parametrize("who", NO_CREATOR)
def test_creating_takes_a_direct_role_of_member(world: World, who: str) -> None:
    """Reject the callers that may not post samples either."""
    response = world.caller(who).post(PATH, json=world.batch(world.batch_sample("a")))

    assert problems(response) == (403, "group_access_denied", {"group_id": world.group})


def test_caller_without_a_token_cannot_create_samples(world: World) -> None:
    """Answer 401, because a token might help."""
    response = world.nobody.post(PATH, json=world.batch(world.batch_sample("a")))

    assert refusal(response) == (401, "42501")


def test_dry_run_checks_a_batch(world: World) -> None:
    """Name the problems without storing, for a form that checks before it submits."""
    before = world.count()

    response = world.alice.post(
        PATH, json=world.batch(world.batch_sample("dry", sequence=GENOME)), prefer=DRY_RUN
    )

    assert (rows(response)[0]["outcome"], world.count()) == ("created", before)
