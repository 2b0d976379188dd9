"""The exit code of `control sample import` tells whether it stored something, printed or not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.control.samples.importer import Importer

RUN = "from control.cli import main; main()"
FULL = Path("/dev/full")
needs_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def gone() -> Iterator[IO[bytes]]:
    """Return a pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        yield pipe


def run(
    importer: Importer,
    *options: str,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.PIPE,
) -> tuple[int, str]:
    """Return exit code and stderr, unless that went elsewhere."""
    importer.write()
    arguments = ["--group", str(importer.group_id), "--user", "alice", "--pathogen", "SC2"]
    arguments += ["--metadata", "metadata.tsv", "--sequences", "sequences.fasta", *options]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "sample", "import", *arguments],
        cwd=importer.folder,
        env=os.environ | importer.database.environment,
        timeout=60,
        stdout=stdout,
        stderr=stderr,
    )
    return done.returncode, (done.stderr or b"").decode()


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "JSON"])
def test_success_stays_one_when_its_reader_is_gone(
    importer: Importer, gone: IO[bytes], options: tuple[str, ...]
) -> None:
    """Succeed, because an error would make people import again."""
    importer.add("A/1")

    code, said = run(importer, *options, stdout=gone)

    assert (code, importer.stored()) == (0, [("A/1", "A/1", True)])
    assert said == "stored 1 samples in Alpha Lab; the rest could not be printed: Broken pipe\n"


@needs_a_full_disk
def test_success_stays_one_when_the_disk_is_full(importer: Importer) -> None:
    """Write the summary to a file on that disk."""
    importer.add("A/1")

    with FULL.open("wb") as full:
        code, said = run(importer, stdout=full)

    assert (code, importer.stored()) == (0, [("A/1", "A/1", True)])
    assert said.startswith("stored 1 samples in Alpha Lab; the rest could not be printed: ")


def test_success_stays_one_when_nobody_reads_anything(importer: Importer, gone: IO[bytes]) -> None:
    """Lose the notices too, with stderr closed."""
    importer.add("A/1", notes="not imported")

    code, _ = run(importer, stdout=gone, stderr=gone)

    assert (code, importer.stored()) == (0, [("A/1", "A/1", True)])


def test_refusal_stays_one_when_its_reader_is_gone(importer: Importer, gone: IO[bytes]) -> None:
    """Fail, because nothing is stored."""
    importer.add("A/1", region="?")

    code, _ = run(importer, "--json", stdout=gone)

    assert (code, importer.stored()) == (1, [])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/dev/full", "No space left on device", marks=needs_a_full_disk),
        ("absent/rejects.tsv", "No such file or directory"),
    ],
)
def test_report_that_cannot_be_written_stops_the_import(
    importer: Importer, path: str, reason: str
) -> None:
    """Fail before anything is stored."""
    importer.add("A/1")

    code, said = run(importer, "--rejects", path)

    assert (code, importer.stored()) == (1, [])
    assert f"nothing was stored: {path} cannot be written: {reason}" in said


def test_report_without_problems_is_its_header(importer: Importer) -> None:
    """Write the header alone."""
    importer.add("A/1")

    code, _ = run(importer, "--rejects", "rejects.tsv")

    written = (importer.folder / "rejects.tsv").read_text()
    assert (code, written) == (0, "file\tline\tstrain\tfield\tvalue\treason\n")


def test_progress_is_shown_on_a_terminal(importer: Importer) -> None:
    """Show it to the end, and restore the cursor."""
    importer.add("A/1")
    importer.add("A/2")
    terminal, stderr = os.openpty()

    code, _ = run(importer, stderr=stderr)
    os.close(stderr)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)

    assert code == 0
    assert "100%" in shown
    assert shown.rstrip().endswith("\x1b[?25h")
