"""Locations on a tree are coloured in the order of their distance from the group."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories

PALETTE = [
    "#277F8E", "#084A9F", "#4187E0", "#B2D3FD", "#DFC6FF", "#9069C2", "#440278", "#BD3232",
    "#ED5151", "#FF9999", "#FF8A24", "#FFDABA", "#A76738", "#FDE725", "#A0DA39", "#4AB569",
]  # fmt: skip


@pytest.fixture(autouse=True)
def places(admin: psycopg.Connection) -> None:
    """Store countries near and far, and one without coordinates."""
    factories.location(admin, "Spain", latitude=40, longitude=-4)
    factories.location(admin, "Portugal", latitude=39, longitude=-8)
    factories.location(admin, "Fiji", region="Oceania", latitude=-18, longitude=178)
    factories.location(admin, "Samoa", region="Oceania", latitude=-13, longitude=-172)
    factories.location(admin, "Japan", region="Asia", latitude=36, longitude=138)
    factories.location(admin, "Atlantis", region="Oceania")


def colored(
    conn: psycopg.Connection, level: str, names: Sequence[object], origin: int | None
) -> list[str] | None:
    """Return the locations in the order of the palette, and check the palette."""
    row = conn.execute(
        "select internal.place_colors(%s, %s, %s)", [level, Jsonb(list(names)), origin]
    ).fetchone()
    assert row is not None
    order = [place for place, _ in row[0]]
    assert row[0] == [list(pair) for pair in zip(order, PALETTE, strict=False)]
    return order


def test_nearest_comes_first(admin: psycopg.Connection) -> None:
    """Place the origin itself before all others."""
    origin = factories.location(admin, "Spain")

    found = colored(admin, "country", ["Fiji", "Japan", "Portugal", "Spain"], origin)

    assert found == ["Spain", "Portugal", "Japan", "Fiji"]


def test_distance_goes_around_the_globe(admin: psycopg.Connection) -> None:
    """Measure Samoa as near to Fiji though its longitude is far away."""
    origin = factories.location(admin, "Fiji", region="Oceania")

    found = colored(admin, "country", ["Japan", "Samoa", "Fiji"], origin)

    assert found == ["Fiji", "Samoa", "Japan"]


def test_locations_without_coordinates_come_last_by_name(admin: psycopg.Connection) -> None:
    """Order them by name, whether the database has the location or not."""
    origin = factories.location(admin, "Spain")

    found = colored(admin, "country", ["Zembla", "Atlantis", "Japan"], origin)

    assert found == ["Spain", "Japan", "Atlantis", "Zembla"]


def test_locations_without_an_origin_are_in_the_order_of_names(admin: psycopg.Connection) -> None:
    """Order by name where there is no origin to measure from."""
    assert colored(admin, "country", ["Spain", "Japan", "Fiji"], None) == [
        "Fiji",
        "Japan",
        "Spain",
    ]


def test_origin_without_coordinates_is_measured_from_its_parent(
    admin: psycopg.Connection,
) -> None:
    """Use the nearest level above that has coordinates."""
    origin = factories.location(admin, "Spain", "Galicia", "Lugo")

    found = colored(admin, "country", ["Fiji", "Portugal", "Spain"], origin)

    assert found == ["Spain", "Portugal", "Fiji"]


@pytest.fixture
def cordobas(admin: psycopg.Connection) -> dict[str, int]:
    """Store three divisions of one name, a town in one of them, and another division."""
    return {
        "Spain": factories.location(admin, "Spain", "Córdoba", latitude=37.9, longitude=-4.8),
        "Argentina": factories.location(
            admin, "Argentina", "Córdoba", region="South America", latitude=-31.4, longitude=-64.2
        ),
        "Colombia": factories.location(
            admin, "Colombia", "Córdoba", region="South America", latitude=8.3, longitude=-75.8
        ),
        "Peru": factories.location(
            admin, "Peru", "Cusco", region="South America", latitude=-13.5, longitude=-72
        ),
        "town": factories.location(
            admin, "Spain", "Córdoba", "Córdoba", latitude=37.9, longitude=-4.8
        ),
    }


def test_locations_are_matched_together_with_their_parents(
    admin: psycopg.Connection, cordobas: dict[str, int]
) -> None:
    """Measure Cusco as nearer to Lima than Córdoba in Spain.

    The Córdoba in Colombia is nearer still, but is another location.
    """
    lima = factories.location(
        admin, "Peru", "Lima", region="South America", latitude=-12, longitude=-77
    )
    spain = [["Spain", "Córdoba"], ["Peru", "Cusco"]]
    colombia = [["Peru", "Cusco"], ["Colombia", "Córdoba"]]

    assert [colored(admin, "division", on_tree, lima) for on_tree in (spain, colombia)] == [
        ["Lima", "Cusco", "Córdoba"],
        ["Lima", "Cusco", "Córdoba"],
    ]
    madrid = factories.location(admin, "Spain", "Madrid", latitude=40.4, longitude=-3.7)
    assert colored(admin, "division", spain, madrid) == ["Madrid", "Córdoba", "Cusco"]
    argentina = [["Argentina", "Córdoba"], ["Colombia", "Bogotá"]]
    factories.location(admin, "Colombia", "Bogotá", region="South America",
                       latitude=4.7, longitude=-74.1)  # fmt: skip
    assert colored(admin, "division", argentina, madrid) == ["Madrid", "Bogotá", "Córdoba"]


def test_location_of_one_name_elsewhere_is_not_the_origin(
    admin: psycopg.Connection, cordobas: dict[str, int]
) -> None:
    """Give the group's own location the first colour; one value of a tree has one colour."""
    on_tree = [["Argentina", "Córdoba"], ["Peru", "Cusco"]]

    assert colored(admin, "division", on_tree, cordobas["Spain"]) == ["Córdoba", "Cusco"]
    assert colored(admin, "division", on_tree, cordobas["Peru"]) == ["Cusco", "Córdoba"]


@pytest.mark.parametrize("name", ["Córdoba", [None, "Córdoba"]])
def test_ambiguous_location_is_not_measured(
    admin: psycopg.Connection, cordobas: dict[str, int], name: object
) -> None:
    """Measure nothing when several locations fit, and the only one when just one fits."""
    on_tree = [name, [None, "Cusco"], "Zembla"]
    madrid = factories.location(admin, "Spain", "Madrid", latitude=40.4, longitude=-3.7)

    assert colored(admin, "division", on_tree, madrid) == ["Madrid", "Cusco", "Córdoba", "Zembla"]


def test_town_is_matched_by_the_parent_in_the_tree(
    admin: psycopg.Connection, cordobas: dict[str, int]
) -> None:
    """Match the town in that country, of two towns of one name."""
    factories.location(
        admin,
        *("Mexico", "Veracruz", "Córdoba"),
        region="North America",
        latitude=18.9,
        longitude=-96.9,
    )
    factories.location(admin, "Portugal", "Lisboa", "Lisboa", latitude=38.7, longitude=-9.1)
    toledo = factories.location(admin, "Spain", "Castilla", "Toledo", latitude=39.9, longitude=-4.0)
    lisbon = ["Portugal", "Lisboa", "Lisboa"]

    assert [
        colored(admin, "location", [[*parents, "Córdoba"], lisbon], toledo)
        for parents in (["Spain", None], ["Mexico", None], ["Mexico", "Veracruz"])
    ] == [
        ["Toledo", "Córdoba", "Lisboa"],
        ["Toledo", "Lisboa", "Córdoba"],
        ["Toledo", "Lisboa", "Córdoba"],
    ]


def test_own_location_heads_every_scale(
    admin: psycopg.Connection, cordobas: dict[str, int]
) -> None:
    """Place the group's own location first at each level, even if no tip of the tree is there.

    A group that covers a whole country has no division.
    """
    country = factories.location(admin, "Spain")

    assert [
        colored(admin, "country", [["Japan"]], cordobas["town"]),
        colored(admin, "division", [["Japan", "Tokyo"]], cordobas["town"]),
        colored(admin, "location", [["Japan", "Tokyo", "Ueno"]], cordobas["town"]),
        colored(admin, "division", [["Japan", "Tokyo"]], country),
    ] == [["Spain", "Japan"], ["Córdoba", "Tokyo"], ["Córdoba", "Ueno"], ["Tokyo"]]


def test_locations_are_matched_in_every_spelling(
    admin: psycopg.Connection, cordobas: dict[str, int]
) -> None:
    """Write a scale's values as the tree spells them, because Auspice matches them exactly."""
    decomposed = "CO\u0301RDOBA"
    on_tree = [["peru", "cusco"], ["SPAIN", decomposed], ["Spain", "Córdoba"]]

    found = colored(admin, "division", on_tree, cordobas["Spain"])

    assert found == [decomposed, "Córdoba", "cusco"]


def test_scale_has_the_own_location_and_fifteen_others(admin: psycopg.Connection) -> None:
    """Return sixteen colours in all."""
    origin = factories.location(admin, "Spain")
    names = [f"C{number:02}" for number in range(20)]

    assert colored(admin, "country", names, origin) == ["Spain", *names[:15]]


def test_levels_are_measured_by_their_own_locations(admin: psycopg.Connection) -> None:
    """Keep a division apart from a town of the same name in it."""
    factories.location(admin, "Spain", "Madrid", latitude=40.4, longitude=-3.7)
    factories.location(admin, "Spain", "Navarra", latitude=42.8, longitude=-1.6)
    factories.location(admin, "Portugal", "Madrid", "Navarra", latitude=39, longitude=-8)
    origin = factories.location(admin, "Portugal")

    assert colored(admin, "division", ["Navarra", "Madrid"], origin) == ["Madrid", "Navarra"]


def test_only_the_sixteen_nearest_are_coloured(admin: psycopg.Connection) -> None:
    """Stop after sixteen, because there are no more colours."""
    names = [f"C{number:02}" for number in range(20)]

    assert colored(admin, "country", names[::-1], None) == names[:16]
