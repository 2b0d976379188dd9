"""A log is read line by line, each once, whatever becomes of the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from control.metrics.log_reader import CHUNK_BYTES, LINE_BYTES, LogReader
from control.stack import log_keeper


def read(reader: LogReader) -> list[str]:
    """Return the lines that were not read before."""
    return [line.decode().rstrip("\n") for lines in reader.chunks() for line in lines]


def write(log: Path, *lines: str, end: str = "\n") -> None:
    """Append lines, as a server does."""
    with log.open("a") as file:
        file.write("\n".join(lines) + end)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of two lines."""
    log = tmp_path / "access.log"
    write(log, "one", "two")
    return log


@pytest.fixture
def reader(log: Path) -> LogReader:
    """Return a reader that has read these lines."""
    reader = LogReader(log)
    assert read(reader) == ["one", "two"]
    return reader


def test_new_lines_are_read_once(log: Path, reader: LogReader) -> None:
    """Leave a line that has no end yet for later."""
    write(log, "three", "fo", end="")
    first = read(reader)
    write(log, "ur")

    assert (first, read(reader), read(reader)) == (["three"], ["four"], [])


def test_reading_goes_on_after_a_restart(log: Path, reader: LogReader) -> None:
    """Begin at a position that was stored."""
    write(log, "three")

    assert read(LogReader(log, reader.position)) == ["three"]


def test_log_that_was_renamed_is_read_to_its_end(log: Path, reader: LogReader) -> None:
    """Read what the old file got before its server opened the new one."""
    write(log, "three")
    log.rename(log.with_name("access.log.1"))
    write(log, "four")

    assert (read(reader), read(reader)) == (["three", "four"], [])


def test_log_that_was_copied_and_emptied_is_read_from_its_start(
    log: Path, reader: LogReader
) -> None:
    """Notice it also if the file is longer than before."""
    shutil.copy(log, log.with_name("access.log.1"))
    log.write_text("a line that is longer than all before\nand one more\n")

    assert read(reader) == ["a line that is longer than all before", "and one more"]


def test_log_that_lost_its_beginning_goes_on_after_the_last_line(
    log: Path, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut it as the keeper of the local stack does."""
    write(log, "three", "four")
    monkeypatch.setattr(log_keeper, "KEEP_BYTES", len("o\ntwo\nthree\nfour\n"))
    log_keeper.trim(f"{log}")

    assert log.read_text() == "two\nthree\nfour\n"
    assert read(reader) == ["three", "four"]


def test_missing_log_has_no_lines(tmp_path: Path) -> None:
    """Wait for a log that its server has not made yet."""
    reader = LogReader(tmp_path / "access.log")
    before = read(reader)
    write(tmp_path / "access.log", "one")

    assert (before, read(reader)) == ([], ["one"])


def test_line_that_is_longer_than_memory_is_passed_over(log: Path, reader: LogReader) -> None:
    """Hold at most a megabyte, and go on with the line after it."""
    write(log, "x" * (2 * CHUNK_BYTES + LINE_BYTES + 9), "y" * (LINE_BYTES + 1), "three")

    assert [line for line in read(reader) if set(line) != {"x"}] == ["three"]
    assert reader.unread_bytes == 0
