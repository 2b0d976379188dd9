"""`control job start`: a job whose program an operator runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.tokens.keys import ensure_keys
from tests import factories
from tests.servers import Database


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    """Connect to the test's own database as role control, in autocommit."""
    with database.connect() as conn:
        yield conn


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """Make keys that sign tokens."""
    ensure_keys(tmp_path / "keys")
    return tmp_path / "keys"


def start(database: Database, keys_dir: Path, *args: object) -> Result:
    """Run `control job start …` in this process."""
    environment = database.environment | {"ASPEN_KEYS_DIR": str(keys_dir)}
    return CliRunner().invoke(cli, ["job", "start", *map(str, args)], env=environment)


def row_of(conn: psycopg.Connection, job: int) -> tuple[object, ...]:
    """Return what changed of a job."""
    return conn.execute(
        "select status, executor, started_at is not null from aspen.jobs where id = %s", [job]
    ).fetchall()[0]


def test_started_job_runs_and_its_token_names_job_and_attempt(
    conn: psycopg.Connection, database: Database, keys_dir: Path
) -> None:
    """Print the token alone on standard output, and where the files go beside it."""
    job = factories.job(conn, factories.group(conn), attempt=2)

    result = start(database, keys_dir, job, "--ttl", "2h")

    assert result.exit_code == 0, result.output
    claims = jwt.decode(result.stdout.strip(), options={"verify_signature": False})
    assert (claims["role"], claims["job_id"], claims["attempt"]) == ("job", job, 2)
    assert claims["exp"] - claims["iat"] == 7200
    assert f"/jobs/{job}/2/" in result.stderr
    limit = "select extract(epoch from deadline_at - now()) > 7000 from aspen.jobs where id = %s"
    assert conn.execute(limit, [job]).fetchall() == [(True,)]
    assert row_of(conn, job) == ("running", "manual", True)


def test_json_has_what_the_program_needs(
    conn: psycopg.Connection, database: Database, keys_dir: Path
) -> None:
    """Print one object."""
    job = factories.job(conn, factories.group(conn), "pangolin")

    started = json.loads(start(database, keys_dir, job, "--json").stdout)

    assert started["output_prefix"].endswith(f"/jobs/{job}/1/")
    assert (started["job_id"], started["attempt"], started["kind"]) == (job, 1, "pangolin")
    assert started["token"]


def test_dry_run_starts_nothing_and_shows_no_token(
    conn: psycopg.Connection, database: Database, keys_dir: Path
) -> None:
    """Say what it would start."""
    job = factories.job(conn, factories.group(conn))

    result = start(database, keys_dir, job, "--dry-run")

    assert result.stdout == f"would start job {job} (nextclade), attempt 1\n"
    assert row_of(conn, job) == ("queued", None, False)


@pytest.mark.parametrize("status", ["running", "succeeded", "failed", "cancelled", "timed_out"])
def test_job_that_is_not_queued_does_not_start(
    conn: psycopg.Connection, database: Database, keys_dir: Path, status: str
) -> None:
    """Mint no second token for a running job, and leave one that ended."""
    job = factories.job(conn, factories.group(conn), status=status)
    before = row_of(conn, job)

    result = start(database, keys_dir, job)

    assert result.exit_code == 1
    assert f"job {job} is {status.replace('_', ' ')}" in result.stderr
    assert (result.stdout, row_of(conn, job)) == ("", before)


def test_unknown_job_does_not_start(database: Database, keys_dir: Path) -> None:
    """Name the id."""
    result = start(database, keys_dir, 10**12)

    assert result.exit_code == 1
    assert f"there is no job {10**12}" in result.stderr
