"""Read and write FASTA one record at a time, however large the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from control.errors import ControlError
from control.input_files import NOT_UTF_8, InputFile

# A line may hold a whole chromosome, so lines are read in pieces.
CHUNK_BYTES = 1 << 20
# The largest viral genomes have 2.5 million bases; a longer "record" is another kind of file.
LONGEST_SEQUENCE = 5_000_000
LINE_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Record:
    """One sequence: the whole header after ">", its line number, and its bases unchanged."""

    header: str
    line: int
    sequence: str

    @property
    def name(self) -> str:
        """Return the header up to the first white space, which most tools call the name."""
        return self.header.split(maxsplit=1)[0] if self.header else ""


def write_record(stream: TextIO, name: str, sequence: str) -> None:
    """Write one record with lines of 80 bases."""
    stream.write(f">{name}\n")
    for start in range(0, len(sequence), LINE_WIDTH):
        stream.write(sequence[start : start + LINE_WIDTH] + "\n")


def read_records(file: InputFile) -> Iterator[Record]:
    """Yield the records of a FASTA file in order, one in memory at a time."""
    header: str | None = None
    header_line = 0
    bases = bytearray()
    for number, piece, starts_line in _pieces(file.stream):
        if starts_line and piece.startswith(b">"):
            if header is not None:
                yield Record(header, header_line, _text(bases))
            header, header_line = _header(piece, file.name, number), number
            bases.clear()
        elif header is not None:
            bases += piece.rstrip(b"\r\n")
            if len(bases) > LONGEST_SEQUENCE:
                raise ControlError(
                    f"{file.name}, line {header_line}: more than {LONGEST_SEQUENCE} bases",
                    "give a FASTA file with one genome per record",
                )
        elif piece.strip():
            raise ControlError(
                f"{file.name}, line {number}: there is text before the first header",
                "give a FASTA file: lines that start with > name the sequences below them",
            )
    if header is not None:
        yield Record(header, header_line, _text(bases))


def _pieces(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield lines, long ones in pieces: (line number, bytes, whether the line starts here)."""
    number, starts_line = 1, True
    while piece := stream.readline(CHUNK_BYTES):
        yield number, piece, starts_line
        starts_line = piece.endswith(b"\n")
        number += starts_line


def _header(line: bytes, name: str, number: int) -> str:
    if len(line) >= CHUNK_BYTES:
        raise ControlError(
            f"{name}, line {number}: a header of more than {CHUNK_BYTES} bytes",
            "give a FASTA file: the bases follow on a line of their own",
        )
    try:
        return line[1:].decode().strip()
    except UnicodeDecodeError as error:
        raise ControlError(f"{name}, line {number}: the header is not UTF-8", NOT_UTF_8) from error


def _text(bases: bytearray) -> str:
    """Decode bases; map impossible bytes to U+FFFD, so that the database reports their position."""
    return bases.replace(b"\0", b"\xff").decode("ascii", "replace")
