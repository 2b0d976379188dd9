"""A list without an order comes by id, so that its pages fit together."""

from __future__ import annotations

import httpx
import pytest

from tests.http.world import World, rows


def moved_samples(world: World) -> list[int]:
    """Return ids of samples of the group in order; the first is stored last in the table."""
    ids = sorted(world.bare_sample() for _ in range(3))
    world.conn.execute("update aspen.samples set host = 'moved' where id = %s", [ids[0]])
    return ids


LISTS = {
    "columns": "&select=id,host",
    "embedded resources": "&select=id,accessions(accession)",
    "all columns": "",
    "columns, percent-encoded": "&select=id%2Chost%2Caccessions%28accession%29",
    "a page": "&select=id&limit=3",
    "an order of embedded rows": "&select=id,accessions(id)&accessions.order=id.desc",
}


@pytest.mark.parametrize("query", LISTS.values(), ids=LISTS)
def test_list_without_an_order_comes_by_id(world: World, query: str) -> None:
    """Order by id, whatever rows were changed since and whatever else is requested."""
    ids = moved_samples(world)
    path = f"/samples?id=gte.{ids[0]}{query}"

    found = rows(world.alice.get(path))

    assert [row["id"] for row in found] == ids


def test_pages_of_a_list_without_an_order_fit_together(world: World) -> None:
    """Page by range and by offset, with the count of all rows."""
    ids = moved_samples(world)
    path = f"/samples?select=id&id=gte.{ids[0]}"

    by_range = [
        world.alice.get(path, prefer="count=exact", headers={"Range": f"{at}-{at}"})
        for at in range(3)
    ]
    by_offset = [rows(world.alice.get(f"{path}&limit=1&offset={at}")) for at in range(3)]

    assert [response.json() for response in by_range] == [[{"id": id_}] for id_ in ids]
    assert [response.headers["Content-Range"] for response in by_range] == [
        "0-0/3",
        "1-1/3",
        "2-2/3",
    ]
    assert by_offset == [[{"id": id_}] for id_ in ids]


@pytest.mark.parametrize("query", ["order=id.desc", "%6Frder=id.desc", "select=id&order=id.desc"])
def test_order_that_is_given_is_kept(world: World, query: str) -> None:
    """Keep it in every spelling."""
    ids = moved_samples(world)

    found = rows(world.alice.get(f"/samples?id=gte.{ids[0]}&{query}"))

    assert [row["id"] for row in found] == ids[::-1]


SUMS: dict[str, tuple[str, list[dict[str, object]]]] = {
    "a call": ("count()", [{"count": 3}]),
    "a call, percent-encoded": ("count%28%29", [{"count": 3}]),
    "a call by groups": ("host,n:count()", [{"host": "moved", "n": 1}, {"host": None, "n": 2}]),
    "a column": ("count", [{"count": 3}]),
    "a column, renamed": ("n:count", [{"n": 3}]),
    "a column, percent-encoded": ("%63ount", [{"count": 3}]),
    "a column as text": ("n:count::text", [{"n": "3"}]),
}


@pytest.mark.parametrize(("select", "expected"), SUMS.values(), ids=SUMS)
def test_rows_are_added_up(world: World, select: str, expected: list[dict[str, object]]) -> None:
    """Add no order by id to aggregated rows, which have none."""
    ids = moved_samples(world)

    found = rows(world.alice.get(f"/samples?id=gte.{ids[0]}&select={select}"))

    assert sorted(found, key=str) == sorted(expected, key=str)


def test_aggregates_get_no_default_order(world: World) -> None:
    """Recognise every aggregate of PostgreSQL, though it looks like a column."""
    ids = moved_samples(world)

    [found] = rows(world.alice.get(f"/samples?id=gte.{ids[0]}&select=json_agg"))

    assert len(found["json_agg"]) == 3


def test_single_object_has_no_default_order(world: World) -> None:
    """Add none to one object, which is no list."""
    response = world.alice.get(
        f"/sequences?sample_id=eq.{world.open}", accept="application/vnd.pgrst.object+json"
    )

    assert response.status_code == 200
    assert "order" not in response.headers["Content-Location"]


def test_every_resource_with_an_id_has_a_default_order(world: World) -> None:
    """Compare with the description of the API; `me` is one row and has none."""
    description = rows(world.alice.get("/"))
    names = [
        name
        for name, schema in description["components"]["schemas"].items()
        if f"/{name}" in description["paths"] and "id" in schema["properties"] and name != "me"
    ]

    answers = [world.olga.get(f"/{name}?limit=0") for name in names]

    assert [answer.headers.get("Content-Location") for answer in answers] == [
        f"/{name}?limit=0&order=id" for name in names
    ]


@pytest.mark.parametrize("path", ["/me", "/me?select=id", "/rpc/health?select=status", "/nothing"])
def test_request_that_is_not_a_list_has_no_default_order(world: World, path: str) -> None:
    """Add none to functions, nor to paths that nothing serves."""
    direct = httpx.get(
        world.api.direct_url + path, headers={"Authorization": f"Bearer {world.alice.token}"}
    )

    response = world.alice.get(path)

    assert (response.status_code, response.json()) == (direct.status_code, direct.json())
    assert "order" not in response.headers.get("Content-Location", "")
