"""Phylogenetic runs and trees, and the files jobs left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import factories
from tests.http.world import (
    BLIND,
    DRY_RUN,
    FULL,
    PARTIAL,
    REPRESENTATION,
    World,
    problems,
    refusal,
    rows,
)

CREATE = "/rpc/create_phylo_run"


def test_run_is_queued_with_its_inputs(world: World) -> None:
    """Samples by either identifier, with or without the prefix of the repository."""
    wanted = (f"open-{world.name}", f"hCoV-19/public-hidden-{world.name}")

    [run] = rows(world.member.post(CREATE, json=world.run_request(*wanted)))

    assert (run["status"], run["tree_type"], run["requested_by_id"]) == (
        "queued",
        "TARGETED",
        world.users["member"],
    )
    assert rows(world.member.get(f"/phylo_runs?id=eq.{run['id']}")) == [run]


def test_answer_of_a_function_is_filtered_like_a_resource(world: World) -> None:
    """select works on what create_phylo_run returns."""
    response = world.member.post(
        f"{CREATE}?select=name,pathogens(slug)", json=world.run_request(), prefer=DRY_RUN
    )

    assert rows(response) == [{"name": "A new run", "pathogens": {"slug": "SC2"}}]


def test_get_cannot_queue_a_run(world: World) -> None:
    """A link is read only."""
    parameters = {**world.run_request(), "samples": "{}"}

    assert refusal(world.member.get(CREATE, params=parameters)) == (405, "25006")


def test_samples_of_others_are_unknown(world: World) -> None:
    """Exactly like those that nobody has, and all of them named."""
    unknown = ("nobody's", f"foreign-{world.name}", f"public-foreign-{world.name}")

    response = world.member.post(
        CREATE, json=world.run_request(f"open-{world.name}", *unknown), prefer=DRY_RUN
    )

    assert problems(response) == (400, "unknown_samples", sorted(unknown))


@pytest.mark.parametrize("samples", [[["a"], ["b"]], ["a", None], None], ids=str)
def test_samples_are_a_flat_array_of_texts(world: World, samples: object) -> None:
    """Whatever JSON allows."""
    request = world.run_request() | {"samples": samples}

    status, code, [problem] = problems(world.member.post(CREATE, json=request, prefer=DRY_RUN))

    assert (status, code, problem["field"]) == (400, "invalid_run", "samples")


def test_own_sample_is_meant_though_others_show_one_of_the_same_name(world: World) -> None:
    """Whoever grants a group access cannot put a sample in the place of the group's own."""
    stranger = factories.group(world.conn)
    factories.grant(world.conn, stranger, world.group)
    name = f"public-open-{world.name}"
    factories.sample(world.conn, stranger, public_identifier=name)

    [run] = rows(world.member.post(CREATE, json=world.run_request(name)))

    inputs = world.conn.execute(
        "select sample_id from aspen.job_samples where job_id = %s", [run["id"]]
    ).fetchall()
    assert inputs == [(world.open,)]


def test_error_of_a_run_is_for_members(world: World) -> None:
    """It may name private samples; a viewer sees that the run failed."""
    run = factories.phylo_run(world.conn, world.group, status="failed", error="P-1 is odd")
    path = f"/phylo_runs?select=status,error&id=eq.{run}"

    read = [rows(world.caller(who).get(path)) for who in ("member", "viewer", "guest")]

    assert read == [[{"status": "failed", "error": error}] for error in ("P-1 is odd", None, None)]


def test_private_identifiers_are_unknown_to_a_viewer(world: World) -> None:
    """Seen is what the list shows; a private sample is unknown by both names."""
    request = world.run_request(
        f"open-{world.name}",
        f"public-open-{world.name}",
        f"hidden-{world.name}",
        f"public-hidden-{world.name}",
        group_id=world.groups["guest"],
    )

    response = world.guest.post(CREATE, json=request, prefer=DRY_RUN)

    assert problems(response) == (
        400,
        "unknown_samples",
        [f"hidden-{world.name}", f"open-{world.name}", f"public-hidden-{world.name}"],
    )


@pytest.mark.parametrize("who", ["viewer", "guest", "partner", "stranger", "operator"])
def test_queueing_takes_a_direct_role_of_member(world: World, who: str) -> None:
    """As for samples."""
    response = world.caller(who).post(CREATE, json=world.run_request(), prefer=DRY_RUN)

    assert problems(response) == (403, "group_access_denied", {"group_id": world.group})


@pytest.mark.parametrize("who", FULL)
def test_members_rename_runs(world: World, who: str) -> None:
    """The tree bears the new name too."""
    response = world.caller(who).patch(
        f"/phylo_runs?select=name,phylo_trees(name)&id=eq.{world.run}",
        json={"name": "Renamed"},
        prefer=REPRESENTATION,
    )

    assert rows(response)[0]["name"] == "Renamed"


@pytest.mark.parametrize("column", ["status", "group_id", "template_args"])
def test_nothing_else_of_a_run_can_be_set(world: World, column: str) -> None:
    """The control plane moves its status."""
    response = world.member.patch(
        f"/phylo_runs?id=eq.{world.run}", json={column: None}, prefer=DRY_RUN
    )

    assert refusal(response) == (403, "42501")


@pytest.mark.parametrize("who", FULL)
def test_members_delete_runs_that_have_ended(world: World, who: str) -> None:
    """With their trees and outputs."""
    response = world.caller(who).delete(
        f"/phylo_runs?select=id&id=eq.{world.run}", prefer=REPRESENTATION
    )

    assert rows(response) == [{"id": world.run}]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_run_that_goes_on_is_not_deleted(world: World, status: str) -> None:
    """409, because it will be possible later."""
    run = factories.phylo_run(world.conn, world.group, status=status)

    response = world.member.delete(f"/phylo_runs?id=eq.{run}")

    assert problems(response) == (409, "job_in_progress", {"id": run, "status": status})


@pytest.mark.parametrize("who", (*PARTIAL, *BLIND))
@pytest.mark.parametrize(
    ("method", "options"), [("PATCH", {"json": {"name": "Mine"}}), ("DELETE", {})]
)
def test_runs_of_others_do_not_change(
    world: World, method: str, options: dict[str, Any], who: str
) -> None:
    """A viewer reads them, a stranger does not; neither finds one to write."""
    response = world.caller(who).ask(
        method, f"/phylo_runs?id=eq.{world.run}", prefer=REPRESENTATION, **options
    )

    assert rows(response) == []


TIPS = {
    "admin": ["open", "hidden"],
    "partner": ["open", "hidden"],
    "viewer": [],
    "guest": [],
}


@pytest.mark.parametrize(("who", "named"), TIPS.items(), ids=TIPS.keys())
def test_tips_bear_the_names_the_caller_may_see(world: World, who: str, named: list[str]) -> None:
    """Private ones with the public one beside it, public ones otherwise."""
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
    """For a figure in a paper."""
    tree = rows(world.member.get(f"/rpc/phylo_tree?id={world.tree}&id_style=public"))

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
    """Never JSON in quotes: the text goes out as it is."""
    options: dict[str, Any] = {
        "GET": {"params": {"id": world.tree}},
        "POST": {"json": {"id": world.tree}},
    }[method]

    response = world.viewer.ask(method, "/rpc/phylo_tree", accept=accept, **options)

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(response.text)["version"] == "v2"


@pytest.mark.parametrize("who", BLIND)
@pytest.mark.parametrize("function", ["phylo_tree", "output_url"])
def test_what_is_not_seen_is_not_there(world: World, function: str, who: str) -> None:
    """The answers differ in nothing but the id that was asked for."""
    codes = {"phylo_tree": "tree_not_found", "output_url": "output_not_found"}
    key = {"phylo_tree": world.tree, "output_url": world.output}[function]
    caller = world.caller(who)

    answers = [problems(caller.get(f"/rpc/{function}?id={wanted}")) for wanted in (key, 999999999)]

    assert answers == [(404, codes[function], {"id": wanted}) for wanted in (key, 999999999)]


@pytest.mark.parametrize("function", ["phylo_tree", "output_url"])
def test_nobody_gets_a_tree_or_a_link(world: World, function: str) -> None:
    """401: a token might help."""
    assert refusal(world.nobody.get(f"/rpc/{function}?id=1")) == (401, "42501")


@pytest.mark.parametrize("who", PARTIAL)
def test_viewers_fetch_no_file_but_trees(world: World, who: str) -> None:
    """Every other file holds sequences or results of private samples."""
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.other), "aligned_fasta"
    )
    own = factories.job_output(world.conn, factories.job(world.conn, world.group), "aligned_fasta")

    answers = [
        refusal(world.caller(who).get(f"/rpc/output_url?id={wanted}")) for wanted in (own, output)
    ]

    assert answers == [(403, "output_is_private"), (404, "output_not_found")]


def test_link_waits_for_credentials(world: World) -> None:
    """503 without them: nothing the caller could change."""
    factories.storage_credentials(world.conn, f"empty-{world.name}", expires_at="2024-02-01")
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), bucket=f"empty-{world.name}"
    )

    response = world.member.get(f"/rpc/output_url?id={output}")

    assert refusal(response) == (503, "storage_unavailable")


def test_link_is_signed_for_an_hour(world: World) -> None:
    """And needs no token, so it is treated like the file."""
    factories.storage_credentials(world.conn, world.name)
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), bucket=world.name, key="a b.json"
    )

    link = rows(world.viewer.get(f"/rpc/output_url?id={output}"))

    assert link["expires_in"] == 300
    assert link["url"].startswith(
        f"https://s3.example.org/{world.name}/a%20b.json?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
    )


@pytest.mark.parametrize(
    "resource",
    ["jobs", "job_outputs", "phylo_trees", "accessions", "sample_lineages", "sample_qc_metrics"],
)
@pytest.mark.parametrize(
    ("method", "options"),
    [("POST", {"json": {"group_id": 1}}), ("PATCH", {"json": {"group_id": 1}}), ("DELETE", {})],
    ids=["post", "patch", "delete"],
)
def test_results_are_written_by_the_control_plane_alone(
    world: World, resource: str, method: str, options: dict[str, Any]
) -> None:
    """Not even an admin of the group."""
    response = world.admin.ask(method, f"/{resource}?id=gt.0", prefer=DRY_RUN, **options)

    assert refusal(response) == (403, "42501")
