"""FASTA, read and written one record at a time, however large the file."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from control.errors import ControlError

GZIP_MAGIC = b"\x1f\x8b"
XZ_MAGIC = b"\xfd7zXZ\0"
# A line may be a whole chromosome, so no line is read at once.
CHUNK_BYTES = 1 << 20
# The largest viral genomes have 2.5 million letters; a longer "record" is another kind of file.
LONGEST_SEQUENCE = 5_000_000
LINE_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Record:
    """One sequence: the whole header after ">", where it stands, and its letters as they are."""

    header: str
    line: int
    sequence: str

    @property
    def name(self) -> str:
        """The header up to the first white space, which is what most tools call the name."""
        return self.header.split(maxsplit=1)[0] if self.header else ""


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """Read a file; gzip and xz are recognised by their content, not by the name."""
    try:
        with path.open("rb") as start:
            magic = start.read(len(XZ_MAGIC))
        with _open(path, magic) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise ControlError(
            f"{path} is damaged: {error}", "copy it again; gzip -t or xz -t tests it"
        ) from error
    except OSError as error:
        raise ControlError(f"{path}: {error.strerror}", "give a file you may read") from error


def read_fasta(path: Path) -> Iterator[Record]:
    """The records of a FASTA file in their order; one is held at a time."""
    with open_plain(path) as stream:
        yield from _records(stream, path)


def write_record(stream: TextIO, name: str, sequence: str) -> None:
    """Write one record with lines of 80 letters."""
    stream.write(f">{name}\n")
    for start in range(0, len(sequence), LINE_WIDTH):
        stream.write(sequence[start : start + LINE_WIDTH] + "\n")


def _open(path: Path, magic: bytes) -> BinaryIO:
    if magic.startswith(GZIP_MAGIC):
        return cast(BinaryIO, gzip.open(path))
    if magic.startswith(XZ_MAGIC):
        return cast(BinaryIO, lzma.open(path))
    return path.open("rb")


def _records(stream: BinaryIO, path: Path) -> Iterator[Record]:
    header: str | None = None
    header_line = 0
    letters = bytearray()
    for number, piece, starts_line in _pieces(stream):
        if starts_line and piece.startswith(b">"):
            if header is not None:
                yield Record(header, header_line, _text(letters))
            header, header_line = _header(piece, path, number), number
            letters.clear()
        elif header is not None:
            letters += piece.rstrip(b"\r\n")
            if len(letters) > LONGEST_SEQUENCE:
                raise ControlError(
                    f"{path}, line {header_line}: more than {LONGEST_SEQUENCE} letters",
                    "give a FASTA file with one genome per record",
                )
        elif piece.strip():
            raise ControlError(
                f"{path}, line {number}: there is text before the first header",
                "give a FASTA file: lines that start with > name the sequences below them",
            )
    if header is not None:
        yield Record(header, header_line, _text(letters))


def _pieces(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Lines, long ones in pieces: (line number, bytes, whether the line starts here)."""
    number, starts_line = 1, True
    while piece := stream.readline(CHUNK_BYTES):
        yield number, piece, starts_line
        starts_line = piece.endswith(b"\n")
        number += starts_line


def _header(line: bytes, path: Path, number: int) -> str:
    if len(line) >= CHUNK_BYTES:
        raise ControlError(
            f"{path}, line {number}: a header of more than {CHUNK_BYTES} bytes",
            "give a FASTA file: the letters follow on a line of their own",
        )
    try:
        return line[1:].decode().strip()
    except UnicodeDecodeError as error:
        raise ControlError(
            f"{path}, line {number}: the header is not UTF-8", "convert the file to UTF-8"
        ) from error


def _text(letters: bytearray) -> str:
    """The letters; bytes that can be none become U+FFFD, for the database to name with position."""
    return letters.replace(b"\0", b"\xff").decode("ascii", "replace")
