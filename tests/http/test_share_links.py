"""Links that work without a token, as a browser and a script follow them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.factories import GENOME
from tests.http.world import DRY_RUN, World, problems, refusal, rows

SHARE_TREE = "/rpc/share_phylo_tree"
SHARE = "/rpc/share_sequences"
UNKNOWN = "0" * 64
KINDS = ["phylo_tree", "sequences"]


def link(world: World, kind: str, who: str = "alice", **arguments: Any) -> dict[str, Any]:
    """Share the tree or the open sample of the lab."""
    if kind == "phylo_tree":
        response = world.caller(who).post(
            SHARE_TREE, json={"phylo_tree_id": world.tree} | arguments
        )
    else:
        body = {"group_id": world.group, "pathogen": "SC2", "samples": [f"open-{world.name}"]}
        response = world.caller(who).post(SHARE, json=body | arguments)
    (made,) = rows(response)
    shared: dict[str, Any] = made
    return shared


def visit(
    world: World, shared: dict[str, Any], method: str = "GET", **options: Any
) -> httpx.Response:
    """Follow a link as its URL says."""
    return world.api.http.request(method, shared["url"], **options)


def listed(world: World, shared: dict[str, Any]) -> dict[str, Any]:
    """Return the link as the list shows it."""
    (row,) = rows(world.alice.get(f"/share_links?id=eq.{shared['id']}"))
    found: dict[str, Any] = row
    return found


def test_link_to_a_tree_is_a_url(world: World) -> None:
    """Answer an Auspice dataset with public identifiers to a plain GET."""
    shared = link(world, "phylo_tree")

    response = visit(world, shared)

    assert shared["url"] == f"{world.api.url}/shared/phylo_tree/{shared['token']}.json"
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.json() == rows(
        world.vic.get(f"/rpc/phylo_tree?id={world.tree}&id_style=public")
    )


def test_link_to_sequences_is_a_url(world: World) -> None:
    """Answer a FASTA file to a plain GET."""
    shared = link(world, "sequences")

    response = visit(world, shared)

    assert response.status_code == 200
    assert response.text == f">public-open-{world.name}\n{GENOME}\n"
    assert response.headers["Content-Type"] == "text/x-fasta; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="')
    assert response.headers["Samples-Left-Out"] == "0"


@pytest.mark.parametrize("kind", KINDS)
def test_ending_of_the_url_may_be_left_out(world: World, kind: str) -> None:
    """Answer the same; it is there for programs that look at it."""
    shared = link(world, kind)

    response = visit(world, shared | {"url": shared["url"].rpartition(".")[0]})

    assert response.text == visit(world, shared).text


@pytest.mark.parametrize("kind", KINDS)
def test_function_answers_a_token(world: World, kind: str) -> None:
    """Return the same to POST, with or without a token of the API."""
    shared = link(world, kind)
    path, body = f"/rpc/shared_{kind}", {"token": shared["token"]}

    assert world.nobody.post(path, json=body).text == visit(world, shared).text
    assert world.bob.post(path, json=body).text == visit(world, shared).text


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_may_read_a_link(world: World, kind: str) -> None:
    """Allow any origin, for nextstrain.org and UShER, also to read the error."""
    shared = link(world, kind)
    origin = {"Origin": "https://nextstrain.org"}

    for url in (shared["url"], shared["url"].replace(shared["token"], UNKNOWN)):
        response = visit(world, {"url": url}, headers=origin)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_no_page_may_read_the_list_of_links(world: World) -> None:
    """Allow no other origin elsewhere."""
    response = world.alice.get("/share_links", headers={"Origin": "https://nextstrain.org"})

    assert response.headers.get("Access-Control-Allow-Origin") in (None, "")


@pytest.mark.parametrize("kind", KINDS)
def test_link_that_does_not_work_is_as_if_it_never_was(world: World, kind: str) -> None:
    """Give one answer for unknown, expired and revoked links, and those of a disabled creator."""
    expired, revoked, orphaned = (link(world, kind) for _ in range(3))
    world.conn.execute(
        "update aspen.share_links set created_at = now() - interval '2 h', expires_at = now()"
        " where id = %s",
        [expired["id"]],
    )
    assert rows(world.alice.post("/rpc/revoke_share_link", json={"id": revoked["id"]}))
    world.conn.execute(
        "update aspen.share_links set created_by_id = %s where id = %s",
        [world.users["dina"], orphaned["id"]],
    )
    unknown = {"url": expired["url"].replace(expired["token"], UNKNOWN)}

    answers = [visit(world, one) for one in (unknown, expired, revoked, orphaned)]

    assert {refusal(one) for one in answers} == {(404, "link_not_found")}
    assert len({one.text for one in answers}) == 1
    assert listed(world, expired)["status"] == "expired"
    assert listed(world, revoked)["status"] == "revoked"


def test_link_has_no_other_use(world: World) -> None:
    """Take its token neither as a bearer token nor in the query of another path."""
    shared = link(world, "phylo_tree")

    bearer = world.api.get("/samples", shared["token"])
    query = world.nobody.get(f"/samples?token={shared['token']}")
    tree = world.nobody.get(f"/rpc/phylo_tree?id={world.tree}")
    beside = world.api.http.get(f"{shared['url'].rpartition('/')[0]}/../../samples")

    assert [one.status_code for one in (bearer, query, tree, beside)] == [401, 400, 401, 401]


@pytest.mark.parametrize("suffix", ["?select=id", "?token=x", "?limit=1&order=id"])
def test_query_of_a_link_is_ignored(world: World, suffix: str) -> None:
    """Add nothing to what the link is for."""
    shared = link(world, "sequences")

    response = visit(world, {"url": shared["url"] + suffix})

    assert response.text == visit(world, shared).text


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "OPTIONS"])
def test_link_is_read_only(world: World, method: str) -> None:
    """Answer GET and HEAD only."""
    response = visit(world, link(world, "sequences"), method)

    assert refusal(response) == (405, "method_not_allowed")


def test_head_of_a_link_has_no_body(world: World) -> None:
    """Answer with the headers of GET."""
    response = visit(world, link(world, "sequences"), "HEAD")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"] == "text/x-fasta; charset=utf-8"


def test_token_of_the_api_is_not_looked_at(world: World) -> None:
    """Answer a visitor whose browser or script sends an invalid one."""
    response = visit(world, link(world, "sequences"), headers={"Authorization": "Bearer x.y.z"})

    assert response.status_code == 200


def test_function_does_not_answer_get(world: World) -> None:
    """Keep tokens out of queries."""
    shared = link(world, "sequences")

    response = world.nobody.get(f"/rpc/shared_sequences?token={shared['token']}")

    assert refusal(response) == (405, "25006")


def test_visits_at_once_are_all_counted(world: World) -> None:
    """Answer eight visitors and count eight."""
    shared = link(world, "phylo_tree")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: visit(world, shared), range(8)))

    assert {one.status_code for one in answers} == {200}
    assert listed(world, shared)["use_count"] == 8
    assert listed(world, shared)["last_used_at"] is not None


def test_visit_beside_a_revocation_is_answered_or_refused(world: World) -> None:
    """Leave the link revoked, whoever comes first."""
    shared = link(world, "phylo_tree")

    with ThreadPoolExecutor(4) as pool:
        visits = [pool.submit(visit, world, shared) for _ in range(3)]
        revocation = pool.submit(
            world.alice.post, "/rpc/revoke_share_link", json={"id": shared["id"]}
        )
        answers = {one.result().status_code for one in visits}

    assert answers <= {200, 404}
    assert revocation.result().status_code == 200
    assert refusal(visit(world, shared)) == (404, "link_not_found")


@pytest.mark.parametrize("kind", KINDS)
def test_visit_that_is_taken_back_is_refused(world: World, kind: str) -> None:
    """Count every visit, whatever the client prefers."""
    shared = link(world, kind)

    response = world.nobody.post(
        f"/rpc/shared_{kind}", json={"token": shared["token"]}, prefer=DRY_RUN
    )

    assert problems(response) == (400, "invalid_preference", {"tx": "rollback"})


def test_list_shows_whose_link_it_is(world: World) -> None:
    """Show creator, end and use, and neither token nor hash."""
    shared = link(world, "sequences", is_usher_safe=True)

    (row,) = rows(world.ada.get(f"/share_links?id=eq.{shared['id']}&select=*,created_by"))

    assert row.pop("created_by")["id"] == row["created_by_id"] == world.users["alice"]
    assert (row["kind"], row["status"], row["use_count"]) == ("sequences", "open", 0)
    assert (row["sample_ids"], row["has_usher_safe_ids"]) == ([world.open], True)
    assert not any("token" in column or "hash" in column for column in row)


def test_link_is_shown_with_its_tree(world: World) -> None:
    """Embed the tree."""
    shared = link(world, "phylo_tree")

    (row,) = rows(world.ada.get(f"/share_links?id=eq.{shared['id']}&select=id,phylo_trees(name)"))

    assert row == {"id": shared["id"], "phylo_trees": {"name": "A run"}}


@pytest.mark.parametrize("who", ["vic", "gus", "bob", "olga"])
def test_link_is_listed_to_no_one_else(world: World, who: str) -> None:
    """Show viewers, strangers and operators nothing; a member sees it."""
    shared = link(world, "phylo_tree")
    path = f"/share_links?id=eq.{shared['id']}"

    assert rows(world.caller(who).get(path)) == []
    assert len(rows(world.pat.get(path))) == 1


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_list_cannot_be_written(world: World, method: str) -> None:
    """Make and end links by functions only."""
    shared = link(world, "phylo_tree")
    options = {} if method == "delete" else {"json": {"group_id": world.group}}

    response = getattr(world.ada, method)(f"/share_links?id=eq.{shared['id']}", **options)

    assert refusal(response) == (403, "42501")
