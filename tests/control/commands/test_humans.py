"""What people at a terminal rely on: colours, Ctrl-C, pipes, questions before harm, man pages."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.docs.man import Page, man_page
from control.stack.process import wait_for
from control.terminal import Heartbeat, counted, has_colours, pace
from tests.servers import Database

# A first line that begins with such a verb announces harm; those with --yes ask.
HARM = re.compile(
    r"(?:Delete|Drop|Replace|Roll back|Remove|Erase|Forget|Revoke|Disable|Cancel|End|Reject)\b"
)
# Timers run these, or they can be undone, so they do not ask.
WITHOUT_A_QUESTION = {
    "control db forget-keys": "every hour, what nobody can ask for any more",
    "control event trim": "every day, what is older than the days that it is given",
    "control job cancel": "one job that is named; control job retry queues it again",
    "control job sweep": "every minute, what has lost its worker",
    "control load lineages": "the file has all of them, and its rows are counted first",
    "control load usher-options": "the file has all of them, and its rows are counted first",
    "control logout": "signing in again takes a minute",
    "control user sign-out": "users who are named; they sign in again",
    "control load public-sequences": "the file has all of them, and its rows are counted first",
    "control output prune": "every day, what no row refers to any more",
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def commands(
    command: click.Command = cli, above: click.Context | None = None
) -> Iterator[tuple[str, click.Command]]:
    """Yield the path of each command that is not a group."""
    # With the settings of the root: click keeps what it once made of a command's option for help.
    context = click.Context(
        command,
        info_name=command.name if above else "control",
        parent=above,
        **command.context_settings,
    )
    if not isinstance(command, click.Group):
        yield context.command_path, command
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        below.name = name
        yield from commands(below, context)


def control(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    """Start a command of its own."""
    program = Path(sys.executable).with_name("control")
    return subprocess.Popen([program, *arguments], **options)  # type: ignore[call-overload, no-any-return]


# Before harm.


def test_whatever_harms_asks_first() -> None:
    """Offer --yes to scripts; whoever does not ask is listed above with the reason."""
    harmful = {path: one for path, one in commands() if HARM.match(one.help or "")}
    asking = {path for path, one in commands() if "yes" in {param.name for param in one.params}}

    assert {*harmful} - asking == {*WITHOUT_A_QUESTION}
    assert "control token rotate-keys" in asking


def test_dropping_all_keys_asks_first(tmp_path: Path) -> None:
    """Change nothing without an answer, and need none for a rotation with an overlap."""
    environment = {"ASPEN_KEYS_DIR": str(tmp_path / "keys"), "ASPEN_DATA_DIR": str(tmp_path)}
    rotate = ["token", "rotate-keys", "--no-reload"]
    CliRunner().invoke(cli, rotate, env=environment)
    before = (tmp_path / "keys" / "keys.json").read_bytes()

    asked = CliRunner().invoke(cli, [*rotate, "--drop-old"], input="n\n", env=environment)
    between = (tmp_path / "keys" / "keys.json").read_bytes()
    told = CliRunner().invoke(cli, [*rotate, "--drop-old", "--yes"], env=environment)

    assert (asked.exit_code, told.exit_code) == (1, 0)
    assert "Reject every token that was issued so far?" in asked.stderr
    assert before == between != (tmp_path / "keys" / "keys.json").read_bytes()


# Ctrl-C and pipes.


def test_ctrl_c_leaves_nothing_half_written(database: Database) -> None:
    """Roll back what waits for a lock, say so in one line, and exit with 130."""
    with database.connect() as conn, conn.transaction():
        conn.execute("lock table aspen.pathogens in exclusive mode")
        process = control(
            "load",
            "pathogens",
            env={**os.environ, **database.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        with database.connect() as watching:
            wait_for(lambda: _is_waiting(watching), 60)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        stored = conn.execute("select count(*) from aspen.pathogens").fetchone()

    assert (process.returncode, stdout) == (130, b"")
    assert stderr.decode().strip().splitlines()[-1] == "Interrupted; nothing goes on."
    assert b"Traceback" not in stderr
    assert stored == (0,)


def _is_waiting(conn: psycopg.Connection) -> bool:
    return (
        conn.execute(
            "select from pg_catalog.pg_stat_activity where datname = current_database()"
            " and application_name like 'control load%' and wait_event_type = 'Lock'"
        ).fetchall()
        != []
    )


@pytest.mark.parametrize("arguments", [["reference"], ["--help"]])
def test_reader_that_leaves_causes_no_traceback(arguments: list[str]) -> None:
    """Close the pipe before anything is written, as `head` may do."""
    reading, writing = os.pipe()
    os.close(reading)
    process = control(*arguments, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)

    _, stderr = process.communicate(timeout=60)

    assert stderr == b""
    assert process.returncode == 1


# Colours.


@pytest.mark.parametrize(
    ("stream", "environ", "shown"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "0"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals(
    stream: io.StringIO, environ: dict[str, str], shown: bool
) -> None:
    """Let NO_COLOR win over FORCE_COLOR."""
    assert has_colours(stream, environ) is shown


def test_colour_never_lets_a_stranger_paint() -> None:
    """Write our escape sequence, and the one within a text in its visible form."""
    script = (
        "from control.terminal import *\nwith safe_streams():\n"
        "    echo_painted('a', 'red', 'b\\x1b[2J')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "FORCE_COLOR": "1"},
        capture_output=True,
        check=True,
    )

    assert done.stdout == b"\x1b[31ma\x1b[0mb\\x1b[2J\n"


@pytest.mark.parametrize("forced", ["", "1"])
def test_error_is_red_only_where_colours_are(forced: str) -> None:
    """Keep the words the same."""
    done = control(
        "--env",
        "nope",
        "migrate",
        "status",
        env={**os.environ, "FORCE_COLOR": forced},
        stderr=subprocess.PIPE,
    ).communicate(timeout=60)[1]

    assert done.startswith(b"\x1b[31mError:\x1b[0m no env" if forced else b"Error: no env")


# Progress.


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (0, 400, 0.0, "copying: 0 of 400"),
        (100, 400, 10.0, "copying: 100 of 400, 10/s, 30 s left"),
        (100, None, 10.0, "copying: 100, 10/s"),
        (5, 400, 10.0, "copying: 5 of 400, 0.5/s, 13 min left"),
    ],
)
def test_pace_tells_rate_and_time_left(
    done: int, total: int | None, seconds: float, said: str
) -> None:
    """Guess the time left by the rate so far."""
    assert pace("copying", done, total, seconds) == said


def test_counted_work_shows_on_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell it once the command was silent for two seconds."""
    heart = Heartbeat()
    heart.start(screen := io.StringIO(), 100)
    monkeypatch.setattr("control.terminal._heart", heart)

    for _ in counted(range(3), "copying objects", 3):
        heart.beat(103)

    assert "copying objects: 0 of 3, 3 s" in screen.getvalue()
    assert "copying objects: 2 of 3, " in screen.getvalue()


# Man pages.


def test_every_command_has_a_man_page(tmp_path: Path) -> None:
    """Write them in the language of man, where no line of a text is an instruction."""
    result = CliRunner().invoke(cli, ["reference", "--man", str(tmp_path)])

    wanted = {f"{path.replace(' ', '-')}.1" for path, _ in commands()}
    pages = {path.name: path.read_text() for path in tmp_path.iterdir()}
    instructions = {
        line.partition(" ")[0]
        for page in pages.values()
        for line in page.splitlines()
        if line.startswith((".", "'"))
    }
    assert result.exit_code == 0
    assert wanted < pages.keys()
    assert instructions == {".TH", ".SH", ".PP", ".TP", ".B", ".nf", ".fi"}
    assert "control output list" in pages["control-output-list.1"]
    assert ".B \\-\\-json" in pages["control-output-list.1"]


def test_text_of_a_man_page_is_no_instruction() -> None:
    """Escape lines that begin like one, backslashes and hyphens."""
    text = ".so /etc/passwd\n\n\b\n    'x \\fB --help\n.nf"
    page = Page("control x", "Do .so", "", text, (("--so", ".so"),), ())

    lines = man_page(page, "1").partition(".SH EXIT")[0].splitlines()

    assert [line for line in lines if "so" in line or "fB" in line or "nf" in line] == [
        "control\\-x \\- Do .so",
        "\\&.so /etc/passwd",
        ".nf",
        "    'x \\efB \\-\\-help",
        "\\&.nf",
        ".B \\-\\-so",
        "\\&.so",
    ]
