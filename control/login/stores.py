"""Keep the login of an environment: in the keyring of the system, or in a file if told so."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from control.errors import ControlError
from control.whole_files import whole_file

SERVICE = "aspen"


@dataclass(frozen=True)
class Login:
    """Who is signed in to which API. The tokens stay out of `repr`."""

    api_url: str
    issuer: str
    client_id: str
    token_endpoint: str
    revocation_endpoint: str | None
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: float


class Store(Protocol):
    """A place for the login of one environment."""

    @property
    def place(self) -> str:
        """Return how messages call it."""

    def read(self) -> str | None:
        """Return what is kept; None if nothing is."""

    def write(self, text: str) -> None:
        """Keep a text instead of what was there."""

    def delete(self) -> None:
        """Forget what is kept, if anything."""


@dataclass(frozen=True)
class KeyringStore:
    """The keyring of the system: of GNOME, KDE, macOS or Windows."""

    environment: str
    place = "the keyring of the system"

    def read(self) -> str | None:
        """Return what is kept; None if nothing is, or if there is no keyring."""
        import keyring
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(SERVICE, self.environment)
        except KeyringError:
            return None

    def write(self, text: str) -> None:
        """Keep a text; fail if there is no keyring, or if it is locked."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, self.environment, text)
        except KeyringError as error:
            raise ControlError(
                "the system has no keyring that can be used",
                "unlock it, or give --store file: the tokens then lie in a file that is only yours",
            ) from error

    def delete(self) -> None:
        """Forget what is kept."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.delete_password(SERVICE, self.environment)
        except KeyringError:
            return


@dataclass(frozen=True)
class FileStore:
    """A file that only its owner may read. It is not encrypted."""

    path: Path

    @property
    def place(self) -> str:
        """Return the path."""
        return f"{self.path}"

    def read(self) -> str | None:
        """Return what is kept, if nobody else could read or replace it."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, encoding="utf-8") as file:
            found = os.fstat(handle)
            if found.st_uid != os.getuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ControlError(
                    f"others may read {self.path}", "run control logout, and sign in again"
                )
            return file.read()

    def write(self, text: str) -> None:
        """Replace the file as a whole."""
        _own_folder(self.path.parent)
        with whole_file(self.path) as file:
            file.write(text.encode())

    def delete(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Logins:
    """The login of one environment, wherever it is."""

    environment: str
    folder: Path

    @property
    def file(self) -> FileStore:
        """Return the file of this environment."""
        return FileStore(self.folder / f"{quote(self.environment, safe='')}.json")

    @property
    def keyring(self) -> KeyringStore:
        """Return the keyring."""
        return KeyringStore(self.environment)

    def find(self) -> tuple[Store, Login] | None:
        """Return the login and its store; None if nobody is signed in."""
        for store in (self.file, self.keyring):
            if text := store.read():
                return store, _parse(text, store)
        return None

    def keep(self, login: Login, store: Store) -> None:
        """Keep a login in one store, and only there."""
        store.write(json.dumps(asdict(login)))
        for other in (self.file, self.keyring):
            if type(other) is not type(store):
                other.delete()

    def forget(self) -> None:
        """Remove the login from every store."""
        self.file.delete()
        self.keyring.delete()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other command renews this login: a refresh token works once."""
        path = _own_folder(self.folder) / f"{quote(self.environment, safe='')}.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def logins_of(environment: str, environ: Mapping[str, str] = os.environ) -> Logins:
    """Return the login of an environment of this user."""
    base = environ.get("XDG_STATE_HOME") or ""
    state = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return Logins(environment, state / "aspen" / "logins")


def _own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ControlError(f"others may write into {folder}", f"chmod 700 {folder}")
    return folder


def _parse(text: str, store: Store) -> Login:
    try:
        return Login(**json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise ControlError(
            f"the login in {store.place} is damaged", "run control logout, and sign in again"
        ) from error
