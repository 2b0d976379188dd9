"""Start, find and stop servers that outlive the command which started them.

The pid file holds the pid and the start time of that process, so that a pid the system reuses for
another program is never mistaken for ours, let alone killed.
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
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from control.errors import ControlError
from control.stack.causes import LoggedCause, find_cause

POLL_SECONDS = 0.05
# How many last lines of a log are searched for the cause of a server's end.
CAUSE_LINES = 40
HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class Launch:
    """The command to run and its exact environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    # Other input it reads at its start. If any of the three differs, it must be restarted.
    inputs: str = field(default="", repr=False)

    @property
    def fingerprint(self) -> str:
        """Return a hash that is equal for equal launches and reveals no password."""
        return _hash([list(self.command), sorted(self.environment.items()), self.inputs])

    @property
    def program(self) -> str:
        """Return the same without the other input, which some programs can read again."""
        return _hash([list(self.command), sorted(self.environment.items())])


def _hash(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """The content of a pid file."""

    pid: int
    started: str | None
    fingerprint: str
    # The length of the log at the start; what follows is of this run.
    log_start: int = 0
    # What was launched, without the other input.
    program: str = ""


@dataclass(frozen=True)
class Server:
    """One detached server: its pid file and its log."""

    name: str
    pid_file: Path
    log_file: Path
    # The signals that ask it to stop, each sent when the one before did not help in time.
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)
    stop_seconds: float = field(default=20, compare=False)

    def pid(self) -> int | None:
        """Return the pid of the running server; None when it is not running."""
        record = self._record()
        if record is None:
            return None
        mark = start_mark(record.pid)
        return record.pid if mark is not None and mark == record.started else None

    def recorded_pid(self) -> int | None:
        """Return the pid of its last start, running or not."""
        record = self._record()
        return None if record is None else record.pid

    def has_died(self) -> bool:
        """Return whether it was started, never stopped, and is gone."""
        return self._record() is not None and self.pid() is None

    def runs_as(self, launch: Launch) -> bool:
        """Return whether the running server was started by exactly this launch."""
        record = self._record()
        return record is not None and record.fingerprint == launch.fingerprint

    def differs_by_inputs(self, launch: Launch) -> bool:
        """Return whether it runs this program, which only has to read its other input again."""
        record = self._record()
        return self.pid() is not None and record is not None and record.program == launch.program

    def has_read(self, launch: Launch) -> None:
        """Note that the running server now has the other input of this launch."""
        if (record := self._record()) is not None:
            self._write(replace(record, fingerprint=launch.fingerprint))

    def strays(self) -> list[int]:
        """Return processes of this server that no pid file names, found by their output file.

        Child processes inherit the output, so workers are found as well. Only Linux tells which
        file a process writes to.
        """
        return [] if self.pid() is not None else self.writers()

    def writers(self) -> list[int]:
        """Return every process whose output is this server's log."""
        return _writers(self.log_file.resolve())

    def end_strays(self) -> bool:
        """Stop stray processes, which would keep port and data; return whether there were any."""
        found = self.strays()
        for asking in (*self.stop_signals, signal.SIGKILL):
            left = self.strays()
            # Workers end with their parent; an orphan has none.
            for pid in (pid for pid in left if _parent(pid) not in left):
                _send(pid, asking)
            if wait_for(lambda: not self.strays(), self.stop_seconds):
                break
        return bool(found)

    def start(self, launch: Launch) -> int:
        """Start it detached from the terminal, with its output in the log."""
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
        self.record(child.pid, launch.fingerprint, log_start, launch.program)
        # Nobody waits for it, because it is meant to stay. Set here, or Popen warns when collected.
        child.returncode = 0
        return child.pid

    def record(self, pid: int, fingerprint: str, log_start: int = 0, program: str = "") -> None:
        """Write this process to the pid file as the running server."""
        self._write(Record(pid, start_mark(pid), fingerprint, log_start, program))

    def _write(self, record: Record) -> None:
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.pid_file.with_suffix(".tmp")
        scratch.write_text(json.dumps(asdict(record)), "utf-8")
        scratch.replace(self.pid_file)

    def stop(self) -> bool:
        """Stop it and wait until it is gone; return False when it was not running."""
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
        """Wait until it answers; fail with its last log lines if it ends or stays silent."""
        wait_for(lambda: is_ready() or self.pid() is None, seconds)
        if self.pid() is None:
            raise self._failure("stopped right after its start", f"see {self.log_file}")
        if not is_ready():
            raise self._failure(
                f"did not answer within {seconds:.0f} s",
                f"see {self.log_file}; control down, then control up",
            )

    def last_words(self, lines: int = 3) -> str:
        """Return the last log lines of this run, to be appended to a message."""
        text = "\n  ".join(tail(self.log_file, lines, self._log_start()))
        return f":\n  {text}" if text else ""

    def cause(self) -> LoggedCause | None:
        """Return why it stopped or does not answer, if its log names a known cause."""
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
        """Return the content of the pid file; None if it cannot be read."""
        try:
            return Record(**json.loads(self.pid_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def start_mark(pid: int) -> str | None:
    """Return when the process with this pid started; None when it does not exist or is a zombie."""
    if not HAS_PROC:
        return _start_mark_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the command in parentheses, which may itself contain spaces and
    # parentheses.
    fields = stat[stat.rindex(")") + 2 :].split()
    state, ticks_since_boot = fields[0], fields[19]
    if state in "ZX":
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {ticks_since_boot}"


def exists(pid: int) -> bool:
    """Return whether the system knows this pid, as anybody's process or as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _writers(log: Path) -> list[int]:
    """Return the processes whose output is this file, even if the file was deleted."""
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
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, asking)


def command_line(pid: int) -> str:
    """Return the command line of a process; empty when there is no such process."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
    except OSError:
        return "" if HAS_PROC else _ps(pid, "command=")


def end_group(leader: int, program: str) -> None:
    """Kill the rest of a process group whose leader died, if it runs this program.

    The system gives nobody a pid that still names a group, so the group is that leader's.
    """
    if start_mark(leader) is None and any(program in command_line(pid) for pid in members(leader)):
        os.killpg(leader, signal.SIGKILL)
        wait_for(lambda: not members(leader), 5)


def members(group: int) -> list[int]:
    """Return the processes of a group; a zombie is none, and may stay for as long as its parent."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,state="], capture_output=True, text=True, check=False
    ).stdout
    rows = (line.split() for line in shown.splitlines())
    return [
        int(pid) for pid, owner, state in rows if int(owner) == group and not state.startswith("Z")
    ]


def _start_mark_by_ps(pid: int) -> str | None:
    """Return the start time on systems without /proc."""
    shown = _ps(pid, "state=,lstart=").split(maxsplit=1)
    if len(shown) < 2 or shown[0].startswith("Z"):
        return None
    return shown[1].strip()


def _ps(pid: int, columns: str) -> str:
    return subprocess.run(
        ["ps", "-ww", "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll a condition until it holds; return False when time runs out."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(path: Path, lines: int, start: int = 0) -> list[str]:
    """Return the last lines of a file after an offset; the file may be long or missing.

    A file shorter than the offset was cut since, and is read from its beginning.
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
