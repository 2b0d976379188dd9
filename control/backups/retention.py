"""Decide which backups go, and delete them with what only they need."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from control.backups.archive import ARCHIVE, BASE, Archive
from control.backups.manifest import MANIFEST, find_backups
from control.backups.vault import Vault
from control.terminal import counted

# What is noted openly beside a base backup in a vault, so that deleting needs no identity.
FIRST_SEGMENT, FINISHED_AT = "first-segment", "finished-at"


@dataclass(frozen=True)
class Retention:
    """How many backups stay at least, and how many days one can go back."""

    keep: int = 1
    days: int = 0


@dataclass(frozen=True)
class Made:
    """A complete backup, and the first segment of the log that it needs, if it is part of one."""

    name: str
    made_at: datetime
    first_segment: str = ""


def outdated(made: Sequence[Made], retention: Retention) -> list[Made]:
    """Return those that may go; the newest one from before the first day is needed for that day."""
    ordered = sorted(made, key=lambda one: one.made_at)
    horizon = datetime.now(UTC) - timedelta(days=retention.days)
    staying = ordered[-retention.keep :]
    staying += [one for one in ordered if one.made_at > horizon]
    staying += [one for one in ordered if one.made_at <= horizon][-1:]
    return [one for one in ordered if one not in staying]


def prune_folder(folder: Path, retention: Retention, *, dry_run: bool) -> list[str]:
    """Delete backups of a folder, or base backups of an archive, and return their names."""
    archive = Archive(folder)
    if archive.bases:
        return _prune_archive(archive, retention, dry_run=dry_run)
    made = [
        Made(backup.directory.name, datetime.fromisoformat(backup.made_at))
        for backup in find_backups(folder)
    ]
    going = [one.name for one in outdated(made, retention)]
    if not dry_run:
        for name in going:
            _remove(folder / name)
    return going


def prune_vault(vault: Vault, retention: Retention, *, dry_run: bool) -> list[str]:
    """Delete the same of a vault, without the identity that opens it."""
    if vault.facts(ARCHIVE) is not None:
        return _prune_archive_of(vault, retention, dry_run=dry_run)
    made = [
        Made(kept.name.removesuffix(f"/{MANIFEST}"), kept.written_at)
        for kept in vault.files()
        if kept.name.endswith(f"/{MANIFEST}") and kept.name.count("/") == 1
    ]
    going = [one.name for one in outdated(made, retention)]
    if not dry_run:
        for name in counted(going, "deleting backups", len(going)):
            _remove_from(vault, name, MANIFEST)
    return going


def _prune_archive(archive: Archive, retention: Retention, *, dry_run: bool) -> list[str]:
    made = [
        Made(base.directory.name, datetime.fromisoformat(base.finished_at), base.first_segment)
        for base in archive.bases
    ]
    going = outdated(made, retention)
    if not dry_run:
        for one in going:
            _remove(archive.home / "base" / one.name)
        prune_log(archive)
    return [one.name for one in going]


def prune_log(archive: Archive) -> None:
    """Delete the log that is older than every complete base backup."""
    first = min((base.first_segment for base in archive.bases), default="")
    for path in archive.wal.iterdir():
        if _is_before(path.name, first):
            path.unlink()


def _prune_archive_of(vault: Vault, retention: Retention, *, dry_run: bool) -> list[str]:
    made = [
        Made(stamp, datetime.fromisoformat(facts[FINISHED_AT]), facts[FIRST_SEGMENT])
        for stamp in vault.folders("base/")
        if (facts := vault.facts(f"base/{stamp}/{BASE}")) is not None
    ]
    going = outdated(made, retention)
    if made and not dry_run:
        for one in counted(going, "deleting base backups", len(going)):
            _remove_from(vault, f"base/{one.name}", BASE)
        first = min(one.first_segment for one in made if one not in going)
        log = (kept.name for kept in vault.files("wal/"))
        vault.delete(name for name in log if _is_before(name.removeprefix("wal/"), first))
    return [one.name for one in going]


def _is_before(name: str, first: str) -> bool:
    """Tell whether a file of the log is complete and older than a segment."""
    return not name.endswith((".history", ".partial")) and name < first


def _remove(directory: Path) -> None:
    """Delete a backup; half deleted it must not look complete."""
    gone = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(gone, ignore_errors=True)
    directory.rename(gone)
    shutil.rmtree(gone)


def _remove_from(vault: Vault, name: str, last: str) -> None:
    """Delete a backup of a vault, first the file without which it is none."""
    vault.delete([f"{name}/{last}"])
    vault.delete(kept.name for kept in vault.files(f"{name}/"))
