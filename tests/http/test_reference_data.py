"""Users, groups and reference data: who edits what."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from tests import factories
from tests.http.world import DRY_RUN, REPRESENTATION, World, problems, refusal, rows
from tests.names import unique

UPSERT = f"{REPRESENTATION},resolution=merge-duplicates"


def test_users_edit_themselves(world: World) -> None:
    """Let a user set what they say of themselves."""
    changes = {
        "name": "A new name",
        "agreed_to_tos": True,
        "acknowledged_policy_version": "2024-02-01",
        "gisaid_submitter_id": "someone",
    }

    response = world.vic.patch(
        f"/me?select={','.join(changes)}", json=changes, prefer=REPRESENTATION
    )

    assert rows(response) == [changes]


def test_users_edit_nobody_else(world: World) -> None:
    """Change one row through me, whatever the filter."""
    response = world.vic.patch(
        f"/me?id=eq.{world.users['ada']}", json={"name": "x"}, prefer=REPRESENTATION
    )

    assert rows(response) == []


@pytest.mark.parametrize("column", ["email", "subject", "is_operator", "id"])
def test_users_cannot_change_their_identity(world: World, column: str) -> None:
    """Reject changes of the columns that identify a user."""
    response = world.vic.patch("/me", json={column: None}, prefer=DRY_RUN)

    assert refusal(response) == (403, "42501")


def test_admins_edit_their_group(world: World) -> None:
    """Set its address, laboratory and location."""
    changes = {"address": "1 Road", "default_tree_location_id": world.france}

    response = world.ada.patch(
        f"/groups?select=address,default_tree_location_id&id=eq.{world.group}",
        json=changes,
        prefer=REPRESENTATION,
    )

    assert rows(response) == [changes]


@pytest.mark.parametrize("who", ["alice", "vic", "pat", "gus", "bob", "olga"])
def test_nobody_else_edits_a_group(world: World, who: str) -> None:
    """Find no row to edit."""
    response = world.caller(who).patch(
        f"/groups?id=eq.{world.group}", json={"address": "x"}, prefer=REPRESENTATION
    )

    assert rows(response) == []


@pytest.mark.parametrize("column", ["name", "prefix"])
def test_names_of_a_group_are_set_once(world: World, column: str) -> None:
    """Reject changes, because published identifiers contain the prefix."""
    response = world.ada.patch(
        f"/groups?id=eq.{world.group}", json={column: "another"}, prefer=DRY_RUN
    )

    assert refusal(response) == (403, "42501")


def test_operators_create_groups(world: World) -> None:
    """Reject everybody else."""
    group = {"name": f"New {world.name}", "prefix": f"new-{world.name}"}

    response = world.olga.post("/groups?select=name,prefix", json=group, prefer=REPRESENTATION)

    assert rows(response) == [group]


def test_group_with_a_taken_name_is_refused(world: World) -> None:
    """Keep names unique across groups, which is why only operators set them."""
    response = world.olga.post(
        "/groups", json={"name": f"lab-{world.name}", "prefix": "x" * 10}, prefer=DRY_RUN
    )

    assert refusal(response) == (409, "23505")


def test_groups_cannot_be_deleted(world: World) -> None:
    """Reject it, because their rows would be deleted with them."""
    response = world.olga.delete(f"/groups?id=eq.{world.group}", prefer=DRY_RUN)

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
    """Return a new row of a resource."""
    _, row, _ = REFERENCE_DATA[resource]
    return row | ({"pathogen_id": world.pathogen} if resource == "lineages" else {})


@pytest.mark.parametrize("resource", REFERENCE_DATA)
def test_operators_keep_the_reference_data(world: World, resource: str) -> None:
    """Add, upsert, change and delete rows."""
    keys, _, change = REFERENCE_DATA[resource]
    row = row_of(world, resource)
    path = f"/{resource}?on_conflict={keys}"

    [added] = rows(world.olga.post(f"/{resource}", json=row, prefer="return=representation"))
    [upserted] = rows(
        world.olga.post(
            path, json=[row | change], prefer="return=representation,resolution=merge-duplicates"
        )
    )
    [deleted] = rows(
        world.olga.delete(f"/{resource}?id=eq.{added['id']}", prefer="return=representation")
    )

    assert (upserted, deleted) == (added | change, added | change)


@pytest.mark.parametrize("resource", REFERENCE_DATA)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_nobody_else_writes_reference_data(world: World, resource: str, method: str) -> None:
    """Reject it even from an admin."""
    options: dict[str, Any] = {} if method == "DELETE" else {"json": row_of(world, resource)}

    response = world.ada.ask(method, f"/{resource}?id=gt.0", prefer=DRY_RUN, **options)

    assert refusal(response) == (403, "42501")


def test_existing_location_is_found_in_every_spelling(world: World) -> None:
    """Reject a second one, let an upsert change the first, and trim names."""
    country = f"Côte {unique(8)}"
    place = {"region": "Africa", "country": f" {country} ", "division": None, "location": None}
    alike = place | {"region": "AFRICA", "country": unicodedata.normalize("NFD", country).upper()}
    path = "/locations?on_conflict=region,country,division,location"

    [added] = rows(world.olga.post("/locations", json=place, prefer="return=representation"))
    refused = world.olga.post("/locations", json=alike)
    [upserted] = rows(
        world.olga.post(
            path,
            json=alike | {"latitude": 7, "longitude": -5},
            prefer="return=representation,resolution=merge-duplicates",
        )
    )

    assert added["country"] == country
    assert refusal(refused) == (409, "23505")
    assert upserted == added | {"latitude": 7, "longitude": -5}


def test_reference_data_in_use_stays(world: World) -> None:
    """Name the resource that still needs it; PostgreSQL 18 has a code of its own."""
    is_new = world.api.database.cluster.major >= 18

    response = world.olga.delete(f"/locations?id=eq.{world.france}", prefer=DRY_RUN)

    status, code = (400, "23001") if is_new else (409, "23503")
    assert problems(response) == (status, code, {"key": "location_id", "resource": "samples"})


def test_upsert_of_many_is_one_request(world: World) -> None:
    """Accept a whole list of lineages again and again."""
    lineages = [
        {"pathogen_id": world.pathogen, "lineage": f"{unique(8)}.{number}"} for number in range(500)
    ]
    path = "/lineages?on_conflict=pathogen_id,lineage&select=lineage"

    first, again = (
        world.olga.post(
            path, json=lineages, prefer="return=representation,resolution=ignore-duplicates"
        )
        for _ in range(2)
    )

    assert (len(rows(first)), rows(again)) == (500, [])


def test_locations_are_searched_and_the_answer_is_filtered(world: World) -> None:
    """Rank by similarity, then filter and limit like a resource."""
    path = "/rpc/search_locations?query=frnace&depth=country&country=eq.France&limit=1"

    answer = world.vic.get(f"{path}&select=country,division")

    assert rows(answer) == [{"country": "France", "division": None}]


@pytest.mark.parametrize("query", ["", "%", "'", "\\", "%E2%80%AE", "🦠", "x" * 200])
def test_any_search_of_locations_is_answered(world: World, query: str) -> None:
    """Return a list for whatever people type."""
    answer = world.vic.get("/rpc/search_locations", params={"query": query})

    assert isinstance(rows(answer), list)


def test_too_long_search_of_locations_is_rejected(world: World) -> None:
    """Name the argument."""
    answer = world.vic.get("/rpc/search_locations", params={"query": "x" * 201})

    assert refusal(answer) == (400, "invalid_argument")


def test_lineages_of_a_filter_find_samples(world: World) -> None:
    """Expand an alias, then find the lineages of samples by the answer."""
    factories.lineage_name(world.conn, world.pathogen, f"X{world.name}.1")
    factories.lineage_alias(world.conn, world.pathogen, f"Xi {world.name}", f"X{world.name}*")

    answer = world.vic.get(
        "/rpc/expand_lineages", params={"pathogen": "SC2", "lineages": f"{{xi {world.name}}}"}
    )

    assert rows(answer) == [{"lineage": f"X{world.name}.1"}]


@pytest.mark.parametrize(
    ("resource", "row", "stored"),
    [
        (
            "lineage_aliases",
            {"alias": " Pi ", "patterns": ["B.1*", " C.2 "]},
            {"alias": "Pi", "patterns": ["B.1*", "C.2"]},
        ),
        (
            "usher_options",
            {"description": " Everything ", "value": "all", "priority": 3},
            {"description": "Everything", "value": "all", "priority": 3},
        ),
    ],
)
def test_operators_write_reference_data(
    world: World, resource: str, row: dict[str, Any], stored: dict[str, Any]
) -> None:
    """Remove white space around names; a member may not write."""
    path = f"/{resource}?select={','.join(row)}"
    row = {"pathogen_id": world.pathogen} | row

    answer = world.olga.post(path, json=row, prefer=REPRESENTATION)
    refused = world.alice.post(path, json=row, prefer=REPRESENTATION)

    assert rows(answer) == [stored]
    assert refusal(refused) == (403, "42501")


def test_usher_options_are_in_the_order_of_priority(world: World) -> None:
    """List what comes first first."""
    pathogen = factories.pathogen(world.conn, f"P{world.name}"[:32])
    for priority in (2, 1):
        factories.usher_option(world.conn, pathogen, f"{world.name} {priority}", priority)

    answer = world.vic.get(
        f"/usher_options?pathogen_id=eq.{pathogen}&order=priority&select=priority"
    )

    assert rows(answer) == [{"priority": 1}, {"priority": 2}]
