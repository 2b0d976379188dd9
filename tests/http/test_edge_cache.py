"""The edge keeps the description of the API and reference data, for one token each."""

from __future__ import annotations

from tests import factories
from tests.http.world import World, refusal, rows


def test_description_is_kept_for_a_moment(world: World) -> None:
    """Cache it for the many callers without a token, and answer HEAD from the cache."""
    first = world.nobody.get("/")

    assert rows(first) == rows(world.nobody.get("/"))
    assert first.headers["Date"]


def new_lineage(world: World, name: str) -> None:
    """Store a row of reference data."""
    factories.lineage_name(world.conn, world.pathogen, name)


def lineages(world: World, who: str, name: str) -> list[str]:
    """Return the lineages that a caller finds by name."""
    found = rows(world.caller(who).get(f"/lineages?lineage=eq.{name}&select=lineage"))
    return [row["lineage"] for row in found]


def test_reference_data_is_kept_for_one_token_only(world: World) -> None:
    """Cache per token, however alike two requests are."""
    name = f"kept-{world.name}"
    assert lineages(world, "olga", name) == []
    new_lineage(world, name)

    assert lineages(world, "olga", name) == [name]
    assert lineages(world, "bob", name) == [name]
    assert refusal(world.nobody.get(f"/lineages?lineage=eq.{name}&select=lineage"))[0] == 401


def test_reference_data_is_kept_for_one_range_only(world: World) -> None:
    """Page it by the header Range, which nginx would leave out of what it caches."""
    names = [f"range-{number}-{world.name}" for number in range(2)]
    for name in names:
        new_lineage(world, name)
    path = f"/lineages?lineage=like.range-*-{world.name}&select=lineage&order=lineage"

    pages = [rows(world.alice.get(path, headers={"Range": f"{at}-{at}"})) for at in range(2)]

    assert pages == [[{"lineage": name}] for name in names]


def test_rows_embedded_in_reference_data_are_not_kept(world: World) -> None:
    """Cache only rows that are the same for everybody; embedded rows are the caller's."""
    path = f"/pathogens?id=eq.{world.pathogen}&select=id,samples(count)"
    before = rows(world.alice.get(path))
    world.bare_sample()

    assert rows(world.alice.get(path)) != before
