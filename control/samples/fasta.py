"""FASTA, read and written one record at a time, however large the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from control.errors import ControlError
from control.input_files import NOT_UTF_8, InputFile

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


def write_record(stream: TextIO, name: str, sequence: str) -> None:
    """Write one record with lines of 80 letters."""
    stream.write(f">{name}\n")
    for start in range(0, len(sequence), LINE_WIDTH):
        stream.write(sequence[start : start + LINE_WIDTH] + "\n")


def read_records(file: InputFile) -> Iterator[Record]:
    """The records of a FASTA file in their order; one is held at a time."""
    header: str | None = None
    header_line = 0
    letters = bytearray()
    for number, piece, starts_line in _pieces(file.stream):
        if starts_line and piece.startswith(b">"):
            if header is not None:
                yield Record(header, header_line, _text(letters))
            header, header_line = _header(piece, file.name, number), number
            letters.clear()
        elif header is not None:
            letters += piece.rstrip(b"\r\n")
            if len(letters) > LONGEST_SEQUENCE:
                raise ControlError(
                    f"{file.name}, line {header_line}: more than {LONGEST_SEQUENCE} letters",
                    "give a FASTA file with one genome per record",
                )
        elif piece.strip():
            raise ControlError(
                f"{file.name}, line {number}: there is text before the first header",
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


def _header(line: bytes, name: str, number: int) -> str:
    if len(line) >= CHUNK_BYTES:
        raise ControlError(
            f"{name}, line {number}: a header of more than {CHUNK_BYTES} bytes",
            "give a FASTA file: the letters follow on a line of their own",
        )
    try:
        return line[1:].decode().strip()
    except UnicodeDecodeError as error:
        raise ControlError(f"{name}, line {number}: the header is not UTF-8", NOT_UTF_8) from error


def _text(letters: bytearray) -> str:
    """The letters; bytes that can be none become U+FFFD, for the database to name with position."""
    return letters.replace(b"\0", b"\xff").decode("ascii", "replace")
