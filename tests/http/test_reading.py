"""Lists: who sees which rows, embedding, paging, counting, ordering, CSV."""

from __future__ import annotations

import pytest

from tests import factories
from tests.http.world import World, refusal, rows
from tests.people import BLIND, FULL, PARTIAL

# One page of a sample list as a web app draws it.
PAGE = (
    "/samples?select=*,location:locations(*),lineages:sample_lineages(*),qc:sample_qc_metrics(*),"
    "accessions(*)&order=id.desc&limit=100"
)
READ_LIKE_THE_SAMPLE = (
    "samples",
    "sample_lineages",
    "sample_mutations",
    "sample_qc_metrics",
    "accessions",
)
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
    """Embed every related row without naming a foreign key."""
    page = rows(world.alice.get(PAGE))

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
    """Return the same page with fewer rows and values."""
    page = rows(world.caller(who).get(PAGE))

    assert [
        (row["id"], row["private_identifier"], row["public_identifier"], len(row["lineages"]))
        for row in page
    ] == [(world.open, None, f"public-open-{world.name}", 1)]


def test_names_of_group_and_people_are_returned_on_request(world: World) -> None:
    """Select, embed and filter by them, also as a viewer of another group."""
    world.conn.execute(
        "update aspen.samples set uploaded_by_id = %s where id = %s",
        [world.users["alice"], world.open],
    )
    of_the_open_one = f"owner->>id=eq.{world.group}&id=eq.{world.open}"

    everything = rows(world.gus.get(f"/samples?id=eq.{world.open}"))
    named = rows(world.gus.get(f"/samples?select=uploaded_by,owner&{of_the_open_one}"))
    missed = rows(world.gus.get(f"/samples?select=owner&owner->>id=eq.{world.other}"))
    embedded = rows(
        world.gus.get(f"/accessions?select=samples(owner->>name)&sample_id=eq.{world.open}")
    )
    trees = rows(world.gus.get("/phylo_trees?select=owner->>name"))
    runs = rows(world.gus.get("/phylo_runs?select=requested_by,owner->>name"))
    jobs = rows(world.gus.get(f"/jobs?select=requested_by,owner->>name&id=eq.{world.run}"))

    name = {"name": f"lab-{world.name}"}
    place = {"division": None, "location": None}
    assert not {"owner", "uploaded_by"} & everything[0].keys()
    assert named == [
        {
            "uploaded_by": {"id": world.users["alice"], "name": f"Alice-{world.name}"},
            "owner": {"id": world.group} | name | place,
        }
    ]
    assert missed == []
    assert embedded == [{"samples": name}]
    assert trees == [name]
    assert (runs, jobs) == ([{"requested_by": None} | name], [{"requested_by": None} | name])


@pytest.mark.parametrize("field", ["owner", "uploaded_by", "requested_by"])
def test_name_of_a_made_up_row_is_not_served(world: World, field: str) -> None:
    """Offer no function that takes a row."""
    row = {"id": world.open, "uploaded_by_id": world.users["bob"]}

    assert refusal(world.alice.post(f"/rpc/{field}", json=row)) == (404, "PGRST202")


def test_mutations_are_embedded_and_filter_samples(world: World) -> None:
    """Find samples by a mutation of the sequence or of a protein."""
    world.conn.execute(
        "update aspen.sample_mutations set substitutions = array['C241T', 'A23403G'],"
        " aa_substitutions = array['S:D614G'] where sample_id = %s",
        [world.open],
    )
    path = "/samples?select=id,sample_mutations!inner(aa_substitutions)&sample_mutations"

    found = rows(world.vic.get(f"{path}.substitutions=cs.{{C241T}}"))
    by_protein = rows(world.vic.get(f"{path}.aa_substitutions=cs.{{S:D614G}}"))
    other = rows(world.vic.get(f"{path}.substitutions=cs.{{C241A}}"))

    assert found == [{"id": world.open, "sample_mutations": [{"aa_substitutions": ["S:D614G"]}]}]
    assert (by_protein, other) == (found, [])


def test_raw_output_of_a_qc_caller_is_returned_on_request(world: World) -> None:
    """Return it with the row, embedded or in part, but not in a list of all columns."""
    of_the_open_one = f"sample_id=eq.{world.open}"
    everything = rows(world.alice.get(f"/sample_qc_metrics?{of_the_open_one}"))
    named = rows(world.alice.get(f"/sample_qc_metrics?select=*,raw_output&{of_the_open_one}"))
    embedded = rows(
        world.alice.get(f"/samples?select=id,qc:sample_qc_metrics(raw_output)&id=eq.{world.open}")
    )
    one_column = rows(
        world.alice.get(f"/sample_qc_metrics?select=clade:raw_output->>clade&{of_the_open_one}")
    )

    assert "raw_output" not in everything[0]
    assert named == [everything[0] | {"raw_output": {"clade": "21L"}}]
    assert embedded == [{"id": world.open, "qc": [{"raw_output": {"clade": "21L"}}]}]
    assert one_column == [{"clade": "21L"}]


@pytest.mark.parametrize("who", FULL)
@pytest.mark.parametrize("resource", READ_LIKE_THE_SAMPLE)
def test_members_see_rows_of_private_samples(world: World, resource: str, who: str) -> None:
    """Show them for a direct role and for a granted one."""
    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == 2


@pytest.mark.parametrize("who", PARTIAL)
@pytest.mark.parametrize("resource", READ_LIKE_THE_SAMPLE)
def test_viewers_see_rows_of_other_samples_only(world: World, resource: str, who: str) -> None:
    """Hide lineages and accessions of private samples as well."""
    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == 1


@pytest.mark.parametrize("who", (*FULL, *PARTIAL))
@pytest.mark.parametrize("resource", READ_BY_ALL_WHO_SEE_THE_GROUP)
def test_work_of_a_group_is_seen_by_all_who_see_the_group(
    world: World, resource: str, who: str
) -> None:
    """Show the run, two jobs for each of two sequences, trees and outputs."""
    count = 5 if resource == "jobs" else 1

    assert len(rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}"))) == count


@pytest.mark.parametrize("who", BLIND)
@pytest.mark.parametrize(
    "resource", (*READ_LIKE_THE_SAMPLE, *READ_BY_ALL_WHO_SEE_THE_GROUP, "sequences")
)
def test_others_see_nothing_of_a_group(world: World, resource: str, who: str) -> None:
    """Return empty lists, not errors, to a stranger and an operator."""
    assert rows(world.caller(who).get(f"/{resource}?group_id=eq.{world.group}")) == []


@pytest.mark.parametrize("who", FULL)
def test_members_see_sequences(world: World, who: str) -> None:
    """Return them with the counts of sites."""
    response = world.caller(who).get(
        f"/sequences?select=sample_id,num_unambiguous_sites&order=id&group_id=eq.{world.group}"
    )

    assert rows(response) == [
        {"sample_id": world.open, "num_unambiguous_sites": 1000},
        {"sample_id": world.hidden, "num_unambiguous_sites": 1000},
    ]


@pytest.mark.parametrize("who", PARTIAL)
def test_viewers_see_no_sequence(world: World, who: str) -> None:
    """Hide sequences even of samples that are not private."""
    assert rows(world.caller(who).get(f"/sequences?group_id=eq.{world.group}")) == []


@pytest.mark.parametrize("who", ["vic", "bob", "olga"])
@pytest.mark.parametrize("resource", REFERENCE_DATA)
def test_reference_data_is_for_everyone_signed_in(world: World, resource: str, who: str) -> None:
    """Show it whatever groups the caller has."""
    factories.insert(
        world.conn, "lineages", {"pathogen_id": world.pathogen, "lineage": f"{who} {resource}"}
    )

    assert rows(world.caller(who).get(f"/{resource}")) != []


@pytest.mark.parametrize("resource", RESOURCES)
def test_nothing_is_read_without_a_token(world: World, resource: str) -> None:
    """Answer 401 with a challenge, because a token would help."""
    response = world.nobody.get(f"/{resource}")

    assert refusal(response) == (401, "42501")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_health_needs_no_token(world: World) -> None:
    """Answer it from the database."""
    answer = rows(world.nobody.get("/rpc/health"))

    assert (answer["status"], sorted(answer)) == ("ok", ["database_time", "status"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stable_function_answers_get_and_post(world: World, method: str) -> None:
    """Accept a link as well as a call."""
    assert rows(world.nobody.ask(method, "/rpc/health"))["status"] == "ok"


EMBEDDINGS = {
    "sequence of a sample": ("samples?select=id,sequences(num_mixed)", "sequences"),
    "pathogen of a sample": ("samples?select=id,pathogens(slug)", "pathogens"),
    "uploader of a sample": ("samples?select=id,uploaded_by:me(name)", "uploaded_by"),
    "group of a sample": ("samples?select=id,groups(prefix)", "groups"),
    "sample of a sequence": ("sequences?select=id,samples(public_identifier)", "samples"),
    "sample of a lineage": ("sample_lineages?select=id,samples(public_identifier)", "samples"),
    "sample of a mutation": ("sample_mutations?select=id,samples(public_identifier)", "samples"),
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
    "links of a tree": ("phylo_trees?select=id,share_links(status)", "share_links"),
    "job of an output": ("job_outputs?select=id,jobs(kind)", "jobs"),
    "default place of a group": ("groups?select=id,locations(country)", "locations"),
    "lineages of a pathogen": ("pathogens?select=id,lineages(lineage)", "lineages"),
}


@pytest.mark.parametrize(("path", "key"), EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_resource_embeds_its_neighbour(world: World, path: str, key: str) -> None:
    """Embed along each foreign key, by the neighbour's plain name."""
    first = rows(world.ada.get(f"/{path}&order=id.desc&limit=1"))[0]

    assert sorted(first) == sorted(["id", key])


def test_embedding_filters_by_what_it_embeds(world: World) -> None:
    """Return the samples of a lineage."""
    path = "/samples?select=id,sample_lineages!inner(lineage)&order=id"

    assert [
        len(rows(world.alice.get(f"{path}&sample_lineages.lineage={wanted}")))
        for wanted in ("eq.BA.2", "eq.XBB")
    ] == [2, 0]


def test_page_tells_its_range_and_the_count(world: World) -> None:
    """Answer 206, because there are more rows."""
    response = world.alice.get("/samples?order=id&limit=1", prefer="count=exact")

    assert (response.status_code, response.headers["Content-Range"]) == (206, "0-0/2")


def test_range_header_pages_a_list(world: World) -> None:
    """Page as RFC 7233 describes."""
    response = world.alice.get("/samples?select=id&order=id", headers={"Range": "1-1"})

    assert (rows(response), response.headers["Content-Range"]) == ([{"id": world.hidden}], "1-1/*")


def test_page_after_the_last_is_refused_when_counted(world: World) -> None:
    """Answer 416, which tells a client to stop."""
    response = world.alice.get("/samples?order=id&offset=9", prefer="count=exact")

    assert refusal(response) == (416, "PGRST103")


def test_head_counts_without_rows(world: World) -> None:
    """Return the count alone, the cheapest way to learn it."""
    response = world.alice.ask("HEAD", "/samples", prefer="count=exact")

    assert (response.content, response.headers["Content-Range"]) == (b"", "0-1/2")


def test_count_is_of_what_the_caller_may_see(world: World) -> None:
    """Count visible rows only, because a larger count would tell of others."""
    response = world.gus.ask("HEAD", "/samples", prefer="count=exact")

    assert response.headers["Content-Range"] == "0-0/1"


def test_keyset_pages_join_without_gap_or_overlap(world: World) -> None:
    """Begin the next page at the last id of a page."""
    first = rows(world.alice.get("/samples?select=id&order=id.desc&limit=1"))
    second = rows(
        world.alice.get(f"/samples?select=id&order=id.desc&limit=1&id=lt.{first[-1]['id']}")
    )

    assert first + second == [{"id": world.hidden}, {"id": world.open}]


def test_single_object_is_asked_for_by_its_media_type(world: World) -> None:
    """Return one object instead of a list of one."""
    response = world.alice.get(
        f"/samples?select=id&id=eq.{world.open}", accept="application/vnd.pgrst.object+json"
    )

    assert rows(response) == {"id": world.open}


def test_list_is_returned_as_csv(world: World) -> None:
    """Write the columns in the order selected, and null as an empty cell."""
    response = world.vic.get(
        "/samples?select=collection_date,private_identifier,public_identifier", accept="text/csv"
    )

    assert (response.headers["Content-Type"], response.text) == (
        "text/csv; charset=utf-8",
        "collection_date,private_identifier,public_identifier\n"
        f"2024-02-01,,public-open-{world.name}",
    )


def test_me_is_the_caller_with_every_group_seen(world: World) -> None:
    """Name direct and granted groups, each with its role."""
    [me] = rows(world.gus.get("/me?select=subject,groups"))

    assert me == {
        "subject": f"gus-{world.name}",
        "groups": [
            {
                "id": world.group,
                "name": f"lab-{world.name}",
                "role": "viewer",
                "is_granted": True,
                "ends_at": None,
                "may": ["read"],
            },
            {
                "id": world.groups["guests"],
                "name": f"guests-{world.name}",
                "role": "viewer",
                "is_granted": False,
                "ends_at": None,
                "may": ["read"],
            },
        ],
    }


GROUPS_SEEN = {
    "ada": ["lab"],
    "alice": ["lab"],
    "vic": [],
    "pat": [],
    "gus": [],
    "bob": ["others"],
    "olga": ["lab", "allies", "partners", "guests", "others"],
}


@pytest.mark.parametrize(("who", "seen"), GROUPS_SEEN.items(), ids=GROUPS_SEEN.keys())
def test_groups_are_read_by_their_members_and_by_operators(
    world: World, who: str, seen: list[str]
) -> None:
    """Hide the group's own row from viewers and from grantees."""
    listed = rows(world.caller(who).get(f"/groups?select=name&name=like.*{world.name}&order=id"))

    assert [group["name"] for group in listed] == [f"{key}-{world.name}" for key in seen]


def test_executor_of_a_job_is_hidden(world: World) -> None:
    """Hide executor and handle, which are for operators."""
    jobs = rows(world.alice.get("/jobs"))

    assert [job for job in jobs if {"executor", "executor_handle"} & job.keys()] == []
    assert jobs != []
