"""Run PostgreSQL for the local stack and the tests: one data directory, one detached server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.local import connect_here
from control.stack.ports import HOST
from control.stack.postgres_binaries import Binaries, find_binaries
from control.stack.process import Launch, Server, command_line, exists
from control.stack.sockets import RULES, prepare_socket, socket_options
from control.stack.state import SUPERUSER
from control.stack.unprivileged import command_prefix, owner_of_data

# Generous, because recovery after a kill replays the log since the last checkpoint.
READY_SECONDS = 90
# After a kill -9 the orphaned backends notice soon, but not at once.
ORPHAN_SECONDS = 15
SHARED_MEMORY_IN_USE = "pre-existing shared memory block"

HBA = f"""\
{RULES}\
# Passwords only, and only from this machine.
host all all {HOST}/32 scram-sha-256
host replication all {HOST}/32 scram-sha-256
"""

CONFIGURATION = f"""\
# Written by control up, before every start. Your own settings: alter system set …, which wins.
listen_addresses = '{HOST}'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = 'warning'
log_line_prefix = '%m [%p] %u@%d %a '
shared_buffers = '256MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
# With 4, meant for spinning disks, the planner walks past everyone else's rows.
random_page_cost = 1.1
jit = off
"""

# The most WAL kept before a checkpoint; fewer checkpoints are faster.
MOST_WAL_MB = 2048
# PostgreSQL needs two segments at least; below this it does little but checkpoints.
LEAST_WAL_MB = 64
# The divisor of the free disk space that WAL may fill. Load exceeds the limit by about half.
WAL_PART_OF_THE_DISK = 8

# How much memory a backend keeps for its next answer. Otherwise glibc returns the memory of a large
# answer to the kernel and faults it in again for the next: a tenth of the processor time of a wide
# list.
KEPT_MEMORY = {
    "MALLOC_TOP_PAD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}

# For tests, whose data is disposable, and whose plans may not depend on when autovacuum ran: after
# it saw a table empty, the 20,000 rows of a test are joined one by one.
NOT_DURABLE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
"""
# To hash a password so often takes each client five milliseconds whenever it connects.
FEW_HASHES = "scram_iterations = 1\n"
FIRST_WITH_FEW_HASHES = 16


@dataclass(frozen=True)
class Postgres:
    """A data directory and the server on it."""

    data: Path
    server: Server
    binaries: Binaries
    is_durable: bool = True

    @classmethod
    def find(cls, data: Path, server: Server, setting: str | None, *, durable: bool) -> Postgres:
        """Choose the programs that fit the data directory, if it exists."""
        return cls(data, server, find_binaries(setting, _major_of(data)), durable)

    def initialise(self, password: str) -> bool:
        """Create the data directory unless it exists; return whether it was created."""
        if _major_of(self.data) is not None:
            return False
        if self.data.exists() and any(self.data.iterdir()):
            raise ControlError(
                f"{self.data} is not a complete data directory: PG_VERSION is missing",
                "restore it from a backup, or run make clean to delete the data",
            )
        # Created aside and moved into place, so that an interrupted run leaves nothing half-made.
        scratch = self.data.with_suffix(".partial")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True, mode=0o700)
        if owner := owner_of_data():
            os.chown(scratch, *owner)
        self._run(scratch, self.binaries.initdb, *self._initdb_options(scratch))
        self._write(scratch / "pg_hba.conf", HBA)
        with open(scratch / "postgresql.conf", "a", encoding="utf-8") as main:
            main.write("\ninclude 'aspen.conf'\n")
        self._set_password(scratch, password)
        # Replaces an empty directory; anything else was rejected above.
        scratch.rename(self.data)
        return True

    def reset_password(self, password: str) -> None:
        """Set the superuser's password without knowing the old one; stops the server."""
        self.server.stop()
        self._set_password(self.data, password)

    def _set_password(self, directory: Path, password: str) -> None:
        statement = sql.SQL("alter role {} password {}").format(
            sql.Identifier(SUPERUSER), sql.Literal(password)
        )
        self._configure(directory)
        self._run(
            directory,
            self.binaries.postgres,
            "--single",
            "-D",
            str(directory),
            "postgres",
            given=statement.as_string() + "\n",
        )

    def launch(self, port: int) -> Launch:
        """Return the command of the server."""
        program = self.binaries.postgres
        prefix = command_prefix(program, self.data)
        place = ["-D", str(self.data), "-p", str(port), *socket_options(self.data)]
        return Launch([*prefix, program, *place], _environment())

    def start(self, port: int, admin_url: str) -> None:
        """Start the server and wait until it answers."""
        self._configure(self.data)
        self._clear_lock_of_a_stranger()
        if find_running(self.data) is None:
            prepare_socket(self.data)
        launch = self.launch(port)
        give_up_at = time.monotonic() + ORPHAN_SECONDS
        while True:
            self.server.start(launch)
            try:
                return self.server.wait_ready(lambda: answers(admin_url), READY_SECONDS)
            except ControlError:
                is_orphaned = SHARED_MEMORY_IN_USE in self.server.last_words(10)
                if not is_orphaned or time.monotonic() > give_up_at:
                    raise
            time.sleep(0.5)

    def _clear_lock_of_a_stranger(self) -> None:
        """Remove a postmaster.pid whose pid belongs to another program or a dead process.

        PostgreSQL would take either for a running server. Without the file it still notices its own
        orphaned backends by their shared memory.
        """
        lock = _lock_of(self.data)
        if lock and exists(lock[0]) and not _is_postmaster(lock[0], self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _configure(self, directory: Path) -> None:
        """Write our part of the configuration; `alter system` settings override it."""
        settings = CONFIGURATION
        if not self.is_durable:
            settings += NOT_DURABLE
            if self.binaries.major >= FIRST_WITH_FEW_HASHES:
                settings += FEW_HASHES
        settings += f"max_wal_size = '{wal_limit_mb(room_for_wal(directory))}MB'\n"
        settings += f"min_wal_size = '{LEAST_WAL_MB}MB'\n"
        if self.binaries.has_library("pg_stat_statements"):
            settings += "shared_preload_libraries = 'pg_stat_statements'\n"
        self._write(directory / "aspen.conf", settings)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        if owner := owner_of_data():
            os.chown(path, *owner)

    def _initdb_options(self, directory: Path) -> list[str]:
        """Return options for UTF-8, one sort order everywhere, and no login without a password."""
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self.binaries.major >= 17
            else ["--locale=C.UTF-8"]
        )
        return [
            f"--pgdata={directory}",
            f"--username={SUPERUSER}",
            "--auth=reject",
            "--encoding=UTF8",
            "--data-checksums",
            "--no-instructions",
            *locale,
            *([] if self.is_durable else ["--no-sync"]),
        ]

    def _run(self, directory: Path, *command: str, given: str | None = None) -> None:
        """Run one of PostgreSQL's programs to its end."""
        done = subprocess.run(
            [*command_prefix(command[0], directory), *command],
            env=_environment(),
            cwd="/",
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise ControlError(
                f"{Path(command[0]).name} failed:\n{done.stderr.strip()}",
                f"check the disk space and the permissions of {directory}?",
            )


def wal_limit_mb(room: int) -> int:
    """Return the WAL limit for a disk with so many free bytes.

    PostgreSQL stops when WAL fills the disk.
    """
    return max(LEAST_WAL_MB, min(MOST_WAL_MB, (room >> 20) // WAL_PART_OF_THE_DISK))


def room_for_wal(data: Path) -> int:
    """Return the bytes that are free for a data directory or already used by its WAL."""
    logs = [path.stat().st_size for path in (data / "pg_wal").glob("*") if path.is_file()]
    return shutil.disk_usage(data).free + sum(logs)


def postgres_server(name: str, run: Path, logs: Path) -> Server:
    """Return how to find and stop a PostgreSQL: fast shutdown, then immediate, then kill."""
    return Server(
        name,
        run / f"{name}.pid",
        logs / f"{name}.log",
        stop_signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
    )


def find_running(data: Path) -> tuple[int, int] | None:
    """Return pid and port of a server on this data directory, even if our pid file is lost."""
    lock = _lock_of(data)
    return lock if lock and _is_postmaster(lock[0], data) else None


class WrongPassword(ControlError):
    """The server runs, but the superuser's password is not the remembered one."""


def answers(url: str) -> bool:
    """Return whether the server at this URL accepts our login."""
    try:
        with connect_here(url, connect_timeout=2) as conn:
            conn.execute("select")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise WrongPassword("the superuser's password is not the remembered one") from error
        # A server without free connections is healthy.
        return "too many clients" in str(error)
    return True


def _major_of(data: Path) -> int | None:
    """Return the PostgreSQL version of a data directory; None if there is none."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ControlError(
            f"{data}/PG_VERSION is damaged",
            "restore the data directory from a backup, or run make clean to delete the data",
        ) from error


def _lock_of(data: Path) -> tuple[int, int] | None:
    """Return pid and port from postmaster.pid; None if it is missing or incomplete."""
    try:
        lines = os.fsdecode((data / "postmaster.pid").read_bytes()).splitlines()
        return int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None


def _is_postmaster(pid: int, data: Path) -> bool:
    """Return whether a pid is a PostgreSQL server on this data directory."""
    shown = command_line(pid)
    return "postgres" in shown and f"-D {data}" in shown


def _environment() -> dict[str, str]:
    """Return the server's environment: no inherited PG* variables, English log messages."""
    return {"PATH": os.defpath, "LC_MESSAGES": "C", "LANG": "C.UTF-8", **KEPT_MEMORY}
