"""Read an archive or a backup of a vault: what is needed is decrypted into a scratch directory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from control.backups.archive import ARCHIVE, BASE, Archive, Base
from control.backups.manifest import MANIFEST, StoredObject
from control.backups.objects import Wanted
from control.backups.scratch import scratch_directory
from control.backups.sealing import identities_of
from control.backups.vault import MissingFileError, Vault
from control.errors import ControlError
from control.settings import Settings
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from pyrage.x25519 import Identity


@dataclass(frozen=True)
class FetchedArchive(Archive):
    """An archive in a vault, of which the files that are asked for come here."""

    vault: Vault
    identities: Sequence[Identity]

    @property
    def address(self) -> str:
        """Return what its owner calls it."""
        return f"{self.vault.uri}"

    def provide(self, base: Base) -> None:
        """Fetch the files of a base backup, and the log since it."""
        folder = f"base/{base.directory.name}/"
        for kept in self.vault.files(folder):
            self._fetch(kept.name)
        first = base.first_segment
        self.wal.mkdir(mode=0o700, exist_ok=True)
        for kept in self.vault.files("wal/"):
            name = kept.name.removeprefix("wal/")
            if name >= first or name.endswith(".history"):
                self._fetch(kept.name)

    def copy_of(self, wanted: Wanted) -> StoredObject | None:
        """Return the description of the copy of an object; None if there is none."""
        try:
            text = self.vault.read(f"{wanted.file}.json", self.identities)
            return StoredObject(**json.loads(text))
        except (MissingFileError, ValueError, TypeError):
            return None

    @contextmanager
    def file_of(self, stored: StoredObject) -> Iterator[Path]:
        """Have the copy of an object here for a while."""
        # Two rows may name the same object, and both are looked at together.
        path = _place(self.home, f"{stored.file}.{get_ident()}")
        self.vault.fetch(stored.file, path, self.identities)
        try:
            yield path
        finally:
            path.unlink()

    def _fetch(self, name: str) -> Path:
        path = _place(self.home, name)
        self.vault.fetch(name, path, self.identities)
        return path


@contextmanager
def fetched_archive(settings: Settings, uri: S3Uri, scratch: Path | None) -> Iterator[Archive]:
    """Open the archive below an address of S3; nothing of it stays here."""
    vault, identities = Vault.to_read(settings, uri), identities_of(settings)
    with scratch_directory("aspen-archive-", scratch) as home:
        archive = FetchedArchive(home, vault, identities)
        try:
            vault.fetch(ARCHIVE, archive.home / ARCHIVE, identities)
        except MissingFileError as error:
            raise ControlError(
                f"{uri} is no archive: it has no {ARCHIVE}",
                "name the address that control db archive --to writes to",
            ) from error
        for stamp in vault.folders("base/"):
            name = f"base/{stamp}/{BASE}"
            if vault.facts(name) is not None:
                vault.fetch(name, archive.home / name, identities)
        yield archive


@contextmanager
def fetched_backup(settings: Settings, uri: S3Uri, scratch: Path | None) -> Iterator[Path]:
    """Fetch a whole backup, to be verified and restored; nothing of it stays here."""
    vault, identities = Vault.to_read(settings, uri), identities_of(settings)
    if vault.facts(MANIFEST) is None:
        raise ControlError(
            f"{uri} is no backup: it has no {MANIFEST}",
            "name one of those that control db backups lists",
        )
    with scratch_directory("aspen-backup-", scratch) as home:
        for kept in vault.files():
            vault.fetch(kept.name, _place(home, kept.name), identities)
        yield home


def _place(home: Path, name: str) -> Path:
    """Return where a file belongs; whoever may write to a vault chose its name."""
    path = Path(os.path.normpath(home / name))
    if not path.is_relative_to(home):
        raise ControlError(f"{name} leads out of the vault", "use another copy of it")
    return path
