"""The tips of a tree as TSV."""

from __future__ import annotations

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.factories import Tip
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.downloads import headers_of, table_of

SAMPLES = "select api.phylo_tree_samples(%s, %s)"


@pytest.fixture
def run(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a run of a sample and of a published sequence."""
    run = factories.phylo_run(admin, lab.group)
    factories.job_sample(admin, run, factories.sample(admin, lab.group, "own"))
    chosen(admin, run, "HCOV-19/USA/1/2021")
    return run


@pytest.fixture
def tree(admin: psycopg.Connection, lab: Lab, run: int) -> int:
    """Store the tree of the run: with a sample of the group and a sequence as context."""
    own = sample_of(admin, "own")
    context = factories.sample(admin, lab.group, "context")
    return factories.phylo_tree(
        admin,
        run,
        [
            Tip("public-own", own),
            Tip("USA/1/2021", accession="EPI_ISL_1"),
            Tip("public-context", context),
            Tip("USA/2/2021"),
        ],
    )


def chosen(conn: psycopg.Connection, run: int, strain: str) -> None:
    """Store a published sequence as the input of a run."""
    conn.execute(
        "insert into aspen.job_public_sequences (group_id, job_id, public_repository_id, strain)"
        " select group_id, id, %s, %s from aspen.jobs where id = %s",
        [factories.repository(conn), strain, run],
    )


def sample_of(conn: psycopg.Connection, private_identifier: str) -> int:
    """Return the id of a sample."""
    row = conn.execute(
        "select id from aspen.samples where private_identifier = %s", [private_identifier]
    ).fetchone()
    assert row is not None
    return int(row[0])


def rows_of(
    conn: psycopg.Connection, tree: int, id_style: str = "private"
) -> list[tuple[str, ...]]:
    """Return the rows below the headers."""
    row = conn.execute(SAMPLES, [tree, id_style]).fetchone()
    assert row is not None
    headers, *rows = table_of(row[0])
    assert headers == ["Sample Identifier", "Selected", "Accession"]
    return [tuple(cells) for cells in rows]


def test_tips_are_listed_with_what_the_run_was_asked_for(request_as: RequestAs, tree: int) -> None:
    """Keep the order of the tree, and name samples as the tree does."""
    with request_as("member", sub="alice") as conn:
        rows = rows_of(conn, tree)
        headers = headers_of(conn)

    assert rows == [
        ("own", "yes", ""),
        ("USA/1/2021", "yes", "EPI_ISL_1"),
        ("context", "no", ""),
        ("USA/2/2021", "no", ""),
    ]
    assert headers == {
        "Content-Type": "text/tab-separated-values; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{tree}_sample_ids.tsv"',
    }


def test_public_style_names_no_private_identifier(request_as: RequestAs, tree: int) -> None:
    """Write the names of the document."""
    with request_as("member", sub="alice") as conn:
        rows = rows_of(conn, tree, "public")

    assert [row[0] for row in rows] == ["public-own", "USA/1/2021", "public-context", "USA/2/2021"]


def test_viewer_is_not_told_what_the_run_was_asked_for(request_as: RequestAs, tree: int) -> None:
    """List the tips by public name, and leave the inputs of the run to members."""
    with request_as("member", sub="vic") as conn:
        rows = rows_of(conn, tree)

    assert [row[:2] for row in rows] == [
        ("public-own", ""),
        ("USA/1/2021", ""),
        ("public-context", ""),
        ("USA/2/2021", ""),
    ]


@pytest.mark.parametrize("known", [True, False])
def test_stranger_finds_no_tree(request_as: RequestAs, tree: int, known: bool) -> None:
    """Answer as for a tree that does not exist."""
    number = tree if known else tree + 1000
    with request_as("member", sub="bob") as conn:
        answer = refusal_of(conn, SAMPLES, [number, "private"])

    assert answer == (404, "tree_not_found", {"id": number})


@pytest.mark.parametrize("id_style", ["secret", "", None])
def test_unknown_style_is_refused(request_as: RequestAs, tree: int, id_style: str | None) -> None:
    """Name the argument."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, SAMPLES, [tree, id_style])

    assert answer == (400, "invalid_argument", {"id_style": id_style})


def test_names_without_slashes_are_found_among_the_inputs(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Find a strain whose slashes a tool wrote as _, in any case, and no other name."""
    tips = [Tip("usa_1_2021"), Tip("USA_1/2021"), Tip("USA_1_2022")]
    tree = factories.phylo_tree(admin, run, tips)

    with request_as("member", sub="alice") as conn:
        assert [row[1] for row in rows_of(conn, tree)] == ["yes", "no", "no"]


def test_deleted_sample_stays_selected(
    admin: psycopg.Connection, request_as: RequestAs, tree: int
) -> None:
    """Find it by the name that the run keeps of it; name it by the document."""
    admin.execute("delete from aspen.samples where private_identifier = 'own'")

    with request_as("member", sub="alice") as conn:
        assert rows_of(conn, tree)[0] == ("public-own", "yes", "")


def test_sample_of_another_group_with_the_name_of_an_input_is_not_selected(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, run: int
) -> None:
    """Compare the samples themselves where they are known."""
    factories.grant(admin, lab.other_group, lab.group)
    theirs = factories.sample(admin, lab.other_group, "own")
    tree = factories.phylo_tree(admin, run, [Tip("public-own", theirs)])

    with request_as("member", sub="alice") as conn:
        assert rows_of(conn, tree) == [("public-own", "no", "")]


def test_names_of_tips_are_no_formulas(
    admin: psycopg.Connection, request_as: RequestAs, run: int
) -> None:
    """Put an apostrophe before what a spreadsheet would execute, for tools write any name."""
    tips = [Tip("=1+1"), Tip("@x", accession="-cmd"), Tip('a "b"'), Tip("-1"), Tip("שרה")]
    tree = factories.phylo_tree(admin, run, tips)

    with request_as("member", sub="alice") as conn:
        rows = rows_of(conn, tree)

    assert [row[0] for row in rows] == ["'=1+1", "'@x", 'a "b"', "-1", "שרה"]
    assert rows[1][2] == "'-cmd"
