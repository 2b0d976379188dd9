"""`control group usage` and `limit`: the numbers of groups, and what they may have."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.servers import Database


@pytest.fixture
def labs(database: Database) -> Database:
    """Store two groups, of which one has a sample."""
    with database.connect() as conn:
        factories.sample(conn, factories.group(conn, "Lab"))
        factories.group(conn, "Other lab")
    return database


def run(database: Database, *arguments: str) -> Result:
    """Run a command about groups on one database."""
    return CliRunner().invoke(cli, ["group", *arguments], env=database.environment)


def test_usage_is_shown_of_all_groups_or_one(labs: Database) -> None:
    """Leave the platform out."""
    every = json.loads(run(labs, "usage", "--json").stdout)["groups"]
    one = run(labs, "usage", "Lab").stdout.splitlines()

    assert [(group["name"], group["samples"]) for group in every] == [("Lab", 1), ("Other lab", 0)]
    assert (len(one), one[1].split()[1:3]) == (2, ["Lab", "1"])


def test_limit_is_set_changed_and_ended(labs: Database) -> None:
    """Leave the limits alone that are not named, and store nothing in a dry run."""
    run(labs, "limit", "Lab", "--samples", "1_000", "--jobs-per-day", "5")
    tried = run(labs, "limit", "Lab", "--samples", "7", "--dry-run")
    run(labs, "limit", "Lab", "--jobs-per-day", "none")
    [lab] = json.loads(run(labs, "usage", "Lab", "--json").stdout)["groups"]

    both = run(labs, "limit", "Lab", "--sequence-bytes", "8", "--output-bytes", "9", "--dry-run")

    assert "1 of 7" in tried.stdout
    assert ("0 of 8" in both.stdout, "0 of 9" in both.stdout) == (True, True)
    assert (lab["most_samples"], lab["most_jobs_per_day"]) == (1000, None)


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["Lab"], "give --samples", 2),
        (["Lab", "--samples", "many"], "neither a number nor none", 2),
        (["None", "--samples", "1"], "there is no group 'None'", 1),
    ],
    ids=["nothing", "text", "group"],
)
def test_limit_of_nothing_is_refused(
    labs: Database, arguments: list[str], said: str, code: int
) -> None:
    """Say what is missing."""
    result = run(labs, "limit", *arguments)

    assert (said in result.stderr, result.exit_code) == (True, code)
