"""Sequences: written, upserted, and read as FASTA."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.factories import GENOME
from tests.http.world import DRY_RUN, REPRESENTATION, World, refusal, rows
from tests.people import BLIND, FULL, NO_CREATOR, PARTIAL

FASTA = "text/x-fasta"
COUNTS = "num_unambiguous_sites,num_missing_alleles,num_mixed"
UPSERT = "/sequences?on_conflict=group_id,sample_id&order=sample_id"


def test_posted_sequence_is_normalised_and_counted(world: World) -> None:
    """Store upper case without white space, whatever case it was sent in."""
    text = f"{'acgt' * 250} \n{'N' * 3}ryk--"

    response = world.alice.post(
        f"/sequences?select=sequence,{COUNTS}",
        json=world.sequence(world.bare_sample(), sequence=text),
        prefer=REPRESENTATION,
    )

    assert rows(response) == [
        {
            "sequence": f"{GENOME}NNNRYK--",
            "num_unambiguous_sites": 1000,
            "num_missing_alleles": 3,
            "num_mixed": 3,
        }
    ]


def test_second_sequence_of_a_sample_is_refused(world: World) -> None:
    """Accept one sequence for each sample."""
    response = world.alice.post("/sequences", json=world.sequence(), prefer=DRY_RUN)

    assert refusal(response) == (409, "23505")


def test_upsert_replaces_and_adds_sequences(world: World) -> None:
    """Find them by sample, as merge-duplicates does."""
    bare = world.bare_sample()
    body = [world.sequence(sequence=f"{GENOME}N"), world.sequence(bare)]

    response = world.alice.post(
        f"{UPSERT}&select=sample_id,num_missing_alleles",
        json=body,
        prefer=f"{REPRESENTATION},resolution=merge-duplicates",
    )

    assert sorted(rows(response), key=lambda row: row["sample_id"]) == [
        {"sample_id": world.open, "num_missing_alleles": 1},
        {"sample_id": bare, "num_missing_alleles": 0},
    ]


def test_upsert_can_skip_existing_sequences(world: World) -> None:
    """Return only what it added, with ignore-duplicates."""
    bare = world.bare_sample()
    body = [world.sequence(sequence=f"{GENOME}N"), world.sequence(bare)]

    response = world.alice.post(
        f"{UPSERT}&select=sample_id",
        json=body,
        prefer=f"{REPRESENTATION},resolution=ignore-duplicates",
    )

    assert rows(response) == [{"sample_id": bare}]


def test_upsert_of_one_sample_twice_is_refused(world: World) -> None:
    """Reject it, because either sequence could be meant."""
    bare = world.bare_sample()

    response = world.alice.post(
        UPSERT,
        json=[world.sequence(bare), world.sequence(bare)],
        prefer=f"{DRY_RUN},resolution=merge-duplicates",
    )

    assert refusal(response) == (400, "21000")


@pytest.mark.parametrize("who", FULL)
def test_members_change_sequences(world: World, who: str) -> None:
    """Accept members of a group with a granted member role."""
    response = world.caller(who).patch(
        f"/sequences?select=sequencing_date&sample_id=eq.{world.open}",
        json={"sequencing_date": "2024-02-02"},
        prefer=REPRESENTATION,
    )

    assert rows(response) == [{"sequencing_date": "2024-02-02"}]


@pytest.mark.parametrize("who", FULL)
def test_members_delete_sequences(world: World, who: str) -> None:
    """Keep the sample."""
    response = world.caller(who).delete(
        f"/sequences?select=sample_id&sample_id=eq.{world.open}", prefer=REPRESENTATION
    )

    assert rows(response) == [{"sample_id": world.open}]


@pytest.mark.parametrize("who", (*PARTIAL, *BLIND))
@pytest.mark.parametrize(
    ("method", "options"), [("PATCH", {"json": {"sequencing_depth": 1}}), ("DELETE", {})]
)
def test_hidden_sequence_is_not_found(
    world: World, method: str, options: dict[str, Any], who: str
) -> None:
    """Change nothing and tell nothing."""
    response = world.caller(who).ask(
        method, f"/sequences?sample_id=eq.{world.open}", prefer=REPRESENTATION, **options
    )

    assert rows(response) == []


@pytest.mark.parametrize("who", NO_CREATOR)
def test_creating_takes_a_direct_role_of_member(world: World, who: str) -> None:
    """Reject the callers that may not create samples either."""
    response = world.caller(who).post(
        "/sequences", json=world.sequence(world.bare_sample()), prefer=DRY_RUN
    )

    assert refusal(response) == (403, "42501")


@pytest.mark.parametrize(
    "columns", [{"sample_id": "bare"}, {"sample_id": "bare", "group_id": "own"}]
)
def test_sequence_stays_with_its_sample(world: World, columns: dict[str, str]) -> None:
    """Reject moving it, which would create a sequence elsewhere."""
    values = {"sample_id": world.bare_sample(), "group_id": world.other}

    response = world.alice.patch(
        f"/sequences?sample_id=eq.{world.open}",
        json={column: values[column] for column in columns},
        prefer=DRY_RUN,
    )

    assert refusal(response) == (400, "read_only_column")


@pytest.mark.parametrize("column", ["id", "num_mixed", "created_at", "updated_at"])
def test_columns_of_the_server_cannot_be_set(world: World, column: str) -> None:
    """Reject counts, which the database computes."""
    response = world.alice.patch(
        f"/sequences?sample_id=eq.{world.open}",
        json={column: "2024-02-02" if column.endswith("_at") else 1},
        prefer=DRY_RUN,
    )

    assert refusal(response) == (403, "42501")


FASTAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("?order=id", ("open", "hidden")),
    "another order": ("?order=id.desc", ("hidden", "open")),
    "a page": ("?order=id.desc&limit=1", ("hidden",)),
    "by a column": ("?num_mixed=eq.0&order=id", ("open", "hidden")),
    "by the sample": ("?select=*,samples!inner()&samples.is_private=is.true", ("hidden",)),
    "none": ("?id=eq.0", ()),
}


@pytest.mark.parametrize(("query", "names"), FASTAS.values(), ids=FASTAS.keys())
def test_sequences_come_as_fasta(world: World, query: str, names: tuple[str, ...]) -> None:
    """Name them by public identifier, and apply filters, order and limit."""
    response = world.alice.get(f"/sequences{query}", accept=FASTA)

    assert (response.headers["Content-Type"], response.text) == (
        FASTA,
        "".join(f">public-{name}-{world.name}\n{GENOME}\n" for name in names),
    )


@pytest.mark.parametrize("who", (*PARTIAL, *BLIND))
def test_fasta_shows_no_more_than_the_list(world: World, who: str) -> None:
    """Return an empty file."""
    response = world.caller(who).get(f"/sequences?group_id=eq.{world.group}", accept=FASTA)

    assert (response.status_code, response.text) == (200, "")


def test_fasta_needs_a_token(world: World) -> None:
    """Answer 401 as for the list."""
    assert refusal(world.nobody.get("/sequences", accept=FASTA)) == (401, "42501")


def test_fasta_has_a_count(world: World) -> None:
    """Return how many there are with a page."""
    response = world.alice.get("/sequences?limit=1", accept=FASTA, prefer="count=exact")

    assert (response.status_code, response.headers["Content-Range"]) == (206, "0-0/2")


def test_fasta_of_chosen_columns_is_refused(world: World) -> None:
    """Reject it, because it needs whole rows; PostgREST 12.0.3 ignores select instead."""
    assert refusal(world.alice.get("/sequences?select=id", accept=FASTA)) == (400, "42846")


def test_fasta_of_anything_else_is_refused(world: World) -> None:
    """Offer this form for sequences only."""
    assert refusal(world.alice.get("/samples", accept=FASTA)) == (415, "PGRST107")


def test_fasta_of_many_genomes_comes_whole(world: World) -> None:
    """Return 30 MB with every record; tests/bench/bench_fasta.py measures the time."""
    count, length = 1000, 30_000
    group = factories.group(world.conn, f"many {world.name}", prefix=f"many {world.name}"[:25])
    factories.membership(world.conn, group, world.users["ada"])
    genome = "ACGT" * (length // 4)
    factories.numbered_samples(world.conn, group, count, genome)

    fasta = world.ada.get(f"/sequences?group_id=eq.{group}&order=sample_id", accept=FASTA)

    assert fasta.text == "".join(f">{number}\n{genome}\n" for number in range(1, count + 1))
