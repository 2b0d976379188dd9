"""Places on a tree are coloured in the order of their distance from the group."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories

PALETTE = [
    "#571EA2", "#4334BF", "#3F55CE", "#4376CD", "#4C91C0", "#59A4A9", "#6AB18F", "#7FB975",
    "#97BD5F", "#AFBD4F", "#C5B945", "#D8AE3E", "#E39B39", "#E67D33", "#E2562B", "#DC2F24",
]  # fmt: skip


@pytest.fixture(autouse=True)
def places(admin: psycopg.Connection) -> None:
    """Countries near and far, and one nobody has located."""
    factories.location(admin, "Spain", latitude=40, longitude=-4)
    factories.location(admin, "Portugal", latitude=39, longitude=-8)
    factories.location(admin, "Fiji", region="Oceania", latitude=-18, longitude=178)
    factories.location(admin, "Samoa", region="Oceania", latitude=-13, longitude=-172)
    factories.location(admin, "Japan", region="Asia", latitude=36, longitude=138)
    factories.location(admin, "Atlantis", region="Oceania")


def colored(
    conn: psycopg.Connection, level: str, names: list[str], origin: int | None
) -> list[str] | None:
    """The places in the order of the palette, which is checked on the way."""
    row = conn.execute(
        "select internal.place_colors(%s, %s, %s)", [level, Jsonb(names), origin]
    ).fetchone()
    assert row is not None
    order = [place for place, _ in row[0]]
    assert row[0] == [list(pair) for pair in zip(order, PALETTE, strict=False)]
    return order


def test_nearest_comes_first(admin: psycopg.Connection) -> None:
    """The origin itself before all."""
    origin = factories.location(admin, "Spain")

    found = colored(admin, "country", ["Fiji", "Japan", "Portugal", "Spain"], origin)

    assert found == ["Spain", "Portugal", "Japan", "Fiji"]


def test_distance_goes_around_the_globe(admin: psycopg.Connection) -> None:
    """From Fiji, Samoa is near though its longitude is far."""
    origin = factories.location(admin, "Fiji", region="Oceania")

    found = colored(admin, "country", ["Japan", "Samoa", "Fiji"], origin)

    assert found == ["Fiji", "Samoa", "Japan"]


def test_places_without_coordinates_come_last_by_name(admin: psycopg.Connection) -> None:
    """Known to us or not."""
    origin = factories.location(admin, "Spain")

    found = colored(admin, "country", ["Zembla", "Atlantis", "Japan"], origin)

    assert found == ["Japan", "Atlantis", "Zembla"]


def test_without_an_origin_places_are_in_the_order_of_names(admin: psycopg.Connection) -> None:
    """There is nothing to measure from."""
    assert colored(admin, "country", ["Spain", "Japan", "Fiji"], None) == [
        "Fiji",
        "Japan",
        "Spain",
    ]


def test_origin_without_coordinates_is_measured_from_what_it_is_in(
    admin: psycopg.Connection,
) -> None:
    """The nearest level above that has any."""
    origin = factories.location(admin, "Spain", "Galicia", "Lugo")

    found = colored(admin, "country", ["Fiji", "Portugal", "Spain"], origin)

    assert found == ["Spain", "Portugal", "Fiji"]


def test_levels_are_measured_by_their_own_places(admin: psycopg.Connection) -> None:
    """A division is not mistaken for a town of the same name in it."""
    factories.location(admin, "Spain", "Madrid", latitude=40.4, longitude=-3.7)
    factories.location(admin, "Spain", "Navarra", latitude=42.8, longitude=-1.6)
    factories.location(admin, "Portugal", "Madrid", "Navarra", latitude=39, longitude=-8)
    origin = factories.location(admin, "Portugal")

    assert colored(admin, "division", ["Navarra", "Madrid"], origin) == ["Madrid", "Navarra"]


def test_only_the_sixteen_nearest_are_coloured(admin: psycopg.Connection) -> None:
    """There are no more colours."""
    names = [f"C{number:02}" for number in range(20)]

    assert colored(admin, "country", names[::-1], None) == names[:16]
