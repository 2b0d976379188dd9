"""Find the rows of locations, and create missing ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

# How often another session may delete a location that this import is about to use.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Location:
    """A location at one of four levels; deeper names are None for a whole country or division."""

    region: str
    country: str | None = None
    division: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class Locations:
    """The ids of locations, and the number of new rows, parents included."""

    ids: dict[Location, int]
    created: int


def ensure_locations(conn: psycopg.Connection, places: Collection[Location]) -> Locations:
    """Return the ids of these locations and create missing ones, in one statement each.

    Divisions and countries are created with them. Names that differ in case, spaces or Unicode form
    are one location. It is repeated if another session deletes a location just after it was found.
    """
    from control.queries import query

    ordered = list(places)
    columns = {
        "regions": [place.region for place in ordered],
        "countries": [place.country for place in ordered],
        "divisions": [place.division for place in ordered],
        "locations": [place.location for place in ordered],
    }
    created = 0
    for _ in range(ATTEMPTS):
        row = conn.execute(
            """
            select internal.create_locations(
                %(regions)s::text[], %(countries)s::text[],
                %(divisions)s::text[], %(locations)s::text[]
            )
            """,
            columns,
        ).fetchone()
        assert row is not None
        created += row[0]
        rows = conn.execute(query("reference/find_locations"), columns).fetchall()
        if len(rows) == len(ordered):
            return Locations({Location(*names): key for key, *names in rows}, created)
    raise ControlError("locations are being deleted while the import looks them up", "import again")
