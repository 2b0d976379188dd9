"""The plan says how many genomes of which kind a tree is made of."""

from __future__ import annotations

import pytest

from pipelines.phylo.plan import RULES, Place, Rules, closest_count, plan

PLACE = Place("USA", "California", "Alameda County")
SC2, MPX = RULES["SC2"], RULES["MPX"]
SIZES = [
    # An overview has fewer levels around a larger place, of which the outer ones are larger.
    (
        "OVERVIEW", SC2, PLACE, 5,
        {"group": 2000, "state": 500, "country": 400, "international": 100},
    ),
    (
        "OVERVIEW", SC2, Place("USA", "California"), 5,
        {"group": 2000, "state": 500, "country": 800, "international": 200},
    ),
    ("OVERVIEW", SC2, Place("USA"), 5, {"group": 2000, "country": 400, "international": 1000}),
    ("OVERVIEW", SC2, Place(), 5, {"group": 2000, "international": 100}),
    ("OVERVIEW", MPX, PLACE, 5, {"group": 500, "state": 300, "country": 300, "international": 300}),
    (
        "TARGETED", SC2, PLACE, 99,
        {"closest": 100, "group": 50, "state": 50, "country": 25, "international": 25},
    ),
    (
        "TARGETED", SC2, PLACE, 400,
        {"closest": 400, "group": 200, "state": 200, "country": 100, "international": 100},
    ),
    (
        "TARGETED", SC2, PLACE, 101,
        {"closest": 101, "group": 50, "state": 50, "country": 25, "international": 25},
    ),
    # Above the level of locations, at least 100 come from other countries.
    (
        "TARGETED", SC2, Place("USA", "California"), 5,
        {"closest": 100, "group": 50, "state": 50, "country": 25, "international": 100},
    ),
    (
        "TARGETED", SC2, Place("USA"), 800,
        {"closest": 800, "group": 400, "country": 200, "international": 200},
    ),
    ("NON_CONTEXTUALIZED", SC2, PLACE, 5, {"group": 2000}),
    ("NON_CONTEXTUALIZED", MPX, PLACE, 5, {"group": 1000}),
    ("NON_CONTEXTUALIZED", Rules(), Place(), 0, {"group": 2000}),
]  # fmt: skip


@pytest.mark.parametrize(("tree_type", "rules", "place", "chosen", "expected"), SIZES)
def test_each_kind_of_tree_has_its_sizes(
    tree_type: str, rules: Rules, place: Place, chosen: int, expected: dict[str, int]
) -> None:
    """Draw so many from each level around the place, and all that were chosen."""
    parts = plan(tree_type, rules, place, chosen)

    assert parts.pop("focal").sample("focal") == {"query": "in_focal == 'yes'"}
    assert {name: part.sample(name)["max_sequences"] for name, part in parts.items()} == expected


@pytest.mark.parametrize(
    ("row", "homes"),
    [
        ({"source": "group", "focal": "yes"}, ["focal"]),
        ({"source": "group", "focal": "no", "country": "O'Land"}, ["group"]),
        ({"source": "context", "focal": "yes", "country": "O'Land"}, ["focal"]),
        ({"source": "context", "country": "O'Land", "division": "75"}, ["state"]),
        ({"source": "context", "country": "O'Land", "division": "76"}, ["country"]),
        ({"source": "context", "country": "Sea", "division": "75"}, ["international"]),
        ({"source": "context"}, ["international"]),
    ],
)
def test_levels_do_not_overlap(row: dict[str, str], homes: list[str]) -> None:
    """Draw from the division, from the rest of the country, and from other countries."""
    parts = plan("OVERVIEW", SC2, Place("O'Land", "75"), 0)

    assert [name for name, part in parts.items() if part.has(row)] == homes


@pytest.mark.parametrize(("tree_type", "expected"), [("TARGETED", 100), ("OVERVIEW", 0)])
def test_only_targeted_trees_look_for_what_is_similar(tree_type: str, expected: int) -> None:
    """Compare a data set only where the plan draws from it."""
    assert closest_count(tree_type, 3) == expected
