"""Locations are found or created, whatever other sessions do to them at the same time."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import psycopg

from control.reference.locations import Location, ensure_locations
from tests import factories
from tests.servers import Database

PARIS = Location("Europe", "France", "Ile de France", "Paris")


def waits_for_a_lock(watcher: psycopg.Connection, pid: int) -> bool:
    """Return whether a backend waits for a lock, polling for some seconds."""
    answer = watcher.execute(
        "select wait_event_type from pg_stat_activity where pid = %s", [pid]
    ).fetchone()
    return answer == ("Lock",)


def test_place_that_is_deleted_meanwhile_is_made_again(database: Database) -> None:
    """Create it again when it disappears between the two statements."""
    with (
        psycopg.connect(database.url) as other,
        psycopg.connect(database.url) as conn,
        ThreadPoolExecutor() as pool,
    ):
        first = ensure_locations(other, {PARIS})
        other.commit()
        other.execute("delete from aspen.locations")

        found = pool.submit(ensure_locations, conn, {PARIS})
        with psycopg.connect(database.url, autocommit=True) as watcher:
            while not waits_for_a_lock(watcher, conn.info.backend_pid):
                pass
        other.commit()

        assert found.result().created == 3
        assert found.result().ids[PARIS] != first.ids[PARIS]


def all_places(conn: psycopg.Connection) -> list[tuple[str | None, ...]]:
    """Return the names of all locations, parents first."""
    return conn.execute(
        "select region, country, division, location from aspen.locations"
        " order by region_key, path_key"
    ).fetchall()


def test_place_is_made_with_its_division_and_its_country(admin: psycopg.Connection) -> None:
    """Create all levels, because a tree is coloured by distance on each of them."""
    found = ensure_locations(admin, {PARIS, Location("Asia"), Location("Asia", "Japan")})

    assert found.created == 5
    assert all_places(admin) == [
        ("Asia", None, None, None),
        ("Asia", "Japan", None, None),
        ("Europe", "France", None, None),
        ("Europe", "France", "Ile de France", None),
        ("Europe", "France", "Ile de France", "Paris"),
    ]


def test_parents_that_are_missing_are_made_for_a_place_that_is_there(
    admin: psycopg.Connection,
) -> None:
    """Create the parents of a location that operators created alone."""
    paris = factories.location(admin, "France", "Ile de France", "Paris")

    found = ensure_locations(admin, {PARIS})

    assert (found.created, found.ids) == (2, {PARIS: paris})


def test_same_place_is_found_however_it_is_written(admin: psycopg.Connection) -> None:
    """Ignore case, blanks and Unicode form; find several at once."""
    geneva = factories.location(admin, "Switzerland", "Genève")
    alike = [
        Location("Europe", "Switzerland", unicodedata.normalize("NFD", "Genève")),
        Location("europe", "switzerland", "GENÈVE"),
        Location("Europe", "Switzerland", " Genève"),
    ]
    new = [Location("North  America", "USA"), Location("North America", "Usa")]

    found = ensure_locations(admin, {*alike, *new})

    assert [found.ids[place] for place in alike] == [geneva] * 3
    assert found.ids[new[0]] == found.ids[new[1]]
    # Switzerland and one USA.
    assert found.created == 2


def test_places_made_at_once_in_opposite_order_lock_nobody_out(database: Database) -> None:
    """Create them in one order, whatever order and spelling they came in."""
    places = [
        Location("Europe", country, f"Division {number}", town)
        for number in range(20)
        for country in ("France", "Spain")
        for town in ("Town", None)
    ]

    def make(wanted: list[Location]) -> int:
        with psycopg.connect(database.url) as conn:
            return ensure_locations(conn, wanted).created

    with ThreadPoolExecutor() as pool:
        upper = [Location(*(name and name.upper() for name in astuple(place))) for place in places]
        created = list(pool.map(make, [places, places[::-1], upper, upper[::-1]]))

    assert sum(created) == 2 + 2 * 20 + 2 * 20
