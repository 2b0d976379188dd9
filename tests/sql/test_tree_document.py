"""The part of an Auspice document around its tree, with our colours."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

COUNTRIES = {"country": ["A", "B"]}
SCALE = [["A", "#277F8E"], ["B", "#084A9F"]]


@pytest.mark.parametrize(
    ("meta", "places", "expected"),
    [
        (
            {},
            COUNTRIES,
            [{"key": "country", "title": "Country", "type": "categorical", "scale": SCALE}],
        ),
        (
            {"colorings": [{"key": "country", "title": "Land", "scale": [["A", "red"]]}]},
            COUNTRIES,
            [{"key": "country", "title": "Land", "scale": SCALE}],
        ),
        (
            {"colorings": [{"key": "gt"}]},
            {"division": ["D"], "location": []},
            [
                {"key": "gt"},
                {
                    "key": "division",
                    "title": "Admin Division",
                    "type": "categorical",
                    "scale": [["D", "#277F8E"]],
                },
            ],
        ),
        ({"colorings": [{"key": "gt"}]}, {}, [{"key": "gt"}]),
        ({"colorings": "none"}, {}, []),
    ],
    ids=["added", "replaced", "appended", "untouched", "no list"],
)
def test_scales_are_set_for_levels_with_locations(
    admin: psycopg.Connection, meta: dict[str, Any], places: dict[str, Any], expected: list[Any]
) -> None:
    """Keep title and order of existing colorings."""
    row = admin.execute(
        "select internal.tree_document(%s, %s, null)", [Jsonb({"meta": meta}), Jsonb(places)]
    ).fetchone()

    assert row == ({"meta": {"colorings": expected}},)


@pytest.mark.parametrize("document", [{}, {"meta": None}, {"meta": []}])
def test_document_without_meta_is_left_alone(
    admin: psycopg.Connection, document: dict[str, Any]
) -> None:
    """Add nothing where there is no place for colours."""
    row = admin.execute(
        "select internal.tree_document(%s, %s, null)", [Jsonb(document), Jsonb(COUNTRIES)]
    ).fetchone()

    assert row == (document,)
