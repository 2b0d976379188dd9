"""`control load repositories` and `control load usher-options`: tables replace what is there."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.servers import Database

USHER = "pathogen,description,value,priority\n"
OLD = USHER + "SC2,All,all.pb,1\nSC2,Public,public.pb,2\nSC2,Old,old.pb,\n"
PREFIXES = "pathogen\trepository\tprefix\n"
OPTIONS = "select description, value, priority from aspen.usher_options order by value"


class Shelf:
    """A database with two pathogens, and a table to load."""

    def __init__(self, conn: psycopg.Connection, database: Database, path: Path) -> None:
        self.conn, self.database, self.path = conn, database, path
        factories.pathogen(conn)
        factories.pathogen(conn, "MPX")

    def load(self, kind: str, text: str, *options: str) -> Result:
        """Write the table and load it."""
        self.path.write_text(text)
        command = ["load", kind, str(self.path), *options]
        return CliRunner().invoke(cli, command, env=self.database.environment)


@pytest.fixture
def shelf(conn: psycopg.Connection, database: Database, tmp_path: Path) -> Shelf:
    """Return a database with SC2 and MPX."""
    return Shelf(conn, database, tmp_path / "table.csv")


def test_usher_options_become_those_of_the_table(shelf: Shelf) -> None:
    """Add, change and remove; let a priority and a description pass from one to another."""
    shelf.load("usher-options", OLD)
    other = USHER + "SC2,Public,all.pb,2\nSC2,All,public.pb,1\nSC2,New,new.pb,3\n"

    first, second = shelf.load("usher-options", other), shelf.load("usher-options", other)

    assert [first.stdout, second.stdout] == [
        "added 1 options, changed 2, removed 1\n",
        "added 0 options, changed 0, removed 0\n",
    ]
    assert shelf.conn.execute(OPTIONS).fetchall() == [
        ("Public", "all.pb", 2),
        ("New", "new.pb", 3),
        ("All", "public.pb", 1),
    ]


def test_usher_options_of_other_pathogens_stay(shelf: Shelf) -> None:
    """Replace only those of pathogens that the table names."""
    shelf.load("usher-options", USHER + "MPX,Pox,pox.pb,1\n")

    shelf.load("usher-options", USHER + "SC2,All,all.pb,1\n")

    assert [row[1] for row in shelf.conn.execute(OPTIONS)] == ["all.pb", "pox.pb"]


def test_much_smaller_table_of_usher_options_is_refused(shelf: Shelf) -> None:
    """Load less than half of what is there only if told to."""
    shelf.load("usher-options", OLD)
    one = USHER + "SC2,All,all.pb,1\n"

    refused, loaded = (
        shelf.load("usher-options", one),
        shelf.load("usher-options", one, "--allow-fewer"),
    )

    assert (refused.exit_code, loaded.exit_code) == (1, 0)
    assert "has 1 options, and there are 3" in refused.stderr


def test_dry_run_lists_each_change_and_stores_nothing(shelf: Shelf) -> None:
    """Show what is added, changed and removed, with the values before and after."""
    shelf.load("usher-options", OLD)
    before = shelf.conn.execute(OPTIONS).fetchall()
    other = USHER + "SC2,All,all.pb,4\nSC2,Public,public.pb,2\nSC2,New,new.pb,1\n"

    shown = shelf.load("usher-options", other, "--dry-run")
    listed = shelf.load("usher-options", other, "--dry-run", "--json")

    assert shown.stdout.splitlines() == [
        "would add 1 options, change 1, remove 1",
        "~ usher_options: All (priority: 1 → 4)",
        "- usher_options: Old",
        "+ usher_options: New",
    ]
    assert [change["kind"] for change in json.loads(listed.stdout)["changes"]] == [
        "changed",
        "removed",
        "added",
    ]
    assert shelf.conn.execute(OPTIONS).fetchall() == before


def test_repositories_and_prefixes_are_those_of_the_table(shelf: Shelf) -> None:
    """Add a repository with its prefix, change a prefix, and keep what the table does not name."""
    table = PREFIXES + "SC2\tGISAID\thCoV-20\nMPX\tPathoplexus\tmpox\n"

    first, second = shelf.load("repositories", table), shelf.load("repositories", table)

    assert [first.stdout, second.stdout] == [
        "added 1 prefixes of repositories, changed 1\n",
        "added 0 prefixes of repositories, changed 0\n",
    ]
    assert shelf.conn.execute(
        "select pathogens.slug, repositories.name, prefix from aspen.pathogen_repositories"
        " join aspen.pathogens on pathogens.id = pathogen_id"
        " join aspen.public_repositories as repositories on repositories.id = public_repository_id"
        " order by 1, 2"
    ).fetchall() == [
        ("MPX", "GISAID", "hCoV-19"),
        ("MPX", "Pathoplexus", "mpox"),
        ("SC2", "GISAID", "hCoV-20"),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("usher-options", USHER + "HIV,All,all.pb,1\n", ":2: there is no pathogen 'HIV'"),
        ("usher-options", USHER + "SC2,All,,1\n", ":2: value is required"),
        ("usher-options", USHER + "SC2,All,a,first\n", "'first' is no number"),
        (
            "usher-options",
            USHER + "SC2,A,a,1\nSC2,B,a,2\n",
            ":3: a is given twice, first in line 2",
        ),
        ("usher-options", USHER + "SC2,A,a,1\nSC2,B,b,1\n", ":3: SC2 / 1 is given twice"),
        ("usher-options", USHER + "SC2,A,a,1\nSC2,A,b,2\n", ":3: A is given twice"),
        ("usher-options", "pathogen,value\n", "has no column description"),
        ("usher-options", USHER, "has no rows"),
        ("repositories", PREFIXES + "SC2\tGISAID\n", ":2: the row has 2 cells, the header 3"),
        ("repositories", PREFIXES + "SC2\tX\ta\nSC2\tX\tb\n", ":3: SC2 / X is given twice"),
        ("repositories", PREFIXES + "SC2\tX\tno blanks\n", "pathogen_repositories"),
    ],
)
def test_wrong_table_is_refused(shelf: Shelf, kind: str, text: str, reason: str) -> None:
    """Name the line and what is wrong with it; store nothing."""
    result = shelf.load(kind, text)

    assert (result.exit_code, shelf.conn.execute(OPTIONS).fetchall()) == (1, [])
    assert reason in result.stderr
