"""`control job queue` and `schedule` queue jobs of the platform: those of platform.toml."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.errors import ControlError
from control.jobs.platform import follow
from control.jobs.platform_plan import queue_due, queue_one, read_platform_jobs
from control.jobs.states import lock_job
from tests import factories
from tests.servers import SETTINGS, Database

DOWNLOAD = """
[[job]]
kind = "repository_download"
pathogen = "SC2"
repository = "GenBank"
sequences_url = "https://example.org/sequences.fasta.xz"
metadata_url = "s3://bucket/metadata.tsv"
is_aligned = true
"""
DAILY = f"{DOWNLOAD}every_days = 1\n"
LOCATIONS = '[[job]]\nkind = "locations"\npathogen = "SC2"\nevery_days = 7\n'
ARGUMENTS = {
    "sequences_url": "https://example.org/sequences.fasta.xz",
    "metadata_url": "s3://bucket/metadata.tsv",
    "is_aligned": True,
}


class Plan:
    """A checkout with a pipelines/platform.toml, and a database with SC2 and GenBank."""

    def __init__(self, conn: psycopg.Connection, database: Database, root: Path) -> None:
        self.conn = conn
        self.database = database
        self.root = root
        (root / "pipelines").mkdir()
        factories.pathogen(conn)
        factories.repository(conn, "GenBank")

    def write(self, *tables: str) -> None:
        """Say what comes round."""
        (self.root / "pipelines/platform.toml").write_text("\n".join(tables))

    def control(self, *arguments: str) -> Result:
        """Run `control job …` in this process."""
        environment = {**self.database.environment, "ASPEN_ROOT": str(self.root)}
        return CliRunner().invoke(cli, ["job", *arguments], env=environment)

    def due(self, days: int = 0) -> list[Any]:
        """Queue what is due in so many days, and return its kinds."""
        at = datetime.now(UTC) + timedelta(days=days)
        return [one.kind for one in queue_due(self.conn, read_platform_jobs(self.root), at)]

    def jobs(self) -> list[Any]:
        """Return the jobs there are."""
        return self.conn.execute(
            "select kind, group_id, arguments from aspen.jobs order by id"
        ).fetchall()

    def end(self) -> None:
        """Let every job fail, as one whose source is away does."""
        self.conn.execute(
            "select internal.move_job(id, 'fail', 'away') from aspen.jobs where finished_at is null"
        )


@pytest.fixture
def plan(conn: psycopg.Connection, database: Database, tmp_path: Path) -> Plan:
    """Provide a plan that a test writes."""
    return Plan(conn, database, tmp_path)


def test_job_is_queued_when_it_is_due(plan: Plan) -> None:
    """Queue it once per period by the calendar, whatever became of the last one."""
    plan.write(DAILY, LOCATIONS)

    assert plan.due() == ["repository_download", "locations"]
    assert plan.due() == []
    plan.end()
    assert plan.due() == []
    assert plan.due(days=1) == ["repository_download"]
    assert plan.jobs()[0] == ("repository_download", 0, ARGUMENTS)


def test_job_is_not_queued_while_one_is_open(plan: Plan) -> None:
    """Wait for the end of one that takes longer than the period."""
    plan.write(DAILY)
    plan.due()

    assert plan.due(days=2) == []
    plan.end()
    assert plan.due(days=2) == ["repository_download"]


def test_job_without_period_is_queued_when_asked_only(plan: Plan) -> None:
    """Take those of the file that comes with this version."""
    plan.write(DOWNLOAD)
    none_due = plan.due()
    arguments = ("queue", "repository_download", "--pathogen", "SC2", "--repository", "GenBank")

    dry = plan.control(*arguments, "--dry-run")
    before = plan.jobs()
    done = plan.control(*arguments, "--json")
    again = plan.control(*arguments)

    assert (none_due, before) == ([], [])
    assert dry.stdout == "repository_download SC2 GenBank: would queue\n"
    answer = json.loads(done.stdout)
    assert answer["kind"] == "repository_download"
    assert plan.jobs() == [("repository_download", 0, ARGUMENTS)]
    assert again.exit_code == 1
    assert f"job {answer['job_id']} does this already" in again.stderr


def test_schedule_shows_and_queues_what_is_due(plan: Plan) -> None:
    """Queue them beside the runs of groups; a dry run changes nothing."""
    plan.write(DAILY)

    dry = plan.control("schedule", "--dry-run")
    before = plan.jobs()
    done = plan.control("schedule", "--json")
    again = plan.control("schedule")

    assert dry.stdout == "repository_download SC2 GenBank: would queue\n"
    assert before == []
    [(job,)] = plan.conn.execute("select id from aspen.jobs").fetchall()
    assert json.loads(done.stdout) == [
        {
            "kind": "repository_download",
            "pathogen": "SC2",
            "repository": "GenBank",
            "job_id": job,
            "problem": None,
        }
    ]
    assert again.stdout == "nothing is due\n"


def test_unknown_pathogen_is_reported_and_stops_nothing(plan: Plan) -> None:
    """Queue the others all the same."""
    plan.write(DAILY.replace("SC2", "XXX"), LOCATIONS)

    done = plan.control("schedule")

    assert done.stdout.splitlines()[0] == (
        "repository_download XXX GenBank: no job: there is no pathogen 'XXX'"
    )
    assert [kind for kind, *_ in plan.jobs()] == ["locations"]


def test_two_schedulers_at_once_queue_one_job(plan: Plan) -> None:
    """Let the second one wait, and then find the job."""
    plan.write(DAILY)
    jobs = read_platform_jobs(plan.root)
    with (
        plan.database.connect() as first,
        plan.database.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            done = queue_due(first, jobs)
            waiting = pool.submit(queue_due, second, jobs)
            while not plan.conn.execute(
                "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                [second.info.backend_pid],
            ).fetchall():
                assert not waiting.done()
        results = (len(done), waiting.result(60))

    assert results == (1, [])
    assert len(plan.jobs()) == 1


def test_jobs_about_different_things_are_open_at_once(plan: Plan) -> None:
    """Count neither another repository nor another kind."""
    factories.repository(plan.conn, "GISAID")
    plan.write(DAILY, DAILY.replace("GenBank", "GISAID"), LOCATIONS)

    assert len(plan.due()) == 3


def test_kinds_that_need_no_source_need_no_file(plan: Plan) -> None:
    """Queue a load that an operator asks for."""
    loaded = plan.control("queue", "locations", "--pathogen", "SC2")

    assert loaded.exit_code == 0
    assert plan.jobs() == [("locations", 0, {})]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["phylo_run", "--pathogen", "SC2"], "is no job that an operator queues"),
        (["repository_alignment", "--pathogen", "SC2"], "is no job that an operator queues"),
        (["accessions", "--pathogen", "SC2"], "needs a repository"),
        (["locations", "--pathogen", "SC2", "--repository", "GenBank"], "has no repository"),
        (["lineages", "--pathogen", "SC2"], "has no source for lineages SC2"),
        (["locations", "--pathogen", "XXX"], "there is no pathogen 'XXX'"),
    ],
)
def test_job_that_cannot_be_queued_says_why(plan: Plan, arguments: list[str], words: str) -> None:
    """Queue nothing."""
    plan.write(DOWNLOAD)

    result = plan.control("queue", *arguments)

    assert result.exit_code == 1
    assert words in result.stderr
    assert plan.jobs() == []


FAULTS = {
    "kind": (LOCATIONS.replace("locations", "trees"), "job 1 has a kind that is none of"),
    "pathogen": ('[[job]]\nkind = "locations"\n', "job 1 (locations) lacks pathogen"),
    "repository": (f"{LOCATIONS}repository = 'GenBank'\n", "must name no repository"),
    "period": (LOCATIONS.replace("7", "0"), "every_days that is not a number from 1 to 366"),
    "period true": (LOCATIONS.replace("7", "true"), "every_days that is not a number"),
    "key": (f"{LOCATIONS}when = 'now'\n", "(locations) has an unknown key when"),
    "url": (DOWNLOAD.replace("https", "ftp"), "sequences_url that is no URL"),
    "no url": (DOWNLOAD.replace("metadata_url", "#"), "lacks metadata_url"),
    "password": (DOWNLOAD.replace("example", "me:word@example"), "without a password"),
    "checksum": (f"{DOWNLOAD}metadata_sha256 = 'abc'\n", "not 64 hexadecimal digits"),
    "flag": (DOWNLOAD.replace("true", "'yes'"), "neither true nor false"),
    "twice": (f"{DOWNLOAD}{DAILY}", "repository_download SC2 GenBank is there twice"),
    "no table": ("job = [1]", "job 1 is no table"),
    "others": ("[jobs]", "more than tables [[job]]"),
    "no toml": ("[[", "is not TOML"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=list(FAULTS))
def test_fault_of_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Name the table and what is wrong with it."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/platform.toml").write_text(text)

    with pytest.raises(ControlError) as caught:
        read_platform_jobs(tmp_path)

    assert message in caught.value.message


def test_file_of_this_version_has_no_fault_and_no_period(tmp_path: Path) -> None:
    """Download nothing by itself; without the file, queue no round."""
    jobs = read_platform_jobs(SETTINGS.root)

    assert jobs
    assert {job.every_days for job in jobs} == {None}
    assert read_platform_jobs(tmp_path) == []


def test_newer_data_set_takes_the_place_of_one_that_waits(plan: Plan) -> None:
    """Go on with the newest alone; a job that runs finishes with its own."""
    plan.write(DOWNLOAD)
    [wanted] = read_platform_jobs(plan.root)
    first = queue_one(plan.conn, wanted).job_id
    assert first is not None
    with plan.conn.transaction():
        job = lock_job(plan.conn, first)
        follow(plan.conn, job, "repository_processing", data_set_id=1)
        follow(plan.conn, job, "repository_processing", data_set_id=2)
    plan.conn.execute("select internal.move_job(max(id), 'start') from aspen.jobs")
    with plan.conn.transaction():
        follow(plan.conn, job, "repository_processing", data_set_id=3)

    assert [arguments for kind, _, arguments in plan.jobs() if kind != wanted.kind] == [
        {"data_set_id": 2, "is_aligned": True},
        {"data_set_id": 3, "is_aligned": True},
    ]
