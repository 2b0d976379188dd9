"""Open the files people have, once: unpack them and read them as plain UTF-8 lines.

Files of other kinds (a spreadsheet, an archive, UTF-16) are rejected with a remedy instead of
misread. A pipe is first copied to a private temporary file, so that no transaction waits for its
writer.
"""

from __future__ import annotations

import bz2
import gzip
import io
import shlex
import shutil
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import fstat
from pathlib import Path
from typing import Any, BinaryIO, cast

from control.errors import ControlError
from control.unpacking import Damaged, unpacked

BUFFER_BYTES = 1 << 20
# Enough to detect the kind and the line ends; readers reject a longer first line.
HEAD_BYTES = BUFFER_BYTES + 2
NOT_UTF_8 = (
    "save it as UTF-8; of an older spreadsheet: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW_FILE"
)
BOM = b"\xef\xbb\xbf"
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
_COPY_AGAIN = "copy it again; gzip -t, zstd -t, xz -t or bzip2 -t tests it"
_TAR_OFFSET = 257

# Zstd and xz with bounded memory: a file of some bytes may ask for gigabytes.
_UNPACKERS: dict[bytes, Callable[[BinaryIO, str], Any]] = {
    b"\x1f\x8b": lambda file, _: gzip.GzipFile(fileobj=file),
    b"\xfd7zXZ\0": unpacked,
    b"(\xb5/\xfd": unpacked,
    b"BZh": lambda file, _: bz2.BZ2File(file),
}
_SPREADSHEET = "a spreadsheet", "save its sheet as text: tab-separated, in UTF-8"
_ARCHIVE = "an archive", "unpack it and give the file that is in it"
# The first bytes of other kinds of files.
_KINDS = {
    b"PK\x03\x04": ("a zip archive", "unpack it and give the file that is in it"),
    b"7z\xbc\xaf'\x1c": _ARCHIVE,
    b"Rar!": _ARCHIVE,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _SPREADSHEET,
    b"\x1f\x9d": ("compressed with compress", "unpack it on the way: <(gzip -dc {file})"),
    b"\x04\x22M\x18": ("compressed with lz4", "unpack it on the way: <(lz4 -dc {file})"),
    b"%PDF": ("a PDF", "give a text file"),
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS_UTF_8 = "save it as UTF-8, or: iconv -f UTF-16 -t UTF-8 {file} > NEW_FILE"


@dataclass(frozen=True)
class InputFile:
    """The name of a file as given, and its plain bytes from the beginning, to be read once."""

    name: str
    stream: BinaryIO

    @property
    def is_empty(self) -> bool:
        """Return whether the file has no content; valid only before reading."""
        return not cast(io.BufferedReader, self.stream).peek(1)


@contextmanager
def open_input(path: Path) -> Iterator[InputFile]:
    """Open a file or pipe, plain or compressed (gzip, zstd, xz, bzip2), with any line ends."""
    name = str(path)
    with ExitStack() as stack:
        try:
            raw: BinaryIO = stack.enter_context(path.open("rb"))
            is_regular = stat.S_ISREG(fstat(raw.fileno()).st_mode)
        except OSError as error:
            raise ControlError(f"{name}: {error.strerror}", "give a file you may read") from error
        if not is_regular:
            raw = stack.enter_context(_spooled(raw, name))
        yield InputFile(name, _plain(raw, name))


def _spooled(pipe: BinaryIO, name: str) -> BinaryIO:
    """Copy a pipe into an anonymous temporary file, which disappears when closed."""
    try:
        copy = tempfile.TemporaryFile()
        shutil.copyfileobj(pipe, copy, BUFFER_BYTES)
        copy.seek(0)
    except OSError as error:
        raise ControlError(
            f"{name} could not be copied to a temporary file: {error.strerror}",
            "set TMPDIR to a folder with more space",
        ) from error
    return cast(BinaryIO, copy)


def _plain(raw: BinaryIO, name: str) -> BinaryIO:
    head = raw.read(HEAD_BYTES)
    raw.seek(0)
    unpack = next((unpack for magic, unpack in _UNPACKERS.items() if head.startswith(magic)), None)
    if unpack is None:
        return _checked(raw, name)
    with _named(name):
        return _checked(cast(BinaryIO, unpack(raw, name)), name, is_unpacked=True)


def _checked(source: BinaryIO, name: str, *, is_unpacked: bool = False) -> BinaryIO:
    """Return the text of a stream, or reject what is not text."""
    head = _head(source)
    if is_unpacked and head.startswith(tuple(_UNPACKERS)):
        raise ControlError(f"{name} is compressed twice", "unpack it once")
    if kind := _kind(head):
        what, remedy = kind
        raise ControlError(f"{name} is {what}", remedy.format(file=shlex.quote(name)))
    text = _Text(head.removeprefix(BOM), source, name)
    return cast(BinaryIO, io.BufferedReader(text, BUFFER_BYTES))


def _head(source: BinaryIO) -> bytes:
    pieces = []
    wanted = HEAD_BYTES
    while wanted and (piece := source.read(wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _kind(head: bytes) -> tuple[str, str] | None:
    """Return the kind of file that begins like this, and the remedy; None for text."""
    if head.startswith(b"PK\x03\x04") and any(
        mark in head for mark in (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")
    ):
        return _SPREADSHEET
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            return kind
    if head[_TAR_OFFSET : _TAR_OFFSET + 5] == b"ustar":
        return "a tar archive", "unpack it on the way: <(tar -xOf {file} FILE_IN_IT)"
    # Without a byte-order mark: in UTF-16, every other byte of English text is zero.
    sample = head[:64]
    if head.startswith(_UTF_16) or (
        len(sample) > 3 and not (any(sample[::2]) and any(sample[1::2]))
    ):
        return "UTF-16, not UTF-8", _SAVE_AS_UTF_8
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page", "download the file itself"
    return None


def _has_old_line_ends(head: bytes) -> bool:
    """Return whether the first line ends as in old Mac spreadsheets: with CR alone."""
    end = head.find(b"\r")
    return end >= 0 and b"\n" not in head[: end + 2]


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Report errors in the content of a file with the file's name."""
    try:
        yield
    except Damaged as error:
        raise ControlError(f"{name} is damaged: it {error.reason}", _COPY_AGAIN) from error
    except _DAMAGE as error:
        raise ControlError(f"{name} is damaged: {error}", _COPY_AGAIN) from error
    except OSError as error:
        # The errors of bz2 for damaged data have no errno.
        said = error.strerror or f"is damaged: {error}"
        raise ControlError(
            f"{name}: {said}", "copy it again, or give a file you may read"
        ) from error


class _Text(io.RawIOBase):
    """Return the bytes of a text, first those read already, with CR line ends changed to LF."""

    def __init__(self, head: bytes, source: BinaryIO, name: str) -> None:
        self._head = head
        self._source = source
        self._name = name
        self._has_old_line_ends = _has_old_line_ends(head)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            piece, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            with _named(self._name):
                piece = self._source.read(len(buffer))
        if self._has_old_line_ends:
            piece = piece.replace(b"\r", b"\n")
        buffer[: len(piece)] = piece
        return len(piece)
