"""A filter by lineage may name lineages, wildcards and aliases."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

EXPAND = "select lineage from api.expand_lineages(%s, %s)"
FILTERS = "select filter, kind from api.lineage_filters(%s)"
KNOWN = ("A", "AY.4", "B.1.617.2", "BA.1", "BA.1.1", "BA.10", "BA.2", "BA.2.86.1")


@pytest.fixture(autouse=True)
def lineages(admin: psycopg.Connection, lab: Lab) -> None:
    """Store lineages and aliases of SC2, and a lineage of MPX."""
    for lineage in KNOWN:
        factories.lineage_name(admin, lab.pathogen, lineage)
    factories.lineage_alias(admin, lab.pathogen, "Delta", "B.1.617.2*", "AY*", "AY.99")
    factories.lineage_alias(admin, lab.pathogen, "BA.1* / 21K", "BA.1*")
    factories.lineage_name(admin, factories.pathogen(admin, "MPX"), "BA.1.MPX")


@pytest.mark.parametrize(
    ("given", "expanded"),
    [
        (["BA.1*"], ["BA.1", "BA.1.1"]),
        (["BA.1* / 21K"], ["BA.1", "BA.1.1"]),
        (["BA.2* / 21L"], ["BA.2", "BA.2.86.1"]),
        (["delta"], ["AY.4", "AY.99", "B.1.617.2"]),
        (["XBB", " A "], ["A", "XBB"]),
        (["BA.1", "BA.1*", "BA.1"], ["BA.1", "BA.1.1"]),
        (["XBB*"], []),
        (["*"], list(KNOWN)),
        (["B%*", "A_*", "B.1.617.2 x*"], ["B.1.617.2"]),
        (["'; --", "\u202eBA.1"], ["';", "\u202eBA.1"]),
        ([], []),
    ],
)
def test_names_wildcards_and_aliases_are_expanded(
    request_as: RequestAs, given: list[str], expanded: list[str]
) -> None:
    """Return each lineage once, by code point, of this pathogen alone."""
    with request_as("member", sub="vic") as conn:
        answer = [name for (name,) in conn.execute(EXPAND, ["SC2", given]).fetchall()]

    assert answer == expanded


@pytest.mark.parametrize(
    ("given", "counted"),
    [(None, None), (["A"] * 201, 201), ([" "], 1), ([None], 1), (["x" * 129], 1)],
)
def test_invalid_lineages_are_rejected(
    request_as: RequestAs, given: object, counted: int | None
) -> None:
    """Bound how many there are and how long each is."""
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, EXPAND, ["SC2", given])

    assert answer == (400, "invalid_argument", {"lineages": counted})


def test_as_many_lineages_as_allowed_are_expanded(request_as: RequestAs) -> None:
    """Accept 200 names of 128 characters."""
    given = [f"{number:0128}" for number in range(200)]
    with request_as("member", sub="vic") as conn:
        answer = conn.execute(EXPAND, ["SC2", given]).fetchall()

    assert len(answer) == 200


@pytest.mark.parametrize(("query", "more"), [(EXPAND, [["A"]]), (FILTERS, [])])
def test_unknown_pathogen_is_rejected(
    request_as: RequestAs, query: str, more: list[object]
) -> None:
    """Name the pathogen."""
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, query, ["sars", *more])

    assert answer == (400, "unknown_pathogen", {"pathogen": "sars"})


def test_filters_are_lineages_wildcards_and_aliases(request_as: RequestAs) -> None:
    """List them by code point; a wildcard stands for the last number of a name."""
    with request_as("member", sub="vic") as conn:
        answer = conn.execute(FILTERS, ["SC2"]).fetchall()

    assert answer == [
        ("A", "lineage"),
        ("AY*", "wildcard"),
        ("AY.4", "lineage"),
        ("B.1.617*", "wildcard"),
        ("B.1.617.2", "lineage"),
        ("BA*", "wildcard"),
        ("BA.1", "lineage"),
        ("BA.1*", "wildcard"),
        ("BA.1* / 21K", "alias"),
        ("BA.1.1", "lineage"),
        ("BA.10", "lineage"),
        ("BA.2", "lineage"),
        ("BA.2.86*", "wildcard"),
        ("BA.2.86.1", "lineage"),
        ("Delta", "alias"),
    ]


@pytest.mark.parametrize("patterns", [[], [None], ["A\n"], ["=A"], ["A"] * 101, [["A"]]])
def test_alias_has_valid_patterns(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, patterns: list[object]
) -> None:
    """Hold operators to the rule of the table."""
    factories.user(admin, "olga", is_operator=True)
    with request_as("operator", sub="olga") as conn:
        answer = refusal_of(
            conn,
            "insert into api.lineage_aliases (pathogen_id, alias, patterns) values (%s, 'x', %s)",
            [lab.pathogen, patterns],
        )

    assert answer == "23514"
