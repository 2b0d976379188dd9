"""Recover a data directory from an archive, on a server that nobody else can reach.

The server listens on a socket in a directory of its own only, takes its settings from us and the
log from pg_wal, and is gone when the recovery is done.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.backups.archive import Archive, Base
from control.backups.packing import unpack_files
from control.backups.tools import find_tool
from control.errors import ControlError
from control.settings import Settings
from control.stack.unprivileged import command_prefix, owner_of_data

# Recovery replays the log since the base backup; a day's log of a busy server takes minutes.
_READY_SECONDS = 4 * 3600
_STOP_SECONDS = 120
# What the original had at most; with less, nobody could read during the recovery.
_NEEDED = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
}


@dataclass(frozen=True)
class Target:
    """Where a recovery ends: one setting of PostgreSQL, or the end of the log."""

    setting: str | None = None
    value: str = ""
    # Stop there without writing, so that a later recovery can go on.
    only_reads: bool = False


@dataclass(frozen=True)
class Copy:
    """A data directory made from a base backup and the log since."""

    base: Base
    data: Path
    programs: Path

    def connect(self, socket: Path) -> psycopg.Connection:
        """Connect as the superuser."""
        return psycopg.connect(
            host=str(socket),
            port=5432,
            user=self.base.superuser,
            dbname=self.base.database,
            autocommit=True,
            application_name="control db recovery",
        )


def unpack(settings: Settings, archive: Archive, base: Base, data: Path) -> Copy:
    """Unpack a base backup into a new directory, verify each file, and put the log beside it."""
    tool = find_tool(settings, "postgres", base.server_major)
    if tool.major != base.server_major:
        raise ControlError(
            f"the archive is of PostgreSQL {base.server_major}, and only {tool.major} is here",
            f"set ASPEN_POSTGRES_BIN to the programs of PostgreSQL {base.server_major}",
        )
    programs = Path(tool.path).parent
    archive.provide(base)
    segments = archive.segments(base)
    data.mkdir(mode=0o700, parents=True)
    unpack_files(base.directory, data)
    # What the log says of this time is not read yet, and was not part of the backup.
    _run([str(programs / "pg_verifybackup"), "--exit-on-error", str(data)], base)
    for path in (*segments, *archive.histories()):
        shutil.copyfile(path, data / "pg_wal" / path.name.removesuffix(".partial"))
    (data / "recovery.signal").touch(mode=0o600)
    if owner := owner_of_data():
        for path in (data, *data.rglob("*")):
            os.chown(path, *owner, follow_symlinks=False)
    return Copy(base, data, programs)


@contextmanager
def recovering(copy: Copy, target: Target, *, is_durable: bool) -> Iterator[psycopg.Connection]:
    """Recover to a target, and connect; at the end the server is stopped cleanly."""
    with tempfile.TemporaryDirectory(prefix="aspen-") as name:
        home = Path(name)
        if owner := owner_of_data():
            os.chown(home, *owner)
        log = home / "log"
        with open(log, "w", encoding="utf-8") as output:
            server = subprocess.Popen(
                _command(copy, home, target, is_durable=is_durable),
                env={"PATH": os.defpath, "LC_MESSAGES": "C", "LANG": "C.UTF-8"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            with _connected(copy, home, server, log) as conn:
                yield conn
            _stop(server, signal.SIGINT)
        finally:
            _stop(server, signal.SIGQUIT)


def _command(copy: Copy, home: Path, target: Target, *, is_durable: bool) -> list[str]:
    """Return a server's command; its options win over every file in the data directory."""
    (home / "hba.conf").write_text("local all all trust\n")
    (home / "postgresql.conf").write_text("")
    if owner := owner_of_data():
        for path in home.iterdir():
            os.chown(path, *owner)
    chosen = {
        "config_file": home / "postgresql.conf",
        "hba_file": home / "hba.conf",
        "ident_file": home / "hba.conf",
        "listen_addresses": "",
        "unix_socket_directories": home,
        "unix_socket_permissions": "0700",
        "port": 5432,
        "ssl": "off",
        "logging_collector": "off",
        "log_destination": "stderr",
        "archive_mode": "off",
        "shared_preload_libraries": "",
        "primary_conninfo": "",
        "autovacuum": "off",
        "hot_standby": "on",
        "timezone": "UTC",
        # The log is in pg_wal already.
        "restore_command": "false",
        "recovery_target_timeline": "latest",
        "recovery_target_action": "pause" if target.only_reads else "promote",
        **_limits(copy),
    }
    if target.setting is not None:
        chosen[target.setting] = target.value
    if not is_durable:
        chosen["fsync"] = "off"
    program = str(copy.programs / "postgres")
    options = [f"-c{name}={value}" for name, value in chosen.items()]
    return [*command_prefix(program, copy.data), program, "-D", str(copy.data), *options]


def _limits(copy: Copy) -> dict[str, str]:
    shown = _run([str(copy.programs / "pg_controldata"), str(copy.data)], copy.base)
    found = dict(re.findall(r"^(.+?):\s+(\S+)$", shown, re.MULTILINE))
    return {setting: found[name] for name, setting in _NEEDED.items()}


@contextmanager
def _connected(
    copy: Copy, home: Path, server: subprocess.Popen[bytes], log: Path
) -> Iterator[psycopg.Connection]:
    """Wait until the recovery reached its target, whether it goes on or stays there."""
    give_up_at = time.monotonic() + _READY_SECONDS
    conn: psycopg.Connection | None = None
    try:
        while True:
            if server.poll() is not None:
                raise _failure(log)
            try:
                conn = conn or copy.connect(home)
                [(is_there,)] = conn.execute(
                    "select case when pg_is_in_recovery()"
                    " then pg_get_wal_replay_pause_state() = 'paused' else true end"
                ).fetchall()
            except psycopg.errors.ObjectNotInPrerequisiteState:
                # It ended between the two questions.
                is_there = False
            except psycopg.OperationalError:
                conn, is_there = None, False
            if is_there:
                assert conn is not None
                break
            if time.monotonic() > give_up_at:
                raise _failure(log)
            time.sleep(0.1)
        yield conn
    finally:
        if conn is not None:
            conn.close()


def _failure(log: Path) -> ControlError:
    """Say why a recovery ended, in PostgreSQL's words."""
    lines = log.read_text(errors="replace").splitlines()
    fatal = [line for line in lines if re.search("FATAL|PANIC|ERROR", line)] or lines
    if any("before configured recovery target" in line for line in fatal):
        return ControlError(
            "the archive ends before that moment",
            "name an earlier one: control db drill says until when the archive is complete",
        )
    return ControlError("\n".join(("the recovery failed:", *fatal[-3:])), "use another copy")


def _stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if server.poll() is not None:
        return
    server.send_signal(how)
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _run(command: Sequence[str], base: Base) -> str:
    done = subprocess.run(
        command,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise ControlError(
            f"base backup {base.directory.name} is damaged:\n{said}",
            "use another base backup or another copy of the archive",
        )
    return done.stdout
