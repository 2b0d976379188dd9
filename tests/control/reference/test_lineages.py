"""`control load lineages`: the lineages of a pathogen are those of a file."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.servers import Database

NOTES = "Lineage\tDescription\nA\tOne of two\nA.1\tUSA lineage\n*A.2.1\tWithdrawn: merged\n"
MPOX = {"lineages": [{"name": "A", "alias": "A"}, {"name": "B.1", "alias": "A.1.1"}]}


@dataclass(frozen=True)
class Library:
    """A database with a pathogen, and a file of lineages."""

    database: Database
    file: Path

    def load(self, content: str | bytes, *options: str, slug: str = "SC2") -> Result:
        """Write the file and load it."""
        self.file.write_bytes(content.encode() if isinstance(content, str) else content)
        command = ["load", "lineages", slug, str(self.file), *options]
        return CliRunner().invoke(cli, command, env=self.database.environment)

    def names(self, table: str = "lineages", column: str = "lineage") -> list[str]:
        """Return the names that are stored."""
        with self.database.connect() as conn:
            rows = conn.execute(f"select {column} from aspen.{table} order by 1").fetchall()  # noqa: S608
        return [name for (name,) in rows]


@pytest.fixture
def library(database: Database, tmp_path: Path) -> Library:
    """Store a pathogen with a lineage that no file has."""
    with database.connect() as conn:
        factories.lineage_name(conn, factories.pathogen(conn), "OLD")
    return Library(database, tmp_path / "lineages")


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_notes_of_pango_replace_the_lineages(library: Library, pack: object) -> None:
    """Leave out withdrawn lineages; the second time changes nothing."""
    assert callable(pack)
    said = [library.load(pack(NOTES)).stdout for _ in range(2)]

    assert said == [
        "added 2 lineages and 0 aliases, removed 1 lineages\n",
        "added 0 lineages and 0 aliases, removed 0 lineages\n",
    ]
    assert library.names() == ["A", "A.1"]


def test_list_of_mpox_brings_aliases(library: Library) -> None:
    """Store an alias that is not the name itself."""
    result = library.load(json.dumps(MPOX))

    assert result.stdout == "added 2 lineages and 1 aliases, removed 1 lineages\n"
    assert library.names() == ["A", "B.1"]
    assert library.names("lineage_aliases", "alias || patterns::text") == ["A.1.1{B.1}"]


def test_dry_run_stores_nothing(library: Library) -> None:
    """Count what would change."""
    result = library.load(NOTES, "--dry-run", "--json")

    assert json.loads(result.stdout) == {
        "added": 2,
        "removed": 1,
        "aliases": 0,
        "withdrawn": 1,
        "is_stored": False,
    }
    assert library.names() == ["OLD"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "does not begin with"),
        ("A\nB\n", "does not begin with"),
        ("Lineage\tDescription\n", "has no lineages"),
        ("Lineage\tDescription\nA\n=1\tx\n", ":3: '=1' is not the name of a lineage"),
        (b"Lineage\tDescription\n\xff\n", "UTF-8"),
        ("{", "is not a list of lineages"),
        ('{"lineages": 3}', "is not a list of lineages"),
        ('{"lineages": [3]}', "is not a list of lineages"),
        ('{"lineages": [{"name": null}]}', ":1: None is not the name of a lineage"),
        ('{"lineages": []}', "has no lineages"),
    ],
)
def test_other_file_is_rejected(library: Library, content: str | bytes, said: str) -> None:
    """Name the file and the line, and store nothing."""
    result = library.load(content)

    assert (result.exit_code, library.names()) == (1, ["OLD"])
    assert said in result.stderr


def test_pathogen_must_exist(library: Library) -> None:
    """Name the slug."""
    result = library.load(NOTES, slug="sars")

    assert (result.exit_code, "no pathogen 'sars'" in result.stderr) == (1, True)


def test_file_with_less_than_half_is_rejected(library: Library) -> None:
    """Take it for incomplete, unless the option says otherwise."""
    library.load("Lineage\tDescription\nA\nB\nC\n")
    few = "Lineage\tDescription\nA\n"

    refused, loaded = library.load(few), library.load(few, "--allow-fewer")

    assert (refused.exit_code, "has 3" in refused.stderr) == (1, True)
    assert (loaded.exit_code, library.names()) == (0, ["A"])
