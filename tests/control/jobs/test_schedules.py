"""`control job schedule` and `launch` queue runs on behalf of groups."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.jobs.schedules import run_due_schedules
from tests import factories
from tests.servers import Database

# A Monday, the day of factories.job_schedule.
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TITLE = "Contextual Recency-Focused Build"


def run(database: Database, *args: object) -> Result:
    """Run `control job …` in this process."""
    return CliRunner().invoke(cli, ["job", *map(str, args)], env=database.environment)


def group_with_data(conn: psycopg.Connection, name: str = "Lab") -> int:
    """Store a group with a recent sample that has a sequence."""
    group = factories.group(conn, name)
    factories.sequence(conn, factories.sample(conn, group, collection_date="2026-02-20"))
    return group


def runs(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return the runs there are."""
    return conn.execute(
        "select group_id, name, tree_type, template_args, requested_by_id from aspen.jobs"
        " where kind = 'phylo_run' order by id"
    ).fetchall()


def test_run_is_queued_for_a_due_schedule(conn: psycopg.Connection, database: Database) -> None:
    """Queue it for nobody, from recent data, and note it in the schedule."""
    group = group_with_data(conn)
    schedule = factories.job_schedule(conn, group)

    result = run(database, "schedule", "--at", "2026-03-02")

    [(job, day, problem)] = conn.execute(
        "select last_job_id, last_run_on::text, last_problem from aspen.job_schedules"
    ).fetchall()
    assert (result.exit_code, result.stdout) == (
        0,
        f"schedule {schedule} of group {group}: queued job {job}, Lab {TITLE} 2026-03-02\n",
    )
    assert runs(conn) == [
        (group, f"Lab {TITLE} 2026-03-02", "OVERVIEW", {"filter_start_date": "2025-12-08"}, None)
    ]
    assert (day, problem) == ("2026-03-02", None)


def test_dry_run_queues_nothing(conn: psycopg.Connection, database: Database) -> None:
    """Say what would be queued, and leave the schedule due."""
    group = group_with_data(conn)
    schedule = factories.job_schedule(conn, group)

    result = run(database, "schedule", "--at", "2026-03-02", "--dry-run")

    assert result.stdout == (
        f"schedule {schedule} of group {group}: would queue Lab {TITLE} 2026-03-02\n"
    )
    assert runs(conn) == []
    assert len(run_due_schedules(conn, MONDAY)) == 1


def test_second_call_on_a_day_queues_nothing(conn: psycopg.Connection, database: Database) -> None:
    """Say that nothing is due; a week later it is again."""
    factories.job_schedule(conn, group_with_data(conn))
    run_due_schedules(conn, MONDAY)

    result = run(database, "schedule", "--at", "2026-03-02")

    assert result.stdout == "nothing is due\n"
    assert len(run_due_schedules(conn, MONDAY.replace(day=9))) == 1


def test_two_schedulers_at_once_queue_one_run(conn: psycopg.Connection, database: Database) -> None:
    """Let the second one wait for the first, and then skip the schedule."""
    factories.job_schedule(conn, group_with_data(conn))
    with (
        database.connect() as first,
        database.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            done = run_due_schedules(first, MONDAY)
            waiting = pool.submit(run_due_schedules, second, MONDAY)
            while not conn.execute(
                "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                [second.info.backend_pid],
            ).fetchall():
                assert not waiting.done()
        results = (len(done), waiting.result(60))

    assert results == (1, [])
    assert len(runs(conn)) == 1


def test_schedule_without_data_is_skipped_with_the_reason(
    conn: psycopg.Connection, database: Database
) -> None:
    """Queue the run of the next group all the same."""
    empty = factories.job_schedule(conn, factories.group(conn))
    group = group_with_data(conn)
    factories.job_schedule(conn, group)

    result = run(database, "schedule", "--at", "2026-03-02", "--json")

    assert [(one["schedule_id"] == empty, one["problem"]) for one in json.loads(result.stdout)] == [
        (True, "there is neither a sample nor a public sequence of the last 24 months"),
        (False, None),
    ]
    assert [row[0] for row in runs(conn)] == [group]


def test_refused_run_is_noted_in_the_schedule(conn: psycopg.Connection) -> None:
    """Keep the reason that create_phylo_run gives, and try again on the next day only."""
    group = group_with_data(conn)
    factories.job_schedule(conn, group)
    conn.execute("update aspen.pathogens set nextclade_dataset_name = null")

    [result] = run_due_schedules(conn, MONDAY)

    assert result.problem is not None
    assert result.problem.startswith("There is no pipeline for this pathogen")
    noted = conn.execute("select last_problem, last_job_id from aspen.job_schedules").fetchall()
    assert noted == [(result.problem, None)]
    assert run_due_schedules(conn, MONDAY) == []


def test_rights_of_the_group_end_with_the_run(conn: psycopg.Connection) -> None:
    """Leave none behind for what follows in the transaction of the caller."""
    factories.job_schedule(conn, group_with_data(conn))
    with conn.transaction():
        results = run_due_schedules(conn, MONDAY)
        left = conn.execute("select authz.any_groups(), authz.member_groups()").fetchall()

    assert (len(results), left) == (1, [(None, None)])


def test_run_is_launched_for_a_group(conn: psycopg.Connection, database: Database) -> None:
    """Print its id alone."""
    group = group_with_data(conn)

    result = run(database, "launch", "Lab", "--tree-type", "TARGETED", "--name", "By hand")

    [(job,)] = conn.execute("select id from aspen.jobs where kind = 'phylo_run'").fetchall()
    assert (result.exit_code, result.stdout) == (0, f"{job}\n")
    assert runs(conn) == [(group, "By hand", "TARGETED", {}, None)]


def test_dry_run_launches_nothing(conn: psycopg.Connection, database: Database) -> None:
    """Say what would be queued."""
    group = group_with_data(conn)

    result = run(database, "launch", group, "--dry-run")

    assert result.stdout == f"would queue Lab {TITLE} for group {group}\n"
    assert runs(conn) == []


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--template-args", '{"color": 1}'], 1, "The run is invalid"),
        (["--template-args", "[]"], 2, "give a JSON object"),
        (["--pathogen", "XXX"], 1, "the run is refused"),
    ],
)
def test_launch_that_is_refused_says_why(
    conn: psycopg.Connection, database: Database, args: list[str], code: int, words: str
) -> None:
    """Queue nothing."""
    group = group_with_data(conn)

    result = run(database, "launch", group, *args)

    assert result.exit_code == code
    assert words in f"{result.output}{result.exception}"
    assert runs(conn) == []
