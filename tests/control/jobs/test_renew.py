"""`control job renew` queues results that are missing or stale."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.jobs.renewing import Renewed, Wanted, renew_results
from tests import factories
from tests.servers import Database

OPEN = "select count(*) from aspen.jobs where status = 'queued' and kind = 'pangolin'"


@pytest.fixture
def sample(conn: psycopg.Connection) -> int:
    """Store a sample with a sequence whose own jobs were cancelled."""
    stored = factories.sample(conn, factories.group(conn))
    conn.execute("update aspen.pathogens set slug = 'SC2', lineage_caller = 'PANGOLIN'")
    factories.sequence(conn, stored)
    conn.execute("select internal.cancel_jobs(array(select id from aspen.jobs))")
    return stored


def run(database: Database, *args: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["job", "renew", *map(str, args)], env=database.environment)


def test_missing_lineage_is_queued_after_a_dry_run(
    conn: psycopg.Connection, database: Database, sample: int
) -> None:
    """Say what would be queued, queue it, and find nothing the next time."""
    dry = run(database, "pangolin", "--pathogen", "SC2", "--dry-run")
    before = conn.execute(OPEN).fetchall()
    done, again = (run(database, "pangolin", "--pathogen", "SC2") for _ in range(2))

    assert (dry.exit_code, done.exit_code, again.exit_code) == (0, 0, 0), done.output
    assert dry.stdout.startswith("would queue a job: 1 samples of group ")
    assert (before, done.stdout.startswith("queued job ")) == ([(0,)], True)
    assert (again.stdout, again.stderr) == ("", "nothing is stale\n")
    assert conn.execute(OPEN).fetchall() == [(1,)]


def test_chosen_samples_are_queued_by_force(
    conn: psycopg.Connection, database: Database, sample: int
) -> None:
    """Leave out samples that were not named."""
    factories.sample_lineage(conn, sample)

    none = run(database, "pangolin", "--sample", sample, "--json")
    other = run(database, "pangolin", "--sample", sample + 1, "--force-all", "--json")
    named = run(database, "pangolin", "--sample", sample, "--force-all", "--json")

    assert [json.loads(one.stdout) for one in (none, other)] == [[], []]
    assert [one["sample_count"] for one in json.loads(named.stdout)] == [1]


def test_two_at_once_queue_once(conn: psycopg.Connection, database: Database, sample: int) -> None:
    """Let the second wait and find the job of the first."""

    def one(_: int) -> list[Renewed]:
        with database.connect() as own:
            return renew_results(own, Wanted("pangolin"))

    with ThreadPoolExecutor(4) as threads:
        queued = [job for some in threads.map(one, range(4)) for job in some]

    assert len(queued) == 1


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["phylo_run"], "a phylo_run gives no results of single samples"),
        (["pangolin", "--pathogen", "HIV"], "there is no pathogen 'HIV'"),
        (["pangolin", "--software-version", "new"], "the version 'new' has no number"),
    ],
)
def test_what_could_find_nothing_is_refused(
    database: Database, sample: int, args: list[str], complaint: str
) -> None:
    """Exit with 1 and say what to name."""
    result = run(database, *args)

    assert result.exit_code == 1
    assert complaint in result.stderr
