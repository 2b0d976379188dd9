"""A batch of samples may name locations, which are found or created as an import does."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import problem, refusal_of
from tests.sql.conftest import Lab

CREATE = "select api.create_samples(%s, 'SC2', %s, %s)"
UPDATE = "select api.update_samples(%s, %s)"
PLACES = (
    "select samples.private_identifier, locations.region, locations.country, locations.division,"
    " locations.location from api.samples as samples"
    " inner join api.locations as locations on samples.location_id = locations.id"
    " order by samples.private_identifier"
)
LOCATIONS = "select region, country, division, location from api.locations order by id"


def given(private_identifier: str, *names: str | None, **fields: object) -> dict[str, object]:
    """Return a sample with the names of its location, from the region on."""
    levels = dict(zip(("region", "country", "division", "location"), names, strict=False))
    dated = {"private_identifier": private_identifier, "collection_date": "2024-02-01"}
    return dated | levels | fields


def create(conn: psycopg.Connection, lab: Lab, *samples: object, on_conflict: str = "error") -> Any:
    """Create samples."""
    return conn.execute(CREATE, [lab.group, Json(samples), on_conflict]).fetchone()


def test_locations_are_created_with_those_that_contain_them(
    request_as: RequestAs, lab: Lab
) -> None:
    """Create each once, whatever level the samples name."""
    with request_as("member", sub="alice") as conn:
        create(
            conn,
            lab,
            given("a", "Europe", "Spain", "Galicia", "Vigo"),
            given("b", "Europe", "Spain", "Galicia"),
            given("c", "Asia", "Japan", None, ""),
            given("d", "Oceania"),
        )
        places = conn.execute(PLACES).fetchall()
        locations = conn.execute(LOCATIONS).fetchall()

    assert places == [
        ("a", "Europe", "Spain", "Galicia", "Vigo"),
        ("b", "Europe", "Spain", "Galicia", None),
        ("c", "Asia", "Japan", None, None),
        ("d", "Oceania", None, None, None),
    ]
    assert sorted(locations, key=str) == sorted(
        [
            ("Europe", "France", None, None),
            ("Asia", "Japan", None, None),
            ("Europe", "Spain", None, None),
            ("Europe", "Spain", "Galicia", None),
            ("Europe", "Spain", "Galicia", "Vigo"),
            ("Oceania", None, None, None),
        ],
        key=str,
    )


def test_location_that_exists_is_found_however_it_is_written(
    request_as: RequestAs, lab: Lab
) -> None:
    """Ignore case, white space and the form of Unicode, and create nothing."""
    with request_as("member", sub="alice") as conn:
        create(conn, lab, given("a", " europe", "FRANCE"), given("b", "Europe", "France\u00a0"))
        rows = conn.execute("select distinct location_id from api.samples").fetchall()
        locations = conn.execute(LOCATIONS).fetchall()

    assert rows == [(lab.location,)]
    assert locations == [("Europe", "France", None, None)]


def test_new_location_takes_the_spelling_of_what_contains_it(
    request_as: RequestAs, lab: Lab
) -> None:
    """Store the one place of two samples that spell it differently once."""
    with request_as("member", sub="alice") as conn:
        create(
            conn,
            lab,
            given("a", "EUROPE", "france", "Bretagne"),
            given("b", "Europe", "France", "bretagne "),
        )
        rows = conn.execute("select count(distinct location_id) from api.samples").fetchall()
        locations = conn.execute(LOCATIONS).fetchall()

    assert rows == [(1,)]
    assert [place[:2] for place in locations] == [("Europe", "France")] * 2


def test_update_of_a_batch_names_locations(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Move samples by create_samples and update_samples, and leave those that name none."""
    for name in "abc":
        factories.sample(admin, lab.group, name)
    with request_as("member", sub="alice") as conn:
        create(conn, lab, given("a", "Europe", "Spain"), on_conflict="update")
        batch = [{"identifier": "b", "region": "Asia"}, {"identifier": "c", "region": None}]
        conn.execute(UPDATE, [lab.group, Json(batch)])
        places = conn.execute(PLACES).fetchall()

    assert [(name, *levels) for name, *levels in places] == [
        ("a", "Europe", "Spain", None, None),
        ("b", "Asia", None, None, None),
        ("c", "Europe", "France", None, None),
    ]


def test_location_of_a_skipped_sample_is_not_created(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Use nothing of an entry that is skipped."""
    factories.sample(admin, lab.group, "a")
    with request_as("member", sub="alice") as conn:
        create(conn, lab, given("a", "Asia", "Japan"), on_conflict="skip")
        assert conn.execute(LOCATIONS).fetchall() == [("Europe", "France", None, None)]


def test_names_that_are_wrong_are_all_named(request_as: RequestAs, lab: Lab) -> None:
    """Name the level, and create no location of the batch."""
    batch = [
        given("a", None, "Spain"),
        given("b", "Europe", None, "Galicia"),
        given("c", "Europe", "Spain", None, "Vigo"),
        given("d", "Europe", location_id=lab.location),
        given("e", "Europe", "=Spain"),
        given("f", "Europe", "x" * 129),
        given("g", "Europe", "Spain", country=3),
        given("h"),
        given("i", "Asia", "Japan"),
    ]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, [lab.group, Json(batch), "error"])
        locations = conn.execute(LOCATIONS).fetchall()

    length = "must be 1 to 128 characters on one line, without spaces around it"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, "a", "region", None, "is required with a country"),
            problem(2, "b", "country", None, "is required with a division"),
            problem(3, "c", "division", None, "is required with a location"),
            problem(
                4,
                "d",
                "location_id",
                f"{lab.location}",
                "cannot be given together with names of the location",
            ),
            problem(5, "e", "country", "=Spain", "must not begin with =, +, - or @"),
            problem(6, "f", "country", "x" * 129, length),
            problem(7, "g", "country", "3", "must be a text"),
            problem(8, "h", "location_id", None, "is required"),
        ],
    )
    assert locations == [("Europe", "France", None, None)]


def test_wrong_names_of_a_change_are_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Reject the batch of update_samples alike."""
    sample = factories.sample(admin, lab.group, "a")
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, UPDATE, [lab.group, Json([{"id": sample, "country": "Spain"}])])

    reason = "is required with a country"
    assert answer == (400, "invalid_sample", [problem(1, "a", "region", None, reason)])


@pytest.mark.parametrize(("who", "status"), [("vic", 403), ("bob", 403)])
def test_whoever_may_not_create_samples_creates_no_location(
    request_as: RequestAs, lab: Lab, who: str, status: int
) -> None:
    """Refuse the batch before it is read."""
    with request_as("member", sub=who) as conn:
        answer = refusal_of(conn, CREATE, [lab.group, Json([given("a", "Asia")]), "error"])
        assert conn.execute(LOCATIONS).fetchall() == [("Europe", "France", None, None)]

    assert answer[:2] == (status, "group_access_denied")


def test_ten_thousand_samples_name_as_many_locations(request_as: RequestAs, lab: Lab) -> None:
    """Look up and create all of them at once."""
    batch = [given(f"s{n}", "Europe", "Spain", f"Division {n}") for n in range(10_000)]
    with request_as("member", sub="alice") as conn:
        conn.execute(CREATE, [lab.group, Json(batch, dumps=json.dumps), "error"])
        row = conn.execute(
            "select count(distinct location_id) from api.samples where location_id > 0"
        ).fetchone()

    assert row == (10_000,)
