"""Phylogenetic runs and trees, and the files that jobs wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import factories
from tests.http.world import DRY_RUN, REPRESENTATION, World, problems, refusal, rows
from tests.people import BLIND, FULL, NO_CREATOR, PARTIAL

CREATE = "/rpc/create_phylo_run"


def test_run_is_queued_with_its_inputs(world: World) -> None:
    """Find samples by either identifier, with or without the prefix of the repository."""
    wanted = (f"open-{world.name}", f"hCoV-19/public-hidden-{world.name}")

    [run] = rows(world.alice.post(CREATE, json=world.run_request(*wanted)))

    assert (run["status"], run["tree_type"], run["requested_by_id"]) == (
        "queued",
        "TARGETED",
        world.users["alice"],
    )
    assert rows(world.alice.get(f"/phylo_runs?id=eq.{run['id']}")) == [run]


def test_answer_of_a_function_is_filtered_like_a_resource(world: World) -> None:
    """Apply select to what create_phylo_run returns."""
    response = world.alice.post(
        f"{CREATE}?select=name,pathogens(slug)", json=world.run_request(), prefer=DRY_RUN
    )

    assert rows(response) == [{"name": "A new run", "pathogens": {"slug": "SC2"}}]


def test_get_cannot_queue_a_run(world: World) -> None:
    """Reject it, because a link must only read."""
    parameters = {**world.run_request(), "samples": "{}"}

    assert refusal(world.alice.get(CREATE, params=parameters)) == (405, "25006")


def test_samples_of_others_are_unknown(world: World) -> None:
    """Answer exactly as for samples that nobody has, and name them all."""
    unknown = ("nobody's", f"foreign-{world.name}", f"public-foreign-{world.name}")

    response = world.alice.post(
        CREATE, json=world.run_request(f"open-{world.name}", *unknown), prefer=DRY_RUN
    )

    assert problems(response) == (400, "unknown_samples", sorted(unknown))


@pytest.mark.parametrize("samples", [[["a"], ["b"]], ["a", None], None], ids=str)
def test_samples_are_a_flat_array_of_texts(world: World, samples: object) -> None:
    """Reject whatever else JSON allows."""
    request = world.run_request() | {"samples": samples}

    status, code, [problem] = problems(world.alice.post(CREATE, json=request, prefer=DRY_RUN))

    assert (status, code, problem["field"]) == (400, "invalid_run", "samples")


def test_own_sample_is_meant_though_others_show_one_of_the_same_name(world: World) -> None:
    """Prefer it: a group that grants access must not replace a sample of the grantee."""
    stranger = factories.group(world.conn)
    factories.grant(world.conn, stranger, world.group)
    name = f"public-open-{world.name}"
    factories.sample(world.conn, stranger, public_identifier=name)

    [run] = rows(world.alice.post(CREATE, json=world.run_request(name)))

    inputs = world.conn.execute(
        "select sample_id from aspen.job_samples where job_id = %s", [run["id"]]
    ).fetchall()
    assert inputs == [(world.open,)]


def test_error_of_a_run_is_for_members(world: World) -> None:
    """Show viewers only that the run failed, because the error may name private samples."""
    run = factories.phylo_run(world.conn, world.group, status="failed", error="P-1 is odd")
    path = f"/phylo_runs?select=status,error&id=eq.{run}"

    read = [rows(world.caller(who).get(path)) for who in ("alice", "vic", "gus")]

    assert read == [[{"status": "failed", "error": error}] for error in ("P-1 is odd", None, None)]


def test_private_identifiers_are_unknown_to_a_viewer(world: World) -> None:
    """Find only what the list shows: a private sample is unknown by both names."""
    request = world.run_request(
        f"open-{world.name}",
        f"public-open-{world.name}",
        f"hidden-{world.name}",
        f"public-hidden-{world.name}",
        group_id=world.groups["guests"],
    )
    gus = world.caller("gus", groups={world.groups["guests"]: "member"})

    response = gus.post(CREATE, json=request, prefer=DRY_RUN)

    assert problems(response) == (
        400,
        "unknown_samples",
        [f"hidden-{world.name}", f"open-{world.name}", f"public-hidden-{world.name}"],
    )


@pytest.mark.parametrize("who", NO_CREATOR)
def test_queueing_takes_a_direct_role_of_member(world: World, who: str) -> None:
    """Reject the callers that may not create samples either."""
    response = world.caller(who).post(CREATE, json=world.run_request(), prefer=DRY_RUN)

    assert problems(response) == (403, "group_access_denied", {"group_id": world.group})


@pytest.mark.parametrize("who", FULL)
def test_members_rename_runs(world: World, who: str) -> None:
    """Rename the tree as well."""
    response = world.caller(who).patch(
        f"/phylo_runs?select=name,phylo_trees(name)&id=eq.{world.run}",
        json={"name": "Renamed"},
        prefer=REPRESENTATION,
    )

    assert rows(response)[0]["name"] == "Renamed"


@pytest.mark.parametrize("column", ["status", "group_id", "template_args"])
def test_nothing_else_of_a_run_can_be_set(world: World, column: str) -> None:
    """Reject changes of its status, which the control plane makes."""
    response = world.alice.patch(
        f"/phylo_runs?id=eq.{world.run}", json={column: None}, prefer=DRY_RUN
    )

    assert refusal(response) == (403, "42501")


@pytest.mark.parametrize("who", FULL)
def test_members_delete_runs_that_have_ended(world: World, who: str) -> None:
    """Delete their trees and outputs with them."""
    response = world.caller(who).delete(
        f"/phylo_runs?select=id&id=eq.{world.run}", prefer=REPRESENTATION
    )

    assert rows(response) == [{"id": world.run}]


@pytest.mark.parametrize("who", FULL)
def test_members_retry_runs(world: World, who: str) -> None:
    """Queue the next attempt of a run that failed."""
    run = factories.phylo_run(world.conn, world.group, status="failed", error="it broke")

    response = world.caller(who).post(
        "/rpc/retry_job?select=status,attempt,error", json={"job_id": run}, prefer=DRY_RUN
    )

    assert rows(response) == [{"status": "queued", "attempt": 2, "error": None}]


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("vic", 403, "group_access_denied"),
        ("gus", 403, "group_access_denied"),
        ("bob", 404, "job_not_found"),
        ("olga", 404, "job_not_found"),
    ],
)
def test_others_cannot_retry_runs(world: World, who: str, status: int, code: str) -> None:
    """Reject viewers, and hide the run from strangers."""
    run = factories.phylo_run(world.conn, world.group, status="failed")

    response = world.caller(who).post("/rpc/retry_job", json={"job_id": run}, prefer=DRY_RUN)

    assert refusal(response) == (status, code)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_run_that_goes_on_is_not_deleted(world: World, status: str) -> None:
    """Answer 409, because deleting will be possible later."""
    run = factories.phylo_run(world.conn, world.group, status=status)

    response = world.alice.delete(f"/phylo_runs?id=eq.{run}")

    assert problems(response) == (409, "job_in_progress", {"id": run, "status": status})


@pytest.mark.parametrize("who", (*PARTIAL, *BLIND))
@pytest.mark.parametrize(
    ("method", "options"), [("PATCH", {"json": {"name": "Mine"}}), ("DELETE", {})]
)
def test_runs_of_others_cannot_be_changed(
    world: World, method: str, options: dict[str, Any], who: str
) -> None:
    """Find no row to write for a viewer, who reads the run, nor for a stranger."""
    response = world.caller(who).ask(
        method, f"/phylo_runs?id=eq.{world.run}", prefer=REPRESENTATION, **options
    )

    assert rows(response) == []


TIPS = {
    "ada": ["open", "hidden"],
    "pat": ["open", "hidden"],
    "vic": [],
    "gus": [],
}


@pytest.mark.parametrize(("who", "named"), TIPS.items(), ids=TIPS.keys())
def test_tips_bear_the_names_the_caller_may_see(world: World, who: str, named: list[str]) -> None:
    """Show private identifiers with the public one beside, or public ones only."""
    tree = rows(world.caller(who).get(f"/rpc/phylo_tree?id={world.tree}"))

    assert tree["tree"]["children"] == [
        {
            "name": f"{key}-{world.name}",
            "GISAID_ID": f"public-{key}-{world.name}",
        }
        if key in named
        else {"name": f"public-{key}-{world.name}"}
        for key in ("open", "hidden")
    ] + [{"name": "a published strain"}]


def test_tips_bear_public_names_when_asked(world: World) -> None:
    """Show public ones on request, for a figure in a paper."""
    tree = rows(world.alice.get(f"/rpc/phylo_tree?id={world.tree}&id_style=public"))

    assert [tip["name"] for tip in tree["tree"]["children"]] == [
        f"public-open-{world.name}",
        f"public-hidden-{world.name}",
        "a published strain",
    ]


ACCEPTS = {
    "json": "application/json",
    "json and a charset": "application/json; charset=utf-8",
    "anything": "*/*",
    "what a browser sends": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "what fetch libraries send": "application/json, text/plain, */*",
    "text": "text/plain",
}


@pytest.mark.parametrize("accept", ACCEPTS.values(), ids=ACCEPTS.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tree_is_json_whatever_is_accepted(world: World, method: str, accept: str) -> None:
    """Return the text as it is, never as a JSON string."""
    options: dict[str, Any] = {
        "GET": {"params": {"id": world.tree}},
        "POST": {"json": {"id": world.tree}},
    }[method]

    response = world.vic.ask(method, "/rpc/phylo_tree", accept=accept, **options)

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(response.text)["version"] == "v2"


@pytest.mark.parametrize("path", ["phylo_tree?id={}", "phylo_tree_samples?id={}", "manual"])
def test_document_is_no_json_object(world: World, path: str) -> None:
    """Refuse what PostgREST would answer with a JSON string under the type of the document."""
    url = f"/rpc/{path.format(world.tree)}"
    refused = world.vic.get(url, accept="application/vnd.pgrst.object+json")

    assert refusal(refused) == (415, "PGRST107")
    assert world.vic.get(url, accept="*/*").is_success
    assert world.vic.get("/me", accept="application/vnd.pgrst.object+json").is_success


@pytest.mark.parametrize("who", BLIND)
@pytest.mark.parametrize("function", ["phylo_tree", "output_url"])
def test_hidden_tree_or_output_is_not_found(world: World, function: str, who: str) -> None:
    """Answer as for one that does not exist, but for the id that was requested."""
    codes = {"phylo_tree": "tree_not_found", "output_url": "output_not_found"}
    key = {"phylo_tree": world.tree, "output_url": world.output}[function]
    caller = world.caller(who)

    answers = [problems(caller.get(f"/rpc/{function}?id={wanted}")) for wanted in (key, 999999999)]

    assert answers == [(404, codes[function], {"id": wanted}) for wanted in (key, 999999999)]


@pytest.mark.parametrize("function", ["phylo_tree", "output_url"])
def test_caller_without_a_token_gets_no_tree_or_link(world: World, function: str) -> None:
    """Answer 401, because a token might help."""
    assert refusal(world.nobody.get(f"/rpc/{function}?id=1")) == (401, "42501")


@pytest.mark.parametrize("who", PARTIAL)
def test_viewers_fetch_no_file_but_trees(world: World, who: str) -> None:
    """Reject other files, which hold sequences or results of private samples."""
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.other), "aligned_fasta"
    )
    own = factories.job_output(world.conn, factories.job(world.conn, world.group), "aligned_fasta")

    answers = [
        refusal(world.caller(who).get(f"/rpc/output_url?id={wanted}")) for wanted in (own, output)
    ]

    assert answers == [(403, "output_is_private"), (404, "output_not_found")]


def test_link_without_credentials_is_unavailable(world: World) -> None:
    """Answer 503: the caller can change nothing."""
    factories.storage_credentials(world.conn, f"empty-{world.name}", expires_at="2024-02-01")
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), bucket=f"empty-{world.name}"
    )

    response = world.alice.get(f"/rpc/output_url?id={output}")

    assert refusal(response) == (503, "storage_unavailable")


def test_link_is_signed_for_an_hour(world: World) -> None:
    """Sign a link that needs no token and must be treated like the file."""
    factories.storage_credentials(world.conn, world.name)
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), bucket=world.name, key="a b.json"
    )

    link = rows(world.vic.get(f"/rpc/output_url?id={output}"))

    assert link["expires_in"] == 300
    assert link["url"].startswith(
        f"https://s3.example.org/{world.name}/a%20b.json?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
    )


@pytest.mark.parametrize(
    "resource",
    [
        "jobs",
        "job_outputs",
        "phylo_trees",
        "accessions",
        "sample_lineages",
        "sample_mutations",
        "sample_qc_metrics",
    ],
)
@pytest.mark.parametrize(
    ("method", "options"),
    [("POST", {"json": {"group_id": 1}}), ("PATCH", {"json": {"group_id": 1}}), ("DELETE", {})],
    ids=["post", "patch", "delete"],
)
def test_results_are_written_by_the_control_plane_alone(
    world: World, resource: str, method: str, options: dict[str, Any]
) -> None:
    """Reject them even from an admin of the group."""
    response = world.ada.ask(method, f"/{resource}?id=gt.0", prefer=DRY_RUN, **options)

    assert refusal(response) == (403, "42501")
