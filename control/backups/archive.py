"""Describe an archive: base backups, the write-ahead log since the first of them, and objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from control.backups.fingerprints import Witness
from control.backups.manifest import StoredObject
from control.backups.objects import Wanted, known_copy
from control.backups.packing import MANIFEST
from control.errors import ControlError
from control.whole_files import whole_file

ARCHIVE, BASE, WITNESS = "archive.json", "base.json", "witness.json"
# A segment of the log: timeline, and a number of two parts. The last one is still being written.
_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?")


@dataclass(frozen=True)
class Base:
    """One base backup."""

    directory: Path
    started_at: str
    # From here on it can be recovered to any moment.
    finished_at: str
    lsn: str
    server_major: int
    database: str
    superuser: str
    segment_bytes: int

    @property
    def witness(self) -> Witness | None:
        """Return what every table held shortly after; None if that was not recorded yet."""
        try:
            document = _read(self.directory / WITNESS)
        except FileNotFoundError:
            return None
        document["tables"] = {name: tuple(found) for name, found in document["tables"].items()}
        return Witness(**document)

    @property
    def first_segment(self) -> str:
        """Return the name of the first segment of the log that it needs."""
        manifest = json.loads((self.directory / MANIFEST).read_bytes())
        [span] = manifest["WAL-Ranges"]
        high, low = (int(part, 16) for part in span["Start-LSN"].split("/"))
        return f"{span['Timeline']:08X}{high:08X}{low // self.segment_bytes:08X}"


@dataclass(frozen=True)
class Archive:
    """A directory with everything that is needed to go back to any moment."""

    home: Path

    @property
    def address(self) -> str:
        """Return what its owner calls it."""
        return f"{self.home}"

    @property
    def wal(self) -> Path:
        """Return the folder of the write-ahead log."""
        return self.home / "wal"

    @property
    def receiver_log(self) -> Path:
        """Return what pg_receivewal said since its last start."""
        return self.home / "receiver.log"

    @property
    def receiver_pid(self) -> Path:
        """Return where the process of pg_receivewal is noted."""
        return self.home / "receiver.pid"

    @property
    def bases(self) -> list[Base]:
        """Return the complete base backups, the oldest first."""
        found = sorted(path for path in (self.home / "base").glob(f"*/{BASE}"))
        return [
            Base(directory=path.parent, **_read(path))
            for path in found
            if not path.parent.name.endswith(".partial")
        ]

    @property
    def complete_until(self) -> tuple[datetime, str] | None:
        """Return until when, and to which position, nothing is missing."""
        try:
            document = _read(self.home / ARCHIVE)
        except FileNotFoundError:
            return None
        return datetime.fromisoformat(document["complete_until"]), document["lsn"]

    def note(self, complete_until: datetime, lsn: str) -> None:
        """Record that nothing is missing until a moment."""
        write_whole(self.home / ARCHIVE, {"complete_until": complete_until.isoformat(), "lsn": lsn})

    def require_bases(self) -> list[Base]:
        """Return the base backups, of which there must be one."""
        bases = self.bases
        if not bases:
            raise ControlError(
                f"{self.address} is no archive: it has no complete base backup",
                "name one that control db archive writes; a base backup may still be on its way",
            )
        return bases

    def segments(self, base: Base) -> list[Path]:
        """Return the log since a base backup; none may be missing in between."""
        named = [
            (path.name.removesuffix(".partial"), path)
            for path in sorted(self.wal.iterdir())
            if _SEGMENT.fullmatch(path.name)
        ]
        # A segment that is complete sorts before what may be left of its partial form.
        found = dict(reversed(named))
        wanted = sorted(name for name in found if name >= base.first_segment)
        numbers = [_number(name, base.segment_bytes) for name in wanted]
        for place, (number, following) in enumerate(pairwise(numbers)):
            if following > number + 1:
                raise ControlError(
                    f"the log of {self.address} lacks what follows {wanted[place]}",
                    "make a new base backup: control db archive --once; what was written"
                    " after that segment can be restored from a later base backup only",
                )
        if not wanted or wanted[0] != base.first_segment:
            raise ControlError(
                f"the log of {self.address} lacks {base.first_segment}, where base backup"
                f" {base.directory.name} begins",
                "use another copy of the archive",
            )
        return [found[name] for name in wanted]

    def provide(self, base: Base) -> None:
        """Have the files of a base backup and the log since it here; they are."""

    def copy_of(self, wanted: Wanted) -> StoredObject | None:
        """Return the description of the copy of an object; None if there is none."""
        return known_copy(self.home, wanted)

    @contextmanager
    def file_of(self, stored: StoredObject) -> Iterator[Path]:
        """Have the copy of an object here for a while."""
        yield self.home / stored.file

    def histories(self) -> list[Path]:
        """Return the files that say where one timeline left another."""
        return sorted(self.wal.glob("*.history"))


def write_whole(path: Path, document: dict[str, Any]) -> None:
    """Write a document whole or not at all, for its owner only."""
    with whole_file(path) as file:
        file.write(json.dumps(document, indent=2).encode())


def write_base(base: Base) -> None:
    """Describe a base backup; without this file it is none."""
    document = asdict(base)
    del document["directory"]
    write_whole(base.directory / BASE, document)


def write_witness(base: Base, witness: Witness) -> None:
    """Add to a base backup what every table held after it."""
    write_whole(base.directory / WITNESS, asdict(witness))


def position(lsn: str) -> int:
    """Return a position in the log as a number of bytes."""
    parts = re.fullmatch(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})", lsn)
    if parts is None:
        raise ControlError(f"{lsn!r} is not a position in the log", "write it as 0/3000148")
    return (int(parts[1], 16) << 32) + int(parts[2], 16)


def _number(segment: str, segment_bytes: int) -> int:
    """Return the position of a segment in the log, whatever its timeline."""
    return int(segment[8:16], 16) * ((1 << 32) // segment_bytes) + int(segment[16:24], 16)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except ValueError as error:
        raise ControlError(f"{path} is damaged", "use another copy of the archive") from error
