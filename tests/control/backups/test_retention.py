"""Old backups go, and nothing that a newer one, or a day that was promised, needs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from control.backups.archive import ARCHIVE, Archive
from control.backups.retention import (
    Made,
    Retention,
    outdated,
    prune_folder,
    prune_log,
    prune_vault,
)
from control.backups.shipping import Shipper
from control.backups.vault import Vault
from control.cli import cli
from tests.control.backups.archives import make_archive, segment

AGES = [40, 30, 20, 10, 0]


def made(*days_old: int) -> list[Made]:
    """Return backups of these ages."""
    now = datetime.now(UTC)
    return [Made(f"{age}", now - timedelta(days=age)) for age in days_old]


@pytest.mark.parametrize(
    ("retention", "going"),
    [
        (Retention(keep=9), []),
        (Retention(keep=2), ["40", "30", "20"]),
        (Retention(keep=1, days=15), ["40", "30"]),
        (Retention(keep=1, days=25), ["40"]),
        (Retention(keep=4, days=15), ["40"]),
        (Retention(keep=1, days=99), []),
    ],
)
def test_backups_go_that_neither_number_nor_days_need(
    retention: Retention, going: list[str]
) -> None:
    """Keep the newest one from before the first day: from it that day is reached."""
    assert [one.name for one in outdated(made(*AGES), retention)] == going


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6),
    st.integers(1, 5),
    st.integers(0, 40),
)
def test_every_day_that_was_promised_stays_reachable(ages: list[int], keep: int, days: int) -> None:
    """Reach every day of the time from a backup that stays, if one reached it before."""
    all_of_them = made(*ages)
    staying = [
        one for one in all_of_them if one not in outdated(all_of_them, Retention(keep, days))
    ]

    assert len(staying) >= min(keep, len(ages))
    for age in range(days):
        moment = datetime.now(UTC) - timedelta(days=age)
        was_reachable = any(one.made_at <= moment for one in all_of_them)
        assert any(one.made_at <= moment for one in staying) == was_reachable


def test_log_that_no_base_backup_needs_goes(tmp_path: Path) -> None:
    """Keep the log since the oldest base backup that stays, and show it first."""
    archive = make_archive(tmp_path / "archive", *AGES)

    shown = prune_folder(archive.home, Retention(keep=2), dry_run=True)
    assert len(archive.bases) == len(AGES)
    gone = prune_folder(archive.home, Retention(keep=2), dry_run=False)

    assert (shown, len(shown)) == (gone, 3)
    assert [base.first_segment for base in archive.bases] == [segment(4), segment(5)]
    assert sorted(path.name for path in archive.wal.iterdir()) == [
        segment(4),
        segment(5),
        segment(6),
    ]


def test_log_that_was_still_on_its_way_goes_when_it_is_complete(tmp_path: Path) -> None:
    """Delete a segment that was partial when its base backup was deleted."""
    archive = make_archive(tmp_path / "archive", *AGES)
    late = archive.wal / segment(3)
    partial = late.rename(archive.wal / f"{late.name}.partial")
    prune_folder(archive.home, Retention(keep=2), dry_run=False)
    assert partial.exists()
    partial.rename(late)

    prune_log(archive)

    assert not late.exists()
    assert (archive.wal / segment(4)).exists()


def test_log_without_a_base_backup_stays(tmp_path: Path) -> None:
    """Wait for the first base backup: the log may have begun before it."""
    archive = make_archive(tmp_path / "archive", 0)
    shutil.rmtree(archive.bases[0].directory)
    before = sorted(archive.wal.iterdir())

    prune_log(archive)

    assert sorted(archive.wal.iterdir()) == before != []


def test_vault_is_pruned_without_the_identity(vault: Vault, tmp_path: Path) -> None:
    """Delete the same as in a folder, although nothing can be read there."""
    archive = shipped(vault, tmp_path)
    sealed = replace(vault, recipients=())

    shown = prune_vault(sealed, Retention(keep=2), dry_run=True)
    assert len(vault.folders("base/")) == len(AGES)
    gone = prune_vault(sealed, Retention(keep=2), dry_run=False)

    assert shown == gone == [base.directory.name for base in archive.bases[:3]]
    assert vault.folders("base/") == [base.directory.name for base in archive.bases[3:]]
    assert [kept.name.removeprefix("wal/") for kept in vault.files("wal/")] == [
        segment(4),
        segment(5),
        segment(6),
    ]
    assert vault.facts(ARCHIVE) is not None


def shipped(vault: Vault, tmp_path: Path) -> Archive:
    """Return an archive that is in the vault."""
    archive = make_archive(tmp_path / "archive", *AGES)
    shipper = Shipper(archive, vault, Retention(keep=9), print, tries_again=False)
    noted = archive.complete_until
    assert noted is not None
    shipper.ship_log(noted)
    shipper.ship_bases()
    return archive


def test_command_asks_first_and_says_what_it_deletes(tmp_path: Path) -> None:
    """Delete nothing without a yes."""
    archive = make_archive(tmp_path / "archive", *AGES)
    oldest = archive.bases[0].directory.name
    command = ["db", "prune", "--keep", "4", f"{archive.home}"]

    refused = CliRunner().invoke(cli, command, input="n\n")
    shown = CliRunner().invoke(cli, [*command, "--dry-run"])
    assert len(archive.bases) == len(AGES)
    done = CliRunner().invoke(cli, [*command, "--yes"])
    again = CliRunner().invoke(cli, [*command, "--yes"])

    assert (refused.exit_code, shown.stdout) == (1, f"would delete {oldest}\n")
    assert (done.stdout, again.stdout) == (f"deleted {oldest}\n", "nothing to do\n")
