"""Read aligned FASTA: one record in memory at a time, every sequence as long as the first."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from control.outputs.formats.text_lines import LONGEST_LINE_BYTES, read_lines
from control.outputs.job_files import ObjectFile
from control.outputs.malformed import Malformed
from control.outputs.taxa import sample_id_of

# The nucleotide codes of aspen.aligned_sequences.
NUCLEOTIDES = b"ACGTUNWSKMYRVHDB-"


def read_alignments(file: ObjectFile, expected: AbstractSet[int]) -> Iterator[tuple[int, str]]:
    """Yield sample id and aligned sequence of each record; only samples of the table may occur."""
    seen: set[int] = set()
    length: int | None = None
    for line, name, sequence in _records(file):
        sample_id = sample_id_of(name)
        if sample_id is None or sample_id not in expected:
            raise Malformed(file.name, line, f"the taxon {name[:100]!r} has no row in the table")
        if sample_id in seen:
            raise Malformed(file.name, line, f"the taxon {sample_id} is given twice")
        if length not in (None, len(sequence)):
            reason = f"the sequence of taxon {sample_id} has {len(sequence)} sites, not {length}"
            raise Malformed(file.name, line, f"{reason} like the first: is the file complete?")
        length = len(sequence)
        seen.add(sample_id)
        yield sample_id, sequence.decode("ascii")


def _records(file: ObjectFile) -> Iterator[tuple[int, str, bytes]]:
    """Yield line of the header, name, and sequence in upper case."""
    header: tuple[int, str] | None = None
    sequence = bytearray()
    for number, line in read_lines(file):
        if line.startswith(b">"):
            if header is not None:
                yield *header, _whole(file, header, sequence)
            header, sequence = (number, _name(file, number, line)), bytearray()
        elif header is not None:
            sequence += _checked(file, number, line.strip().upper())
            if len(sequence) > LONGEST_LINE_BYTES:
                raise Malformed(file.name, number, f"is beyond {LONGEST_LINE_BYTES} sites")
        elif line.strip():
            raise Malformed(file.name, number, "expected a header that begins with '>'")
    if header is not None:
        yield *header, _whole(file, header, sequence)


def _name(file: ObjectFile, number: int, line: bytes) -> str:
    try:
        words = line[1:].decode().split()
    except UnicodeDecodeError as error:
        raise Malformed(file.name, number, f"is not UTF-8 ({error.reason})") from error
    if not words:
        raise Malformed(file.name, number, "the header names no taxon")
    return words[0]


def _whole(file: ObjectFile, header: tuple[int, str], sequence: bytearray) -> bytes:
    if not sequence:
        raise Malformed(file.name, header[0], f"the taxon {header[1][:100]!r} has no sequence")
    return bytes(sequence)


def _checked(file: ObjectFile, number: int, line: bytes) -> bytes:
    others = line.translate(None, NUCLEOTIDES)
    if others:
        column = line.index(others[:1]) + 1
        code = ascii(chr(others[0]))
        raise Malformed(file.name, number, f"column {column} holds {code}, not a nucleotide")
    return line
