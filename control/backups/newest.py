"""Find out how fresh the backups of a folder are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from control.backups.archive import Archive
from control.backups.manifest import find_backups


@dataclass(frozen=True)
class Newest:
    """Until when the database can be restored from a folder."""

    moment: datetime
    is_archive: bool


def newest_backup(folder: Path) -> Newest | None:
    """Return the end of the archive, or the newest backup; None if there is neither."""
    if complete := Archive(folder).complete_until:
        return Newest(complete[0], is_archive=True)
    made = max((backup.made_at for backup in find_backups(folder)), default=None)
    return None if made is None else Newest(datetime.fromisoformat(made), is_archive=False)
