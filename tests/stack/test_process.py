"""A detached server is found by its pid file, told apart from strangers, and surely stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.errors import ControlError
from control.stack import process
from control.stack.process import Launch, Server, start_mark, wait_for

ENVIRONMENT = {"PATH": os.defpath}
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True)"


def python(code: str) -> Launch:
    """Return a server that is a line of Python."""
    return Launch([sys.executable, "-c", code], ENVIRONMENT)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Return a server that is stopped after the test."""
    server = Server("server", tmp_path / "server.pid", tmp_path / "server.log", stop_seconds=0.5)
    yield server
    server.stop()


def test_server_is_in_a_session_of_its_own(server: Server) -> None:
    """Detach it, so that closing the terminal does not end it."""
    pid = server.start(python("import time; time.sleep(60)"))

    assert os.getsid(pid) == pid
    assert server.pid() == pid


def test_server_that_ignores_the_request_is_stopped_by_force(server: Server) -> None:
    """End it before `stop` returns."""
    pid = server.start(python(f"{STUBBORN}; import time; time.sleep(60)"))
    wait_for(lambda: server.log_file.read_text() == "on\n", 10)

    assert server.stop()
    assert start_mark(pid) is None


def test_killed_server_has_died_and_a_stopped_one_has_not(server: Server) -> None:
    """Tell them apart for `control status`."""
    os.kill(server.start(python("import time; time.sleep(60)")), signal.SIGKILL)
    died = wait_for(server.has_died, 10)

    server.stop()

    assert (died, server.has_died()) == (True, False)


def test_pid_of_another_process_is_not_the_servers(server: Server) -> None:
    """Recognise a recycled pid by its start time."""
    server.start(python("import time; time.sleep(60)"))
    pid = server.pid()
    content = server.pid_file.read_text()
    server.pid_file.write_text(content.replace('"started": "', '"started": "earlier '))

    recycled = server.pid()

    server.pid_file.write_text(content)
    assert (recycled, server.pid()) == (None, pid)


def test_server_that_stops_at_once_is_reported_with_its_last_words(server: Server) -> None:
    """Quote the end of its log."""
    server.start(python("print('no such file'); raise SystemExit(1)"))

    with pytest.raises(ControlError, match="right after its start:\n  no such file"):
        server.wait_ready(lambda: False, 10)


def test_silent_server_is_reported(server: Server) -> None:
    """Stop waiting after the limit."""
    server.start(python("import time; time.sleep(60)"))

    with pytest.raises(ControlError, match="did not answer within"):
        server.wait_ready(lambda: False, 0.1)


def test_missing_program_is_reported(server: Server) -> None:
    """Print an error instead of a traceback."""
    with pytest.raises(ControlError, match="cannot be started"):
        server.start(Launch(["/nonexistent/program"], ENVIRONMENT))


def test_running_server_is_recognised_by_how_it_was_launched(server: Server) -> None:
    """Restart it for another port or password, and leave it for the same launch."""
    launch = python("import time; time.sleep(60)")
    server.start(launch)

    assert server.runs_as(launch)
    assert not server.runs_as(Launch(launch.command, ENVIRONMENT | {"PORT": "2"}))
    assert not server.runs_as(Launch(launch.command, ENVIRONMENT, inputs="changed"))


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        (
            'FATAL:  could not write lock file "postmaster.pid": No space left on device',
            "the disk is full",
            "free some space",
        ),
        (
            "OSError: [Errno 28] No space left on device",
            "the disk is full",
            "free some space",
        ),
        (
            "FATAL:  could not map anonymous shared memory: Cannot allocate memory",
            "there is not enough memory",
            "close the programs that use most of it",
        ),
        (
            "PANIC:  could not locate a valid checkpoint record",
            "the data directory is damaged",
            "restore a backup",
        ),
        (
            'FATAL:  could not open file "postmaster.pid": Permission denied',
            "its files belong to another user",
            "run control as the user who ran it first",
        ),
    ],
    ids=["disk full", "disk full, in Python", "no memory", "damaged", "another user"],
)
def test_cause_in_the_log_is_named_with_its_remedy(
    server: Server, words: str, what: str, remedy: str
) -> None:
    """Find it although more lines follow."""
    server.start(python(f"print({words!r}); print('LOG:  shut down\\n' * 5); raise SystemExit(1)"))

    with pytest.raises(ControlError, match=f"right after its start: {what}") as caught:
        server.wait_ready(lambda: False, 10)

    assert f"{caught.value.remedy}".startswith(remedy)


def test_cause_of_an_earlier_run_is_not_blamed(server: Server) -> None:
    """Search the last run only in a log of all runs."""
    server.start(python("print('No space left on device'); raise SystemExit(1)"))
    assert wait_for(server.has_died, 10)
    server.start(python("print('no such file'); raise SystemExit(1)"))

    with pytest.raises(ControlError, match="right after its start:\n  no such file"):
        server.wait_ready(lambda: False, 10)


@pytest.mark.parametrize("content", ["", "no json", "[1]", '{"pid": 1, "star'], ids=repr)
def test_damaged_pid_file_names_no_process(server: Server, content: str) -> None:
    """Take the server for one whose pid file was lost, which is found by its log."""
    pid = server.start(python("import time; time.sleep(60)"))
    whole = server.pid_file.read_text()
    server.pid_file.write_text(content)

    found = server.pid(), server.recorded_pid(), server.has_died(), server.strays()

    server.pid_file.write_text(whole)
    assert found == (None, None, False, [pid])


def test_workers_of_a_killed_leader_are_ended(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wait for them, and not for the dead leader, whom nobody may ever collect."""
    waited: list[bool] = []
    monkeypatch.setattr(
        process, "wait_for", lambda over, seconds: waited.append(wait_for(over, seconds))
    )
    leader = server.start(
        Launch(["/bin/sh", "-c", f"{sys.executable} -c 'import time; time.sleep(60)' & wait"], {})
    )
    assert wait_for(lambda: len(server.writers()) == 2, 10)
    [worker] = {*server.writers()} - {leader}

    process.end_group(leader, "python")
    os.kill(leader, signal.SIGKILL)
    assert wait_for(server.has_died, 10)
    spared = start_mark(worker) is not None
    process.end_group(leader, "python")

    assert (spared, start_mark(worker), waited) == (True, None, [True])
