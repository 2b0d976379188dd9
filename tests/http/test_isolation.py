"""Attempts to learn of hidden rows: oracles, filters, odd notations, over each way to connect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from control.cluster.bouncer import POOLINGS
from tests.factories import GENOME
from tests.failover.stage import needs_cluster
from tests.http.pools import run_pool
from tests.http.world import DRY_RUN, REPRESENTATION, World, problems, refusal, rows
from tests.people import PARTIAL
from tests.servers import Api

ABSENT = 999_999_999
DIRECTLY = "direct"


@pytest.fixture(
    scope="module",
    params=[DIRECTLY, *(pytest.param(pooling, marks=needs_cluster) for pooling in POOLINGS)],
)
def world(
    request: pytest.FixtureRequest, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Store a lab whose people ask with and without PgBouncer, which has one connection for all."""
    with api.database.connect() as conn:
        if request.param == DIRECTLY:
            yield World(api, conn)
            return
        home = tmp_path_factory.mktemp("pgbouncer")
        with (
            run_pool(api, home, request.param, most_servers=1) as pool,
            pool.api_at_the_edge() as pooled,
        ):
            yield World(pooled, conn)


def secrets(world: World) -> list[str]:
    """Return words that only rows of the group hold."""
    words = ("open-", "hidden-", "own ", "own-", "admin-", "viewer-")
    return [f"{word}{world.name}" for word in words]


def told(world: World, response: httpx.Response) -> list[str]:
    """Return the secrets that a response tells, in body or headers."""
    text = f"{response.headers}{response.text}"
    return [secret for secret in secrets(world) if secret in text]


# Every list in every notation that reads whole rows.
NOTATIONS = {
    "rows": "select=*",
    "rows as JSON": "select=to_jsonb",
    "rows in one array": "select=json_agg",
    "rows as text": "select=text",
    "the first of a column": "select=id.min()",
    "how many": "select=count",
    "size of the rows": "select=pg_column_size",
    "without a page": "limit=100000",
    "one or another": "or=(id.gt.0,id.lt.0)",
    "not none": "id=not.is.null",
}
LISTS = (
    "samples",
    "sequences",
    "accessions",
    "sample_lineages",
    "sample_mutations",
    "sample_qc_metrics",
    "jobs",
    "job_inputs",
    "job_outputs",
    "job_schedules",
    "phylo_runs",
    "phylo_trees",
    "groups",
    "group_members",
    "group_grants",
    "invitations",
    "me",
    "changes",
    "webhooks",
    "events",
)


@pytest.mark.parametrize("resource", LISTS)
def test_no_notation_shows_a_stranger_anything(world: World, resource: str) -> None:
    """Answer nothing through functional notation, which reaches functions that no list names."""
    answers = {name: world.bob.get(f"/{resource}?{query}") for name, query in NOTATIONS.items()}

    assert {name: found for name, one in answers.items() if (found := told(world, one))} == {}


def test_notations_show_a_member_what_they_read(world: World) -> None:
    """Answer a member, which shows that the notation works and the words are right."""
    response = world.alice.get("/samples?select=json_agg")

    assert f"open-{world.name}" in told(world, response)


EMBEDDINGS = {
    "samples of places": "locations?select=*,samples(*)",
    "samples of pathogens": "pathogens?select=*,samples(*,sequences(*))",
    "groups of places": "locations?select=*,groups(*)",
    "jobs of pathogens": "pathogens?select=*,jobs(*),phylo_runs(*)",
    "accessions of repositories": "public_repositories?select=*,accessions(*,samples(*))",
    "uploads of a user": "me?select=*,samples(*),jobs(*)",
    "places of others' samples only": "locations?select=*,samples!inner(*)",
}


@pytest.mark.parametrize("path", EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_no_embedding_leads_a_stranger_to_others_rows(world: World, path: str) -> None:
    """Embed no hidden rows in reference data that everybody reads."""
    response = world.bob.get(f"/{path}", prefer="count=exact")

    assert told(world, response) == []


MASKED_FILTERS = {
    "equal": "private_identifier=eq.{}",
    "like": "private_identifier=like.{}*",
    "any of": "private_identifier=in.({})",
    "not null": "private_identifier=not.is.null",
    "greater": "private_identifier=gt.0",
    "one of two": "or=(private_identifier.eq.{},id.eq.0)",
    "both of two": "and=(private_identifier.like.*,id.gt.0)",
    "matching": "private_identifier=match.^open",
    "full text": "private_identifier=fts.open",
}


@pytest.mark.parametrize("query", MASKED_FILTERS.values(), ids=MASKED_FILTERS.keys())
@pytest.mark.parametrize("who", PARTIAL)
def test_filter_on_a_masked_column_finds_nothing(world: World, who: str, query: str) -> None:
    """Return no row, because a hit would confirm a guess."""
    query = query.format(f"open-{world.name}")

    assert rows(world.caller(who).get(f"/samples?select=id&{query}")) == []


@pytest.mark.parametrize("query", MASKED_FILTERS.values(), ids=MASKED_FILTERS.keys())
@pytest.mark.parametrize(
    ("method", "options"), [("PATCH", {"json": {"host": "x"}}), ("DELETE", {})]
)
def test_write_by_a_masked_column_finds_nothing(
    world: World, method: str, options: dict[str, Any], query: str
) -> None:
    """Neither change a row nor answer with an error."""
    query = query.format(f"open-{world.name}")

    response = world.vic.ask(
        method, f"/samples?group_id=eq.{world.group}&{query}", prefer=REPRESENTATION, **options
    )

    assert rows(response) == []


@pytest.mark.parametrize("who", PARTIAL)
def test_order_by_a_masked_column_is_no_order(world: World, who: str) -> None:
    """Return both directions alike, because every value is null."""
    first, second = (world.bare_sample(f"{name}-{who}") for name in ("aaa", "zzz"))
    path = f"/samples?select=id&id=in.({first},{second})&order=private_identifier"

    up, down = (rows(world.caller(who).get(f"{path}.{direction}")) for direction in ("asc", "desc"))

    assert up == down


MASKED_PATHS: dict[str, tuple[str, list[dict[str, None]]]] = {
    "by a neighbour": (
        "accessions?select=id,samples!inner(id)&samples.private_identifier=eq.{}",
        [],
    ),
    "by another, for all": (
        "sample_lineages?select=id,samples!inner(id)&samples.private_identifier=not.is.null",
        [],
    ),
    "as an aggregate": ("samples?select=private_identifier.max()", [{"max": None}]),
}


@pytest.mark.parametrize(("path", "seen"), MASKED_PATHS.values(), ids=MASKED_PATHS.keys())
@pytest.mark.parametrize("who", PARTIAL)
def test_masked_column_stays_masked_when_embedded(
    world: World, who: str, path: str, seen: list[dict[str, None]]
) -> None:
    """Mask it wherever the sample is embedded."""
    assert rows(world.caller(who).get(f"/{path.format(f'open-{world.name}')}")) == seen


CASTS = {
    "a masked column": "private_identifier",
    "an identifier": "public_identifier",
}


@pytest.mark.parametrize("column", CASTS.values(), ids=CASTS.keys())
def test_failing_cast_does_not_quote_others_rows(world: World, column: str) -> None:
    """Apply a cast to visible rows only, because its error quotes the value."""
    response = world.bob.get(f"/samples?select={column}::integer&group_id=eq.{world.group}")

    assert rows(response) == []


def test_failing_cast_does_not_quote_a_masked_column(world: World) -> None:
    """Give a viewer's cast null instead of the value."""
    response = world.vic.get(f"/samples?select=private_identifier::integer&id=eq.{world.open}")

    assert rows(response) == [{"private_identifier": None}]


def without(body: dict[str, Any], sample: int) -> dict[str, Any]:
    """Return an error without the id that the request named."""
    asked = f'"sample_id": {sample}'
    return {key: value and value.replace(asked, "") for key, value in body.items()}


POSTS: dict[str, tuple[str, dict[str, Any], tuple[int, str]]] = {
    "into their group": ("lab", {}, (403, "42501")),
    "into one's own group": ("others", {}, (409, "23503")),
    "with bad letters into their group": ("lab", {"sequence": "?"}, (400, "invalid_sequence")),
    "with bad letters into one's own": ("others", {"sequence": "?"}, (400, "invalid_sequence")),
    "with a bad date": ("lab", {"sequencing_date": "2999-01-01"}, (400, "invalid_sequence")),
    "without a sequence": ("lab", {"sequence": None}, (400, "invalid_sequence")),
}


@pytest.mark.parametrize("sample", ["open", "hidden"])
@pytest.mark.parametrize(("group", "columns", "answer"), POSTS.values(), ids=POSTS.keys())
@pytest.mark.parametrize("resolution", ["", ",resolution=merge-duplicates"])
def test_sequence_for_anothers_sample_is_refused_as_if_it_were_absent(
    world: World,
    group: str,
    columns: dict[str, Any],
    answer: tuple[int, str],
    resolution: str,
    sample: str,
) -> None:
    """Answer word for word alike, with or without upsert."""
    path = "/sequences?on_conflict=group_id,sample_id" if resolution else "/sequences"
    wanted = (getattr(world, sample), ABSENT)

    there, absent = (
        world.bob.post(
            path,
            json=world.sequence(sample_id, group_id=world.groups[group]) | columns,
            prefer=f"{DRY_RUN}{resolution}",
        )
        for sample_id in wanted
    )

    assert refusal(there) == refusal(absent) == answer
    assert without(there.json(), wanted[0]) == without(absent.json(), wanted[1])


@pytest.mark.parametrize("who", PARTIAL)
def test_refused_sequence_does_not_name_the_sample_to_a_viewer(world: World, who: str) -> None:
    """Leave the name out, because bases are checked before policies.

    The viewer sees the sample, but not its private identifier.
    """
    response = world.caller(who).post("/sequences", json=world.sequence(sequence="?"))

    status, code, [problem] = problems(response)
    assert (status, code, problem["private_identifier"]) == (400, "invalid_sequence", None)


def test_refused_sequence_names_the_sample_to_a_member(world: World) -> None:
    """Name it to a caller who may read the name."""
    response = world.alice.post("/sequences", json=world.sequence(sequence="?"))

    assert problems(response)[2][0]["private_identifier"] == f"open-{world.name}"


def test_sequence_does_not_move_to_another_group(world: World) -> None:
    """Reject it even for a member of both groups, and by upsert."""
    both = world.caller("ada", groups={world.group: "admin", world.other: "admin"})

    response = both.patch(
        f"/sequences?sample_id=eq.{world.open}",
        json={"group_id": world.other, "sample_id": world.foreign},
        prefer=DRY_RUN,
    )

    assert refusal(response) == (400, "read_only_column")


PRIVATE_FUNCTIONS = (
    "fail",
    "pre_request",
    "admit_request",
    "noted_answer",
    "caller_groups",
    "presigned_url",
    "sequences_fasta",
    "fasta",
    "insert_sample",
    "generated_public_identifier",
    "set_config",
    "pg_sleep",
    "pg_read_file",
)


@pytest.mark.parametrize("function", PRIVATE_FUNCTIONS)
def test_function_outside_the_api_is_not_found(world: World, function: str) -> None:
    """Serve neither our internal functions nor PostgreSQL's."""
    response = world.olga.post(f"/rpc/{function}", json={})

    assert refusal(response) == (404, "PGRST202")


PRIVATE_TABLES = (
    "users",
    "memberships",
    "audit_log",
    "storage_credentials",
    "phylo_tree_tips",
    "aligned_sequences",
    "pg_roles",
    "pg_stat_activity",
)


@pytest.mark.parametrize("table", PRIVATE_TABLES)
def test_table_outside_the_api_is_not_found(world: World, table: str) -> None:
    """Serve the views of the schema api only."""
    assert refusal(world.olga.get(f"/{table}")) == (404, "42P01")


def test_error_of_a_broken_rule_does_not_quote_the_row(world: World) -> None:
    """Name the rule, and neither the row nor the constraint of the table."""
    response = world.ada.patch(
        f"/phylo_runs?id=eq.{world.run}", json={"name": "x" * 129}, prefer=DRY_RUN
    )

    assert response.json() == {
        "code": "23514",
        "details": '{"rule":"name_length"}',
        "hint": "The description of this API at / says what a column accepts.",
        "message": "A value violates a rule",
    }


def test_error_of_a_taken_key_does_not_quote_the_key(world: World) -> None:
    """Name the columns and not their values."""
    response = world.alice.post("/sequences", json=world.sequence(), prefer=DRY_RUN)

    assert problems(response) == (409, "23505", {"key": "group_id_sample_id"})


def test_sample_of_a_stranger_may_have_the_same_names(world: World) -> None:
    """Keep names unique in a group only, so that no caller learns those of others."""
    response = world.bob.post(
        "/rpc/create_samples",
        json=world.batch(
            world.batch_sample(
                f"open-{world.name}",
                public_identifier=f"public-open-{world.name}",
                sequence=GENOME,
            ),
            group_id=world.other,
        ),
        prefer=DRY_RUN,
    )

    assert rows(response)[0]["outcome"] == "created"
