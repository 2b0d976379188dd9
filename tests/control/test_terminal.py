"""Strangers' texts are shown, never obeyed: no command prints a raw control character."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from control.cli import Commands, cli
from control.errors import ControlError
from control.terminal import (
    Heartbeat,
    SafeStream,
    heartbeat,
    spreadsheet_cell,
    table,
    visible,
)
from control.tokens.keys import KeySet
from control.tokens.minting import claims_for, sign
from tests import factories
from tests.control.schema.checkout import Checkout
from tests.servers import Database

# Clears the screen, sets the title, moves back, and reorders what follows.
EVIL = "R20/\x1b[2J\x1b]0;pwn\x07x\x9b31m\x7f\u202e\u2028\rok"
SHOWN = "R20/\\x1b[2J\\x1b]0;pwn\\x07x\\u009b31m\\u007f\\u202e\\u2028\\x0dok"


HOUR = timedelta(hours=1)


def environment(keys: KeySet) -> dict[str, str]:
    """Return the environment that makes the command line use these keys."""
    return {"ASPEN_KEYS_DIR": str(keys.directory)}


def raw_controls(text: str) -> set[str]:
    """Return the characters a terminal would obey or that break or reorder a line."""
    return {
        letter
        for letter in text
        if (letter < " " and letter not in "\n\t")
        or "\x7f" <= letter <= "\x9f"
        or letter in "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
        or "\u2066" <= letter <= "\u2069"
    }


# The test runner strips colours unless told that colours are wanted.
def assert_shown(result: Result, shown: str) -> None:
    """Expect the visible form and no raw character."""
    assert raw_controls(result.output) == set()
    assert shown in result.output


def evil_files(folder: Path) -> tuple[Path, Path]:
    """Write metadata and sequences as somebody may send them by mail."""
    metadata, sequences = folder / "metadata.tsv", folder / "sequences.fasta"
    # Without carriage return, which would end the line of the file.
    strain = EVIL.replace("\r", "").replace("\u2028", "")
    metadata.write_text(f"strain\tdate\tregion\tcol\x1b[1m\n{strain}\t=cmd()\tEurope\tx\n")
    sequences.write_text(f">u\x1b[31mRED\nACGT\n>{strain}\nACGT\n")
    return metadata, sequences


def test_import_shows_strains_columns_and_headers(database: Database, tmp_path: Path) -> None:
    """Check the report of rejected rows, the notices, and the file of all problems."""
    metadata, sequences = evil_files(tmp_path)
    rejects = tmp_path / "rejects.tsv"
    with database.connect() as conn:
        factories.pathogen(conn, slug="SC2")
        factories.user(conn, "alice", {factories.group(conn, prefix="ALP"): "member"})
    arguments = ["--group", "ALP", "--user", "alice", "--pathogen", "SC2", "--metadata", metadata]
    arguments += ["--sequences", sequences, "--rejects", rejects]

    result = CliRunner().invoke(
        cli,
        ["sample", "import", *map(str, arguments)],
        env=database.environment,
        color=True,
    )

    assert result.exit_code == 1
    assert_shown(result, "R20/\\x1b[2J\\x1b]0;pwn\\x07x\\u009b31m\\u007f\\u202eok: date")
    assert "u\\x1b[31mRED" in result.stderr
    assert "col\\x1b[1m" in result.stderr
    cells = [
        cell for row in csv.reader(io.StringIO(rejects.read_text()), "excel-tab") for cell in row
    ]
    assert raw_controls("".join(cells)) == set()
    assert "'=cmd()" in cells


def test_the_name_of_a_group_is_shown(database: Database, tmp_path: Path) -> None:
    """Check a name from a database whose constraint is gone."""
    metadata = tmp_path / "metadata.tsv"
    header = "strain\tdate\tregion\tauthors\tsample_collected_by"
    metadata.write_text(f"{header}\nA/1\t2021-02-03\tEurope\tAnn\tA clinic\n")
    with database.connect("postgres") as conn:
        conn.execute("alter table aspen.groups drop constraint groups_texts_form_check")
        factories.pathogen(conn, slug="SC2")
        group_id = factories.group(conn, f"Lab\n{EVIL}", prefix="ALP")
        factories.user(conn, "alice", {group_id: "member"})
    arguments = ["--group", "ALP", "--user", "alice", "--pathogen", "SC2", "--metadata", metadata]

    result = CliRunner().invoke(
        cli,
        ["sample", "import", *map(str, arguments), "--allow-missing-sequences"],
        env=database.environment,
        color=True,
    )

    assert result.exit_code == 0
    assert_shown(result, f"imported 1 samples into Lab\\n{SHOWN}: 1 created")


def test_logs_are_shown(tmp_path: Path) -> None:
    """Check the requests that PostgREST and PostgreSQL log."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "postgrest.log").write_text(f"GET {EVIL}\n", newline="")

    result = CliRunner().invoke(
        cli, ["logs", "postgrest"], env={"ASPEN_DATA_DIR": str(tmp_path)}, color=True
    )

    assert result.exit_code == 0
    assert raw_controls(result.output) == set()
    assert "R20/\\x1b[2J\\x1b]0;pwn\\x07x" in result.output


def test_a_token_is_shown(keys: KeySet) -> None:
    """Check claims and header, which the token's maker chooses."""
    token = sign(keys, claims_for(sub=EVIL, role="member", ttl=HOUR) | {EVIL: EVIL})

    for options in ([], ["--json"]):
        result = CliRunner().invoke(
            cli, ["token", "inspect", *options], input=token, env=environment(keys), color=True
        )
        assert raw_controls(result.output) == set()
        assert "R20/" in result.output


def test_files_and_objects_of_a_load_are_shown(tmp_path: Path, empty_database: Database) -> None:
    """Check a name in sql/, which is a stranger's text as well."""
    checkout = Checkout.create(tmp_path, empty_database)
    checkout.append("sql/policies/notes.sql", f"\nselect '{EVIL}'::integer;\n")

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert raw_controls(result.output) == set()
    assert "\\x1b]0;pwn\\x07x" in result.output


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ControlError(f"no group {EVIL}", f"try {EVIL}"), id="failure and remedy"),
        pytest.param(click.BadParameter(f"not {EVIL}"), id="wrong command line"),
        pytest.param(FileNotFoundError(2, "No such file", EVIL), id="file name"),
    ],
)
def test_every_error_is_shown(error: Exception) -> None:
    """Check whatever a new command raises."""

    class Failing(Commands):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            def fail() -> None:
                click.echo(f"row {EVIL}")
                raise error

            return click.Command(cmd_name, callback=fail)

    result = CliRunner().invoke(Failing("control"), ["fail"], color=True)

    assert_shown(result, f"row {SHOWN}\n")
    assert SHOWN in result.stderr


def test_a_terminal_gets_nothing_to_obey(tmp_path: Path) -> None:
    """Run the console script on a real terminal, which writes its own line ends."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "postgrest.log").write_text(f"GET {EVIL}\n", newline="")
    control, terminal = pty.openpty()

    subprocess.run(
        [Path(sys.executable).with_name("control"), "logs", "postgrest"],
        env={**os.environ, "ASPEN_DATA_DIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    shown = os.read(control, 65536).decode().replace("\r\n", "\n")
    os.close(control)
    # The heartbeat's line, shown and removed again on a slow machine.
    shown = re.sub(r"(\r… [a-z ]+, \d+ s *)+\r +\r", "", shown)

    assert raw_controls(shown) == set()
    assert "\\x1b[2J" in shown


def test_json_says_the_same_in_visible_form() -> None:
    """Let a machine read the intended text."""
    document = {"name": EVIL, "é": "\ud800"}

    assert json.loads(visible(json.dumps(document, ensure_ascii=False, indent=2))) == document


def test_what_the_encoding_lacks_is_written_out() -> None:
    """Print a name with an accent in an ASCII locale without failing."""
    below = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)

    SafeStream(below).write("Zoë\n")

    assert below.buffer.getvalue() == b"Zo\\xeb\n"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        ("@sum", "'@sum"),
        ("+1", "'+1"),
        ("\tx", "'\tx"),
        ("\rx", "'\\x0dx"),
        ("A-1", "A-1"),
        (12, "12"),
        ("", ""),
    ],
)
def test_spreadsheets_calculate_nothing(cell: object, shown: str) -> None:
    """Put an apostrophe before formulas, and keep everything else."""
    assert spreadsheet_cell(cell) == shown


ROWS = [("kind", "size", "uri"), ("auspice_json", 12, f"s3://aspen/{'jobs/' * 12}tree.json")]


def test_table_is_aligned_where_nothing_bounds_it() -> None:
    """Cut nothing in a file or a pipe, which has no width."""
    assert list(table(ROWS, None)) == [
        "kind          size  uri",
        f"auspice_json    12  {ROWS[1][2]}",
    ]


def test_table_fits_a_narrow_terminal() -> None:
    """Give a long cell its own line, and cut its middle, never its ends."""
    lines = list(table(ROWS, 60))

    assert max(map(len, lines)) <= 60
    assert lines[2].startswith("  s3://aspen/jobs/")
    assert lines[2].endswith("/jobs/tree.json")


def on_terminal(columns: int, *command: str | Path, **environment: str) -> str:
    """Return what a command shows on a terminal of so many columns."""
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    subprocess.run(
        command,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        check=False,
    )
    os.close(terminal)
    shown = os.read(control, 65536).decode().replace("\r\n", "\n")
    os.close(control)
    return shown


def test_status_fits_a_narrow_terminal(tmp_path: Path) -> None:
    """Use a folder with a long name."""
    folder = tmp_path / ("laboratory-" * 6)
    folder.mkdir()

    shown = on_terminal(
        60, Path(sys.executable).with_name("control"), "status", ASPEN_DATA_DIR=str(folder)
    )

    assert "postgres" in shown
    assert max(map(len, shown.splitlines())) <= 60


def test_progress_bar_fits_a_narrow_terminal() -> None:
    """Include label, percentage and time."""
    draw = (
        "from control.terminal import progress_bar\n"
        "with progress_bar(20_000, 'samples') as bar:\n"
        "    bar.update(9_000)\n"
        "    bar.update(11_000)\n"
    )

    shown = on_terminal(60, sys.executable, "-c", draw)

    states = [state for line in shown.splitlines() for state in line.split("\r")]
    assert any("100%" in state for state in states)
    assert max(len(re.sub(r"\x1b\[[?0-9]*[A-Za-z]", "", state)) for state in states) <= 60


def test_counted_work_shows_rate_and_time_left_on_a_terminal() -> None:
    """Fit a narrow terminal, and leave nothing behind on a pipe."""
    count = (
        "import time\n"
        "from control import terminal\n"
        "terminal.SILENCE_SECONDS = 0\n"
        "with terminal.heartbeat():\n"
        "    for number in terminal.counted(range(4), 'copying rows', 4):\n"
        "        if number == 2:\n"
        "            terminal._heart.beat(time.monotonic())\n"
    )

    shown = on_terminal(60, sys.executable, "-c", count)
    piped = subprocess.run(
        [sys.executable, "-c", count], capture_output=True, text=True, check=True
    )

    assert re.search(r"\r… copying rows: 2 of 4, [0-9.]+/s, 0 s left, 0 s\b", shown)
    assert (piped.stdout, piped.stderr) == ("", "")


@pytest.fixture
def heart() -> Heartbeat:
    """Start a heartbeat at second 100, on a StringIO that stands for a terminal."""
    heart = Heartbeat()
    heart.start(io.StringIO(), 100)
    return heart


def shown_by(heart: Heartbeat) -> str:
    """Return what it wrote since its start."""
    stream = heart.stream
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_heartbeat_tells_what_goes_on_once_it_was_silent(heart: Heartbeat) -> None:
    """Show step and duration, but not before people begin to wonder."""
    heart.name("loading the demo")

    heart.beat(101)
    at_first = shown_by(heart)
    heart.beat(112)

    assert (at_first, shown_by(heart)) == ("", "\r… loading the demo, 12 s")


def test_heartbeat_makes_room_for_what_is_written(heart: Heartbeat) -> None:
    """Clear the line before a command prints."""
    heart.beat(103)
    before = shown_by(heart)

    with heart.interrupted_by("done\n"):
        during = shown_by(heart)

    assert (before, during) == ("\r… working, 3 s", f"{before}\r{' ' * 14}\r")


def test_heartbeat_leaves_a_question_alone(heart: Heartbeat) -> None:
    """Show no seconds behind a question."""
    with heart.interrupted_by("Roll back? [y/N]: "):
        pass

    heart.beat(1e12)

    assert shown_by(heart) == ""


def test_heartbeat_is_over_once_the_line_is_somebody_elses(heart: Heartbeat) -> None:
    """Stop for a progress bar or a followed log."""
    stream = heart.stream
    heart.stop()

    heart.beat(1e12)

    assert isinstance(stream, io.StringIO)
    assert (heart.stream, stream.getvalue()) == (None, "")


def test_heartbeat_goes_on_after_a_progress_bar(heart: Heartbeat) -> None:
    """Continue, because the line was only lent."""
    with heart.paused():
        heart.beat(1e12)
        during = shown_by(heart)
    heart.beat(1e12)

    assert during == ""
    assert shown_by(heart).startswith("\r… working, ")


def test_heartbeat_shows_names_of_strangers(heart: Heartbeat) -> None:
    """Escape a step that names a file."""
    heart.name(f"reading {EVIL}")

    heart.beat(110)

    assert raw_controls(shown_by(heart).removeprefix("\r")) == set()


def test_no_heart_beats_where_nobody_watches(tmp_path: Path) -> None:
    """Write only lines to a CI log."""
    with (tmp_path / "log").open("w+") as log, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", log)
        with heartbeat():
            running = threading.active_count()

    assert running == threading.active_count()
