"""Locations: finding their rows, and making those that are missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

# How often somebody else may delete a place that this import is about to use.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Location:
    """A place at one of four levels; the deeper ones are None for a whole country or division."""

    region: str
    country: str | None = None
    division: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class Locations:
    """The ids of places, and how many rows are new, those of their parents included."""

    ids: dict[Location, int]
    created: int


def ensure_locations(conn: psycopg.Connection, places: Collection[Location]) -> Locations:
    """The ids of these places, creating those that are missing, in one statement each.

    Their divisions and countries are created with them. Names that differ in case, blanks or form
    of Unicode are one place. Once more where somebody deleted a place just after it was found.
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
        created += conn.execute(query("reference/create_locations"), columns).rowcount
        rows = conn.execute(query("reference/find_locations"), columns).fetchall()
        if len(rows) == len(ordered):
            return Locations({Location(*names): key for key, *names in rows}, created)
    raise ControlError("places are being deleted while they are looked up", "import again")
