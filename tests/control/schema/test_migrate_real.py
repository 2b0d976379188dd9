"""The migrations of this checkout, back and forth over a database with rows in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from control.schema.diff import schema_differences
from control.schema.freeze import migration_files
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
    """Lose the rows with their tables; the database that comes back is whole."""
    down(database_with_rows, 0)
    with psycopg.connect(database_with_rows.url) as conn:
        tables = conn.execute(
            "select tablename from pg_catalog.pg_tables where schemaname = 'aspen'"
        ).fetchall()

    apply_all(database_with_rows.url, SETTINGS.root)

    assert tables == []
    assert schema_differences(database_with_rows.url, template.url) == []


def test_entries_of_the_audit_log_outlive_the_change_of_its_form(
    database_with_rows: Database,
) -> None:
    """Keep them down and up, as entries without values, and say from when values are kept."""
    entries = "select id, occurred_at, table_name, row_id from aspen.audit_log order by id"
    with psycopg.connect(database_with_rows.url) as conn:
        before = conn.execute(entries).fetchall()
    down(database_with_rows, 5)
    with psycopg.connect(database_with_rows.url) as conn:
        rolled_back = conn.execute(entries).fetchall()

    apply_all(database_with_rows.url, SETTINGS.root)

    with psycopg.connect(database_with_rows.url) as conn:
        after = conn.execute(entries).fetchall()
        valued = conn.execute(
            "select count(*) from aspen.audit_log where old_values is not null"
        ).fetchone()
        factories.group(conn)
        latest = conn.execute(
            "select tableoid::regclass::text, id > %s from aspen.audit_log"
            " order by id desc limit 1",
            [after[-1][0]],
        ).fetchone()
    assert rolled_back == before
    assert after[:-1] == before
    assert after[-1][2:] == ("audit_log", None)
    assert valued == (0,)
    assert latest == ("audit_log_before", True)


@pytest.mark.parametrize("is_trimmed", [False, True], ids=["with events", "all trimmed"])
def test_feed_keeps_its_numbers(database_with_rows: Database, is_trimmed: bool) -> None:
    """Keep events in both forms, and give no number twice: clients remember the last one."""
    (number,) = (
        int(path.name[:4])
        for path in migration_files(SETTINGS.root).values()
        if path.name.endswith("_partition_events.sql")
    )
    feed = "select id, row_id, kind, occurred_at from aspen.events order by id"
    with psycopg.connect(database_with_rows.url) as conn:
        conn.execute("select internal.number_events()")
        before = conn.execute(feed).fetchall()
        if is_trimmed:
            conn.execute("delete from aspen.events")
    down(database_with_rows, number - 1)
    with psycopg.connect(database_with_rows.url) as conn:
        rolled_back = conn.execute(feed).fetchall()

    apply_all(database_with_rows.url, SETTINGS.root)

    with psycopg.connect(database_with_rows.url) as conn:
        after = conn.execute(feed).fetchall()
        factories.sample(conn, factories.group(conn))
        conn.execute("select internal.number_events()")
        latest = conn.execute("select max(id) from aspen.events").fetchone()
    assert before
    assert rolled_back == after == ([] if is_trimmed else before)
    assert latest is not None
    assert latest[0] > before[-1][0]


def test_ended_grants_do_not_come_back(database: Database) -> None:
    """Delete them when their end is forgotten, and keep the others."""
    with psycopg.connect(database.url) as conn:
        owner, ended, lasting = (factories.group(conn) for _ in range(3))
        factories.grant(conn, owner, ended, "member")
        factories.grant(conn, owner, lasting, "viewer")
        conn.execute(
            "update aspen.group_grants set ends_at = now() - interval '1 day',"
            " created_at = now() - interval '2 days' where grantee_group_id = %s",
            [ended],
        )

    down(database, 3)

    with psycopg.connect(database.url) as conn:
        left = conn.execute("select grantee_group_id from aspen.group_grants").fetchall()
    assert left == [(lasting,)]


def test_restricted_samples_and_results_go_back_and_forth(database: Database) -> None:
    """Keep results as private as their samples; going back makes restricted ones private."""
    (number,) = (
        int(path.name[:4])
        for path in migration_files(SETTINGS.root).values()
        if path.name.endswith("_add_restricted_until.sql")
    )
    with psycopg.connect(database.url) as conn:
        group = factories.group(conn)
        columns_of: dict[str, dict[str, Any]] = {
            "open": {},
            "private": {"is_private": True},
            "restricted": {"restricted_until": date.today() + timedelta(9)},
            "disclosed": {"restricted_until": date.today() - timedelta(9)},
        }
        for name, columns in columns_of.items():
            sample = factories.sample(conn, group, name, **columns)
            factories.sample_lineage(conn, sample)
            factories.mutations(conn, sample)

    down(database, number - 1)
    with psycopg.connect(database.url) as conn:
        before = conn.execute(
            "select samples.private_identifier from aspen.samples as samples"
            " inner join aspen.sample_lineages as lineages on samples.id = lineages.sample_id"
            " inner join aspen.sample_mutations as mutations on samples.id = mutations.sample_id"
            " where samples.is_private and lineages.is_private and mutations.is_private order by 1"
        ).fetchall()
    apply_all(database.url, SETTINGS.root)
    with psycopg.connect(database.url) as conn:
        valid = conn.execute(
            "select count(*) from aspen.sample_lineages as lineages"
            " inner join aspen.samples as samples on samples.id = lineages.sample_id"
            " where samples.disclosed_at <> lineages.disclosed_at"
        ).fetchone()
        after = conn.execute(
            "select samples.private_identifier from aspen.samples as samples"
            " inner join aspen.sample_lineages as lineages"
            " on samples.id = lineages.sample_id and samples.disclosed_at = lineages.disclosed_at"
            " inner join aspen.sample_mutations as mutations"
            " on samples.id = mutations.sample_id and samples.disclosed_at = mutations.disclosed_at"
            " where samples.disclosed_at > now() order by 1"
        ).fetchall()

    assert valid == (0,)
    assert before == after == [("private",), ("restricted",)]
