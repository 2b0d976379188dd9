"""Users, groups and reference data: who edits what."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import uuid4

import pytest

from tests.http.world import DRY_RUN, REPRESENTATION, World, refusal, rows

UPSERT = f"{REPRESENTATION},resolution=merge-duplicates"


def test_users_edit_themselves(world: World) -> None:
    """What they say of themselves."""
    changes = {
        "name": "A new name",
        "agreed_to_tos": True,
        "acknowledged_policy_version": "2024-02-01",
        "gisaid_submitter_id": "someone",
    }

    response = world.viewer.patch(
        f"/me?select={','.join(changes)}", json=changes, prefer=REPRESENTATION
    )

    assert rows(response) == [changes]


def test_users_edit_nobody_else(world: World) -> None:
    """me is one row, whatever the filter."""
    response = world.viewer.patch(
        f"/me?id=eq.{world.users['admin']}", json={"name": "x"}, prefer=REPRESENTATION
    )

    assert rows(response) == []


@pytest.mark.parametrize("column", ["email", "subject", "is_operator", "id"])
def test_users_do_not_become_somebody_else(world: World, column: str) -> None:
    """Who one is, is not one's own to say."""
    response = world.viewer.patch("/me", json={column: None}, prefer=DRY_RUN)

    assert refusal(response) == (403, "42501")


def test_admins_edit_their_group(world: World) -> None:
    """Its address, laboratory and place."""
    changes = {"address": "1 Road", "default_tree_location_id": world.france}

    response = world.admin.patch(
        f"/groups?select=address,default_tree_location_id&id=eq.{world.group}",
        json=changes,
        prefer=REPRESENTATION,
    )

    assert rows(response) == [changes]


@pytest.mark.parametrize("who", ["member", "viewer", "partner", "guest", "stranger", "operator"])
def test_nobody_else_edits_a_group(world: World, who: str) -> None:
    """Nothing is found to edit."""
    response = world.caller(who).patch(
        f"/groups?id=eq.{world.group}", json={"address": "x"}, prefer=REPRESENTATION
    )

    assert rows(response) == []


@pytest.mark.parametrize("column", ["name", "prefix"])
def test_names_of_a_group_are_set_once(world: World, column: str) -> None:
    """The prefix is part of identifiers that are out in the world."""
    response = world.admin.patch(
        f"/groups?id=eq.{world.group}", json={column: "another"}, prefer=DRY_RUN
    )

    assert refusal(response) == (403, "42501")


def test_operators_create_groups(world: World) -> None:
    """And nobody else does."""
    group = {"name": f"New {world.name}", "prefix": f"new-{world.name}"}

    response = world.operator.post("/groups?select=name,prefix", json=group, prefer=REPRESENTATION)

    assert rows(response) == [group]


def test_group_with_a_taken_name_is_refused(world: World) -> None:
    """Names are unique across groups; that is why operators alone give them."""
    response = world.operator.post(
        "/groups", json={"name": f"own {world.name}", "prefix": "x" * 10}, prefer=DRY_RUN
    )

    assert refusal(response) == (409, "23505")


def test_groups_are_not_deleted(world: World) -> None:
    """Their rows would go along."""
    response = world.operator.delete(f"/groups?id=eq.{world.group}", prefer=DRY_RUN)

    assert refusal(response) == (403, "42501")


REFERENCE_DATA: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "pathogens": (
        "slug",
        {"slug": "NEW", "name": "New", "organism": "New virus"},
        {"organism": "Newer virus"},
    ),
    "locations": (
        "region,country,division,location",
        {"region": "Europe", "country": "Newland", "division": None, "location": None},
        {"latitude": 1, "longitude": 2},
    ),
    "lineages": ("pathogen_id,lineage", {"lineage": "NEW.1"}, {}),
    "public_repositories": ("name", {"name": "NewRepository"}, {}),
}


def row_of(world: World, resource: str) -> dict[str, Any]:
    """A new row of a resource."""
    _, row, _ = REFERENCE_DATA[resource]
    return row | ({"pathogen_id": world.pathogen} if resource == "lineages" else {})


@pytest.mark.parametrize("resource", REFERENCE_DATA)
def test_operators_keep_the_reference_data(world: World, resource: str) -> None:
    """Add, add again as an upsert, change, delete."""
    keys, _, change = REFERENCE_DATA[resource]
    row = row_of(world, resource)
    path = f"/{resource}?on_conflict={keys}"

    [added] = rows(world.operator.post(f"/{resource}", json=row, prefer="return=representation"))
    [upserted] = rows(
        world.operator.post(
            path, json=[row | change], prefer="return=representation,resolution=merge-duplicates"
        )
    )
    [deleted] = rows(
        world.operator.delete(f"/{resource}?id=eq.{added['id']}", prefer="return=representation")
    )

    assert (upserted, deleted) == (added | change, added | change)


@pytest.mark.parametrize("resource", REFERENCE_DATA)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_nobody_else_writes_reference_data(world: World, resource: str, method: str) -> None:
    """Not even an admin."""
    options: dict[str, Any] = {} if method == "DELETE" else {"json": row_of(world, resource)}

    response = world.admin.ask(method, f"/{resource}?id=gt.0", prefer=DRY_RUN, **options)

    assert refusal(response) == (403, "42501")


def test_place_that_is_there_is_found_however_it_is_written(world: World) -> None:
    """A second one is refused, and an upsert changes the first; blanks around names go."""
    country = f"Côte {uuid4().hex[:8]}"
    place = {"region": "Africa", "country": f" {country} ", "division": None, "location": None}
    alike = place | {"region": "AFRICA", "country": unicodedata.normalize("NFD", country).upper()}
    path = "/locations?on_conflict=region,country,division,location"

    [added] = rows(world.operator.post("/locations", json=place, prefer="return=representation"))
    refused = world.operator.post("/locations", json=alike)
    [upserted] = rows(
        world.operator.post(
            path,
            json=alike | {"latitude": 7, "longitude": -5},
            prefer="return=representation,resolution=merge-duplicates",
        )
    )

    assert added["country"] == country
    assert refusal(refused) == (409, "23505")
    assert upserted == added | {"latitude": 7, "longitude": -5}


def test_reference_data_in_use_stays(world: World) -> None:
    """The message names the table that still needs it; PostgreSQL 18 has a code of its own."""
    is_new = world.api.database.cluster.major >= 18

    response = world.operator.delete(f"/locations?id=eq.{world.france}", prefer=DRY_RUN)

    assert refusal(response) == ((400, "23001") if is_new else (409, "23503"))
    assert 'on table "samples"' in response.json()["message"]


def test_upsert_of_many_is_one_request(world: World) -> None:
    """A whole list of lineages, again and again."""
    lineages = [
        {"pathogen_id": world.pathogen, "lineage": f"{uuid4().hex[:8]}.{number}"}
        for number in range(500)
    ]
    path = "/lineages?on_conflict=pathogen_id,lineage&select=lineage"

    first, again = (
        world.operator.post(
            path, json=lineages, prefer="return=representation,resolution=ignore-duplicates"
        )
        for _ in range(2)
    )

    assert (len(rows(first)), rows(again)) == (500, [])
