"""What a caller tries who wants to know more than they may: oracles, filters, odd notations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.factories import GENOME
from tests.http.world import (
    DRY_RUN,
    PARTIAL,
    REPRESENTATION,
    World,
    problems,
    refusal,
    rows,
)

ABSENT = 999_999_999


def secrets(world: World) -> list[str]:
    """Words that only rows of the group hold."""
    words = ("open-", "hidden-", "own ", "own-", "admin-", "viewer-")
    return [f"{word}{world.name}" for word in words]


def told(world: World, response: httpx.Response) -> list[str]:
    """Which of the secrets a response tells, in body or headers."""
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
    "sample_qc_metrics",
    "jobs",
    "job_outputs",
    "phylo_runs",
    "phylo_trees",
    "groups",
    "me",
)


@pytest.mark.parametrize("query", NOTATIONS.values(), ids=NOTATIONS.keys())
@pytest.mark.parametrize("resource", LISTS)
def test_no_notation_shows_a_stranger_anything(world: World, resource: str, query: str) -> None:
    """PostgreSQL's functional notation reaches functions that no list names."""
    response = world.stranger.get(f"/{resource}?{query}")

    assert told(world, response) == []


def test_notations_show_a_member_what_they_read(world: World) -> None:
    """The allow twin: the odd notation works, and the words are those that rows hold."""
    response = world.member.get("/samples?select=json_agg")

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
    """From data that everybody reads to data that few do."""
    response = world.stranger.get(f"/{path}", prefer="count=exact")

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
    """A hit would confirm a guess."""
    query = query.format(f"open-{world.name}")

    assert rows(world.caller(who).get(f"/samples?select=id&{query}")) == []


@pytest.mark.parametrize("query", MASKED_FILTERS.values(), ids=MASKED_FILTERS.keys())
@pytest.mark.parametrize(
    ("method", "options"), [("PATCH", {"json": {"host": "x"}}), ("DELETE", {})]
)
def test_write_by_a_masked_column_finds_nothing(
    world: World, method: str, options: dict[str, Any], query: str
) -> None:
    """Neither done nor refused."""
    query = query.format(f"open-{world.name}")

    response = world.viewer.ask(
        method, f"/samples?group_id=eq.{world.group}&{query}", prefer=REPRESENTATION, **options
    )

    assert rows(response) == []


@pytest.mark.parametrize("who", PARTIAL)
def test_order_by_a_masked_column_is_no_order(world: World, who: str) -> None:
    """All are null, so up and down are the same."""
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
def test_masked_column_stays_masked_from_afar(
    world: World, who: str, path: str, seen: list[dict[str, None]]
) -> None:
    """Wherever the sample is embedded."""
    assert rows(world.caller(who).get(f"/{path.format(f'open-{world.name}')}")) == seen


CASTS = {
    "a masked column": "private_identifier",
    "an identifier": "public_identifier",
}


@pytest.mark.parametrize("column", CASTS.values(), ids=CASTS.keys())
def test_failing_cast_does_not_quote_others_rows(world: World, column: str) -> None:
    """An error shows the value it failed on, so it must never reach one."""
    response = world.stranger.get(f"/samples?select={column}::integer&group_id=eq.{world.group}")

    assert rows(response) == []


def test_failing_cast_does_not_quote_a_masked_column(world: World) -> None:
    """For a viewer there is nothing to cast."""
    response = world.viewer.get(f"/samples?select=private_identifier::integer&id=eq.{world.open}")

    assert rows(response) == [{"private_identifier": None}]


def without(body: dict[str, Any], sample: int) -> dict[str, Any]:
    """An error without the id that was asked about."""
    asked = f'"sample_id": {sample}'
    return {key: value and value.replace(asked, "") for key, value in body.items()}


POSTS: dict[str, tuple[str, dict[str, Any], tuple[int, str]]] = {
    "into their group": ("own", {}, (403, "42501")),
    "into one's own group": ("other", {}, (409, "23503")),
    "with bad letters into their group": ("own", {"sequence": "?"}, (400, "invalid_sequence")),
    "with bad letters into one's own": ("other", {"sequence": "?"}, (400, "invalid_sequence")),
    "with a bad date": ("own", {"sequencing_date": "2999-01-01"}, (400, "invalid_sequence")),
    "without a sequence": ("own", {"sequence": None}, (403, "42501")),
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
    """Word for word, with or without upsert."""
    path = "/sequences?on_conflict=group_id,sample_id" if resolution else "/sequences"
    wanted = (getattr(world, sample), ABSENT)

    there, absent = (
        world.stranger.post(
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
    """The letters are checked before the policies are, for a row the viewer sees in part."""
    response = world.caller(who).post("/sequences", json=world.sequence(sequence="?"))

    status, code, [problem] = problems(response)
    assert (status, code, problem["private_identifier"]) == (400, "invalid_sequence", None)


def test_refused_sequence_names_the_sample_to_a_member(world: World) -> None:
    """The allow twin."""
    response = world.member.post("/sequences", json=world.sequence(sequence="?"))

    assert problems(response)[2][0]["private_identifier"] == f"open-{world.name}"


def test_sequence_does_not_move_to_another_group(world: World) -> None:
    """Not even for a member of both, and not by an upsert either."""
    both = world.caller("admin", groups={world.group: "admin", world.other: "admin"})

    response = both.patch(
        f"/sequences?sample_id=eq.{world.open}",
        json={"group_id": world.other, "sample_id": world.foreign},
        prefer=DRY_RUN,
    )

    assert refusal(response) == (400, "read_only_column")


PRIVATE_FUNCTIONS = (
    "fail",
    "pre_request",
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
def test_function_that_is_no_part_of_the_api_is_not_there(world: World, function: str) -> None:
    """Neither ours nor PostgreSQL's."""
    response = world.operator.post(f"/rpc/{function}", json={})

    assert refusal(response) == (404, "PGRST202")


PRIVATE_TABLES = (
    "users",
    "memberships",
    "audit_log",
    "storage_credentials",
    "share_links",
    "phylo_tree_tips",
    "aligned_sequences",
    "pg_roles",
    "pg_stat_activity",
)


@pytest.mark.parametrize("table", PRIVATE_TABLES)
def test_table_that_is_no_part_of_the_api_is_not_there(world: World, table: str) -> None:
    """The schema of the API holds views alone."""
    assert refusal(world.operator.get(f"/{table}")) == (404, "42P01")


def test_error_of_a_broken_rule_does_not_quote_the_row(world: World) -> None:
    """PostgreSQL would show the whole row; under row-level security it does not."""
    response = world.admin.patch(
        f"/phylo_runs?id=eq.{world.run}", json={"name": "x" * 129}, prefer=DRY_RUN
    )

    assert response.json() == {
        "code": "23514",
        "details": None,
        "hint": None,
        "message": 'new row for relation "jobs" violates check constraint "jobs_name_length_check"',
    }


def test_error_of_a_taken_key_does_not_quote_the_key(world: World) -> None:
    """Details would name the values."""
    response = world.member.post("/sequences", json=world.sequence(), prefer=DRY_RUN)

    assert (refusal(response), response.json()["details"]) == ((409, "23505"), None)


def test_sample_of_a_stranger_may_have_the_same_names(world: World) -> None:
    """What is unique is unique in a group: nobody learns that a name is taken elsewhere."""
    response = world.stranger.post(
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
