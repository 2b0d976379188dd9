"""Keep a copy of an archive in a vault: what is complete here is sent there, sealed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from control.backups.archive import ARCHIVE, BASE, Archive, Base, position, write_whole
from control.backups.manifest import StoredObject
from control.backups.retention import FINISHED_AT, FIRST_SEGMENT, Retention, prune_vault
from control.backups.vault import Vault
from control.errors import ControlError
from control.outputs.parallel import in_parallel
from control.translation import translate

Echo = Callable[[str], None]
# Objects that are encrypted and sent together.
_SENT_AT_ONCE = 4
# Which archive a vault is a copy of; in the vault it is noted openly as well.
_IDENTITY, _FACT = "identity.json", "archive"


class OtherArchiveError(ControlError):
    """A vault holds the copy of another archive."""


class Shipper:
    """Sends one archive to one vault; what fails is tried again in the next round.

    The vault's archive.json says until when the vault is complete. It is sent last.
    """

    def __init__(
        self, archive: Archive, vault: Vault, retention: Retention, echo: Echo, *, tries_again: bool
    ) -> None:
        self.archive, self.vault, self.retention, self.echo = archive, vault, retention, echo
        self.tries_again = tries_again
        # Nothing failed in this round yet.
        self.is_up = True
        self._is_ours = False
        self._said = ""
        self._log = set[str]()
        self._noted: tuple[datetime, str] | None = None
        # The base backups that are in the vault, and whether with what their tables held.
        self._sent: list[tuple[Base, bool]] = []
        self._sender: threading.Thread | None = None

    def _claim(self) -> None:
        """Refuse a vault that holds another archive: mixed, they restore to nothing."""
        path = self.archive.home / _IDENTITY
        if not path.exists():
            write_whole(path, {_FACT: uuid4().hex})
        mine = json.loads(path.read_bytes())[_FACT]
        found = self.vault.facts(_IDENTITY)
        if found is None:
            self.vault.write(path.read_bytes(), _IDENTITY, {_FACT: mine})
        elif found.get(_FACT) != mine:
            raise OtherArchiveError(
                f"{self.vault.uri} holds another archive", "name another prefix for this one"
            )
        self.vault.forget_unfinished()
        self._log = {kept.name.removeprefix("wal/") for kept in self.vault.files("wal/")}
        self._is_ours = True

    def begin_round(self) -> None:
        """Try again what failed before."""
        self.is_up = True

    def ship_objects(self, stored: list[StoredObject]) -> None:
        """Send copies of objects, except for those that were sent in this version."""
        waiting = [one for one in stored if not self._is_sent(one)]
        if waiting:
            self._try(self._send_objects, waiting)

    def has_our_bases(self) -> bool:
        """Tell whether the vault answers and has no base backup that is not here any more."""
        here, there = {base.directory.name for base in self.archive.bases}, list[str]()
        self._try(lambda: there.extend(self.vault.folders("base/")))
        return self.is_up and here >= set(there)

    def forget_objects(self, copies: list[Path]) -> bool:
        """Delete copies of objects; return whether the vault has none of them any more."""
        names = [f"{copy.relative_to(self.archive.home)}" for copy in copies]
        self._try(lambda: self.vault.delete(f"{name}.json" for name in names))
        self._try(lambda: self.vault.delete(names))
        return self.is_up

    def ship_log(self, noted: tuple[datetime, str]) -> None:
        """Send the log up to a position; then say that the vault is complete until then."""
        if noted != self._noted:
            self._try(self._send_log, noted)

    def ship_bases(self) -> None:
        """Send new base backups, beside everything else, and delete old ones of the vault."""
        if self._sender is not None and self._sender.is_alive():
            return
        if self._noted is None:
            return
        # One that needs more of the log than the vault has does not count yet.
        bases = [
            (base, base.witness is not None)
            for base in self.archive.bases
            if position(base.lsn) <= position(self._noted[1])
        ]
        if bases == self._sent:
            return
        if not self.tries_again or not self._is_ours:
            # The first time nothing else is going on there.
            self._try(self._send_bases, bases)
            return
        self._sender = threading.Thread(target=self._try, args=[self._send_bases, bases])
        # Ending the command does not wait for it: what was not sent whole is sent again.
        self._sender.daemon = True
        self._sender.start()

    def _try(self, send: Callable[..., None], *values: object) -> None:
        if not self.is_up:
            return
        try:
            if not self._is_ours:
                self._claim()
            send(*values)
        except Exception as error:
            known = translate(error, is_ours=False)
            if known is None or isinstance(error, OtherArchiveError) or not self.tries_again:
                raise
            self.is_up = False
            said = f"{self.vault.uri} is behind: {known.message.splitlines()[0]}"
            if said != self._said:
                self.echo(said)
            self._said = said

    def _send_objects(self, waiting: list[StoredObject]) -> None:
        for _ in in_parallel(self._send_object, waiting, _SENT_AT_ONCE):
            pass

    def _send_object(self, stored: StoredObject) -> None:
        self.vault.send(self.archive.home / stored.file, stored.file)
        self.vault.send(self.archive.home / f"{stored.file}.json", f"{stored.file}.json")
        self._marker(stored).write_text(_version(stored))

    def _is_sent(self, stored: StoredObject) -> bool:
        try:
            return self._marker(stored).read_text() == _version(stored)
        except FileNotFoundError:
            return False

    def _marker(self, stored: StoredObject) -> Path:
        return self.archive.home / f"{stored.file}.sent"

    def _send_log(self, noted: tuple[datetime, str]) -> None:
        # A quiet server adds nothing to the log, and only the time goes on.
        if self._noted is None or noted[1] != self._noted[1]:
            self._send_files()
        moment, lsn = noted
        document = {"complete_until": moment.isoformat(), "lsn": lsn}
        self.vault.write(json.dumps(document).encode(), ARCHIVE)
        self._noted = noted

    def _send_files(self) -> None:
        for path in self._log_files():
            if path.name not in self._log or path.suffix == ".partial":
                try:
                    self.vault.send(path, f"wal/{path.name}")
                except FileNotFoundError:
                    # It has been completed since it was listed, and has lost its suffix.
                    path = path.with_suffix("")
                    self.vault.send(path, f"wal/{path.name}")
                self._log.add(path.name)
        there = {path.name for path in self._log_files()}
        gone = [name for name in self._log - there if name.endswith(".partial")]
        self.vault.delete(f"wal/{name}" for name in gone)
        self._log -= set(gone)

    def _log_files(self) -> list[Path]:
        return sorted(path for path in self.archive.wal.iterdir() if path.suffix != ".tmp")

    def _send_bases(self, bases: list[tuple[Base, bool]]) -> None:
        for base, _ in bases:
            there = {kept.name for kept in self.vault.files(f"base/{base.directory.name}/")}
            for path in sorted(base.directory.iterdir(), key=_place_in_line):
                name = f"base/{base.directory.name}/{path.name}"
                if name not in there and path.suffix != ".tmp":
                    self.vault.send(path, name, _facts(base) if path.name == BASE else None)
        for name in prune_vault(self.vault, self.retention, dry_run=False):
            self.echo(f"deleted base backup {name} of {self.vault.uri}")
        self._sent = bases


def _place_in_line(path: Path) -> tuple[bool, str]:
    """Return when a file is sent: with base.json, the last one, the base backup counts."""
    return path.name == BASE, path.name


def _version(stored: StoredObject) -> str:
    return f"{stored.etag} {stored.sha256}"


def _facts(base: Base) -> dict[str, str]:
    return {FIRST_SEGMENT: base.first_segment, FINISHED_AT: base.finished_at}
