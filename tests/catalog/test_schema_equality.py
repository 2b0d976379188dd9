"""All migrations and all of sql/ make the same database, compared by pg-delta."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from control.schema.diff import schema_differences
from control.schema.migrate import build_from_nothing
from control.stack.ports import HOST
from control.stack.postgres_binaries import find_binaries
from tests.servers import SETTINGS, SQL_DIR, Cluster, Database, database_names


@pytest.fixture(scope="module")
def from_nothing(cluster: Cluster) -> Iterator[Database]:
    """Build a database from sql/load.sql, without any migration."""
    with cluster.database("aspen_from_nothing") as database:
        build_from_nothing(database.url, SETTINGS.root)
        yield database


def test_migrations_and_sql_make_the_same_database(
    template: Database, from_nothing: Database
) -> None:
    """Keep present form and history of the tables equal, which are written separately."""
    assert schema_differences(template.url, from_nothing.url) == []


# change -> the statement, and the difference that it makes
CHANGES = {
    "column": (
        "alter table aspen.users add column nickname text",
        "only in left: column:aspen.users.nickname",
    ),
    "column storage": (
        "alter table aspen.users alter column name set storage external",
        "column storage:aspen.users.name: external, compression default",
    ),
    "constraint": (
        "alter table aspen.users drop constraint users_subject_length_check",
        "only in right: constraint:aspen.users.users_subject_length_check",
    ),
    "forced row-level security": (
        "alter table aspen.users no force row level security",
        "table:aspen.users forceRowSecurity: false in left, true in right",
    ),
    "view option": (
        "alter view api.samples set (security_invoker = false)",
        'view:api.samples reloptions: ["security_invoker=false"] in left',
    ),
    "column grant": (
        "grant select (name) on aspen.users to anon",
        "only in left: acl:(table:aspen.users).anon.name",
    ),
    "owner": (
        "alter function authz.admit_request(text) owner to postgres",
        "link in right: function:authz.admit_request(text) -> role:claims_reader",
    ),
    "statistics object": (
        "create statistics aspen.users_statistics on name, email from aspen.users",
        "statistics:aspen.users_statistics: CREATE STATISTICS",
    ),
    "kind that nothing compares": (
        "create text search dictionary aspen.plain (template = pg_catalog.simple)",
        'unmodeled_kind: 1 unmodeled "text search dictionary"',
    ),
}


@pytest.fixture(scope="module")
def differences(cluster: Cluster, template: Database, from_nothing: Database) -> list[str]:
    """Compare a database with every change in it, because a comparison takes seconds."""
    with cluster.database(next(database_names), template.name) as changed:
        with changed.connect("postgres") as conn:
            for statement, _ in CHANGES.values():
                conn.execute(statement.encode())
        return schema_differences(changed.url, from_nothing.url)


@pytest.mark.parametrize("change", CHANGES)
def test_comparison_names_a_difference(differences: list[str], change: str) -> None:
    """Name each difference: a comparison that cannot fail would prove nothing."""
    statement, difference = CHANGES[change]

    assert [line for line in differences if line.startswith(difference)] != [], statement


def test_contents_page_runs_in_psql(empty_database: Database, from_nothing: Database) -> None:
    """Build the database without Python, as a DBA may."""
    psql = find_binaries(SETTINGS.postgres_bin, None).directory / "psql"
    cluster = empty_database.cluster
    where = ["-h", HOST, "-p", str(cluster.port), "-U", "control", "-d", empty_database.name]

    subprocess.run(
        [psql, *where, "-qX", "-v", "ON_ERROR_STOP=1", "-f", SQL_DIR / "load.sql"],
        env={
            **os.environ,
            "PGPASSWORD": cluster.passwords["control"],
            "PGOPTIONS": "-c role=aspen_owner -c client_min_messages=warning",
        },
        check=True,
    )

    assert schema_differences(empty_database.url, from_nothing.url) == []
