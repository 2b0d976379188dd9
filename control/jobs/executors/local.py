"""Run programs on this machine, each below a keeper that bounds it and ends all of it.

Nothing here protects the machine from a program: it runs as the user of the worker. It is for
programs that the operator has chosen (pipelines/jobs.toml); others belong into a container.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from control.errors import ControlError
from control.jobs.executors import CannotLaunch, Outcome, Task
from control.settings import Settings

KEEPER = Path(__file__).with_name("keeper.py")
# Of the head and of the end of a log each.
LOG_BYTES = 512 * 1024
PR_SET_DUMPABLE = 4
# From SIGTERM to SIGKILL.
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Kept:
    """A keeper, and the directory where it leaves log and outcome."""

    keeper: subprocess.Popen[bytes]
    directory: Path


class LocalExecutor:
    """Subprocesses of this process; they end with it, however it ends."""

    outlives_worker = False

    def __init__(self, *, log_bytes: int = LOG_BYTES, grace_seconds: float = GRACE_SECONDS) -> None:
        self._log_bytes = log_bytes
        self._grace_seconds = grace_seconds
        self._kept: dict[str, Kept] = {}

    def launch(self, task: Task) -> str:
        """Start a keeper with the program; its scratch directory is removed by `forget`."""
        handle = f"{task.job_id}-{task.attempt}"
        if handle in self._kept:
            return handle
        program = shutil.which(task.command[0], path=task.environment.get("PATH", os.defpath))
        if program is None:
            raise CannotLaunch(
                f"the program {task.command[0]} was not found",
                "install it where the worker runs, or correct its command in pipelines/jobs.toml",
            )
        directory = Path(mkdtemp(prefix=f"aspen-job-{handle}-"))
        scratch = directory / "scratch"
        scratch.mkdir()
        options = {
            "directory": str(directory),
            "memory_mb": task.memory_mb,
            "grace_seconds": self._grace_seconds,
            "log_bytes": self._log_bytes,
        }
        keeper = subprocess.Popen(
            [sys.executable, "-I", str(KEEPER), json.dumps(options), program, *task.command[1:]],
            env={"HOME": str(scratch), "TMPDIR": str(scratch), **task.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A signal for the worker, such as one from the keyboard, is not for its jobs.
            start_new_session=True,
        )
        self._kept[handle] = Kept(keeper, directory)
        return handle

    def find(self, job_id: int, attempt: int) -> str | None:
        """Look among the programs of this process: those of others have ended with them."""
        handle = f"{job_id}-{attempt}"
        return handle if handle in self._kept else None

    def poll(self, handle: str) -> Outcome | None:
        """Read the outcome once the keeper has ended."""
        kept = self._kept[handle]
        if kept.keeper.poll() is None:
            return None
        try:
            problem = json.loads((kept.directory / "outcome").read_text())["problem"]
        except (OSError, ValueError):
            return Outcome("its process was ended from outside")
        return Outcome(problem)

    def stop(self, handle: str) -> None:
        """Ask the keeper, which asks the program and then kills what is left."""
        pipe = self._kept[handle].keeper.stdin
        # A signal would end a keeper that is only starting.
        if pipe is not None and not pipe.closed:
            with suppress(BrokenPipeError):
                pipe.write(b"stop\n")
                pipe.flush()

    def log(self, handle: str) -> bytes | None:
        """Join the head, and the last piece of the rest."""
        directory = self._kept[handle].directory
        head, before, end = (_read(directory / name) for name in ("head", "before_end", "end"))
        if not before:
            return head + end
        last = (before + end)[-self._log_bytes :]
        return head + b"\n[the middle of this log was left out]\n" + last

    def forget(self, handle: str) -> None:
        """Remove the scratch directory."""
        kept = self._kept.pop(handle)
        if kept.keeper.stdin is not None:
            with suppress(BrokenPipeError):
                kept.keeper.stdin.close()
        kept.keeper.wait()
        shutil.rmtree(kept.directory, ignore_errors=True)

    def close(self) -> None:
        """End every program: a keeper does that when its standard input closes."""
        for handle in list(self._kept):
            self.forget(handle)


def make(settings: Settings) -> LocalExecutor:
    """Return the executor of this machine."""
    if sys.platform != "linux":
        raise ControlError(
            "the executor local needs Linux, which tells it all processes of a program",
            "use another executor, or run the worker in a container or virtual machine",
        )
    _hide_from_programs()
    return LocalExecutor()


def _hide_from_programs() -> None:
    """Keep other processes of this user from reading the environment and memory of this one."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
