"""Locations are found by a name as people type it."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

SEARCH = (
    "select concat_ws('/', region, country, division, location) from api.search_locations(%s, %s)"
)
PLACES = [
    ("Europe", None, None, None),
    ("Europe", "France", None, None),
    ("Europe", "France", "Grand Est", None),
    ("Europe", "France", "Grand Est", "Nancy"),
    ("South America", "Brazil", "São Paulo", None),
    ("Asia", "Japan", None, None),
]


@pytest.fixture(autouse=True)
def places(admin: psycopg.Connection, lab: Lab) -> None:
    """Store locations of every level instead of the lab's."""
    admin.execute("delete from aspen.locations where id = %s", [lab.location])
    for region, country, division, location in PLACES:
        factories.insert(
            admin,
            "locations",
            {"region": region, "country": country, "division": division, "location": location},
        )


def found(request_as: RequestAs, query: str | None, depth: str = "location") -> list[str]:
    """Search as a member and return the paths in the order of the answer."""
    with request_as("member", sub="alice") as conn:
        return [path for (path,) in conn.execute(SEARCH, [query, depth]).fetchall()]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("france", "Europe/France"),
        ("FRNACE", "Europe/France"),
        ("grnd est", "Europe/France/Grand Est"),
        ("  nancy\tfrance ", "Europe/France/Grand Est/Nancy"),
        ("sao paolo", "South America/Brazil/São Paulo"),
        ("\uff2a\uff21\uff30\uff21\uff2e", "Asia/Japan"),
        ("europe", "Europe"),
    ],
)
def test_best_match_comes_first(request_as: RequestAs, query: str, first: str) -> None:
    """Ignore case, accents, white space and one typing error."""
    assert found(request_as, query)[0] == first


def test_whole_location_comes_before_its_parts(request_as: RequestAs) -> None:
    """List what is in France after France."""
    assert found(request_as, "France") == [
        "Europe/France",
        "Europe/France/Grand Est",
        "Europe/France/Grand Est/Nancy",
    ]


@pytest.mark.parametrize(
    ("depth", "paths"),
    [
        ("region", []),
        ("country", ["Europe/France"]),
        ("division", ["Europe/France", "Europe/France/Grand Est"]),
    ],
)
def test_deeper_levels_are_left_out(request_as: RequestAs, depth: str, paths: list[str]) -> None:
    """Return no level below the depth."""
    assert found(request_as, "France", depth) == paths


@pytest.mark.parametrize("query", [None, "", " \t\u00a0"])
def test_blank_query_lists_all_by_name(request_as: RequestAs, query: str | None) -> None:
    """List parents before what is in them."""
    assert found(request_as, query, "country") == ["Asia/Japan", "Europe", "Europe/France"]


@pytest.mark.parametrize(
    "query", ["?", "%_%", "\\", "'", "()[]*+", "\u202e", "\u0301", "x" * 200, "\u03c9" * 200, "🦠"]
)
def test_odd_query_finds_nothing(request_as: RequestAs, query: str) -> None:
    """Return an empty list instead of an error."""
    assert found(request_as, query) == []


@pytest.mark.parametrize(
    ("query", "depth", "details"),
    [
        ("x" * 201, "location", {"query": "x" * 200}),
        ("France", "planet", {"depth": "planet"}),
        ("France", None, {"depth": None}),
    ],
)
def test_invalid_argument_is_rejected(
    request_as: RequestAs, query: str, depth: str | None, details: object
) -> None:
    """Name the argument."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, SEARCH, [query, depth])

    assert answer == (400, "invalid_argument", details)


def test_search_uses_the_index(admin: psycopg.Connection, request_as: RequestAs) -> None:
    """Read a small part of 20,000 locations, counted in buffers."""
    admin.execute(
        "insert into aspen.locations (region, country, division)"
        " select 'Europe', 'Country ' || md5((number / 100)::text), 'Place ' || md5(number::text)"
        " from generate_series(1, 20000) as number"
    )
    admin.execute("analyze aspen.locations")
    table = admin.execute("select 'aspen.locations'::regclass::oid").fetchone()
    scans = "select seq_tup_read from pg_stat_xact_all_tables where relid = %s"
    with request_as("member", sub="alice") as conn:
        before = conn.execute(scans, table).fetchone()
        answer = conn.execute(SEARCH, ["nancy", "location"]).fetchall()
        after = conn.execute(scans, table).fetchone()

    assert answer == [("Europe/France/Grand Est/Nancy",)]
    assert before == after
