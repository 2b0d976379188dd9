"""The migrations of this checkout, back and forth over a database with rows in it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from control.schema.diff import schema_differences
from control.schema.migrate import apply_all
from control.schema.rollback import migrate_down, plan_rollback
from tests import factories
from tests.factories import Tip
from tests.servers import SETTINGS, Database


@pytest.fixture
def database_with_rows(database: Database) -> Database:
    """Store samples and two trees of theirs, one with names that JSON must escape."""
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
