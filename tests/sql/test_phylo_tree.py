"""One tree, returned to each caller with the identifiers that caller may read."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.refusals import refusal_of
from tests.sql.conftest import Lab


def tree_of(conn: psycopg.Connection, tree: int, id_style: str = "private") -> Any:
    """Return the document as a client parses it."""
    row = conn.execute("select api.phylo_tree(%s, %s)", [tree, id_style]).fetchone()
    assert row is not None
    return json.loads(row[0])


def tips_of(conn: psycopg.Connection, tree: int, id_style: str = "private") -> Any:
    """Return its tips."""
    return tree_of(conn, tree, id_style)["tree"]["children"]


@pytest.fixture
def tree(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a tree of the lab.

    Two samples of its own, one of the other group, one published strain.
    """
    own = factories.sample(admin, lab.group, "own", public_identifier="public own")
    hidden = factories.sample(admin, lab.group, "hidden", is_private=True)
    theirs = factories.sample(admin, lab.other_group, "theirs")
    tips = [
        Tip("public own", own),
        Tip("public hidden", hidden),
        Tip("public theirs", theirs),
        Tip("published"),
    ]
    return factories.phylo_tree(admin, factories.phylo_run(admin, lab.group), tips)


PUBLIC = [
    {"name": "public own"},
    {"name": "public hidden"},
    {"name": "public theirs"},
    {"name": "published"},
]


def test_member_reads_private_identifiers_of_the_group(
    request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Add the public identifier to each; samples of other groups keep theirs."""
    with request_as("member", sub="alice") as conn:
        tips = tips_of(conn, tree)

    assert tips == [
        {"name": "own", "GISAID_ID": "public own"},
        {"name": "hidden", "GISAID_ID": "public hidden"},
        {"name": "public theirs"},
        {"name": "published"},
    ]


def test_viewer_reads_public_identifiers(request_as: RequestAs, lab: Lab, tree: int) -> None:
    """Show them for private samples too, because the file names them."""
    with request_as("member", sub="vic") as conn:
        tips = tips_of(conn, tree)

    assert tips == PUBLIC


def test_public_style_has_public_identifiers_for_everybody(
    request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Return public identifiers only, for showing the tree to others."""
    with request_as("member", sub="alice") as conn:
        tips = tips_of(conn, tree, "public")

    assert tips == PUBLIC


def test_granted_viewer_reads_private_identifiers_of_their_own_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Apply the caller's role in the group of each sample, not in the group of the tree."""
    factories.grant(admin, lab.group, lab.other_group, "viewer")
    with request_as("member", sub="bob") as conn:
        tips = tips_of(conn, tree)

    assert tips == [*PUBLIC[:2], {"name": "theirs", "GISAID_ID": "public theirs"}, PUBLIC[3]]


def test_granted_member_reads_private_identifiers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Show those of the granting group, even to a viewer of the grantee group."""
    third = factories.group(admin)
    factories.grant(admin, lab.group, third, "member")
    factories.user(admin, "pat", {third: "viewer"})
    with request_as("member", sub="pat") as conn:
        tips = tips_of(conn, tree)

    assert [tip["name"] for tip in tips] == ["own", "hidden", "public theirs", "published"]


def test_deleted_sample_keeps_its_public_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Keep the tree as it was computed."""
    with request_as("member", sub="alice") as conn:
        conn.execute("delete from api.samples where private_identifier = 'own'")
        tips = tips_of(conn, tree)

    assert tips[0] == {"name": "public own"}


def test_private_identifier_given_later_is_read(request_as: RequestAs, lab: Lab, tree: int) -> None:
    """Look identifiers up when the tree is requested."""
    with request_as("member", sub="alice") as conn:
        conn.execute("update api.samples set private_identifier = 'new' where host is null"
                     " and private_identifier = 'own'")  # fmt: skip
        tips = tips_of(conn, tree)

    assert tips[0] == {"name": "new", "GISAID_ID": "public own"}


@pytest.mark.parametrize(
    "identifier", ['quo"te', "back\\slash", "Zürich/1", "emoji 🧬", "</script>"]
)
def test_any_identifier_makes_a_readable_document(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, identifier: str
) -> None:
    """Escape identifiers as JSON, because they are inserted into the text of the tree."""
    sample = factories.sample(admin, lab.group, identifier)
    tree = factories.phylo_tree(
        admin, factories.phylo_run(admin, lab.group), [Tip(identifier, sample)]
    )
    with request_as("member", sub="alice") as conn:
        tips = tips_of(conn, tree)

    assert tips == [{"name": identifier, "GISAID_ID": identifier}]


@pytest.mark.parametrize(
    ("repository", "key"), [("GenBank", "GENBANK_ID"), ('My "repo"', 'MY "REPO"_ID')]
)
def test_public_identifier_stands_under_the_repository(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, repository: str, key: str
) -> None:
    """Use the name of the pathogen's default repository as the key."""
    repository_id = factories.repository(admin, repository)
    pathogen = factories.pathogen(admin, "MPX", default_repository_id=repository_id)
    sample = factories.sample(admin, lab.group, "s", pathogen_id=pathogen)
    run = factories.phylo_run(admin, lab.group, pathogen_id=pathogen)
    tree = factories.phylo_tree(admin, run, [Tip("public", sample)])
    with request_as("member", sub="alice") as conn:
        assert tips_of(conn, tree) == [{"name": "s", key: "public"}]


def test_pathogen_without_a_repository_has_a_key_too(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Use the key PUBLIC_ID."""
    pathogen = factories.pathogen(admin, "MPX", default_repository_id=None)
    sample = factories.sample(admin, lab.group, "s", pathogen_id=pathogen)
    run = factories.phylo_run(admin, lab.group, pathogen_id=pathogen)
    tree = factories.phylo_tree(admin, run, [Tip("public", sample)])
    with request_as("member", sub="alice") as conn:
        assert tips_of(conn, tree) == [{"name": "s", "PUBLIC_ID": "public"}]


def test_document_around_the_tree_is_kept(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep every field that Auspice wrote."""
    document = {"version": "v2", "meta": {"title": "T", "colorings": []}, "report": [1, None]}
    tree = factories.phylo_tree(
        admin, factories.phylo_run(admin, lab.group), document=Jsonb(document)
    )
    with request_as("member", sub="alice") as conn:
        found = tree_of(conn, tree)

    assert found == document | {"tree": {"name": "root", "children": [{"name": "a tip"}]}}


def test_locations_are_coloured_by_distance_from_the_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Colour them for a viewer by a grant, who may not read the group's row and is in another."""
    factories.grant(admin, lab.other_group, lab.group)
    origin = factories.location(admin, "Spain", latitude=40, longitude=-4)
    factories.location(admin, "Portugal", latitude=39, longitude=-8)
    factories.location(admin, "Japan", latitude=36, longitude=138)
    admin.execute(
        "update aspen.groups set default_tree_location_id = %s where id = %s",
        [origin, lab.other_group],
    )
    tree = factories.phylo_tree(
        admin,
        factories.phylo_run(admin, lab.other_group),
        places=Jsonb({"country": ["Japan", "Portugal", "Spain"]}),
    )
    with request_as("member", sub="vic") as conn:
        found = tree_of(conn, tree)

    assert found["meta"]["colorings"] == [
        {
            "key": "country",
            "title": "Country",
            "type": "categorical",
            "scale": [["Spain", "#277F8E"], ["Portugal", "#084A9F"], ["Japan", "#4187E0"]],
        }
    ]


@pytest.mark.parametrize("id_style", ["both", "", "Private", None])
def test_unknown_style_is_refused(
    request_as: RequestAs, lab: Lab, tree: int, id_style: str | None
) -> None:
    """Reject it instead of guessing."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "select api.phylo_tree(%s, %s)", [tree, id_style])

    assert answer == (400, "invalid_argument", {"id_style": id_style})


def test_tree_of_another_group_is_not_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, tree: int
) -> None:
    """Answer as for a tree that does not exist."""
    with request_as("member", sub="bob") as conn:
        answers = [refusal_of(conn, "select api.phylo_tree(%s)", [number]) for number in (tree, -1)]

    assert answers == [
        (404, "tree_not_found", {"id": tree}),
        (404, "tree_not_found", {"id": -1}),
    ]
