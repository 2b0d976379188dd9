"""FASTA is read in every common variant, one record at a time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.errors import ControlError
from control.input_files import open_input
from control.samples import fasta
from control.samples.fasta import Record, read_records, write_record

names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
sequences = st.text("ACGTNacgtn-", max_size=500)


def records(path: Path, content: bytes) -> list[Record]:
    """Read a file with this content."""
    path.write_bytes(content)
    with open_input(path) as file:
        return list(read_records(file))


@given(written=st.lists(st.tuples(names, sequences)))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]]
) -> None:
    """Try any names and lengths of sequences."""
    stream = io.StringIO()
    for name, sequence in written:
        write_record(stream, name, sequence)

    path = tmp_path_factory.mktemp("fasta") / "written.fasta"
    read = records(path, stream.getvalue().encode())

    assert [(record.header, record.sequence) for record in read] == written


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("chunk_bytes", [13, 14, 1 << 20])
def test_lines_may_have_any_length_and_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newline: bytes, chunk_bytes: int
) -> None:
    """Read a whole genome on one line in pieces; skip blank lines."""
    monkeypatch.setattr(fasta, "CHUNK_BYTES", chunk_bytes)
    lines = [b"", b">A/1 first", b"ACGT" * 9, b"", b"acgt", b">A/2", b">A/3", b"N"]

    assert records(tmp_path / "x.fasta", newline.join(lines)) == [
        Record("A/1 first", 2, "ACGT" * 9 + "acgt"),
        Record("A/2", 6, ""),
        Record("A/3", 7, "N"),
    ]


def test_the_name_is_the_header_up_to_the_first_space() -> None:
    """Take the name as most tools do."""
    assert [Record(header, 1, "").name for header in ("A/1 first one", "A/1", "")] == [
        "A/1",
        "A/1",
        "",
    ]


def test_a_record_longer_than_any_genome_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Limit what would have to be held in memory."""
    monkeypatch.setattr(fasta, "LONGEST_SEQUENCE", 10)

    with pytest.raises(ControlError, match="line 1: more than 10 bases"):
        records(tmp_path / "x.fasta", b">A/1\nACGTACGT\nACGTACGT\n")


def test_a_header_that_never_ends_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reject a file that lost its line ends."""
    monkeypatch.setattr(fasta, "CHUNK_BYTES", 10)

    with pytest.raises(ControlError, match="line 1: a header of more than 10 bytes"):
        records(tmp_path / "x.fasta", b">A/1 ACGTACGT\n")


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    """Leave it to the import to miss the sequences."""
    assert records(tmp_path / "x.fasta", b"") == []
