"""The files of migrations/ and the contents page of sql/ keep to their rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from control.schema.code import sha256_of
from control.schema.freeze import changed_since_release, migration_files
from control.schema.script import split_statements
from tests.servers import SETTINGS

ROOT = SETTINGS.root
MIGRATIONS = sorted(migration_files(ROOT).values())
# Run by an administrator, before the database is ours.
RUN_BY_AN_ADMINISTRATOR = {"roles.sql", "extensions.sql"}

every_migration = pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)


def test_migrations_are_numbered_without_gaps() -> None:
    """Number them 0001, 0002, …, each a verb and its object in lower case, after the baseline."""
    numbers = [int(path.name[:4]) for path in MIGRATIONS]

    assert numbers == list(range(1, len(MIGRATIONS) + 1))
    first, *names = [path.stem for path in MIGRATIONS]
    assert first == "0001_baseline"
    assert [name for name in names if not re.fullmatch(r"\d{4}(_[a-z0-9]+){2,}", name)] == []


@every_migration
def test_migration_says_why_and_what_it_depends_on(path: Path) -> None:
    """Demand one sentence, then `-- depends:` with migrations that come before it."""
    why, depends = path.read_text().splitlines()[:2]
    named = depends.removeprefix("-- depends:").split()

    assert re.fullmatch(r"-- [A-Z].*\.", why)
    assert depends.startswith("-- depends:")
    assert [name for name in named if name not in migration_files(ROOT) or name >= path.stem] == []


@every_migration
def test_migration_has_a_rollback(path: Path) -> None:
    """Have one for each migration, so that down works at every step."""
    assert path.with_suffix(".rollback.sql").is_file()


@every_migration
def test_migration_changes_tables_only(path: Path) -> None:
    """Find calls of code, which is loaded after migrations; one that calls it would depend
    on the version that happens to be checked out.
    """
    code = re.compile(
        r"^(create|alter|drop)\s+(or\s+replace\s+)?"
        r"(function|procedure|aggregate|policy|trigger|schema|extension|role)\b"
        r"|^(grant|revoke)\b|\b(row level security|internal\.|authz\.)",
        re.IGNORECASE,
    )
    statements = split_statements(re.sub(r"--.*", "", path.read_text()))

    assert [found.text for found in statements if code.search(found.text)] == []


def test_rollbacks_belong_to_migrations() -> None:
    """Find rollbacks without a migration, which nobody would ever run."""
    rollbacks = (ROOT / "migrations").glob("*.rollback.sql")

    assert [
        path.name for path in rollbacks if path.name.split(".")[0] not in migration_files(ROOT)
    ] == []


def test_released_migrations_never_change() -> None:
    """Keep what databases have. To release: cd migrations && sha256sum NNNN_….sql >> frozen.txt"""
    assert changed_since_release(ROOT) == []


def test_baseline_is_released() -> None:
    """Freeze what version 0.1.0 has: whatever comes is a migration from 0002 on."""
    assert "  0001_baseline.sql\n" in (ROOT / "migrations/frozen.txt").read_text()


def test_a_changed_released_migration_is_named(tmp_path: Path) -> None:
    """Notice a file that was edited or is gone."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    edited, kept, gone = paths = [folder / f"000{n}_create_{n}.sql" for n in (1, 2, 3)]
    for path in paths:
        path.write_text("-- Why.\n")
    frozen = [f"{sha256_of(path)}  {path.name}\n" for path in paths]
    (folder / "frozen.txt").write_text("".join(frozen))

    edited.write_text("-- Something else.\n")
    gone.unlink()

    assert changed_since_release(tmp_path) == [edited.name, gone.name]
    assert kept.exists()
