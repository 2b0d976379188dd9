"""One place has one row, whatever the case, the blanks and the form of Unicode of its names."""

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
    """All places, in the order they were made."""
    return conn.execute(
        "select region, country, division, location from aspen.locations order by id"
    ).fetchall()


@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
def test_operator_cannot_make_a_place_twice(
    admin: psycopg.Connection, request_as: RequestAs, name: str
) -> None:
    """However it is written; another place can be made."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "Switzerland", "Genève")
    with request_as("operator", sub="olga") as conn:
        with pytest.raises(psycopg.errors.UniqueViolation), conn.transaction():
            conn.execute(INSERT, ["europe", "switzerland", name])

        assert conn.execute(INSERT, ["Europe", "Switzerland", f"{name}s"]).rowcount == 1


@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
def test_operator_cannot_rename_a_place_into_another(
    admin: psycopg.Connection, request_as: RequestAs, name: str
) -> None:
    """The same at the other door."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "Switzerland", "Genève")
    other = factories.location(admin, "Switzerland", "Geneva")
    with (
        request_as("operator", sub="olga") as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        conn.execute("update api.locations set division = %s where id = %s", [name, other])


def test_upsert_finds_the_place_however_it_is_written(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """It keeps its spelling."""
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


def test_operator_may_correct_how_a_place_is_written(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """One place or all in a country, whatever is there."""
    factories.user(admin, "olga", is_operator=True)
    factories.location(admin, "switzerland")
    factories.location(admin, "switzerland", "Genève")
    with request_as("operator", sub="olga", keep=True) as conn:
        conn.execute("update api.locations set country = ' Switzerland '")

    assert names(admin) == [
        ("Europe", "Switzerland", None, None),
        ("Europe", "Switzerland", "Genève", None),
    ]


def test_names_are_stored_without_what_nobody_sees(admin: psycopg.Connection) -> None:
    """One blank between words, none around them, and a letter with its accent in one piece."""
    admin.execute(
        "insert into aspen.locations (region, country, division) values (%s, %s, %s)",
        ["  North   America", "Saint\u00a0Martin\u3000", "Sa\u0303o  Tome\u0301"],
    )

    assert names(admin) == [("North America", "Saint Martin", "São Tomé", None)]


def test_new_place_is_in_the_one_that_is_there(admin: psycopg.Connection) -> None:
    """Its parents are spelt as they are, not as whoever made it spells them."""
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
def test_what_is_no_name_is_refused_still(admin: psycopg.Connection, name: str) -> None:
    """Only blanks are put right, not what makes a name another or harms a reader."""
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("insert into aspen.locations (region, country) values ('Europe', %s)", [name])


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
    """A column of the table cannot call code, so the rule is there twice."""
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


def test_member_cannot_make_a_place(request_as: RequestAs, lab: Lab) -> None:
    """Reference data is the operators'."""
    with request_as("member", sub="alice") as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(INSERT, ["Europe", "Switzerland", "Genève"])

    assert caught.value.sqlstate == "42501"
