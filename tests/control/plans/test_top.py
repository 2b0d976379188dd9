"""`control db top`: what statements cost, by what they are for."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.plans.costs import Cost, purpose, summed
from control.plans.private_api import Request, ask
from tests.servers import Database


def run(database: Database, *arguments: str) -> Result:
    """Run the command on one database."""
    environment = {**database.environment, "ASPEN_ADMIN_DATABASE_URL": database.url_of("postgres")}
    return CliRunner().invoke(cli, ["db", "top", *arguments], env=environment)


def names(result: Result) -> list[str]:
    """Return what was counted."""
    return [one["name"] for one in json.loads(result.stdout)["costs"]]


def test_requests_are_counted_by_what_they_are_for(database: Database) -> None:
    """Count a call of PostgREST's as that of the function, beside what comes before each."""
    with database.connect() as conn:
        answer = ask(database.settings, conn, Request("GET", "/rpc/health"))

    result = run(database, "--json", "--limit", "100")

    assert answer.status == 200
    assert result.exit_code == 0, result.output
    assert {"/rpc/health", "the caller of each request", "settings of each request"} <= {
        *names(result)
    }


def test_counters_begin_again(database: Database) -> None:
    """Forget this database alone, after asking."""
    with database.connect() as conn, conn.transaction():
        conn.execute("set local role member")
        conn.execute("select 1")
    asked = run(database, "--reset")
    before = names(run(database, "--json"))

    result = run(database, "--reset", "--yes")

    assert asked.exit_code == 1
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("counting again\n")
    assert "other statements" in before
    assert "other statements" not in names(run(database, "--json"))


def test_counters_are_an_administrators(database: Database) -> None:
    """Say what to set where nothing names one."""
    command = ["db", "top", "--reset", "--yes"]

    result = CliRunner().invoke(cli, command, env=database.environment)

    assert result.exit_code == 1
    assert "Remedy: set ASPEN_ADMIN_DATABASE_URL" in result.stderr


def test_database_without_counters_says_how_to_have_them(database: Database) -> None:
    """Name the setting and the file."""
    with database.connect("postgres") as conn:
        conn.execute("drop extension pg_stat_statements")

    result = run(database)

    assert result.exit_code == 1
    assert "shared_preload_libraries = 'pg_stat_statements'" in result.stderr


@pytest.mark.parametrize(
    ("role", "text", "name"),
    [
        ("member", 'SOURCE SELECT "api"."jobs".* FROM "api"."jobs" LIMIT $1)', "GET /jobs"),
        (
            "member",
            'SOURCEINSERT INTO "api"."samples"("a") SELECT "a" FROM (SELECT $1) x)',
            "POST /samples",
        ),
        ("member", 'SOURCEUPDATE "api"."samples" SET "a" = $1)', "PATCH /samples"),
        ("operator", 'SOURCEDELETE FROM "api"."locations" WHERE $1)', "DELETE /locations"),
        ("anon", 'SOURCESELECT "api"."health"() pgrst_scalar)', "/rpc/health"),
        ("anon", 'SOURCESELECT "api_v1"."health"() pgrst_scalar)', "/rpc/health (api_v1)"),
        ("member", 'SOURCE SELECT * FROM "api_v1"."jobs" LIMIT $1)', "GET /jobs (api_v1)"),
        (
            "member",
            'SOURCESELECT c.* FROM (SELECT $1) p, LATERAL "api"."cancel_job"("job_id" := $2) c)',
            "/rpc/cancel_job",
        ),
        ("member", 'select "authz"."pre_request"()', "the caller of each request"),
        ("authenticator", "SELECT typname FROM pg_type", "the schema read by PostgREST"),
        ("control", 'SOURCE SELECT * FROM "api"."jobs")', "role control"),
        (None, "select 1", "roles that are gone"),
    ],
)
def test_statement_says_what_it_is_for(role: str | None, text: str, name: str) -> None:
    """Read the names in the forms that PostgREST writes."""
    assert purpose(role, text.replace("SOURCE", "WITH pgrst_source AS (")) == name


def test_costs_of_one_purpose_are_added() -> None:
    """Add calls, times and buffers, and put the most expensive first."""
    found = summed(
        [Cost("a", 1, 2.0, 1, 1, 0), Cost("b", 1, 9.0, 1, 1, 0), Cost("a", 3, 6.0, 1, 1, 1)]
    )

    assert found == [Cost("b", 1, 9.0, 1, 1, 0), Cost("a", 4, 8.0, 2, 2, 1)]
    assert found[1].mean_ms == 2.0
