"""`control sql new` plans what a new object needs, and refuses invalid names.

That what it writes passes lint and tests is shown in tests/setup/test_contributing.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.scaffolds.making import KINDS, plan_scaffold
from tests.servers import SETTINGS

KEYWORDS = SETTINGS.root / "control/scaffolds/keywords.txt"


def new(root: Path, *arguments: str) -> Result:
    """Run the command over a checkout."""
    environment = {"ASPEN_ROOT": f"{root}"}
    return CliRunner().invoke(cli, ["sql", "new", *arguments], env=environment)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the files that scaffolds change."""
    for kind in KINDS:
        for path in plan_scaffold(SETTINGS.root, kind, "field_notes").changed:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SETTINGS.root / path, tmp_path / path)
    shutil.copytree(SETTINGS.root / "migrations", tmp_path / "migrations")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_written_unless_it_is_a_dry_run(copy: Path, kind: str) -> None:
    """Say the same both times, and what is left to write."""
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    planned = json.loads(new(copy, "--dry-run", "--json", kind, "field_notes").stdout)
    after_dry_run = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    done = json.loads(new(copy, "--json", kind, "field_notes").stdout)

    assert after_dry_run == before
    assert planned == done | {"dry_run": True}
    assert all((copy / path).exists() for path in done["new"])
    assert all("field_notes" in (copy / path).read_text("utf-8") for path in done["changed"])
    assert done["left"] != []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("samples", "exists"),
        ("create_samples", "exists"),
        ("FieldNotes", "lower_snake_case"),
        ("field-notes", "lower_snake_case"),
        ("../notes", "lower_snake_case"),
        ("_notes", "lower_snake_case"),
        ("user", "word of SQL"),
        ("a" * 37, "36 characters"),
    ],
)
def test_name_that_will_not_do_is_refused(name: str, reason: str) -> None:
    """Write nothing of it."""
    done = new(SETTINGS.root, "--dry-run", "table", name)

    assert (done.exit_code, reason in done.stderr) == (1, True)


def test_name_is_refused_once_it_is_taken(copy: Path) -> None:
    """Replace no file, of whichever kind it is."""
    first, again = new(copy, "table", "field_notes"), new(copy, "function", "field_notes")

    assert (first.exit_code, again.exit_code, "exists" in again.stderr) == (0, 1, True)


def test_every_keyword_is_known(admin: psycopg.Connection) -> None:
    """Compare with the server's own list."""
    words = admin.execute("select word from pg_get_keywords()").fetchall()

    assert {word for (word,) in words} - set(KEYWORDS.read_text("utf-8").split()) == set()
