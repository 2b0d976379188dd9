"""`control report`: the page of the API, about one group or all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.servers import Database


@pytest.fixture
def labs(database: Database) -> Database:
    """Store two groups with a private sample each."""
    with database.connect() as conn:
        for name in ("Lab", "Other lab"):
            factories.sample(conn, factories.group(conn, name), is_private=True)
    return database


def run(database: Database, *arguments: str) -> Result:
    """Run the command on one database, up to the day when the samples were collected."""
    return CliRunner().invoke(
        cli, ["report", "--collected-to", "2024-02-01", *arguments], env=database.environment
    )


def test_report_is_about_all_groups_or_one(labs: Database, tmp_path: Path) -> None:
    """Count private samples too, print the page or write it, and say so on stderr."""
    everything = run(labs)
    file = tmp_path / "lab.html"
    one = run(labs, "--group", "Lab", "-o", str(file))

    assert "2024-02-01: 2 samples" in everything.stdout
    assert "2024-02-01: 1 samples" in file.read_text("utf-8")
    assert (one.stdout, one.stderr) == ("", f"wrote {file}: the overview of Lab\n")


def test_report_is_json_for_machines(labs: Database, tmp_path: Path) -> None:
    """Name the file, or contain the page."""
    file = tmp_path / "lab.html"

    written = json.loads(run(labs, "--group", "Lab", "-o", str(file), "--json").stdout)
    printed = json.loads(run(labs, "--json").stdout)

    assert written == {"about": "Lab", "bytes": file.stat().st_size, "file": str(file)}
    assert printed["page"].startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["--group", "None"], "there is no group 'None'", 1),
        (["--pathogen", "None"], "there is no pathogen 'None'", 1),
        (["--weeks", "105"], "is not in the range", 2),
        (["-o", "/nowhere/page.html"], "/nowhere/page.html", 1),
    ],
    ids=["group", "pathogen", "weeks", "file"],
)
def test_report_of_nothing_is_refused(
    labs: Database, arguments: list[str], said: str, code: int
) -> None:
    """Say what does not exist."""
    result = run(labs, *arguments)

    assert (said in result.stderr, result.exit_code) == (True, code)
