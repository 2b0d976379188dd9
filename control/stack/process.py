"""A server that outlives the command which started it.

The pid file holds the pid and when that process started, so that a pid the system has given to
somebody else is never mistaken for ours, let alone killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from control.errors import ControlError
from control.stack.causes import LoggedCause, find_cause

POLL_SECONDS = 0.05
# How far back in its log the cause of a server's end may stand.
CAUSE_LINES = 40
HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class Launch:
    """What to run, with exactly which environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    # Whatever else it reads at its start; when any of the three differs, it is to be restarted.
    inputs: str = field(default="", repr=False)

    @property
    def fingerprint(self) -> str:
        """The same for the same launch; tells nothing about passwords in the environment."""
        parts = [list(self.command), sorted(self.environment.items()), self.inputs]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """The content of a pid file."""

    pid: int
    started: str | None
    fingerprint: str
    # How long the log was when it started: what it says of this run comes behind.
    log_start: int = 0


@dataclass(frozen=True)
class Server:
    """One detached server: its pid file and its log."""

    name: str
    pid_file: Path
    log_file: Path
    # How to ask it to stop: what is sent at first, and what when it has not gone in time.
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)
    stop_seconds: float = field(default=20, compare=False)

    def pid(self) -> int | None:
        """The pid of the running server; None when it is not running."""
        record = self._record()
        if record is None:
            return None
        mark = start_mark(record.pid)
        return record.pid if mark is not None and mark == record.started else None

    def recorded_pid(self) -> int | None:
        """Return the pid it was last started with, running or not."""
        record = self._record()
        return None if record is None else record.pid

    def has_died(self) -> bool:
        """Whether it was started, never stopped, and is gone."""
        return self._record() is not None and self.pid() is None

    def runs_as(self, launch: Launch) -> bool:
        """Whether the running server was started by just this launch."""
        record = self._record()
        return record is not None and record.fingerprint == launch.fingerprint

    def strays(self) -> list[int]:
        """Processes of this server that no pid file leads to, known by where they write.

        What a server starts inherits its output, so that workers are found as well. Only Linux
        tells what a process writes to.
        """
        return [] if self.pid() is not None else self.writers()

    def writers(self) -> list[int]:
        """Every process whose output is this server's log."""
        return _writers(self.log_file.resolve())

    def end_strays(self) -> bool:
        """Stop them, or they would keep port and data; whether there were any."""
        found = self.strays()
        for asking in (*self.stop_signals, signal.SIGKILL):
            left = self.strays()
            # A worker goes with the one that started it; an orphan has nobody.
            for pid in (pid for pid in left if _parent(pid) not in left):
                _send(pid, asking)
            if wait_for(lambda: not self.strays(), self.stop_seconds):
                break
        return bool(found)

    def start(self, launch: Launch) -> int:
        """Start it detached from the terminal, its output in the log."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        log_start = os.fstat(log).st_size
        try:
            child = subprocess.Popen(
                launch.command,
                env=dict(launch.environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ControlError(
                f"{self.name} cannot be started: {error}", f"is {launch.command[0]} whole?"
            ) from error
        finally:
            os.close(log)
        self.record(child.pid, launch.fingerprint, log_start)
        # Nobody waits for it: it is meant to stay. Said here, or Popen warns when collected.
        child.returncode = 0
        return child.pid

    def record(self, pid: int, fingerprint: str, log_start: int = 0) -> None:
        """Remember this process as the running server."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.pid_file.with_suffix(".tmp")
        record = Record(pid, start_mark(pid), fingerprint, log_start)
        scratch.write_text(json.dumps(asdict(record)))
        scratch.replace(self.pid_file)

    def stop(self) -> bool:
        """Stop it and wait until it is gone; False when it was not running."""
        pid = self.pid()
        if pid is not None:
            for asking in self.stop_signals:
                _send(pid, asking)
                if wait_for(lambda: self.pid() is None, self.stop_seconds):
                    break
            else:
                raise ControlError(
                    f"{self.name} (pid {pid}) does not stop", f"look at {self.log_file}"
                )
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    def wait_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it answers; say so, with its last words, when it dies or stays silent."""
        wait_for(lambda: is_ready() or self.pid() is None, seconds)
        if self.pid() is None:
            raise self._failure(
                "stopped right after its start", f"the whole story is in {self.log_file}"
            )
        if not is_ready():
            raise self._failure(
                f"did not answer within {seconds:.0f} s",
                f"the whole story is in {self.log_file}; control down, then control up",
            )

    def last_words(self, lines: int = 3) -> str:
        """The last lines of this run's log, to be put behind a message."""
        text = "\n  ".join(tail(self.log_file, lines, self._log_start()))
        return f":\n  {text}" if text else ""

    def cause(self) -> LoggedCause | None:
        """Why it stopped or does not answer, as far as its log tells."""
        return find_cause(tail(self.log_file, CAUSE_LINES, self._log_start()), self.log_file.parent)

    def _failure(self, what: str, remedy: str) -> ControlError:
        cause = self.cause()
        if cause is None:
            return ControlError(f"{self.name} {what}{self.last_words()}", remedy)
        return ControlError(f"{self.name} {what}: {cause.what}:\n  {cause.line}", cause.remedy)

    def _log_start(self) -> int:
        record = self._record()
        return 0 if record is None else record.log_start

    def _record(self) -> Record | None:
        """What the pid file says; an unreadable one says nothing."""
        try:
            return Record(**json.loads(self.pid_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def start_mark(pid: int) -> str | None:
    """When the process with this pid started; None when there is none, or only its corpse."""
    if not HAS_PROC:
        return _start_mark_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the command in parentheses, and may contain spaces and parentheses itself.
    fields = stat[stat.rindex(")") + 2 :].split()
    state, ticks_since_boot = fields[0], fields[19]
    if state in "ZX":
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {ticks_since_boot}"


def exists(pid: int) -> bool:
    """Whether the system knows this pid: as anybody's process, or as one that nobody buried yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _writers(log: Path) -> list[int]:
    """The processes whose output is this file, also when the file was deleted since."""
    if not HAS_PROC:
        return []
    names = {str(log), f"{log} (deleted)"}
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit()
        and int(process.name) != os.getpid()
        and _output_of(process) in names
        and start_mark(int(process.name)) is not None
    ]


def _output_of(process: Path) -> str | None:
    try:
        return os.readlink(process / "fd" / "2")
    except OSError:
        return None


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(stat[stat.rindex(")") + 2 :].split()[1])


def _send(pid: int, asking: signal.Signals) -> None:
    """Send a signal to a process that may be gone by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, asking)


def command_line(pid: int) -> str:
    """The command a process was started with; empty when there is no such process."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
    except OSError:
        return "" if HAS_PROC else _ps(pid, "command=")


def end_group(leader: int, program: str) -> None:
    """Kill what is left of a process group whose leader died, if it runs this program.

    The system gives nobody a pid that still names a group, so the group is that leader's.
    """
    if start_mark(leader) is None and any(program in command_line(pid) for pid in _members(leader)):
        os.killpg(leader, signal.SIGKILL)
        wait_for(lambda: not _members(leader), 5)


def _members(group: int) -> list[int]:
    """List the processes of a group."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid="], capture_output=True, text=True, check=False
    ).stdout
    pairs = (line.split() for line in shown.splitlines())
    return [int(pid) for pid, owner in pairs if int(owner) == group]


def _start_mark_by_ps(pid: int) -> str | None:
    """The same on systems without /proc."""
    shown = _ps(pid, "state=,lstart=").split(maxsplit=1)
    if len(shown) < 2 or shown[0].startswith("Z"):
        return None
    return shown[1].strip()


def _ps(pid: int, columns: str) -> str:
    return subprocess.run(
        ["ps", "-ww", "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask again until it holds or the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(path: Path, lines: int, start: int = 0) -> list[str]:
    """The last lines of a file that may be long, or may not exist, from an offset on.

    One that is shorter than that was cut since, and is read from its beginning.
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
