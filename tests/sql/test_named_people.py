"""Whoever sees a row sees the names of its group and of who made it, and nothing else of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.sql.conftest import Lab

OWNED = ("samples", "jobs", "phylo_runs", "phylo_trees")
MADE = {"samples": "uploaded_by", "jobs": "requested_by", "phylo_runs": "requested_by"}


@pytest.fixture
def run(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a sample, and a run with its tree, by Alice, in a group that works somewhere."""
    admin.execute(
        "update aspen.groups set division = 'California', location = 'Marin' where id = %s",
        [lab.group],
    )
    admin.execute("update aspen.users set name = 'Alice A.' where id = %s", [lab.alice])
    factories.sample(admin, lab.group, uploaded_by_id=lab.alice)
    run = factories.phylo_run(admin, lab.group, requested_by_id=lab.alice)
    factories.phylo_tree(admin, run, [Tip("a tip")])
    return run


def field_of(conn: psycopg.Connection, field: str, resource: str) -> list[Any]:
    """Return a computed field of all rows that the caller sees."""
    statement = sql.SQL("select api.{}(shown) from api.{} as shown").format(
        sql.Identifier(field), sql.Identifier(resource)
    )
    return [value for (value,) in conn.execute(statement)]


@pytest.fixture(params=["alice", "vic"])
def reader(request_as: RequestAs, run: int, request: Any) -> Iterator[psycopg.Connection]:
    """Begin a request of a member, and of a viewer, who may not read the row of the group."""
    with request_as("member", sub=request.param) as conn:
        yield conn


@pytest.mark.parametrize("resource", OWNED)
def test_group_of_a_row_is_named(reader: psycopg.Connection, lab: Lab, resource: str) -> None:
    """Tell its name and place, and neither address nor members."""
    place = {"division": "California", "location": "Marin"}

    assert field_of(reader, "owner", resource) == [{"id": lab.group, "name": "Lab"} | place]


@pytest.mark.parametrize("resource", MADE)
def test_person_who_made_a_row_is_named(
    reader: psycopg.Connection, lab: Lab, resource: str
) -> None:
    """Tell the name, and no e-mail address."""
    assert field_of(reader, MADE[resource], resource) == [{"id": lab.alice, "name": "Alice A."}]


@pytest.mark.parametrize("resource", OWNED)
def test_stranger_sees_no_row_and_no_name(request_as: RequestAs, run: int, resource: str) -> None:
    """Find nothing that could be named."""
    with request_as("member", sub="bob") as conn:
        assert field_of(conn, "owner", resource) == []


def test_row_of_a_grantor_names_its_people(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, run: int
) -> None:
    """Name the users of another group to whom it granted access."""
    factories.grant(admin, lab.group, lab.other_group, "viewer")
    with request_as("member", sub="bob") as conn:
        answers = [field_of(conn, MADE[resource], resource) for resource in MADE]

    assert answers == [[{"id": lab.alice, "name": "Alice A."}]] * 3


def test_nobody_is_named_where_nobody_is_known(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Return null for a sample of a deleted user, and a job that a schedule requested."""
    factories.sample(admin, lab.group)
    factories.job(admin, lab.group)
    with request_as("member", sub="alice") as conn:
        answers = [field_of(conn, MADE[resource], resource) for resource in ("samples", "jobs")]

    assert answers == [[None], [None]]


@pytest.mark.parametrize("resource", MADE)
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_made_up_row_names_nobody_else(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, run: int, resource: str, who: str
) -> None:
    """Take the user from the row that is stored and visible, and not from the argument."""
    field = MADE[resource]
    base = sql.Identifier("aspen", "samples" if resource == "samples" else "jobs")
    (key,) = admin.execute(sql.SQL("select id from {}").format(base)).fetchall()
    statement = sql.SQL(
        "select api.{}(jsonb_populate_record(null::api.{},"
        " jsonb_build_object('id', %s::bigint, {}, %s::bigint)))"
    ).format(sql.Identifier(field), sql.Identifier(resource), sql.Literal(f"{field}_id"))
    with request_as("member", sub=who) as conn:
        row = conn.execute(statement, [*key, lab.bob]).fetchone()

    seen = {"alice": {"id": lab.alice, "name": "Alice A."}, "bob": None}
    assert row == (seen[who],)


@pytest.mark.parametrize("resource", OWNED)
def test_made_up_row_names_no_group_out_of_sight(
    request_as: RequestAs, lab: Lab, run: int, resource: str
) -> None:
    """Name the groups that the caller sees, whatever the row says."""
    statement = sql.SQL(
        "select api.owner(jsonb_populate_record(null::api.{},"
        " jsonb_build_object('group_id', %s::bigint)))"
    ).format(sql.Identifier(resource))
    with request_as("member", sub="alice") as conn:
        row = conn.execute(statement, [lab.other_group]).fetchone()

    assert row == (None,)
