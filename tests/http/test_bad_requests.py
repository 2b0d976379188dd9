"""Invalid bodies, queries and arguments: 4xx with a documented code, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.world import DRY_RUN, World, problems, refusal

RUN = "/rpc/create_phylo_run"
TOO_LONG = "x" * 129

WRONG_TYPES: dict[str, tuple[str, Any, str]] = {
    "text for a number": ("location_id", "France", "invalid_sample"),
    "a number too large": ("location_id", 10**30, "invalid_sample"),
    "a fraction": ("location_id", 1.5, "invalid_sample"),
    "an object for a number": ("location_id", {"id": 1}, "invalid_sample"),
    "text for a date": ("collection_date", "recently", "invalid_sample"),
    "a day that is none": ("collection_date", "2024-02-30", "invalid_sample"),
    "a day that may be two": ("collection_date", "03/04/2024", "invalid_sample"),
    "text for yes or no": ("is_private", "maybe", "invalid_sample"),
    "text for a list": ("authors", "A. Author", "invalid_sample"),
    "an unknown column": ("collected", "2024-02-01", "PGRST204"),
    "a NUL": ("host", "a\x00b", "22P05"),
}


@pytest.mark.parametrize(("column", "value", "code"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_value_of_the_wrong_type_is_refused(
    world: World, method: str, column: str, value: Any, code: str
) -> None:
    """Name a bad cell with its row; reject other bad values before any row is checked."""
    path = {"POST": "/samples", "PATCH": f"/samples?id=eq.{world.open}"}[method]
    body = {"POST": world.sample("a"), "PATCH": {}}[method] | {column: value}

    assert refusal(world.alice.ask(method, path, json=body)) == (400, code)


TEXTS: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{nope", "PGRST102"),
    "nothing": (b"", "PGRST102"),
    "a list of numbers": (b"[1, 2]", "PGRST102"),
    "rows with different keys": (b'[{"host": "x"}, {"organism": "y"}]', "PGRST102"),
    "a raw NUL": (b'{"host": "a\x00b"}', "PGRST102"),
    "half a surrogate": (b'{"host": "\\ud800"}', "PGRST102"),
    "Latin-1": (b'{"host": "\xe9"}', "PGRST102"),
    "an overlong slash": (b'{"host": "\xc0\xaf"}', "PGRST102"),
    "brackets 50,000 deep": (b"[" * 50_000 + b"]" * 50_000, "PGRST102"),
    "an empty list": (b"[]", "empty_batch"),
    "null": (b"null", "empty_batch"),
    "a number": (b"3", "empty_batch"),
    "an empty object": (b"{}", "invalid_sample"),
    "an empty object in a list": (b"[{}]", "invalid_sample"),
}


@pytest.mark.parametrize(("content", "code"), TEXTS.values(), ids=TEXTS.keys())
def test_body_that_holds_no_samples_is_refused(world: World, content: bytes, code: str) -> None:
    """Reject every other JSON value."""
    before = world.count()

    assert refusal(world.alice.post_text("/samples", content)) == (400, code)
    assert world.count() == before


CSVS: dict[str, tuple[str, str]] = {
    "nothing": ("", "PGRST102"),
    "a line without an end": ("group_id", "PGRST102"),
    "a header alone": ("group_id,pathogen_id\n", "empty_batch"),
    "an empty line": ("\n", "empty_batch"),
    "an unknown column": ("group_id,colour\n{group},red\n", "PGRST204"),
    "semicolons": ("group_id;host\n{group};x\n", "PGRST204"),
    "a byte order mark": ("\ufeffgroup_id,host\n{group},x\n", "PGRST204"),
    "too few cells": ("group_id,host\n{group}\n", "invalid_sample"),
    "an empty number": ("group_id,location_id\n{group},\n", "invalid_sample"),
    "a NUL": ("group_id,host\n{group},a\x00b\n", "22P05"),
    "a quote that does not end": ('group_id,host\n{group},"x\n', "invalid_sample"),
}


@pytest.mark.parametrize(("content", "code"), CSVS.values(), ids=CSVS.keys())
def test_csv_that_holds_no_samples_is_refused(world: World, content: str, code: str) -> None:
    """Reject it as JSON is rejected."""
    before = world.count()

    response = world.alice.post_csv("/samples", content.format(group=world.group))

    assert (refusal(response), world.count()) == ((400, code), before)


def test_csv_in_another_encoding_stores_nothing(world: World) -> None:
    """Say why at the edge, because PostgREST 12 fails over it."""
    before = world.count()

    response = world.alice.post_csv(
        "/samples", f"group_id,host\n{world.group},é\n".encode("latin-1")
    )

    assert refusal(response) == (400, "invalid_encoding")
    assert world.count() == before


@pytest.mark.parametrize(
    "media_type", ["application/xml", "multipart/form-data", "application/x-ndjson"]
)
def test_body_of_another_media_type_is_refused(world: World, media_type: str) -> None:
    """Read JSON, CSV and forms only."""
    response = world.alice.post("/samples", content=b"<x/>", headers={"Content-Type": media_type})

    assert refusal(response) == (400, "PGRST102")


BAD_RUNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no name": ({"name": None}, ["name"]),
    "an empty name": ({"name": ""}, ["name"]),
    "a long name": ({"name": TOO_LONG}, ["name"]),
    "an unknown type": ({"tree_type": "ROOTED"}, ["tree_type"]),
    "no type": ({"tree_type": None}, ["tree_type"]),
    "no samples": ({"samples": None}, ["samples"]),
    "a sample that is null": ({"samples": ["x", None]}, ["samples"]),
    "filters in a list": ({"template_args": []}, ["template_args"]),
    "no filters": ({"template_args": None}, ["template_args"]),
    "several at once": (
        {"name": "", "template_args": {"filter_start_date": "x", "colour": 1}},
        ["name", "template_args.colour", "template_args.filter_start_date"],
    ),
    "an unknown place": ({"template_args": {"location_id": 0}}, ["template_args.location_id"]),
    "lineages that are none": (
        {"template_args": {"filter_pango_lineages": ["A;B"]}},
        ["template_args.filter_pango_lineages"],
    ),
    "an end before the start": (
        {
            "template_args": {
                "filter_start_date": "2024-02-01",
                "filter_end_date": "2024-01-01",
            }
        },
        ["template_args"],
    ),
}


@pytest.mark.parametrize(("arguments", "fields"), BAD_RUNS.values(), ids=BAD_RUNS.keys())
def test_run_with_invalid_arguments_is_refused(
    world: World, arguments: dict[str, Any], fields: list[str]
) -> None:
    """Name every argument that is wrong."""
    before = world.count("jobs")

    status, code, named_problems = problems(
        world.alice.post(RUN, json=world.run_request(**arguments))
    )

    assert (status, code, sorted(problem["field"] for problem in named_problems)) == (
        400,
        "invalid_run",
        fields,
    )
    assert world.count("jobs") == before


BAD_QUERIES: dict[str, tuple[str, int, str]] = {
    "an unknown column": ("/samples?select=colour", 400, "42703"),
    "a filter on an unknown column": ("/samples?colour=eq.red", 400, "42703"),
    "an order by an unknown column": ("/samples?order=colour", 400, "42703"),
    "an unknown operator": ("/samples?id=is_about.3", 400, "PGRST100"),
    "a filter without an operator": ("/samples?id=3", 400, "PGRST100"),
    "an unknown order": ("/samples?order=id.upwards", 400, "PGRST100"),
    "a value of another type": ("/samples?id=eq.three", 400, "22P02"),
    "a day that is none": ("/samples?collection_date=eq.2024-02-30", 400, "invalid_value"),
    "a select that does not parse": ("/samples?select=id,(", 400, "PGRST100"),
    "a tree of conditions that does not parse": ("/samples?or=(id.eq.1", 400, "PGRST100"),
    "an unknown neighbour": ("/samples?select=id,invitations(*)", 400, "PGRST200"),
    "a filter on what is not embedded": ("/samples?locations.country=eq.x", 400, "PGRST108"),
    "an offset behind the last row": ("/samples?offset=9999999999999999999", 400, "22003"),
    "a cast to an unknown type": ("/samples?select=id::colour", 400, "42704"),
    "an unknown resource": ("/colours", 404, "42P01"),
    "a table of the database": ("/users", 404, "42P01"),
    "an unknown function": ("/rpc/colour", 404, "PGRST202"),
    "a tree without an id": ("/rpc/phylo_tree", 404, "PGRST202"),
    "an unknown id style": ("/rpc/phylo_tree?id=1&id_style=x", 400, "invalid_argument"),
}


@pytest.mark.parametrize(("path", "status", "code"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_invalid_query_is_refused(world: World, path: str, status: int, code: str) -> None:
    """Reject unknown names and values of the wrong type."""
    assert refusal(world.alice.get(path)) == (status, code)


# What PostgREST would answer as if it were not there.
IGNORED = {
    "a limit that is a word": "limit=ten",
    "a negative limit": "limit=-1",
    "a limit that is not whole": "limit=1.5",
    "a limit of another base": "limit=0x1",
    "an empty limit": "limit=",
    "a limit that is spelt to hide": "%6Cimit=ten",
    "a negative offset": "offset=-1",
    "a limit of an embedded resource": "select=id,accessions(id)&accessions.limit=ten",
    "a negative limit of an embedded resource": "select=id,accessions(id)&accessions.limit=-1",
    "two limits": "limit=1&limit=1000",
    "two lists of columns": "select=id&host=eq.x&select=host",
    "a word alone": "limit",
    "a word among others": "id=gt.0&host&limit=1",
}


@pytest.mark.parametrize("query", IGNORED.values(), ids=IGNORED.keys())
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_query_that_would_be_ignored_in_part_is_refused(
    world: World, method: str, query: str
) -> None:
    """Do not answer with, or delete, more rows than were meant."""
    before = world.count("samples")

    answer = world.alice.ask(method, f"/samples?{query}")

    assert (refusal(answer), world.count("samples")) == ((400, "ignored_parameter"), before)


NOT_IGNORED = {
    "two conditions on a column": "id=gt.0&id=lt.9",
    "a page": "limit=1&offset=0&order=id",
    "a page of an embedded resource": "select=id,accessions(id)&accessions.limit=1&limit=1",
    "a question mark in a value": "host=eq.who?",
    "an encoded number": "limit=%31",
    "an empty part": "limit=1&&id=gt.0&",
}


@pytest.mark.parametrize("query", NOT_IGNORED.values(), ids=NOT_IGNORED.keys())
def test_query_that_is_read_in_whole_is_answered(world: World, query: str) -> None:
    """Accept what looks like such a query."""
    assert world.alice.get(f"/samples?{query}").status_code == 200


BAD_REQUESTS: dict[str, tuple[str, str, dict[str, str], int, str]] = {
    "another schema": ("GET", "/samples", {"Accept-Profile": "aspen"}, 406, "PGRST106"),
    "another media type": ("GET", "/samples", {"Accept": "application/xml"}, 415, "PGRST107"),
    "a media type of PostGIS": (
        "GET",
        "/samples",
        {"Accept": "application/geo+json"},
        415,
        "PGRST107",
    ),
    "one object of many": (
        "GET",
        "/samples",
        {"Accept": "application/vnd.pgrst.object+json"},
        406,
        "PGRST116",
    ),
    "a method functions do not have": ("DELETE", "/rpc/health", {}, 405, "PGRST101"),
    "a method nothing has": ("TRACE", "/samples", {}, 405, "method_not_allowed"),
    "a preference nobody knows": (
        "GET",
        "/samples",
        {"Prefer": "handling=strict, colour=red"},
        400,
        "PGRST122",
    ),
}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    BAD_REQUESTS.values(),
    ids=BAD_REQUESTS.keys(),
)
def test_request_the_api_does_not_support_is_refused(
    world: World, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    """Reject what HTTP allows and this API does not."""
    assert refusal(world.alice.ask(method, path, headers=headers)) == (status, code)


OPERATORS_ROWS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "a slug with a space": (
        "pathogens",
        {"slug": "a b", "name": "x", "organism": "x"},
        400,
        "23514",
    ),
    "a slug that exists": (
        "pathogens",
        {"slug": "SC2", "name": "x", "organism": "x"},
        409,
        "23505",
    ),
    "no organism": ("pathogens", {"slug": "X", "name": "x"}, 400, "invalid_value"),
    "an unknown repository": (
        "pathogens",
        {"slug": "X", "name": "x", "organism": "x", "default_repository_id": 0},
        409,
        "23503",
    ),
    "a division without a country": (
        "locations",
        {"region": "Europe", "division": "x"},
        400,
        "23514",
    ),
    "a place beyond the pole": (
        "locations",
        {"region": "Europe", "country": "x", "latitude": 91, "longitude": 0},
        400,
        "23514",
    ),
    "a group without a prefix": ("groups", {"name": "A name"}, 400, "invalid_value"),
    "a group with a short name": ("groups", {"name": "x", "prefix": "xy"}, 400, "23514"),
    "a name too long for an index": (
        "locations",
        {"region": "".join(chr(0x4E00 + number) for number in range(9000))},
        413,
        "54000",
    ),
}


@pytest.mark.parametrize(
    ("resource", "row", "status", "code"), OPERATORS_ROWS.values(), ids=OPERATORS_ROWS.keys()
)
def test_reference_data_that_breaks_a_rule_is_refused(
    world: World, resource: str, row: dict[str, Any], status: int, code: str
) -> None:
    """Answer with a status and a code that tell what to do."""
    response = world.olga.post(f"/{resource}", json=row, prefer=DRY_RUN)

    assert refusal(response) == (status, code)
