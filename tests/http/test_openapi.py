"""What the API says about itself to the caller's role: description, schemas and manual."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from tests.http.world import World, problems, rows

RESOURCES = {
    "/accessions",
    "/changes",
    "/events",
    "/group_grants",
    "/group_members",
    "/groups",
    "/import_problems",
    "/invitations",
    "/job_inputs",
    "/job_outputs",
    "/job_schedules",
    "/jobs",
    "/lineages",
    "/locations",
    "/me",
    "/pathogens",
    "/lineage_aliases",
    "/phylo_runs",
    "/phylo_trees",
    "/public_repositories",
    "/repository_data",
    "/sample_lineages",
    "/sample_mutations",
    "/sample_qc_metrics",
    "/samples",
    "/sequences",
    "/share_links",
    "/submission_files",
    "/submission_samples",
    "/submissions",
    "/uploads",
    "/usher_options",
    "/machine_tokens",
    "/webhooks",
}
FUNCTIONS = {
    "/rpc/accept_invitation",
    "/rpc/cancel_job",
    "/rpc/create_export",
    "/rpc/create_import",
    "/rpc/create_phylo_run",
    "/rpc/create_samples",
    "/rpc/create_upload",
    "/rpc/create_webhook",
    "/rpc/delete_samples",
    "/rpc/expand_lineages",
    "/rpc/explain_access",
    "/rpc/export_qc_metrics",
    "/rpc/export_sequences",
    "/rpc/grant_access",
    "/rpc/group_usage",
    "/rpc/health",
    "/rpc/invite_members",
    "/rpc/json_schema",
    "/rpc/kept_answer",
    "/rpc/lineage_filters",
    "/rpc/manual",
    "/rpc/openapi",
    "/rpc/output_url",
    "/rpc/overview",
    "/rpc/replay_webhook",
    "/rpc/restore_samples",
    "/rpc/revoke_invitation",
    "/rpc/phylo_tree",
    "/rpc/phylo_tree_samples",
    "/rpc/retry_job",
    "/rpc/revoke_machine_token",
    "/rpc/revoke_share_link",
    "/rpc/rotate_webhook_secret",
    "/rpc/samples_as_of",
    "/rpc/samples_left_out",
    "/rpc/search_locations",
    "/rpc/share_phylo_tree",
    "/rpc/share_sequences",
    "/rpc/shared_phylo_tree",
    "/rpc/shared_sequences",
    "/rpc/submission_template",
    "/rpc/update_samples",
    "/rpc/upload_links",
    "/rpc/validate_sample_identifiers",
}
PATHS_OF = {
    "nobody": {
        "/rpc/health",
        "/rpc/json_schema",
        "/rpc/manual",
        "/rpc/openapi",
        "/rpc/shared_phylo_tree",
        "/rpc/shared_sequences",
    },
    "alice": {*RESOURCES, *FUNCTIONS},
    "olga": {*RESOURCES, *FUNCTIONS, "/rpc/metrics"},
}


@cache
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
    columns = document["components"]["schemas"][name]["properties"]

    assert (
        document["paths"][resource]["get"]["summary"],
        document["paths"][resource]["get"].get("description", ""),
        {column: entry["description"] for column, entry in columns.items()},
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
@pytest.mark.parametrize("path", ["/", "/rpc/json_schema", "/rpc/manual"])
def test_description_tells_nothing_private(world: World, path: str, word: str, who: str) -> None:
    """Name no table, no internal function and no role."""
    assert word not in world.caller(who).get(path).text


@pytest.mark.parametrize("who", PATHS_OF)
def test_description_is_valid_openapi(world: World, who: str) -> None:
    """Follow the specification of OpenAPI 3.1, whoever asks."""
    document = description(world, who)

    validate(document)

    assert document["openapi"] == "3.1.0"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/openapi+json"])
@pytest.mark.parametrize("path", ["/", "/rpc/openapi"])
def test_description_has_its_media_type(world: World, path: str, accept: str) -> None:
    """Answer with the same document at both paths, apart from the address of the API."""
    answer = world.alice.get(path, accept=accept)
    document = answer.json() | {"servers": None}

    assert (answer.headers["Content-Type"], document) == (
        "application/openapi+json; charset=utf-8",
        description(world) | {"servers": None},
    )


@pytest.mark.parametrize("path", ["/", "/rpc/openapi"])
def test_server_of_the_description_is_the_api(world: World, path: str) -> None:
    """Lead from either address of the description to the API."""
    (server,) = world.alice.get(path).json()["servers"]

    assert urljoin(f"{world.api.url}{path}", server["url"]) == f"{world.api.url}/"


def test_description_that_the_client_has_is_not_sent_again(world: World) -> None:
    """Answer 304 to the ETag of the description."""
    tag = world.alice.get("/").headers["ETag"]

    answer = world.alice.get("/", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_verbs_of_the_description_are_those_of_the_role(world: World) -> None:
    """Describe writing reference data to operators only."""
    verbs = {who: set(description(world, who)["paths"]["/locations"]) for who in ("alice", "olga")}

    assert verbs == {"alice": {"get"}, "olga": {"get", "post", "patch", "delete"}}


def test_functions_that_only_read_may_be_got(world: World) -> None:
    """Describe GET for them, and only POST for those that write."""
    paths = description(world)["paths"]

    assert {name: set(paths[f"/rpc/{name}"]) for name in ("phylo_tree", "create_samples")} == {
        "phylo_tree": {"get", "post"},
        "create_samples": {"post"},
    }


def test_errors_are_described_with_their_codes(world: World) -> None:
    """Sort the codes of the comment by their status; refer to the usual errors for the rest."""
    document = rows(world.alice.get("/rpc/openapi"))
    responses = document["paths"]["/rpc/phylo_tree"]["post"]["responses"]
    codes = {status: answer.get("x-codes") for status, answer in responses.items()}

    assert {status: found for status, found in codes.items() if found} == {
        "400": ["invalid_argument"],
        "404": ["tree_not_found"],
    }
    assert responses["403"] == {"$ref": "#/components/responses/403"}


def test_fasta_is_described_where_it_is_served(world: World) -> None:
    """Name the media types of a resource: JSON and CSV of all, FASTA of sequences."""
    paths = description(world)["paths"]
    types = {
        path: sorted(paths[path]["get"]["responses"]["200"]["content"])
        for path in ("/samples", "/sequences")
    }

    usual = ["application/json", "application/vnd.pgrst.object+json", "text/csv"]
    assert types == {"/samples": usual, "/sequences": [*usual, "text/x-fasta"]}


def test_json_is_described_first(world: World) -> None:
    """List JSON before other media types, because generated clients take the first."""
    get = description(world)["paths"]["/sequences"]["get"]
    post = description(world)["paths"]["/samples"]["post"]

    assert next(iter(get["responses"]["200"]["content"])) == "application/json"
    assert next(iter(post["requestBody"]["content"])) == "application/json"


def test_written_columns_are_described(world: World) -> None:
    """Leave out what the server sets, and require what viewers read as null."""
    schemas = description(world)["components"]["schemas"]

    assert schemas["samples_insert"]["required"] == [
        "group_id",
        "pathogen_id",
        "location_id",
        "private_identifier",
        "collection_date",
    ]
    assert "uploaded_by_id" not in schemas["samples_insert"]["properties"]
    assert "group_id" not in schemas["samples_update"]["properties"]
    assert schemas["samples_insert"]["properties"]["private_identifier"]["type"] == "string"
    assert schemas["samples"]["properties"]["private_identifier"]["type"] == ["string", "null"]
    assert schemas["samples"]["properties"]["uploaded_by_id"]["readOnly"]
    # Jobs that are no run have no name, so that the table allows it.
    assert schemas["phylo_runs_update"]["properties"]["name"]["type"] == "string"


def test_allowed_values_are_described(world: World) -> None:
    """List the values of a column that the table checks; null too where it may be null."""
    properties = description(world)["components"]["schemas"]["phylo_runs"]["properties"]

    assert properties["status"]["enum"][:2] == ["queued", "running"]
    assert properties["tree_type"]["enum"] == [
        "OVERVIEW",
        "TARGETED",
        "NON_CONTEXTUALIZED",
        None,
    ]


def test_filters_follow_the_type_of_the_column(world: World) -> None:
    """Allow patterns for texts only, and what PostgREST accepts for ids."""
    filters = description(world)["components"]["parameters"]
    matched = {
        (column, value): bool(re.match(filters[f"samples.{column}"]["schema"]["pattern"], value))
        for column in ("id", "host")
        for value in ("eq.1", "in.(1,2)", "not.eq(any).{1}", "ilike.*a*", "1", "nonsense.1")
    }

    assert [key for key, fits in matched.items() if fits] == [
        ("id", "eq.1"),
        ("id", "in.(1,2)"),
        ("id", "not.eq(any).{1}"),
        ("host", "eq.1"),
        ("host", "in.(1,2)"),
        ("host", "not.eq(any).{1}"),
        ("host", "ilike.*a*"),
    ]


@pytest.mark.parametrize("who", ["alice", "vic", "gus", "olga"])
@pytest.mark.parametrize("resource", sorted(RESOURCES))
def test_rows_fit_their_schema(world: World, resource: str, who: str) -> None:
    """Receive no value that the schema of the resource rules out, whoever asks."""
    schema = rows(world.caller(who).get(f"/rpc/json_schema?of={resource[1:]}"))
    found = rows(world.caller(who).get(f"{resource}?limit=50"))

    Draft202012Validator.check_schema(schema)

    assert [error.message for row in found for error in schema_errors(schema, row)] == []


def schema_errors(schema: dict[str, Any], row: dict[str, Any]) -> list[ValidationError]:
    """Return how a row breaks a schema, unknown columns included."""
    closed = schema | {"unevaluatedProperties": False}
    return list(Draft202012Validator(closed).iter_errors(row))


@pytest.mark.parametrize("change", [{"collection_date": 1}, {"host": ["x"]}, {"colour": "red"}])
def test_row_that_does_not_fit_is_found(world: World, change: dict[str, Any]) -> None:
    """Rule out values of another type, and columns that do not exist."""
    schema = rows(world.alice.get("/rpc/json_schema?of=samples"))
    (row,) = rows(world.alice.get("/samples?limit=1"))

    assert schema_errors(schema, row) == []
    assert len(schema_errors(schema, row | change)) == 1


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, 0),
        ({"group_id": "x"}, 1),
        ({"pathogen": None}, 1),
        ({"nonsense": 1}, 1),
    ],
    ids=["a valid body", "a text for an id", "null", "an unknown argument"],
)
def test_arguments_are_described(world: World, body: dict[str, Any], problems: int) -> None:
    """Rule out what the function would reject."""
    schema = rows(world.alice.get("/rpc/json_schema?of=create_samples_arguments"))

    errors = Draft202012Validator(schema).iter_errors(world.batch() | {"samples": []} | body)

    assert len(list(errors)) == problems


def test_all_schemas_are_those_of_the_description(world: World) -> None:
    """Put them into $defs."""
    schemas = rows(world.alice.get("/rpc/json_schema"))

    assert schemas["$defs"] == description(world)["components"]["schemas"]


@pytest.mark.parametrize("name", ["locations_insert", "nonsense", "", "é'\n"])
def test_schema_that_the_role_does_not_have_is_refused(world: World, name: str) -> None:
    """Answer alike for what another role may use and what does not exist."""
    answer = world.alice.get("/rpc/json_schema", params={"of": name})

    assert problems(answer) == (404, "schema_not_found", {"of": name})
    assert rows(world.olga.get("/rpc/json_schema?of=locations_insert"))["title"] == (
        "locations_insert"
    )


def test_manual_contains_every_resource_and_function(world: World) -> None:
    """Write one page of Markdown from the same comments."""
    answer = world.alice.get("/rpc/manual")
    headings = {line.removeprefix("### ") for line in answer.text.splitlines() if line[:3] == "###"}

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert headings == {*RESOURCES, *FUNCTIONS}
    assert "All or nothing. group_id: a group where you are directly" in answer.text


def test_manual_for_anybody_contains_what_needs_no_token(world: World) -> None:
    """Tell a stranger of nothing that takes a token."""
    text = world.caller("nobody").get("/rpc/manual").text
    headings = {line.removeprefix("### ") for line in text.splitlines() if line[:3] == "###"}

    assert headings == PATHS_OF["nobody"]


def test_version_is_that_of_the_project(world: World) -> None:
    """Give the version of the package."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]

    assert description(world)["info"]["version"] == project["version"]
