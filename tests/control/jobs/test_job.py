"""`control job`: the queue as operators see it, and cancelling jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.servers import Database


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    """Connect to the test's own database as role control, in autocommit."""
    with database.connect() as conn:
        yield conn


def run(database: Database, *args: object) -> Result:
    """Run `control job …` in this process."""
    return CliRunner().invoke(cli, ["job", *map(str, args)], env=database.environment)


def status_of(conn: psycopg.Connection, job: int) -> object:
    """Return the status of a job."""
    return conn.execute("select status from aspen.jobs where id = %s", [job]).fetchall()[0][0]


@pytest.mark.parametrize("status", ["queued", "running", "cancelled"])
def test_job_is_cancelled(conn: psycopg.Connection, database: Database, status: str) -> None:
    """Accept a cancelled job as well; the audit log records who did it."""
    job = factories.job(conn, factories.group(conn), status=status)

    result = run(database, "cancel", job)

    assert (result.exit_code, result.stdout) == (0, f"cancelled job {job} (nextclade)\n")
    assert status_of(conn, job) == "cancelled"
    actors = conn.execute(
        "select actor is not null from aspen.audit_log"
        " where table_name = 'jobs' and action = 'update'"
    ).fetchall()
    assert actors == ([] if status == "cancelled" else [(True,)])


def test_dry_run_cancels_nothing(conn: psycopg.Connection, database: Database) -> None:
    """Say what it would do."""
    job = factories.job(conn, factories.group(conn))

    result = run(database, "cancel", job, "--dry-run")

    assert (result.exit_code, result.stdout) == (0, f"would cancel job {job} (nextclade)\n")
    assert status_of(conn, job) == "queued"


@pytest.mark.parametrize("status", ["succeeded", "failed", "timed_out"])
def test_job_that_has_ended_is_not_cancelled(
    conn: psycopg.Connection, database: Database, status: str
) -> None:
    """Leave the job as it ended."""
    job = factories.job(conn, factories.group(conn), status=status)

    result = run(database, "cancel", job)

    assert result.exit_code == 1
    assert f"job {job} has ended: it {status.replace('_', ' ')}" in result.stderr
    assert status_of(conn, job) == status


@pytest.mark.parametrize("command", ["cancel", "show"])
def test_unknown_job_is_said(database: Database, command: str) -> None:
    """Name the command that lists jobs."""
    result = run(database, command, 987)

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: there is no job 987\nRemedy: control job list shows those there are\n",
    )


def test_jobs_are_listed_and_shown(conn: psycopg.Connection, database: Database) -> None:
    """List the newest first, for people and machines; a name stays on its line."""
    group = factories.group(conn, "Lab")
    old = factories.job(conn, group, status="failed", error="it broke")
    new = factories.phylo_run(conn, group, "A run", status="queued")

    everything = json.loads(run(database, "list", "--json").stdout)
    waiting = run(database, "list", "--status", "queued").stdout
    shown = run(database, "show", old).stdout

    assert [one["id"] for one in everything] == [new, old]
    assert waiting.split() == [str(new), "queued", "phylo_run", "0", "SC2,", "Lab"]
    assert "error       it broke" in shown.splitlines()
