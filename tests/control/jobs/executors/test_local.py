"""Programs on this machine: what they are given, and that nothing of them is left."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.jobs.executors import CannotLaunch, Outcome, make_executor
from control.jobs.executors.local import PR_SET_DUMPABLE, LocalExecutor
from tests.control.jobs.executors.tasks import end_of, task, wait_for
from tests.servers import SETTINGS

PR_GET_DUMPABLE = 3
# Larger than one piece that the keeper reads at once.
LOG_BYTES = 128 * 1024
IGNORES = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    """Make an executor that keeps short logs and is not patient."""
    executor = LocalExecutor(log_bytes=LOG_BYTES, grace_seconds=0.2)
    yield executor
    executor.close()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has taken note of yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state not in "ZX"


def log_of(executor: LocalExecutor, handle: str) -> str:
    """Return what a program has printed so far."""
    return (executor.log(handle) or b"").decode()


def printed(executor: LocalExecutor, handle: str, word: str) -> str:
    """Wait until a program has printed a word, and return its log."""
    return wait_for(lambda: log if word in (log := log_of(executor, handle)) else None)


def test_program_gets_its_environment_and_nothing_of_the_worker(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give it a home and a directory of its own, and no address of the database."""
    monkeypatch.setenv("ASPEN_DATABASE_URL", "postgresql://secret")
    handle = executor.launch(task("env", ASPEN_JOB_ID="1", ASPEN_JOB_TOKEN="t", LC_CTYPE="C.UTF-8"))
    end_of(executor, handle)

    values = dict(line.split("=", 1) for line in log_of(executor, handle).splitlines())

    scratch = values.pop("HOME")
    assert values == {
        "PATH": os.defpath,
        "ASPEN_JOB_ID": "1",
        "ASPEN_JOB_TOKEN": "t",
        "TMPDIR": scratch,
        "LC_CTYPE": "C.UTF-8",
    }


def test_scratch_directory_is_new_and_removed(executor: LocalExecutor) -> None:
    """Leave no files of one attempt to the next."""
    handle = executor.launch(task("sh", "-c", "ls -A; pwd; touch left"))
    end_of(executor, handle)

    (directory,) = log_of(executor, handle).splitlines()

    assert Path(directory, "left").exists()
    executor.forget(handle)
    assert not Path(directory).parent.exists()


def test_token_is_in_no_command_line(executor: LocalExecutor) -> None:
    """Show it to nobody who lists processes."""
    handle = executor.launch(task("sh", "-c", IGNORES, ASPEN_JOB_TOKEN="very-secret"))
    printed(executor, handle, "ready")

    lines = [path.read_bytes() for path in _readable(Path("/proc").glob("[0-9]*/cmdline"))]

    assert any(b"trap '' TERM" in line for line in lines)
    assert not any(b"very-secret" in line for line in lines)


def _readable(paths: Iterator[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            path.read_bytes()
        except OSError:
            continue
        yield path


def test_program_that_does_not_exist_is_named(executor: LocalExecutor) -> None:
    """Say how to get it; trying again would not help."""
    with pytest.raises(CannotLaunch, match="no-such-program was not found"):
        executor.launch(task("no-such-program"))


def test_program_that_cannot_be_executed_fails(executor: LocalExecutor, tmp_path: Path) -> None:
    """Say why the system does not run it."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)

    outcome = end_of(executor, executor.launch(task(str(broken))))

    assert outcome == Outcome(f"{broken} does not start: Exec format error")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 0", None),
        ("exit 3", "exit code 3"),
        ("echo out; echo the reason >&2; exit 1", "exit code 1: the reason"),
        ("kill -SEGV $$", "it was ended by SIGSEGV"),
    ],
)
def test_end_of_a_program_is_told(
    executor: LocalExecutor, script: str, problem: str | None
) -> None:
    """Take the end of stderr for the reason."""
    assert end_of(executor, executor.launch(task("sh", "-c", script))) == Outcome(problem)


def test_program_that_ignores_sigterm_is_killed(executor: LocalExecutor) -> None:
    """Give it a moment, and then no choice."""
    handle = executor.launch(task("sh", "-c", f"echo $$; {IGNORES}"))
    pid = int(printed(executor, handle, "ready").split()[0])

    executor.stop(handle)

    assert end_of(executor, handle) == Outcome("it was stopped")
    assert not is_alive(pid)


def test_program_that_obeys_sigterm_ends_in_its_own_way(executor: LocalExecutor) -> None:
    """Let it say goodbye."""
    handle = executor.launch(
        task("sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    )
    printed(executor, handle, "ready")

    executor.stop(handle)

    assert end_of(executor, handle) == Outcome("it was stopped")
    assert "bye\n" in log_of(executor, handle)


def test_what_a_program_leaves_behind_is_ended(executor: LocalExecutor) -> None:
    """Find children in sessions of their own that outlive it, and keep its exit code."""
    orphan = f"echo $$ > pid; {IGNORES}"
    script = 'setsid sh -c "$ORPHAN" & while ! [ -s pid ]; do sleep 0.01; done; cat pid'
    handle = executor.launch(task("sh", "-c", script, ORPHAN=orphan))
    (pid,) = wait_for(lambda: re.findall(r"(\d+)\n", log_of(executor, handle)) or None)

    assert end_of(executor, handle) == Outcome(None)
    assert not is_alive(int(pid))


def test_flood_of_output_keeps_head_and_end(executor: LocalExecutor) -> None:
    """Keep a bounded part of 50 MB, and say that the middle is missing."""
    script = "echo first; yes 0123456789 | head -c 50000000; echo; echo last"
    handle = executor.launch(task("sh", "-c", script))
    end_of(executor, handle)

    log = log_of(executor, handle)

    assert log.startswith("first\n0123")
    assert log.endswith("\nlast\n")
    assert "the middle of this log was left out" in log
    assert LOG_BYTES < len(log) < 2.1 * LOG_BYTES


def test_program_that_takes_too_much_memory_is_ended(executor: LocalExecutor) -> None:
    """Count all its processes together."""
    hungry = "import os, time; os.fork(); x = b'x' * (70 << 20); time.sleep(60)"
    handle = executor.launch(task(sys.executable, "-c", hungry, memory_mb=100))

    assert end_of(executor, handle) == Outcome("it used more than its 100 MB of memory")


def test_program_ends_with_its_worker(executor: LocalExecutor) -> None:
    """Leave nothing when the worker is killed and can end nothing itself."""
    handle = executor.launch(task("sh", "-c", f"echo $$; {IGNORES}"))
    pid = int(printed(executor, handle, "ready").split()[0])
    pipe = executor._kept[handle].keeper.stdin
    assert pipe is not None

    # As the system does when the worker is gone.
    pipe.close()

    assert end_of(executor, handle) == Outcome("its worker was lost")
    assert not is_alive(pid)


def test_program_ends_with_its_keeper(executor: LocalExecutor) -> None:
    """Have the system kill it when its parent was killed."""
    handle = executor.launch(task("sh", "-c", f"echo $$; {IGNORES}"))
    pid = int(printed(executor, handle, "ready").split()[0])

    os.kill(executor._kept[handle].keeper.pid, signal.SIGKILL)

    assert end_of(executor, handle) == Outcome("its process was ended from outside")
    wait_for(lambda: None if is_alive(pid) else True)


def test_worker_hides_its_environment_from_programs() -> None:
    """Let no program of the same user read the address of the database out of the worker."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    # An executor of an earlier test may have hidden this process.
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)

    make_executor("local", SETTINGS)

    hidden = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    prctl(PR_SET_DUMPABLE, before, 0, 0, 0)
    assert hidden == 0
