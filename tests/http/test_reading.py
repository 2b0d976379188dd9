"""Lists: who sees which rows, embedding, paging, counting, ordering, CSV."""

from __future__ import annotations

import pytest

from tests import factories
from tests.http.world import BLIND, FULL, PARTIAL, World, refusal, rows

# One page of a sample list as a web app draws it.
PAGE = (
    "/samples?select=*,location:locations(*),lineages:sample_lineages(*),qc:sample_qc_metrics(*),"
    "accessions(*)&order=id.desc&limit=100"
)
READ_LIKE_THE_SAMPLE = ("samples", "sample_lineages", "sample_qc_metrics", "accessions")
READ_BY_ALL_WHO_SEE_THE_GROUP = ("jobs", "phylo_runs", "phylo_trees", "job_outputs")
REFERENCE_DATA = ("pathogens", "locations", "lineages", "public_repositories")
RESOURCES = (
    *READ_LIKE_THE_SAMPLE,
    *READ_BY_ALL_WHO_SEE_THE_GROUP,
    *REFERENCE_DATA,
    "sequences",
    "groups",
    "me",
)


def test_page_of_samples_is_one_request(world: World) -> None:
    """Every relationship is unambiguous, and each row brings what belongs to it."""
    page = rows(world.member.get(PAGE))

    assert [
        (
            row["id"],
            row["private_identifier"],
            row["location"]["country"],
            [lineage["lineage"] for lineage in row["lineages"]],
            [metric["qc_status"] for metric in row["qc"]],
            [accession["accession"] for accession in row["accessions"]],
        )
        for row in page
    ] == [
        (world.hidden, f"hidden-{world.name}", "France", ["BA.2"], ["good"], ["EPI_ISL_1"]),
        (world.open, f"open-{world.name}", "France", ["BA.2"], ["good"], ["EPI_ISL_1"]),
    ]


@pytest.mark.parametrize("who", PARTIAL)
def test_page_of_samples_is_one_request_for_viewers_too(world: World, who: str) -> None:
    """They get the same page with less on it."""
    page = rows(world.caller(who).get(PAGE))

    assert [
        (row["id"], row["private_identifier"], row["public_identifier"], len(row["lineages"]))
        for row in page
    ] == [(world.open, None, f"public-open-{world.name}", 1)]


def test_raw_output_of_a_qc_caller_comes_when_it_is_named(world: World) -> None:
    """With the row, embedded, and one of its columns; a list of everything goes without it."""
    of_the_open_one = f"sample_id=eq.{world.open}"
    everything = rows(world.member.get(f"/sample_qc_metrics?{of_the_open_one}"))
    named = rows(world.member.get(f"/sample_qc_metrics?select=*,raw_output&{of_the_open_one}"))
    embedded = rows(
        world.member.get(f"/samples?select=id,qc:sample_qc_metrics(raw_output)&id=eq.{world.open}")
    )
    one_column = rows(
        world.member.get(f"/sample_qc_metrics?select=clade:raw_output->>clade&{of_the_open_one}")
    )

    assert "raw_output" not in everything[0]
    assert named == [everything[0] | {"raw_output": {"clade": "21L"}}]
    assert embedded == [{"id": world.open, "qc": [{"raw_output": {"clade": "21L"}}]}]
    assert one_column == [{"clade": "21L"}]


@pytest.mark.parametrize("who", FULL)
@pytest.mark.parametrize("resource", READ_LIKE_THE_SAMPLE)
def test_members_see_rows_of_private_samples(world: World, resource: str, who: str) -> None:
    """By a direct role or by a grant of one."""
    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == 2


@pytest.mark.parametrize("who", PARTIAL)
@pytest.mark.parametrize("resource", READ_LIKE_THE_SAMPLE)
def test_viewers_see_rows_of_other_samples_only(world: World, resource: str, who: str) -> None:
    """A lineage or an accession is as private as its sample."""
    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == 1


@pytest.mark.parametrize("who", (*FULL, *PARTIAL))
@pytest.mark.parametrize("resource", READ_BY_ALL_WHO_SEE_THE_GROUP)
def test_work_of_a_group_is_seen_by_all_who_see_the_group(
    world: World, resource: str, who: str
) -> None:
    """Jobs (the run, and two that each of two sequences queued), runs, trees and outputs."""
    count = 5 if resource == "jobs" else 1

    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == count


@pytest.mark.parametrize("who", BLIND)
@pytest.mark.parametrize(
    "resource", (*READ_LIKE_THE_SAMPLE, *READ_BY_ALL_WHO_SEE_THE_GROUP, "sequences")
)
def test_others_see_nothing_of_a_group(world: World, resource: str, who: str) -> None:
    """Neither a stranger nor an operator, and not an error either."""
    assert rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}")) == []


@pytest.mark.parametrize("who", FULL)
def test_members_see_sequences(world: World, who: str) -> None:
    """With the sites counted."""
    response = world.caller(who).get(
        f"/sequences?select=sample_id,num_unambiguous_sites&order=id&group_id=eq.{world.group}"
    )

    assert rows(response) == [
        {"sample_id": world.open, "num_unambiguous_sites": 1000},
        {"sample_id": world.hidden, "num_unambiguous_sites": 1000},
    ]


@pytest.mark.parametrize("who", PARTIAL)
def test_viewers_see_no_sequence(world: World, who: str) -> None:
    """Not even of samples that are not private."""
    assert rows(world.caller(who).get(f"/sequences?group_id=eq.{world.group}")) == []


@pytest.mark.parametrize("who", ["viewer", "stranger", "operator"])
@pytest.mark.parametrize("resource", REFERENCE_DATA)
def test_reference_data_is_for_everyone_signed_in(world: World, resource: str, who: str) -> None:
    """Whatever groups they have."""
    factories.insert(
        world.conn, "lineages", {"pathogen_id": world.pathogen, "lineage": f"{who} {resource}"}
    )

    assert rows(world.caller(who).get(f"/{resource}")) != []


@pytest.mark.parametrize("resource", RESOURCES)
def test_without_a_token_nothing_is_read(world: World, resource: str) -> None:
    """401 with a challenge, because a token would help."""
    response = world.nobody.get(f"/{resource}")

    assert refusal(response) == (401, "42501")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_health_needs_no_token(world: World) -> None:
    """And asks the database."""
    answer = rows(world.nobody.get("/rpc/health"))

    assert (answer["status"], sorted(answer)) == ("ok", ["database_time", "status"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stable_function_answers_get_and_post(world: World, method: str) -> None:
    """A link works as well as a call."""
    assert rows(world.nobody.ask(method, "/rpc/health"))["status"] == "ok"


EMBEDDINGS = {
    "sequence of a sample": ("samples?select=id,sequences(num_mixed)", "sequences"),
    "pathogen of a sample": ("samples?select=id,pathogens(slug)", "pathogens"),
    "uploader of a sample": ("samples?select=id,uploaded_by:me(name)", "uploaded_by"),
    "group of a sample": ("samples?select=id,groups(prefix)", "groups"),
    "sample of a sequence": ("sequences?select=id,samples(public_identifier)", "samples"),
    "sample of a lineage": ("sample_lineages?select=id,samples(public_identifier)", "samples"),
    "sample of a metric": ("sample_qc_metrics?select=id,samples(public_identifier)", "samples"),
    "sample of an accession": ("accessions?select=id,samples(public_identifier)", "samples"),
    "repository of an accession": (
        "accessions?select=id,public_repositories(name)",
        "public_repositories",
    ),
    "pathogen of a run": ("phylo_runs?select=id,pathogens(slug)", "pathogens"),
    "outputs of a job": ("jobs?select=id,job_outputs(kind)", "job_outputs"),
    "tree of a job": ("jobs?select=id,phylo_trees(tip_count)", "phylo_trees"),
    "outputs of a run": ("phylo_runs?select=id,job_outputs(kind)", "job_outputs"),
    "tree of a run": ("phylo_runs?select=id,phylo_trees(tip_count)", "phylo_trees"),
    "run of a tree": ("phylo_trees?select=id,phylo_runs(status)", "phylo_runs"),
    "job of an output": ("job_outputs?select=id,jobs(kind)", "jobs"),
    "default place of a group": ("groups?select=id,locations(country)", "locations"),
    "lineages of a pathogen": ("pathogens?select=id,lineages(lineage)", "lineages"),
}


@pytest.mark.parametrize(("path", "key"), EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_resource_embeds_its_neighbour(world: World, path: str, key: str) -> None:
    """Along each foreign key, by the neighbour's plain name."""
    first = rows(world.admin.get(f"/{path}&order=id.desc&limit=1"))[0]

    assert sorted(first) == sorted(["id", key])


def test_embedding_filters_by_what_it_embeds(world: World) -> None:
    """The samples of a lineage."""
    path = "/samples?select=id,sample_lineages!inner(lineage)&order=id"

    assert [
        len(rows(world.member.get(f"{path}&sample_lineages.lineage={wanted}")))
        for wanted in ("eq.BA.2", "eq.XBB")
    ] == [2, 0]


def test_page_tells_its_range_and_the_count(world: World) -> None:
    """206, because there is more."""
    response = world.member.get("/samples?order=id&limit=1", prefer="count=exact")

    assert (response.status_code, response.headers["Content-Range"]) == (206, "0-0/2")


def test_range_header_pages_too(world: World) -> None:
    """As RFC 7233 has it."""
    response = world.member.get("/samples?select=id&order=id", headers={"Range": "1-1"})

    assert (rows(response), response.headers["Content-Range"]) == ([{"id": world.hidden}], "1-1/*")


def test_page_after_the_last_is_refused_when_counted(world: World) -> None:
    """416 tells a client to stop."""
    response = world.member.get("/samples?order=id&offset=9", prefer="count=exact")

    assert refusal(response) == (416, "PGRST103")


def test_head_counts_without_rows(world: World) -> None:
    """The cheapest way to know how many."""
    response = world.member.ask("HEAD", "/samples", prefer="count=exact")

    assert (response.content, response.headers["Content-Range"]) == (b"", "0-1/2")


def test_count_is_of_what_the_caller_may_see(world: World) -> None:
    """A count of more would tell."""
    response = world.guest.ask("HEAD", "/samples", prefer="count=exact")

    assert response.headers["Content-Range"] == "0-0/1"


def test_keyset_pages_join_without_gap_or_overlap(world: World) -> None:
    """The last id of a page begins the next."""
    first = rows(world.member.get("/samples?select=id&order=id.desc&limit=1"))
    second = rows(
        world.member.get(f"/samples?select=id&order=id.desc&limit=1&id=lt.{first[-1]['id']}")
    )

    assert first + second == [{"id": world.hidden}, {"id": world.open}]


def test_single_object_is_asked_for_by_its_media_type(world: World) -> None:
    """Instead of a list of one."""
    response = world.member.get(
        f"/samples?select=id&id=eq.{world.open}", accept="application/vnd.pgrst.object+json"
    )

    assert rows(response) == {"id": world.open}


def test_csv_of_a_list(world: World) -> None:
    """With the columns in the order selected; null is empty."""
    response = world.viewer.get(
        "/samples?select=collection_date,private_identifier,public_identifier", accept="text/csv"
    )

    assert (response.headers["Content-Type"], response.text) == (
        "text/csv; charset=utf-8",
        "collection_date,private_identifier,public_identifier\n"
        f"2024-02-01,,public-open-{world.name}",
    )


def test_me_is_the_caller_with_every_group_seen(world: World) -> None:
    """Direct and granted, each with its role."""
    [me] = rows(world.guest.get("/me?select=subject,groups"))

    assert me == {
        "subject": f"guest-{world.name}",
        "groups": [
            {"id": world.group, "name": f"own {world.name}", "role": "viewer", "is_granted": True},
            {
                "id": world.groups["guest"],
                "name": f"guest {world.name}",
                "role": "member",
                "is_granted": False,
            },
        ],
    }


GROUPS_SEEN = {
    "admin": ["own"],
    "member": ["own"],
    "viewer": [],
    "partner": ["partner"],
    "guest": ["guest"],
    "stranger": ["other"],
    "operator": ["own", "partner", "guest", "other"],
}


@pytest.mark.parametrize(("who", "seen"), GROUPS_SEEN.items(), ids=GROUPS_SEEN.keys())
def test_groups_are_read_by_their_members_and_by_operators(
    world: World, who: str, seen: list[str]
) -> None:
    """A viewer or a grant is not enough for the group's own row."""
    listed = rows(world.caller(who).get(f"/groups?select=name&name=like.*{world.name}&order=id"))

    assert [group["name"] for group in listed] == [f"{key} {world.name}" for key in seen]


def test_what_runs_a_job_is_not_told(world: World) -> None:
    """Executor and handle are the operators' business."""
    jobs = rows(world.member.get("/jobs"))

    assert [job for job in jobs if {"executor", "executor_handle"} & job.keys()] == []
    assert jobs != []
