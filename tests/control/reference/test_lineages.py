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


PANGO = "Lineage\tDescription\n" + "".join(
    f"{name}\tOf Pango\n" for name in ("B.1", "BA.1", "BA.1.1", "BE", "XA", "XBB.1", "EG.1")
)
KEY = {
    "B": "",
    "BA": "B.1.1.529",
    "BE": "BA.5.3.1",
    "EG": "XBB.1.9.2",
    "XA": ["B.1.1.7", "B.1.177*"],
    "XBB": ["BJ.1", "BM.1.1.1"],
}


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

    def load_with(self, key: object, *options: str, notes: str = PANGO) -> Result:
        """Write a file of notes and an alias key, and load both."""
        path = self.file.with_name("alias_key.json")
        path.write_text(key if isinstance(key, str) else json.dumps(key))
        return self.load(notes, "--alias-key", str(path), *options)

    def meant_by(self, *names: str) -> list[str]:
        """Return the lineages that a filter by these names finds."""
        with self.database.connect() as conn:
            rows = conn.execute(
                "select found.lineage from aspen.pathogens as pathogens,"
                " internal.expanded_lineages(pathogens.id, %s) as found where slug = 'SC2'",
                [list(names)],
            ).fetchall()
        return [name for (name,) in rows]

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


def test_alias_key_of_pango_lets_filters_name_lineages_in_full(library: Library) -> None:
    """Spell out what the letters stand for; a root and a recombinant stay as they are."""
    said = [library.load_with(KEY).stdout for _ in range(2)]

    assert said == [
        "added 7 lineages and 4 aliases, removed 1 lineages\n",
        "added 0 lineages and 0 aliases, removed 0 lineages\n",
    ]
    assert library.names("lineage_aliases", "alias || patterns::text") == [
        "B.1.1.529.1.1{BA.1.1}",
        "B.1.1.529.1{BA.1}",
        "B.1.1.529.5.3.1{BE}",
        "XBB.1.9.2.1{EG.1}",
    ]
    assert library.meant_by("b.1.1.529.1", "BA.1.1", "B.1", "XA") == ["B.1", "BA.1", "BA.1.1", "XA"]


def test_full_name_that_is_a_lineage_itself_means_that_lineage(library: Library) -> None:
    """Make no alias of a name that the file has."""
    library.load_with(KEY, notes=f"{PANGO}B.1.1.529.1\tKept\n")

    assert library.meant_by("B.1.1.529.1") == ["B.1.1.529.1"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "is not an alias key"),
        ("[]", "is not an alias key"),
        ("{}", "is not an alias key"),
        ('{"BA": "B.1.1.529"', "is not an alias key"),
        ("[" * 100_000, "is not an alias key"),
        (MPOX, "'lineages' stands for"),
        ({"ba": "B.1"}, "'ba' stands for 'B.1', which is no lineage"),
        ({"BA": None}, "'BA' stands for None, which is no lineage"),
        ({"BA": "B.1 "}, "'BA' stands for 'B.1 ', which is no lineage"),
        ({"XA": ["B.1", 3]}, "which is no lineage"),
        ({"BA": "BE.1", "BE": "BA.1"}, "'BA' stands for itself"),
    ],
)
def test_other_alias_key_is_rejected(library: Library, key: object, said: str) -> None:
    """Name what is wrong, and store nothing."""
    result = library.load_with(key)

    assert (result.exit_code, library.names()) == (1, ["OLD"])
    assert said in result.stderr


def test_dry_run_stores_nothing(library: Library) -> None:
    """Count and list what would change."""
    result = library.load(NOTES, "--dry-run", "--json")

    found = json.loads(result.stdout)
    changes = [(change["kind"], change["name"]) for change in found.pop("changes")]
    assert changes == [("removed", "OLD"), ("added", "A"), ("added", "A.1")]
    assert found == {
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
