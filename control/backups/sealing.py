"""Encrypt what leaves the machine, and decrypt it, piece by piece.

A sealed file is what `zstd | age -r RECIPIENT` writes, so that these programs alone open it. age
authenticates each piece of 64 kB and its place, and the last one as such: a file that was changed,
put in another order or cut off is not opened.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from control.errors import ControlError
from control.settings import Settings
from control.whole_files import new_file

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

# What `zstd` and `age` would append to the name.
SUFFIX = ".zst.age"
_LEVEL = 1
_NEW_PAIR = "control db backup-key FILE makes a pair"


class Readable(Protocol):
    """What is read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes; none at the end."""


def recipients_of(settings: Settings) -> tuple[Recipient, ...]:
    """Return the public keys that a profile names: who has the identity of one can read."""
    from pyrage import RecipientError
    from pyrage.x25519 import Recipient

    if not (settings.backup_recipient or "").split():
        raise ControlError(
            "what leaves this machine is encrypted, and backup_recipient is not set",
            f"set it, or ASPEN_BACKUP_RECIPIENT, to a public key: {_NEW_PAIR}",
        )
    try:
        return tuple(map(Recipient.from_str, f"{settings.backup_recipient}".split()))
    except RecipientError as error:
        # It stays out of the message: it may be the secret key.
        raise ControlError(
            "backup_recipient is no public key",
            f"set it to one or more, with spaces between: age1…; {_NEW_PAIR}",
        ) from error


def identities_of(settings: Settings) -> tuple[Identity, ...]:
    """Return the secret keys, from the environment, a command or a file."""
    from pyrage import IdentityError
    from pyrage.x25519 import Identity

    text = _identity_text(settings)
    lines = [line.strip() for line in text.splitlines()]
    try:
        found = tuple(Identity.from_str(line) for line in lines if line and line[0] != "#")
    except IdentityError as error:
        raise ControlError(
            "the identity that opens backups is no secret key of age",
            "give it as control db backup-key wrote it: AGE-SECRET-KEY-1…",
        ) from error
    if not found:
        raise ControlError("the identity that opens backups is empty", "use another copy of it")
    return found


def _identity_text(settings: Settings) -> str:
    if settings.backup_identity:
        return settings.backup_identity
    if settings.backup_identity_file:
        try:
            return Path(settings.backup_identity_file).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ControlError(
                f"{settings.backup_identity_file}, the identity that opens backups, cannot be read",
                "use another copy of it",
            ) from error
    raise ControlError(
        "backups outside this machine are encrypted, and no identity to open them is set",
        "set ASPEN_BACKUP_IDENTITY_FILE, ASPEN_BACKUP_IDENTITY or, in aspen.toml,"
        " backup_identity_command; without the identity nobody can read them",
    )


def new_identity(path: Path) -> str:
    """Write a new secret key to a file that must not exist; return its public key."""
    from pyrage.x25519 import Identity

    identity = Identity.generate()
    recipient = str(identity.to_public())
    try:
        with new_file(path) as file:
            file.write(f"# public key: {recipient}\n{identity}\n".encode())
    except FileExistsError as error:
        raise ControlError(
            f"{path} exists already", "name another file: a lost identity is never made again"
        ) from error
    return recipient


@contextmanager
def sealing(plain: BinaryIO, recipients: Sequence[Recipient]) -> Iterator[BinaryIO]:
    """Give a file's sealed form to read, which is made while it is read.

    Its end is reached only if all of the file was sealed; otherwise reading fails.
    """
    read, write = os.pipe()
    failures: list[BaseException] = []

    def seal() -> None:
        from pyrage import encrypt_io
        from zstandard import ZstdCompressor

        source = _Remembering(ZstdCompressor(level=_LEVEL).stream_reader(plain, closefd=False))
        with open(write, "wb") as pipe:
            target = _Remembering(pipe)
            try:
                encrypt_io(source, target, recipients)
            except BaseException as error:
                failures.append(source.failure or target.failure or error)

    thread = threading.Thread(target=seal, daemon=True)
    thread.start()
    try:
        with open(read, "rb", buffering=0) as pipe:
            yield io.BufferedReader(_Whole(pipe, thread, failures), 1 << 18)
    finally:
        # With nobody to read, writing ended.
        thread.join()


def unseal(sealed: Readable, plain: BinaryIO, identities: Sequence[Identity], name: str) -> None:
    """Write what a sealed file holds; fail if it is not exactly what was sealed."""
    from pyrage import DecryptError, decrypt_io
    from zstandard import ZstdDecompressor, ZstdError

    source = _Remembering(sealed)
    writer = ZstdDecompressor().stream_writer(plain, closefd=False)
    target = _Remembering(writer)
    try:
        decrypt_io(source, target, identities)
        target.flush()
    except (DecryptError, OSError, ZstdError) as error:
        failure = source.failure or target.failure
        if failure is not None and not isinstance(failure, ZstdError):
            raise failure from error
        if "No matching keys" in str(error):
            raise ControlError(
                f"the identity given does not open {name}",
                "use the identity of a public key that was in backup_recipient when it was written",
            ) from error
        raise ControlError(
            f"{name} is damaged or cut off", "use another backup, or another copy"
        ) from error


class _Whole(io.RawIOBase):
    """A pipe whose end is believed only if its writer did not fail."""

    def __init__(
        self, pipe: io.FileIO, thread: threading.Thread, failures: list[BaseException]
    ) -> None:
        super().__init__()
        self._pipe, self._thread, self._failures = pipe, thread, failures

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        count = self._pipe.readinto(buffer)
        if not count:
            self._thread.join()
            if self._failures:
                raise self._failures[0]
        return count or 0


class _Remembering:
    """Pass everything on, and remember what failed: age keeps the text only."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return self._do(self._file.read, size)  # type: ignore[no-any-return]

    def write(self, data: bytes) -> int:
        return self._do(self._file.write, data) or len(data)

    def flush(self) -> None:
        self._do(self._file.flush)

    def _do(self, method: Any, *values: Any) -> Any:
        try:
            return method(*values)
        except BaseException as error:
            self.failure = error
            raise
