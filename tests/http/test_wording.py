"""Errors of PostgreSQL reach clients without the names of constraints, tables and types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.http.leaks import leaks
from tests.http.world import DRY_RUN, World
from tests.servers import SETTINGS

EDGE = (SETTINGS.root / "nginx.js").read_text("utf-8")
Provoke = Callable[[World], httpx.Response]

EXISTS = ("A row with this key exists", "Change the row, or upsert.")
UNKNOWN = ("The row refers to a row that does not exist, or that you may not see", None)
IN_USE = ("Other rows refer to the row", "Change or delete them first.")
RULE = ("A value violates a rule", "The description of this API at / says what a column accepts.")


def post(who: str, resource: str, **columns: Any) -> Provoke:
    """Return a post of a row."""
    return lambda world: world.caller(who).post(f"/{resource}", json=columns, prefer=DRY_RUN)


def patch(who: str, path: str, **columns: Any) -> Provoke:
    """Return a change of rows."""
    return lambda world: world.caller(who).patch(
        f"/{path.format(world=world)}", json=columns, prefer=DRY_RUN
    )


# Request, message and hint, details.
REFUSALS: dict[str, tuple[Provoke, tuple[str, str | None], str | None]] = {
    "a key of several columns": (
        lambda world: world.alice.post("/sequences", json=world.sequence()),
        EXISTS,
        '{"key":"group_id_sample_id"}',
    ),
    "a key of one column": (
        post("olga", "pathogens", slug="SC2", name="x", organism="x"),
        EXISTS,
        '{"key":"slug"}',
    ),
    "a row that does not exist": (
        post("olga", "lineages", pathogen_id=0, lineage="B"),
        UNKNOWN,
        '{"key":"pathogen_id"}',
    ),
    "a row of another group": (
        lambda world: world.alice.post("/sequences", json=world.sequence(world.foreign)),
        UNKNOWN,
        '{"key":"group_id_sample_id"}',
    ),
    "a row in use": (
        lambda world: world.olga.delete(f"/locations?id=eq.{world.france}", prefer=DRY_RUN),
        IN_USE,
        '{"key":"location_id","resource":"samples"}',
    ),
    "a rule": (
        post("olga", "locations", region="Europe", division="x"),
        RULE,
        '{"rule":"parents_are_given"}',
    ),
    "a rule of a resource with another table": (
        patch("alice", "phylo_runs?id=eq.{world.run}", name="x" * 129),
        RULE,
        '{"rule":"name_length"}',
    ),
    "a rule of one's own row": (
        patch("alice", "me", name="x" * 129),
        RULE,
        '{"rule":"name_length"}',
    ),
    "a rule of members": (
        patch("ada", "group_members?group_id=eq.{world.group}", role="x"),
        RULE,
        '{"rule":"role"}',
    ),
    "a column of a member that nobody may write": (
        patch("ada", "group_members?group_id=eq.{world.group}", id=1),
        ("permission denied for table group_members", None),
        None,
    ),
    "a column of one's own row that nobody may write": (
        patch("alice", "me", id=1),
        ("permission denied for table me", None),
        None,
    ),
    "a column of a run that nobody may write": (
        patch("alice", "phylo_runs?id=eq.{world.run}", id=1),
        ("permission denied for table phylo_runs", None),
        None,
    ),
    "an operator": (
        lambda world: world.alice.get("/samples?collection_date=like.2024*"),
        (
            "operator does not exist: date ~~ unknown",
            "No operator matches the given name and argument types."
            " You might need to add explicit type casts.",
        ),
        None,
    ),
    "an operator, in CSV": (
        lambda world: world.alice.get("/samples?is_private=like.t*&limit=1", accept="text/csv"),
        (
            "operator does not exist: boolean ~~ unknown",
            "No operator matches the given name and argument types."
            " You might need to add explicit type casts.",
        ),
        None,
    ),
    "an operator, in a PATCH": (
        patch("alice", "samples?collection_date=like.2024*", host="x"),
        (
            "operator does not exist: date ~~ unknown",
            "No operator matches the given name and argument types."
            " You might need to add explicit type casts.",
        ),
        None,
    ),
    "an aggregate": (
        lambda world: world.alice.get("/samples?select=host.sum()"),
        (
            "function sum(text) does not exist",
            "No function matches the given name and argument types."
            " You might need to add explicit type casts.",
        ),
        None,
    ),
}


@pytest.mark.parametrize(("provoke", "said", "details"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_is_worded_for_clients(
    world: World, provoke: Provoke, said: tuple[str, str | None], details: str | None
) -> None:
    """Say what is wrong, and name columns, rules and resources."""
    response = provoke(world)

    body = response.json()
    assert (body["message"], body["hint"], body["details"]) == (*said, details)
    assert leaks(world, response) == []


def test_edge_knows_which_resources_have_a_table_of_their_name(world: World) -> None:
    """Name a new resource, and no table that clients do not know."""
    [listed] = re.findall(r"const RESOURCES = new RegExp\((.*?)\);", EDGE, re.S)
    found = world.conn.execute(
        "select relname from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v'"
        " intersect select relname from pg_class where relnamespace = 'aspen'::regnamespace"
    ).fetchall()

    assert sorted(re.findall(r"[a-z_]{2,}", listed)) == sorted(name for (name,) in found)


def test_wording_keeps_characters_of_every_kind(world: World) -> None:
    """Count the bytes of the new answer and not its characters."""
    response = world.alice.get("/samples?select=id&häuser=like.x")

    assert response.json()["message"] == "column samples.häuser does not exist"


def test_error_that_names_nothing_hidden_stays_as_it_is(world: World) -> None:
    """Leave the words of PostgreSQL where clients know every name in them."""
    response = world.alice.delete("/jobs")

    assert response.json() == {
        "code": "42501",
        "details": None,
        "hint": None,
        "message": "permission denied for view jobs",
    }
