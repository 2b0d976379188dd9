"""Run one program and see that nothing of it is left: the parent of a job's processes.

The local executor starts this file by its path, as a process of its own for each attempt:
`python -I keeper.py '{"directory": …}' COMMAND …`. Standard input is a pipe whose other end the
worker holds: what comes through it stops the program, and so does its end, because then the worker
is gone. A program that takes too much memory is ended, and so is what it leaves behind. This file
imports nothing of Aspen, so that it is small and starts in a moment.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# How often memory is measured while nothing else happens.
LOOK_SECONDS = 0.25
# The same once the program is to end.
END_SECONDS = 0.02
# How much of the end of stderr is kept as the reason of a failure.
REASON_BYTES = 2000
PIECE_BYTES = 1 << 16
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Log:
    """Keep the head and the end of what a program prints in files of bounded size.

    The end is in two files: when `end` is full it becomes `before_end`.
    """

    def __init__(self, directory: Path, bound: int) -> None:
        self._directory = directory
        self._bound = bound
        self._begin("head")

    def write(self, piece: bytes) -> None:
        """Append a piece, which is smaller than the bound."""
        if len(piece) > self._room:
            self._file.close()
            if self._name == "end":
                os.replace(self._directory / "end", self._directory / "before_end")
            self._begin("end")
        self._file.write(piece)
        self._room -= len(piece)

    def _begin(self, name: str) -> None:
        self._name = name
        self._room = self._bound
        self._file: BinaryIO = open(self._directory / name, "wb", buffering=0)


class Keeper:
    """The program, its descendants, and what became of them."""

    def __init__(self, options: dict[str, Any], command: list[str]) -> None:
        self._directory = Path(options["directory"])
        self._memory_bytes = options["memory_mb"] << 20
        self._grace_seconds = options["grace_seconds"]
        self._log = Log(self._directory, options["log_bytes"])
        self._command = command
        self._reason = b""
        self._problem: str | None = None
        # When the program has to be gone; None while it may run.
        self._kill_at: float | None = None

    def run(self) -> None:
        """Run the program to its end and write `outcome` into the directory."""
        try:
            program = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._directory / "scratch",
                start_new_session=True,
                preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
            )
        except OSError as error:
            self._finish(f"{self._command[0]} does not start: {error.strerror}")
            return
        code = self._follow(program)
        if self._problem is None and code < 0:
            self._problem = f"it was ended by {signal.Signals(-code).name}"
        elif self._problem is None and code > 0:
            last = self._reason.decode(errors="replace").strip()
            self._problem = f"exit code {code}: {last}" if last else f"exit code {code}"
        self._finish(self._problem)

    def _follow(self, program: subprocess.Popen[bytes]) -> int:
        """Read what the program prints until nothing of it is left, and return its exit code."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        assert program.stdout is not None and program.stderr is not None
        with selectors.DefaultSelector() as ready:
            for stream in (program.stdout, program.stderr):
                ready.register(stream, selectors.EVENT_READ)
            ready.register(0, selectors.EVENT_READ)
            ready.register(wake_read, selectors.EVENT_READ)
            code: int | None = None
            looked_at = 0.0
            while True:
                pause = LOOK_SECONDS if self._kill_at is None else END_SECONDS
                for key, _ in ready.select(pause):
                    piece = os.read(key.fd, PIECE_BYTES)
                    if key.fd == 0:
                        if not piece:
                            ready.unregister(0)
                        self._end("it was stopped" if piece else "its worker was lost")
                    elif key.fd == wake_read:
                        continue
                    elif not piece:
                        ready.unregister(key.fileobj)
                    else:
                        self._take(piece, is_error=key.fileobj is program.stderr)
                if code is None:
                    code = program.poll()
                    if code is not None:
                        # Whatever it left behind gets as long as one that is stopped.
                        self._end(None)
                # Output may come in a flood; looking for processes takes longer than reading it.
                if time.monotonic() - looked_at < pause:
                    continue
                looked_at = time.monotonic()
                _reap(program.pid if code is None else None)
                left = list(_descendants())
                if code is not None and not left:
                    break
                if self._memory_bytes < sum(map(_memory_of, left)):
                    self._kill_at = 0.0
                    self._problem = f"it used more than its {self._memory_bytes >> 20} MB of memory"
                if self._kill_at is not None and looked_at >= self._kill_at:
                    _signal(left, signal.SIGKILL)
        for stream in (program.stdout, program.stderr):
            os.set_blocking(stream.fileno(), False)
            while piece := _read(stream.fileno()):
                self._take(piece, is_error=stream is program.stderr)
        return code

    def _take(self, piece: bytes, *, is_error: bool) -> None:
        self._log.write(piece)
        if is_error:
            self._reason = (self._reason + piece)[-REASON_BYTES:]

    def _end(self, problem: str | None) -> None:
        """Ask all processes to end, and give them the time of grace."""
        self._problem = self._problem or problem
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace_seconds
            _signal(_descendants(), signal.SIGTERM)

    def _finish(self, problem: str | None) -> None:
        unfinished = self._directory / "outcome.new"
        unfinished.write_text(json.dumps({"problem": problem}))
        unfinished.rename(self._directory / "outcome")


def _read(descriptor: int) -> bytes:
    """Return what is left in a pipe."""
    try:
        return os.read(descriptor, PIECE_BYTES)
    except BlockingIOError:
        return b""


def _prctl(option: int, value: int) -> None:
    """Set an attribute of this process; only Linux has them."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _descendants() -> Iterator[int]:
    """Yield the living processes below this one; orphans come to it, whatever their session."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command in parentheses may contain spaces itself.
            state, parent = path.read_text(errors="replace").rpartition(") ")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state not in "ZX":
            parents[int(path.parent.name)] = int(parent)
    for pid in parents:
        above = parents[pid]
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid():
            yield pid


def _memory_of(pid: int) -> int:
    """Return the memory that a process holds; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _signal(pids: Iterator[int] | list[int], number: signal.Signals) -> None:
    for pid in list(pids):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _reap(program: int | None) -> None:
    """Take note of orphans that ended, but leave the end of the program to its Popen."""
    for path in Path(f"/proc/{os.getpid()}/task/{os.getpid()}").glob("children"):
        for child in map(int, path.read_text().split()):
            if child != program:
                try:
                    os.waitpid(child, os.WNOHANG)
                except ChildProcessError:
                    pass


if __name__ == "__main__":
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    Keeper(json.loads(sys.argv[1]), sys.argv[2:]).run()
