"""The data directory of the tests is made once, and made again when its sources change."""

from __future__ import annotations

from pathlib import Path

import pytest

from control.stack.postgres_binaries import find_binaries
from tests import kept_cluster
from tests.kept_cluster import copy_kept_cluster
from tests.servers import SETTINGS, Database


class Copies:
    """Copies of a data directory that is one file, with the times it was made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Path] = []
        self.binaries = find_binaries(SETTINGS.postgres_bin, None)

    def copy(self, name: str) -> dict[str, str]:
        """Copy the data directory to a folder of this name."""
        return copy_kept_cluster(
            self.folder / name, self.binaries, self._fill, self.folder / "home"
        )

    def content(self, name: str) -> str:
        """Return what a copy holds."""
        return (self.folder / name / "rows").read_text()

    def _fill(self, data: Path, passwords: dict[str, str]) -> None:
        self.made.append(data)
        data.mkdir()
        (data / "rows").write_text(f"number {len(self.made)}")


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """Return copies with a home of the test's own."""
    return Copies(tmp_path)


def test_data_directory_is_made_once(copies: Copies) -> None:
    """Copy it with its passwords in the second run."""
    passwords = copies.copy("first")

    assert copies.copy("second") == passwords
    assert [path.name for path in copies.made] == ["first"]
    assert copies.content("second") == "number 1"


def test_data_directory_is_made_again_when_a_source_changed(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make another one for another content of the files it is made of."""
    copies.copy("first")
    monkeypatch.setattr(kept_cluster, "SOURCES", (*kept_cluster.SOURCES, "Makefile"))

    copies.copy("second")

    assert copies.content("second") == "number 2"


def test_only_the_newest_data_directories_are_kept(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delete the one that was not used for longest."""
    for number, source in enumerate(("README.md", "Makefile", "LICENSE")):
        monkeypatch.setattr(kept_cluster, "SOURCES", (source,))
        copies.copy(f"copy {number}")

    kept = [path for path in (tmp_path / "home").iterdir() if path.is_dir()]
    assert len(kept) == kept_cluster.KEPT


def test_failed_making_keeps_nothing(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make it again in the next run when the first one failed."""
    with monkeypatch.context() as patch:
        patch.setattr(copies, "_fill", lambda data, passwords: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copies.copy("first")

    copies.copy("second")

    assert copies.content("second") == "number 1"


def test_clone_has_the_owner_and_the_privileges_of_its_template(
    template: Database, database: Database
) -> None:
    """Give a clone what PostgreSQL does not copy, so that tests see a database as it is in use."""
    with database.connect() as conn:
        rows = conn.execute(
            "select datdba::regrole::text, datacl::text from pg_catalog.pg_database"
            " where datname = any(%s)",
            [[template.name, database.name]],
        ).fetchall()

    assert [rows[0]] * 2 == rows
