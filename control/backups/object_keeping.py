"""Copy the objects of new rows into an archive, and delete copies that no moment needs any more."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from control.backups.archive import Archive
from control.backups.manifest import OBJECTS
from control.backups.objects import keep_objects, read_wanted, write_wanted
from control.backups.shipping import Shipper

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]
_ALL_EVERY = timedelta(hours=1)
# The longest transaction whose objects are found at once; those of others within the hour.
_LONGEST = timedelta(minutes=15)
_SENT_TOGETHER = 200
# Beside a copy: no row has named its object since this file was made.
_UNWANTED = ".unwanted"


@dataclass
class ObjectKeeper:
    """Looks at the objects of new rows in every round, once an hour at those of all rows."""

    s3: S3Client
    archive: Archive
    echo: Echo
    problems: set[str] = field(default_factory=set)
    # Moment and position of the last look, and of the last one at all rows.
    _looked_at: tuple[datetime, str] | None = None
    _looked_at_all: datetime | None = None
    # That moment, as long as copies that it did not see are still to be found.
    _to_compare: datetime | None = None

    def look(
        self, conn: psycopg.Connection, moment: datetime, lsn: str, shipper: Shipper | None
    ) -> None:
        """Copy objects of new rows, and send them; a quiet server costs nothing."""
        if self._looked_at is not None and self._looked_at[1] == lsn:
            return
        is_full = self._looked_at_all is None or moment - self._looked_at_all >= _ALL_EVERY
        # A row shows when its transaction commits, with the time when that began.
        since = None if self._looked_at is None or is_full else self._looked_at[0] - _LONGEST
        with TemporaryDirectory(prefix="aspen-") as name:
            listed = Path(name) / "wanted.jsonl"
            # No snapshot is held while objects are copied, which may take hours.
            with conn.transaction():
                write_wanted(conn, listed, since=since)
            self._copy(listed, moment, shipper)
        if shipper is not None and not shipper.is_up:
            # Those that were not sent are found again by looking at all.
            self._looked_at = self._looked_at_all = None
            return
        self._looked_at = (moment, lsn)
        if is_full:
            self._looked_at_all = self._to_compare = moment

    def _copy(self, listed: Path, moment: datetime, shipper: Shipper | None) -> None:
        kept = keep_objects(self.s3, read_wanted(listed), self.archive.home, asks_for_all=False)
        while some := list(islice(kept, _SENT_TOGETHER)):
            for each in some:
                problem = f"{each.problem}: {each.wanted.address}"
                if each.problem is not None and problem not in self.problems:
                    self.problems.add(problem)
                    self.echo(problem)
            stored = [each.stored for each in some if each.stored is not None]
            for one in stored:
                seen = moment.timestamp()
                os.utime(self.archive.home / f"{one.file}.json", (seen, seen))
            if shipper is not None:
                shipper.ship_objects(stored)

    def forget(self, shipper: Shipper | None) -> None:
        """Delete copies that were unwanted already when the oldest base backup began.

        It follows a look at all rows: a copy that this did not see is wanted by no row now. As
        long as the vault has base backups that are not here any more, it waits.
        """
        if self._to_compare is None or (shipper is not None and not shipper.has_our_bases()):
            return
        looked_at, self._to_compare = self._to_compare.timestamp(), None
        oldest = datetime.fromisoformat(self.archive.bases[0].started_at)
        going = []
        for described in (self.archive.home / OBJECTS).glob("*/*.json"):
            mark, seen = described.with_suffix(_UNWANTED), described.stat().st_mtime
            marked = mark.stat().st_mtime if mark.exists() else 0
            if seen >= looked_at:
                mark.unlink(missing_ok=True)
            elif marked <= seen:
                mark.touch(mode=0o600)
            elif marked < oldest.timestamp():
                going.append(described.with_suffix(""))
        if not going or (shipper is not None and not shipper.forget_objects(going)):
            return
        for copy in going:
            for suffix in (".json", "", ".sent", _UNWANTED):
                copy.with_suffix(suffix).unlink(missing_ok=True)
        self.echo(f"deleted {len(going)} objects that no row has named since {oldest}")
