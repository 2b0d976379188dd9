"""Generated requests are answered without a 5xx, and never with another group's data."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import GENOME
from tests.http.leaks import leaks
from tests.http.world import DRY_RUN, World

# Every example is a request. make attack tries thousands.
FUZZ = settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# What ends a number, a string, a JSON document, a line or a statement early.
ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ufeff",
        "\r\n",
        "'; drop table samples; --",
        '"',
        "\\",
        "{",
        "[]",
        "{a,b}",
        "NULL",
        "NaN",
        "-Infinity",
        "infinity",
        "0x10",
        "9" * 40,
        "2024-02-30",
        "99999-01-01",
        "epoch",
        "é☃𐍈",
        "x" * 5000,
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    ODD_TEXTS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
SAMPLE_COLUMNS = (
    "private_identifier",
    "public_identifier",
    "collection_date",
    "location_id",
    "is_private",
    "authors",
    "organism",
    "host",
    "sample_collector_contact_email",
)
POST_COLUMNS = ("id", "group_id", "pathogen_id", "uploaded_by_id", "created_at", *SAMPLE_COLUMNS)
ERROR_KEYS = {"code", "message", "details", "hint"}
BATCH_COLUMNS = (
    "sequence",
    "sequencing_date",
    "sequencing_depth",
    "region",
    "country",
    "division",
    "location",
    *SAMPLE_COLUMNS,
)


def changes(columns: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Return up to three columns, each with a value of any kind."""
    return st.dictionaries(st.sampled_from(columns), VALUES, max_size=3)


def harm_of(world: World, response: httpx.Response) -> list[str]:
    """Return what is wrong with an answer: a fault of ours, a foreign word, an unknown shape."""
    is_our_shape = response.is_success or response.json().keys() == ERROR_KEYS
    harm = {
        f"status {response.status_code}": response.status_code >= 500,
        "data of the other group": f"foreign-{world.name}" in response.text,
        "names or values that are hidden": leaks(world, response) != [],
        "an error of another shape": not is_our_shape,
    }
    return [f"{what}: {response.text}" for what, is_so in harm.items() if is_so]


@FUZZ
@given(change=changes(POST_COLUMNS))
def test_posted_sample_is_stored_or_refused(world: World, change: dict[str, Any]) -> None:
    """Replace some values of a valid sample."""
    response = world.alice.post(
        "/samples",
        json=world.sample("fuzz") | change,
        prefer=f"return=representation,{DRY_RUN}",
    )

    assert harm_of(world, response) == []


@FUZZ
@given(change=changes(POST_COLUMNS))
def test_changed_sample_is_stored_or_refused(world: World, change: dict[str, Any]) -> None:
    """Change all samples that the caller sees at once."""
    response = world.alice.patch("/samples", json=change, prefer=f"return=representation,{DRY_RUN}")

    assert harm_of(world, response) == []


@FUZZ
@given(
    samples=st.lists(changes(BATCH_COLUMNS) | VALUES, max_size=3),
    arguments=changes(("group_id", "pathogen", "on_conflict", "samples")),
)
def test_batch_is_stored_or_refused(
    world: World, samples: list[Any], arguments: dict[str, Any]
) -> None:
    """Replace values of valid samples, among any other arguments."""
    good = world.batch_sample("fuzz", sequence=GENOME)
    batch = [good | sample if isinstance(sample, dict) else sample for sample in samples]

    response = world.alice.post(
        "/rpc/create_samples", json=world.batch(*batch) | arguments, prefer=DRY_RUN
    )

    assert harm_of(world, response) == []


@FUZZ
@given(
    change=changes(
        ("group_id", "sample_id", "sequence", "sequencing_date", "sequencing_depth", "num_mixed")
    )
)
def test_upserted_sequence_is_stored_or_refused(world: World, change: dict[str, Any]) -> None:
    """Replace some values of a valid sequence."""
    response = world.alice.post(
        "/sequences?on_conflict=group_id,sample_id",
        json=[world.sequence() | change],
        prefer=f"return=representation,resolution=merge-duplicates,{DRY_RUN}",
    )

    assert harm_of(world, response) == []


@FUZZ
@given(
    arguments=changes(("group_id", "pathogen", "name", "samples", "tree_type", "template_args")),
    filters=changes(
        ("filter_start_date", "filter_end_date", "filter_pango_lineages", "location_id", "x")
    ),
)
def test_run_is_queued_or_refused(
    world: World, arguments: dict[str, Any], filters: dict[str, Any]
) -> None:
    """Send any filters and any arguments."""
    response = world.alice.post(
        "/rpc/create_phylo_run",
        json=world.run_request(template_args=filters) | arguments,
        prefer=DRY_RUN,
    )

    assert harm_of(world, response) == []


@FUZZ
@given(
    samples=st.lists(changes((*BATCH_COLUMNS, "id", "identifier")) | VALUES, max_size=3),
    arguments=changes(("group_id", "samples")),
)
def test_batch_of_changes_is_stored_or_refused(
    world: World, samples: list[Any], arguments: dict[str, Any]
) -> None:
    """Change a sample that exists, among anything else."""
    request = {"group_id": world.group, "samples": [{"id": world.open}, *samples]} | arguments

    response = world.alice.post("/rpc/update_samples", json=request, prefer=DRY_RUN)

    assert harm_of(world, response) == []


@FUZZ
@given(
    arguments=changes(("group_id", "ids", "identifiers")),
    ids=st.lists(VALUES, max_size=2),
    names=st.lists(VALUES, max_size=2),
)
def test_batch_is_deleted_or_refused(
    world: World, arguments: dict[str, Any], ids: list[Any], names: list[Any]
) -> None:
    """Delete a sample that exists, among anything else."""
    lists = {"ids": [world.open, *ids], "identifiers": names}
    request = {"group_id": world.group} | lists | arguments

    response = world.alice.post("/rpc/delete_samples", json=request, prefer=DRY_RUN)

    assert harm_of(world, response) == []


@FUZZ
@given(
    arguments=changes(("pathogen", "identifiers", "group_id")),
    names=st.lists(VALUES, max_size=3),
)
def test_identifiers_are_told_or_refused(
    world: World, arguments: dict[str, Any], names: list[Any]
) -> None:
    """Send any names among any other arguments."""
    request = {"pathogen": "SC2", "identifiers": names, "group_id": world.group} | arguments

    response = world.vic.post("/rpc/validate_sample_identifiers", json=request)

    assert harm_of(world, response) == []


REFERENCE_ROWS: dict[str, dict[str, Any]] = {
    "pathogens": {"slug": "FUZZ", "name": "Fuzz", "organism": "Fuzz virus", "lineage_caller": None},
    "locations": {"region": "Fuzz", "country": None, "latitude": None, "longitude": None},
    "lineages": {"pathogen_id": 1, "lineage": "FUZZ.1"},
    "lineage_aliases": {"pathogen_id": 1, "alias": "Fuzz", "patterns": ["FUZZ.1*"]},
    "usher_options": {"pathogen_id": 1, "description": "Fuzz", "value": "fuzz", "priority": 1},
    "public_repositories": {"name": "Fuzz"},
    "groups": {"name": "Fuzz group", "prefix": "fuzz", "address": "x"},
}


@FUZZ
@given(data=st.data(), resource=st.sampled_from(sorted(REFERENCE_ROWS)))
def test_row_of_an_operator_is_stored_or_refused(
    world: World, data: st.DataObject, resource: str
) -> None:
    """Replace some values of a valid row."""
    row = REFERENCE_ROWS[resource]

    response = world.olga.post(
        f"/{resource}",
        json=row | data.draw(changes(tuple(row))),
        prefer=f"return=representation,{DRY_RUN}",
    )

    assert harm_of(world, response) == []


EXPORT: dict[str, Any] = {
    "pathogen": "SC2",
    "group_id": None,
    "samples": ["nobody's"],
    "lineages": None,
    "collected_from": "2024-01-01",
    "uploaded_to": "2024-01-01",
    "location_id": 0,
}
# A valid call of every function that has no test of its own here.
CALLS: dict[str, dict[str, Any]] = {
    "accept_invitation": {"token": "0123456789abcdef"},
    "cancel_job": {"job_id": 0},
    "export_sequences": EXPORT | {"id_style": "public", "repository": "GISAID"},
    "export_qc_metrics": EXPORT | {"id_style": "public"},
    "create_export": EXPORT | {"group_id": 0, "resource": "samples", "format": "csv"},
    "create_import": {
        "group_id": 0,
        "pathogen": "SC2",
        "metadata_upload_id": 0,
        "sequences_upload_id": 0,
        "on_conflict": "error",
        "incomplete_dates": "reject",
        "is_private": True,
        "private_identifier_column": "strain",
        "public_identifier_column": "id",
        "strain_prefix": "remove",
    },
    "create_upload": {
        "group_id": 0,
        "file_name": "a.fasta",
        "size_bytes": 1,
        "checksum_sha256": "0" * 64,
    },
    "create_webhook": {
        "group_id": 0,
        "url": "https://hooks.example.org/",
        "kinds": ["tree.ready"],
    },
    "replay_webhook": {"id": 0, "after_event_id": 0},
    "rotate_webhook_secret": {"id": 0, "overlap_hours": 24},
    "explain_access": {"resource": "samples", "id": 0, "user_id": 0},
    "grant_access": {
        "group_id": 0,
        "grantee": "nobody",
        "role": "viewer",
        "ends_at": "2999-01-01T00:00:00Z",
    },
    "invite_members": {"group_id": 0, "emails": ["a@example.org"], "role": "viewer", "days": 7},
    "json_schema": {"of": "samples"},
    "output_url": {"id": 0},
    "overview": {"group_id": None, "pathogen": "SC2", "weeks": 4, "collected_to": "2024-02-04"},
    "phylo_tree": {"id": 0, "id_style": "public"},
    "phylo_tree_samples": {"id": 0, "id_style": "public"},
    "restore_samples": {"group_id": 0, "ids": [0], "at": "2024-01-01T00:00:00Z"},
    "revoke_invitation": {"id": 0},
    "revoke_machine_token": {"id": 0},
    "revoke_share_link": {"id": 0},
    "samples_as_of": {"at": "2999-01-01T00:00:00Z", "group_id": 0},
    "samples_left_out": EXPORT,
    "share_phylo_tree": {"phylo_tree_id": 0, "hours": 1},
    "share_sequences": {
        "group_id": 0,
        "pathogen": "SC2",
        "samples": ["nobody's"],
        "is_usher_safe": True,
        "hours": 1,
    },
    "shared_phylo_tree": {"token": "0123456789abcdef"},
    "shared_sequences": {"token": "0123456789abcdef"},
    "submission_template": EXPORT | {"id_style": "public", "repository": "GISAID"},
    "search_locations": {"query": "frnace", "depth": "location"},
    "expand_lineages": {"pathogen": "SC2", "lineages": ["BA.1*"]},
    "lineage_filters": {"pathogen": "SC2"},
    "retry_job": {"job_id": 0},
    "upload_links": {"id": 0},
}


TRIED_ABOVE = [
    "create_phylo_run",
    "create_samples",
    "delete_samples",
    "update_samples",
    "validate_sample_identifiers",
]


@FUZZ
@given(data=st.data(), function=st.sampled_from(sorted(CALLS)))
def test_any_argument_is_answered_or_refused(
    world: World, data: st.DataObject, function: str
) -> None:
    """Replace some arguments of a valid call."""
    arguments = CALLS[function]

    response = world.alice.post(
        f"/rpc/{function}", json=arguments | data.draw(changes(tuple(arguments))), prefer=DRY_RUN
    )

    assert harm_of(world, response) == []


def test_every_function_with_arguments_is_tried(world: World) -> None:
    """Miss none that a member may call."""
    found = world.conn.execute(
        "select distinct proname from pg_proc where pronamespace = 'api'::regnamespace"
        " and proargnames is not null and proargnames[1] <> ''"
        " and coalesce(proargmodes[1], 'i') = 'i'"
        " and has_function_privilege('member', oid, 'execute')"
    ).fetchall()

    assert sorted(name for (name,) in found) == sorted([*CALLS, *TRIED_ABOVE])


@FUZZ
@given(
    change=changes(
        ("name", "email", "agreed_to_tos", "acknowledged_policy_version", "gisaid_submitter_id")
    )
)
def test_change_of_oneself_is_stored_or_refused(world: World, change: dict[str, Any]) -> None:
    """Send any values of a user's own row."""
    response = world.alice.patch("/me", json=change, prefer=f"return=representation,{DRY_RUN}")

    assert harm_of(world, response) == []


@FUZZ
@given(body=VALUES.map(json.dumps) | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_body_is_stored_or_refused(world: World, body: str) -> None:
    """Send JSON of any shape, and text that is not JSON."""
    response = world.alice.post_text("/samples", body, prefer=DRY_RUN)

    assert harm_of(world, response) == []


@FUZZ
@given(
    column=st.sampled_from(("id", "private_identifier", "collection_date", "authors", "host")),
    operator=st.sampled_from(
        ("eq", "neq", "gt", "like", "in", "is", "cs", "fts", "match", "not.eq")
    ),
    value=SCALARS,
)
def test_any_filter_is_answered_or_refused(
    world: World, column: str, operator: str, value: object
) -> None:
    """Filter any column by any value."""
    response = world.alice.get("/samples", params={column: f"{operator}.{value}"})

    assert harm_of(world, response) == []
