"""A client that has a tree already gets 304 and no body, until anything in the tree changes."""

from __future__ import annotations

import httpx
import pytest

from tests import factories
from tests.http.world import World, refusal

REFERENCE_DATA = (
    "lineage_aliases",
    "lineages",
    "locations",
    "pathogens",
    "public_repositories",
    "repository_data",
    "usher_options",
)


def tree(world: World, who: str = "alice", known: str | None = None) -> httpx.Response:
    """Request the tree, perhaps with a tag that the client knows."""
    headers = {} if known is None else {"If-None-Match": known}
    return world.caller(who).get(f"/rpc/phylo_tree?id={world.tree}", headers=headers)


@pytest.mark.parametrize("known", ["{}", "W/{}", '"x", {}', 'W/"x" , W/{}', "*"])
def test_tree_that_the_client_has_is_not_sent_again(world: World, known: str) -> None:
    """Answer 304 with the same tag, whichever way it is written."""
    first = tree(world)
    tag = first.headers["ETag"].removeprefix("W/")

    again = tree(world, known=known.format(tag))

    assert first.json()["tree"] != {}
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"].removeprefix("W/") == tag
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("known", ['"x"', 'W/"x"', ""])
def test_tree_with_another_tag_is_sent(world: World, known: str) -> None:
    """Send all of it."""
    again = tree(world, known=known)

    assert (again.status_code, again.content) == (200, tree(world).content)


def test_new_name_of_a_sample_changes_the_tag(world: World) -> None:
    """Send the tree again, because a tip has another name."""
    tag = tree(world).headers["ETag"]
    path = f"/samples?id=eq.{world.open}"
    world.alice.patch(path, json={"private_identifier": f"renamed-{world.name}"})

    again = tree(world, known=tag)

    assert (again.status_code, again.headers["ETag"] != tag) == (200, True)


def test_tag_belongs_to_what_the_caller_sees(world: World) -> None:
    """Send a viewer the public names, although the tag is that of a member."""
    tag = tree(world).headers["ETag"]

    of_the_viewer = tree(world, "vic", known=tag)

    assert (of_the_viewer.status_code, of_the_viewer.headers["ETag"] != tag) == (200, True)


def test_tag_opens_no_tree_of_others(world: World) -> None:
    """Answer a stranger with the tag as if the tree did not exist."""
    tag = tree(world).headers["ETag"]

    assert refusal(tree(world, "bob", known=tag)) == (404, "tree_not_found")


def test_post_has_no_tag(world: World) -> None:
    """Send the tree, because only an answer to GET can be kept."""
    response = world.alice.post(
        "/rpc/phylo_tree", json={"id": world.tree}, headers={"If-None-Match": "*"}
    )

    assert (response.status_code, "ETag" in response.headers) == (200, False)


def test_connection_is_used_again_after_a_tree_that_was_not_sent(world: World) -> None:
    """Send no byte of a body, which the next answer would begin with."""
    token = {"Authorization": f"Bearer {world.alice.token}"}
    tag = tree(world).headers["ETag"]

    with httpx.Client(base_url=world.api.url, headers=token) as client:
        path = f"/rpc/phylo_tree?id={world.tree}"
        answers = [client.get(path, headers={"If-None-Match": known}) for known in (tag, "x", tag)]

    assert [answer.status_code for answer in answers] == [304, 200, 304]


TAGGED = (
    "/",
    "/rpc/openapi",
    "/rpc/manual",
    *(f"/{resource}" for resource in REFERENCE_DATA),
    "/lineages?select=*,pathogens(*)",
)


@pytest.mark.parametrize("path", TAGGED)
@pytest.mark.parametrize("who", ["alice", "olga"])
def test_reference_data_that_the_client_has_is_not_sent_again(
    world: World, who: str, path: str
) -> None:
    """Compare at the edge, whether the answer is cached or, as for operators, is not."""
    factories.lineage_name(world.conn, world.pathogen, f"{who} {path}")
    first = world.caller(who).get(path)
    tag = first.headers["ETag"]

    again = world.caller(who).get(path, headers={"If-None-Match": tag})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_change_of_reference_data_changes_the_tag(world: World, who: str) -> None:
    """Send the list again once it has one more row; the cache knows each query by itself."""
    path = "/lineages?pathogen_id=gt.{}"
    tag = world.caller(who).get(path.format(0)).headers["ETag"]
    factories.lineage_name(world.conn, world.pathogen, f"another {who}")

    again = world.caller(who).get(path.format(-1), headers={"If-None-Match": tag})

    assert (again.status_code, again.headers["ETag"] != tag) == (200, True)


@pytest.mark.parametrize("path", ["/samples", "/me", "/locations_"])
def test_other_answers_have_no_tag(world: World, path: str) -> None:
    """Leave answers alone that only their caller reads, and errors."""
    response = world.alice.get(path, headers={"If-None-Match": "*"})

    assert (response.status_code == 304, "ETag" in response.headers) == (False, False)


def test_page_of_reference_data_keeps_its_range(world: World) -> None:
    """Answer 206 with the count, and the whole page."""
    factories.location(world.conn, "Tagged land")

    response = world.alice.get("/locations?limit=1", prefer="count=exact")

    assert response.status_code == 206
    assert response.headers["Content-Range"].startswith("0-0/")
    assert len(response.json()) == 1


def test_long_answer_of_reference_data_is_whole(world: World) -> None:
    """Send it without a tag, because the edge does not hold it."""
    many = ",".join(f"c{number}:region" for number in range(240))
    for number in range(400):
        factories.location(world.conn, f"Long land {number}", region="Antarctica of the tests")

    response = world.alice.get(f"/locations?select={many}&region=like.Antarctica*")

    assert (len(response.json()), "ETag" in response.headers) == (400, False)
