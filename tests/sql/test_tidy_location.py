"""One location has one row, whatever the case, spaces and Unicode form of its names."""

from __future__ import annotations

import unicodedata

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

INSERT = "insert into api.locations (region, country, division) values (%s, %s, %s)"
# How a name may differ without being another.
ALIKE = {
    "decomposed": unicodedata.normalize("NFD", "Genève"),
    "upper case": "GENÈVE",
    "lower case": "genève",
    "blanks around": " Genève ",
    "a no-break space around": "\u00a0Genève",
}


def names(conn: psycopg.Connection) -> list[tuple[str | None, ...]]:
    """Return all locations in the order of creation."""
    return conn.execute(
        "select region, country, division, location from aspen.locations order by id"
    ).fetchall()


@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
def test_operator_cannot_create_a_location_twice(
    admin: psycopg.Connection, request_as: RequestAs, name: str
) -> None:
    """Reject every other spelling of it; accept another location."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "Switzerland", "Genève")
    with request_as("operator", sub="olga") as conn:
        with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
            conn.execute(INSERT, ["europe", "switzerland", name])

        assert conn.execute(INSERT, ["Europe", "Switzerland", f"{name}s"]).rowcount == 1


@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
def test_operator_cannot_rename_a_location_into_another(
    admin: psycopg.Connection, request_as: RequestAs, name: str
) -> None:
    """Reject the second row by PATCH as by POST."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "Switzerland", "Genève")
    other = factories.location(admin, "Switzerland", "Geneva")
    with (
        request_as("operator", sub="olga") as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        conn.execute("update api.locations set division = %s where id = %s", [name, other])


def test_upsert_finds_the_location_in_every_spelling(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Keep the spelling that is stored."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "Switzerland", "Genève")
    with request_as("operator", sub="olga", keep=True) as conn:
        conn.execute(
            "insert into api.locations (region, country, division, latitude, longitude)"
            " values ('EUROPE', 'switzerland', %s, 46, 6)"
            " on conflict (region, country, division, location)"
            " do update set division = excluded.division, latitude = excluded.latitude,"
            " longitude = excluded.longitude",
            [unicodedata.normalize("NFD", "genève")],
        )

    assert names(admin) == [("Europe", "Switzerland", "Genève", None)]


def test_operator_may_correct_the_spelling_of_a_location(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Correct one location or all of a country, whichever rows exist."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "switzerland")
    factories.location(admin, "switzerland", "Genève")
    with request_as("operator", sub="olga", keep=True) as conn:
        conn.execute("update api.locations set country = ' Switzerland '")

    assert names(admin) == [
        ("Europe", "Switzerland", None, None),
        ("Europe", "Switzerland", "Genève", None),
    ]


def test_names_are_stored_without_invisible_characters(admin: psycopg.Connection) -> None:
    """Store one space between words, none around them, and accented letters composed."""
    admin.execute(
        "insert into aspen.locations (region, country, division) values (%s, %s, %s)",
        ["  North   America", "Saint\u00a0Martin\u3000", "Sa\u0303o  Tome\u0301"],
    )

    assert names(admin) == [("North America", "Saint Martin", "São Tomé", None)]


def test_new_location_takes_the_spelling_of_its_stored_parents(admin: psycopg.Connection) -> None:
    """Spell its parents as they are stored, not as the caller does."""
    for place in (
        ("Europe", "Switzerland", None, None),
        ("EUROPE", "France", None, None),
        ("europe", "SWITZERLAND", "Genève", None),
        ("europe", "switzerland", "GENÈVE", "Carouge"),
        ("europe", "switzerland", "Vaud", "Nyon"),
        ("Asia", "Turkey", None, None),
    ):
        admin.execute(
            "insert into aspen.locations (region, country, division, location)"
            " values (%s, %s, %s, %s)",
            place,
        )

    assert names(admin) == [
        ("Europe", "Switzerland", None, None),
        ("Europe", "France", None, None),
        ("Europe", "Switzerland", "Genève", None),
        ("Europe", "Switzerland", "Genève", "Carouge"),
        ("Europe", "Switzerland", "Vaud", "Nyon"),
        ("Asia", "Turkey", None, None),
    ]


@pytest.mark.parametrize("name", ["", "   ", "a\tb", "a\nb", "\u200bGenève", "=Genève"])
def test_unusable_name_of_a_location_is_refused(admin: psycopg.Connection, name: str) -> None:
    """Normalise spaces only: every other character that no name may have is rejected."""
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("insert into aspen.locations (region, country) values ('Europe', %s)", [name])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "Zs")), min_size=1),
        min_size=4,
        max_size=4,
    )
)
def test_key_that_is_looked_up_is_the_one_that_is_stored(
    admin: psycopg.Connection, place: list[str]
) -> None:
    """Compare the rule's two forms: a table's generated column cannot call code."""
    with admin.transaction(force_rollback=True):
        found = admin.execute(
            "insert into aspen.locations (region, country, division, location)"
            " select %(r)s::text, %(c)s::text, %(d)s::text, %(l)s::text"
            " where internal.is_name(internal.tidy_name(%(r)s::text))"
            " and internal.is_name(internal.tidy_name(%(c)s::text))"
            " and internal.is_name(internal.tidy_name(%(d)s::text))"
            " and internal.is_name(internal.tidy_name(%(l)s::text))"
            " and '' not in (internal.tidy_name(%(r)s::text), internal.tidy_name(%(c)s::text),"
            "  internal.tidy_name(%(d)s::text), internal.tidy_name(%(l)s::text))"
            " returning path_key = internal.place_path(%(c)s::text, %(d)s::text, %(l)s::text)"
            " and path_key = internal.place_path(country, division, location)"
            " and region_key = lower(internal.tidy_name(%(r)s::text))",
            dict(zip("rcdl", place, strict=True)),
        ).fetchall()

    assert found in ([], [(True,)])


def test_member_cannot_create_a_location(request_as: RequestAs, lab: Lab) -> None:
    """Reserve reference data for operators."""
    with request_as("member", sub="alice") as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(INSERT, ["Europe", "Switzerland", "Genève"])

    assert caught.value.sqlstate == "42501"
