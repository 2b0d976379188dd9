"""The description of the API at `/`, made of `comment on`, for the caller's role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.world import World, rows

RESOURCES = {
    "/accessions",
    "/groups",
    "/job_outputs",
    "/jobs",
    "/lineages",
    "/locations",
    "/me",
    "/pathogens",
    "/lineage_aliases",
    "/phylo_runs",
    "/phylo_trees",
    "/public_repositories",
    "/sample_lineages",
    "/sample_qc_metrics",
    "/samples",
    "/sequences",
    "/usher_options",
}
FUNCTIONS = {
    "/rpc/cancel_job",
    "/rpc/create_phylo_run",
    "/rpc/create_samples",
    "/rpc/expand_lineages",
    "/rpc/health",
    "/rpc/lineage_filters",
    "/rpc/output_url",
    "/rpc/phylo_tree",
    "/rpc/retry_job",
    "/rpc/search_locations",
}
PATHS_OF = {
    "nobody": {"/", "/rpc/health"},
    "alice": {"/", *RESOURCES, *FUNCTIONS},
    "olga": {"/", *RESOURCES, *FUNCTIONS},
}


def description(world: World, who: str = "alice") -> dict[str, Any]:
    """Return the OpenAPI document as one of PEOPLE gets it."""
    document: dict[str, Any] = rows(world.caller(who).get("/"))
    return document


@pytest.mark.parametrize(("who", "paths"), PATHS_OF.items(), ids=PATHS_OF.keys())
def test_description_lists_what_the_role_may_use(world: World, who: str, paths: set[str]) -> None:
    """List no private function, and no health probe of a load balancer."""
    assert set(description(world, who)["paths"]) == paths


def test_description_is_of_this_api(world: World) -> None:
    """Use the comment on the schema as title and text."""
    (comment,) = world.conn.execute("select obj_description('api'::regnamespace)").fetchall()[0]
    info = description(world)["info"]

    assert f"{info['title']}\n\n{info['description']}" == comment


@pytest.mark.parametrize("resource", sorted(RESOURCES))
def test_resource_is_described_by_its_comment(world: World, resource: str) -> None:
    """Use the first line as summary, the rest as description; describe columns too."""
    name = resource.removeprefix("/")
    comments: dict[str, str] = dict(
        world.conn.execute(
            "select coalesce(attname, ''), coalesce(col_description(oid, attnum),"
            " obj_description(oid, 'pg_class')) from (select to_regclass(%s) as oid) as views"
            " cross join lateral (select null::text as attname, 0 as attnum union all"
            " select attname, attnum from pg_attribute where attrelid = oid and attnum > 0"
            ") as columns",
            [f"api.{name}"],
        ).fetchall()
    )
    summary, _, text = comments.pop("").partition("\n\n")
    document = description(world)
    columns = document["definitions"][name]["properties"]

    assert (
        document["paths"][resource]["get"]["summary"],
        document["paths"][resource]["get"].get("description", ""),
        {column: entry["description"].split("\n\nNote:\n")[0] for column, entry in columns.items()},
    ) == (summary, text, comments)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_function_is_described_by_its_comment(world: World, function: str) -> None:
    """Use its comment as for resources."""
    name = function.removeprefix("/rpc/")
    (comment,) = world.conn.execute(
        "select obj_description(%s::regproc, 'pg_proc')", [f"api.{name}"]
    ).fetchall()[0]
    post = description(world)["paths"][function]["post"]

    assert f"{post['summary']}\n\n{post['description']}" == comment


PRIVATE = (
    "aspen.",
    "authz",
    "internal",
    "audit_log",
    "/rpc/loaded_",
    "api_writer",
    "storage_credentials",
)


@pytest.mark.parametrize("who", PATHS_OF)
@pytest.mark.parametrize("word", PRIVATE)
def test_description_tells_nothing_private(world: World, word: str, who: str) -> None:
    """Name no table, no internal function and no role."""
    assert word not in world.caller(who).get("/").text
