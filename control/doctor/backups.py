"""Check that there is a fresh backup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, skip

OLDEST_BACKUP = timedelta(hours=26)
OLDEST_ARCHIVE = timedelta(minutes=10)


def backups(patient: Patient) -> Verdict:
    """Look how old the newest backup is, or until when the archive is complete."""
    from control.backups.newest import newest_backup

    if patient.settings.backup_folder is None:
        return skip(
            "nothing says where backups are", "set backup_folder in aspen.toml (docs/admin.md)"
        )
    if "://" in patient.settings.backup_folder:
        return skip(
            f"{patient.settings.backup_folder} is not on this machine",
            "run control doctor where backup_folder is a directory",
        )
    folder = Path(patient.settings.backup_folder)
    if not folder.is_dir():
        return fail(
            f"{folder} is no directory", "correct backup_folder, or mount the disk of backups"
        )
    newest = newest_backup(folder)
    remedy = f"control db backup {folder}/$(date +%F), every night"
    if newest is None:
        return fail(f"there is no complete backup below {folder}", remedy)
    if newest.is_archive:
        return _judge(
            f"the archive {folder} is complete until",
            newest.moment,
            OLDEST_ARCHIVE,
            "start control db archive again; receiver.log in it says why it ended",
        )
    return _judge(f"the newest backup below {folder} is of", newest.moment, OLDEST_BACKUP, remedy)


def _judge(what: str, moment: datetime, most: timedelta, remedy: str) -> Verdict:
    said = f"{what} {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return fail(said, remedy) if datetime.now(UTC) - moment > most else ok(said)


CHECKS = (Check("backups", "There is a fresh backup", backups),)
