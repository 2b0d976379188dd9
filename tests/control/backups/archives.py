"""Archives as files, made without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from control.backups.archive import Archive, Base, write_base
from control.backups.packing import PACKED


def make_archive(home: Path, *days_old: int) -> Archive:
    """Make an archive with base backups of these ages; each needs the log from a segment on.

    The first of them begins at segment 1, the next at 2, and so on; the log ends one later.
    """
    archive = Archive(home)
    archive.wal.mkdir(parents=True)
    for number, age in enumerate(days_old, start=1):
        make_base(archive, number, age)
    for number in range(1, len(days_old) + 2):
        (archive.wal / segment(number)).write_bytes(b"log")
    archive.note(datetime.now(UTC), "0/5000000")
    return archive


def make_base(archive: Archive, number: int, age: int) -> Base:
    """Make one base backup that begins at a segment."""
    made_at = datetime.now(UTC) - timedelta(days=age)
    directory = archive.home / "base" / f"{made_at:%Y%m%d}T000000Z"
    directory.mkdir(parents=True)
    span = {"Timeline": 1, "Start-LSN": f"0/{number:X}000028"}
    (directory / "backup_manifest").write_text(json.dumps({"WAL-Ranges": [span]}))
    (directory / PACKED).write_bytes(b"rows")
    moment = made_at.isoformat()
    base = Base(directory, moment, moment, "0/0", 18, "aspen", "postgres", 1 << 24)
    write_base(base)
    return base


def segment(number: int) -> str:
    """Return the name of a segment of the log."""
    return f"{1:08X}{0:08X}{number:08X}"
