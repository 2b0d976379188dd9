"""Each operator of a filter means what PostgreSQL says, for values that end a text early, too."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Composed, Identifier, Literal

from control.database import begin_request, request_claims
from tests import factories
from tests.http.world import World

# Every example is a request and a query.
EXAMPLES = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])

HOSTS = ["Human", "human", "a,b", '"q"', "(x)", "back\\slash", "100%", "a_b", "é", "{a,b}", "a b"]
VALUES = {
    "host": [
        *HOSTS,
        "%",
        "H%n",
        "h*",
        "_",
        "\\",
        "%\\",
        "^h",
        "[",
        "a|b",
        "a & b",
        "",
        "null",
        "'",
    ],
    "id": ["1", "0", "-1", str(2**63 - 1), str(2**63), "1.5", "x", "", "null"],
    "authors": ["{}", '{"A. Author"}', "{x}", '{"A. Author",x}', "{a", "x", "{NULL}", ""],
}
# What a filter says, and what it stands for.
OPERATORS = {
    "eq": "{} = {}",
    "neq": "{} <> {}",
    "gt": "{} > {}",
    "gte": "{} >= {}",
    "lt": "{} < {}",
    "lte": "{} <= {}",
    "isdistinct": "{} is distinct from {}",
    "like": "{} like {}",
    "ilike": "{} ilike {}",
    "match": "{} ~ {}",
    "imatch": "{} ~* {}",
    "cs": "{} @> {}",
    "cd": "{} <@ {}",
    "ov": "{} && {}",
    "sl": "{} << {}",
    "fts(simple)": "{} @@ to_tsquery('simple', {})",
    "plfts(simple)": "{} @@ plainto_tsquery('simple', {})",
    "phfts(simple)": "{} @@ phraseto_tsquery('simple', {})",
    "wfts(simple)": "{} @@ websearch_to_tsquery('simple', {})",
}
OF_SEVERAL = {"in": "{} in ({}, {})", "eq(any)": "{} = any ({})", "ilike(all)": "{} ilike all ({})"}
IS = ("null", "true", "false", "unknown")


@st.composite
def filters(draw: st.DrawFn) -> tuple[str, str, Composed]:
    """Return a column, a filter of it, and the condition that it stands for.

    PostgREST has no `in` for lists.
    """
    column = draw(st.sampled_from(sorted(VALUES)))
    one, other = draw(st.tuples(*[st.sampled_from(VALUES[column])] * 2))
    several = OF_SEVERAL.keys() - ({"in"} if column == "authors" else set())
    operator = draw(st.sampled_from([*OPERATORS, *sorted(several) * 2, "is"]))
    name = Identifier(column)
    if operator == "is":
        one = draw(st.sampled_from(IS))
        condition = SQL("{} is {}").format(name, SQL(one))
    elif operator == "in":
        condition = SQL(OF_SEVERAL[operator]).format(name, Literal(one), Literal(other))
        one = f"({quoted(one)},{quoted(other)})"
    elif operator in OF_SEVERAL:
        one = f"{{{quoted(one)},{quoted(other)}}}"
        condition = SQL(OF_SEVERAL[operator]).format(name, Literal(one))
    else:
        pattern = one.replace("*", "%") if "like" in operator else one
        condition = SQL(OPERATORS[operator]).format(name, Literal(pattern))
    if draw(st.booleans()):
        return column, f"not.{operator}.{one}", SQL("not {}").format(condition)
    return column, f"{operator}.{one}", SQL("{}").format(condition)


def quoted(value: str) -> str:
    """Return a value as a list has it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="module")
def hosts(world: World) -> World:
    """Store a sample for each host, and one without."""
    for host in (*HOSTS, None):
        factories.sample(world.conn, world.group, host=host, authors=["A. Author"])
    return world


def answered(response: httpx.Response) -> list[int] | str:
    """Return the ids of an answer, or that there is none."""
    return [row["id"] for row in response.json()] if response.is_success else "refused"


def selected(world: World, condition: Composed) -> list[int] | str:
    """Return the ids that Alice gets from PostgreSQL, or that it raises an error."""
    query = SQL("select id from api.samples where {} order by id").format(condition)
    with world.conn.transaction(force_rollback=True):
        begin_request(world.conn, "member", request_claims("member", f"alice-{world.name}"))
        try:
            return [found for (found,) in world.conn.execute(query)]
        except (psycopg.DataError, psycopg.ProgrammingError):
            return "refused"


@EXAMPLES
@given(filtered=filters())
def test_filter_finds_what_postgresql_finds(
    hosts: World, filtered: tuple[str, str, Composed]
) -> None:
    """Return the same rows, or refuse what PostgreSQL refuses."""
    column, given_filter, condition = filtered

    response = hosts.alice.get("/samples", params={"select": "id", column: given_filter})

    assert answered(response) == selected(hosts, condition)
