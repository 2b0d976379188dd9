"""Invalid sequences: sample, character and position named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import GENOME
from tests.http.world import World, problems, refusal

CREATE = "/rpc/create_samples"


def test_bad_letters_of_every_sequence_are_named(world: World) -> None:
    """Name the sample and the position of each."""
    before = world.count()
    batch = world.batch(
        world.batch_sample("a", sequence=f"{GENOME}X"),
        world.batch_sample("b", sequence=GENOME),
        world.batch_sample("c", sequence=f">header\n{GENOME}"),
        world.batch_sample("d", sequence="ACGT"),
        world.batch_sample("e", sequence=f"{GENOME}é"),
    )

    response = world.alice.post(CREATE, json=batch)

    odd = "has '{}' at position {}, which is neither an IUPAC nucleotide code nor a gap (-)"
    assert problems(response) == (
        400,
        "invalid_sequence",
        [
            {"row": row, "private_identifier": name, "field": "sequence", "reason": reason}
            for row, name, reason in (
                (1, "a", odd.format("X", 1001)),
                (3, "c", odd.format(">", 1)),
                (4, "d", "has 4 bases; at least 1000 are needed"),
                (5, "e", odd.format("é", 1001)),
            )
        ],
    )
    assert world.count() == before


def test_missing_keys_of_every_sequence_are_named(world: World) -> None:
    """Say which row lacks what, before the policies find that it is nobody's."""
    good = world.sequence(world.bare_sample())
    missing = [good | {"group_id": None}, good | {"sample_id": None}]

    status, code, found = problems(world.alice.post("/sequences", json=[good, *missing]))

    assert (status, code) == (400, "invalid_sequence")
    assert [(problem["row"], problem["field"], problem["reason"]) for problem in found] == [
        (2, "group_id", "is required"),
        (3, "sample_id", "is required"),
    ]


BAD_SEQUENCES: dict[str, tuple[str, Any]] = {
    "a bad letter": ("sequence", f"{GENOME}?"),
    "a header": ("sequence", f">name\n{GENOME}"),
    "too few letters": ("sequence", "ACGT"),
    "no letter": ("sequence", ""),
    "no sequence": ("sequence", None),
    "a date before sequencing": ("sequencing_date", "1969-12-31"),
    "a date to come": ("sequencing_date", "2999-01-01"),
    "a negative depth": ("sequencing_depth", -1),
    "a depth that is no number": ("sequencing_depth", "NaN"),
    "a depth without end": ("sequencing_depth", "Infinity"),
}


@pytest.mark.parametrize(("column", "value"), BAD_SEQUENCES.values(), ids=BAD_SEQUENCES.keys())
def test_posted_sequence_with_a_bad_value_is_refused(world: World, column: str, value: Any) -> None:
    """Name the sample and the field."""
    sample = world.bare_sample()

    status, code, [problem] = problems(
        world.alice.post("/sequences", json=world.sequence(sample) | {column: value})
    )

    assert (status, code, problem["sample_id"], problem["field"]) == (
        400,
        "invalid_sequence",
        sample,
        column,
    )


@pytest.mark.parametrize(("column", "value"), BAD_SEQUENCES.values(), ids=BAD_SEQUENCES.keys())
def test_change_of_a_sequence_to_a_bad_value_is_refused(
    world: World, column: str, value: Any
) -> None:
    """Apply the rules of a new sequence."""
    response = world.alice.patch(f"/sequences?sample_id=eq.{world.open}", json={column: value})

    assert refusal(response) == (400, "invalid_sequence")


def test_genome_beyond_ten_million_letters_is_refused(world: World) -> None:
    """Bound the length, because checking takes memory and time in proportion."""
    response = world.alice.post(
        "/sequences", json=world.sequence(world.bare_sample(), sequence="A" * 10_000_001)
    )

    assert problems(response)[2][0]["reason"] == (
        "has 10000001 bases; at most 10000000 are allowed"
    )
