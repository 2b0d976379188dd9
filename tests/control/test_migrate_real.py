"""The migrations of this checkout, back and forth over a database with rows in it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from control.errors import ControlError
from control.migrations import apply_all, migrate_down, plan_rollback
from control.schema_diff import schema_differences
from tests import factories
from tests.factories import Tip
from tests.servers import SETTINGS, Database

TREES = "select * from aspen.phylo_trees"
TIPS = "select * from aspen.phylo_tree_tips order by id"
AUDIT = "select count(*) from aspen.audit_log"


@pytest.fixture
def database_with_rows(database: Database) -> Database:
    """Samples and two trees of theirs, one with names that JSON must escape."""
    with psycopg.connect(database.url) as conn:
        group = factories.group(conn)
        sample = factories.sample(conn, group, "LAB-1")
        for tips in (
            [Tip("an own one", sample), Tip('a "quoted\\" one'), Tip("ünïcode, and a name")],
            [Tip("the only one", sample)],
        ):
            factories.phylo_tree(conn, factories.phylo_run(conn, group), tips, tip_count=len(tips))
    return database


def down(database: Database, keep: int) -> None:
    """Roll back all migrations after number `keep`."""
    settings = replace(SETTINGS, database_url=database.url)
    with psycopg.connect(database.url, autocommit=True) as conn:
        plan = plan_rollback(conn, SETTINGS.root, keep, code_root=None)
    migrate_down(settings, plan, echo=lambda line: None)


def test_all_the_way_down_and_up_again(database_with_rows: Database, template: Database) -> None:
    """The rows go with their tables; the database that comes back is whole."""
    down(database_with_rows, 0)
    with psycopg.connect(database_with_rows.url) as conn:
        tables = conn.execute(
            "select tablename from pg_catalog.pg_tables where schemaname = 'aspen'"
        ).fetchall()

    apply_all(database_with_rows.url, SETTINGS.root)

    assert tables == []
    assert schema_differences(database_with_rows.url, template.url) == []


def test_trees_are_cut_anew_and_back(database_with_rows: Database) -> None:
    """0008 keeps what the text of a tree says, and is no change for the audit log."""

    def rows(*queries: str) -> list[object]:
        with psycopg.connect(database_with_rows.url) as conn:
            return [conn.execute(query).fetchall() for query in queries]

    before = rows(TREES, TIPS, AUDIT)

    down(database_with_rows, 7)
    joined = rows(
        "select tail_text from aspen.phylo_trees",
        "select lead_text from aspen.phylo_tree_tips order by id",
    )
    apply_all(database_with_rows.url, SETTINGS.root)

    assert joined == [
        [("}]}",), ("}]}",)],
        [
            ('{"name":"root","children":[{"name":',),
            ('},{"name":',),
            ('},{"name":',),
            ('{"name":"root","children":[{"name":',),
        ],
    ]
    assert rows(TREES, TIPS, AUDIT) == before


def test_outputs_below_another_jobs_folder_go(database_with_rows: Database) -> None:
    """0011 leaves those that are below their own job's, or below none."""
    down(database_with_rows, 10)
    with psycopg.connect(database_with_rows.url) as conn:
        (first,), (second,) = conn.execute("select id from aspen.jobs order by id").fetchall()
        factories.job_output(conn, first, key=f"jobs/{second}/1/tree.json")
        kept = [
            factories.job_output(conn, first, "aligned_fasta", key="by hand"),
            factories.job_output(conn, second, key=f"jobs/{second}/1/own.json"),
        ]

    apply_all(database_with_rows.url, SETTINGS.root)

    with psycopg.connect(database_with_rows.url) as conn:
        left = conn.execute("select id from aspen.job_outputs order by id").fetchall()
    assert [output for (output,) in left] == kept


OFFENDERS = (
    "select format('select id from %s where not (%s)', conrelid::regclass,"
    " pg_get_expr(conbin, conrelid))"
    " from pg_constraint where contype = 'c' and not convalidated"
)


def test_names_one_cannot_read_stop_the_migration_until_they_are_corrected(
    database_with_rows: Database,
) -> None:
    """0010 says which rule is broken; the checks that are not validated find the rows."""
    down(database_with_rows, 9)
    with psycopg.connect(database_with_rows.url, autocommit=True) as conn:
        conn.execute("update aspen.samples set private_identifier = e'a\tb', host = '=1'")

        with pytest.raises(ControlError, match="samples_private_identifier_form_check"):
            apply_all(database_with_rows.url, SETTINGS.root)
        queries = [query for (query,) in conn.execute(OFFENDERS).fetchall()]
        offenders = [len(conn.execute(query.encode()).fetchall()) for query in queries]
        conn.execute("update aspen.samples set private_identifier = 'ab', host = null")
        apply_all(database_with_rows.url, SETTINGS.root)
        left = conn.execute(OFFENDERS).fetchall()

    assert (sorted(offenders), left) == ([0, 0, 0, 0, 0, 1, 1], [])
