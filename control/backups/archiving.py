"""`control db archive`: keep everything that is needed to go back to any moment.

pg_receivewal writes the write-ahead log as it arises, through a slot, so that the server keeps what
was not received yet. Beside it, this makes base backups, copies new objects and notes until when
nothing is missing.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from control.backups.archive import Archive
from control.backups.basing import LABEL, BaseMaker
from control.backups.object_keeping import ObjectKeeper
from control.backups.retention import Retention, prune_log
from control.backups.shipping import Shipper
from control.backups.tools import Tool, environment_of, find_tool, run_tool
from control.backups.vault import Vault
from control.errors import ControlError
from control.local import connect_here, is_ours
from control.schema.locks import NoLockError
from control.settings import Settings
from control.stack.archive_keeper import SLOT
from control.stack.process import start_mark, wait_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]
# How long the log may take to arrive when the command is to end.
_CATCH_UP_SECONDS = 120
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


def keep_archive(
    settings: Settings,
    s3: S3Client | None,
    home: Path,
    *,
    once: bool,
    every: float,
    base_every: timedelta,
    retention: Retention,
    vault: Vault | None,
    echo: Echo,
) -> Archived:
    """Write an archive until interrupted; with `once`, until it holds everything up to now.

    With a vault, a copy of all of it is kept there.
    """
    archive = Archive(home)
    for folder in (home, archive.wal, home / "base"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    writer = _Writer(settings, s3, archive, echo)
    tool = find_tool(settings, "pg_basebackup", writer.major)
    writer.bases = BaseMaker(
        archive, tool, writer.url, writer.is_ours, writer.connect, base_every, retention, echo, once
    )
    with _alone(home), _ending_at_sigterm(), writer.receiving() as receiver:
        if vault is not None:
            writer.shipper = Shipper(archive, vault, retention, echo, tries_again=not once)
        while True:
            try:
                end = writer.do_what_is_due()
                if once:
                    writer.catch_up(receiver, end)
                    writer.ship()
                    return Archived(archive, writer.problems)
            except _LOST as error:
                # The receiver tries again by itself.
                if once:
                    raise
                echo(f"the database does not answer: {str(error).strip().splitlines()[0]}")
            except NoLockError as error:
                if once:
                    raise
                echo(f"rows will be counted later: {error.message.splitlines()[0]}")
            writer.ship()
            writer.pause(receiver, every)


@dataclass(frozen=True)
class Archived:
    """An archive, and the objects that are missing from S3 or not what their row describes."""

    archive: Archive
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _End:
    """A moment, and the end of the log at that moment."""

    moment: datetime
    lsn: str


class _Receiver:
    """The process that receives the log."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self.process = start()

    def start_again(self) -> None:
        """Replace one that ended."""
        self.process = self._start()


class _Writer:
    """What is done beside the receiver, with one connection per round."""

    def __init__(
        self,
        settings: Settings,
        s3: S3Client | None,
        archive: Archive,
        echo: Echo,
    ) -> None:
        if settings.admin_database_url is None:
            raise ControlError(
                "an archive needs a login that may replicate the server",
                "run control up" if settings.is_local else "set ASPEN_ADMIN_DATABASE_URL",
            )
        self.settings = settings
        self.archive = archive
        self.echo = echo
        self.bases: BaseMaker
        self.shipper: Shipper | None = None
        # Until when the vault can be complete: the objects until then are in it.
        self.shippable: tuple[datetime, str] | None = None
        # That of the round before.
        self.last_end: _End | None = None
        # The slot may be that of another archive, which receives what this one then lacks.
        place = f"{socket.gethostname()}:{archive.home}"
        self.receiver_name = f"pg_receivewal {sha256(place.encode()).hexdigest()[:12]}"
        self.url: str = settings.admin_database_url
        self.is_ours = is_ours(settings, "admin_database_url")
        self.objects = None if s3 is None else ObjectKeeper(s3, archive, echo)
        with self.connect() as conn:
            self.major = conn.info.server_version // 10000
            [(self.segment_bytes,)] = conn.execute(
                "select pg_size_bytes(current_setting('wal_segment_size'))"
            ).fetchall()

    @property
    def problems(self) -> tuple[str, ...]:
        """Return the objects that are missing or wrong."""
        return () if self.objects is None else tuple(sorted(self.objects.problems))

    def connect(self) -> psycopg.Connection:
        """Connect as the administrator, in autocommit."""
        options: dict[str, Any] = {"application_name": LABEL, "connect_timeout": 10}
        if self.is_ours:
            return connect_here(self.url, **options)
        return psycopg.connect(self.url, autocommit=True, **options)

    @contextmanager
    def receiving(self) -> Iterator[_Receiver]:
        """Run pg_receivewal, with a slot so that no part of the log can be lost."""
        tool = find_tool(self.settings, "pg_receivewal", self.major)
        run_tool(
            tool,
            self.url,
            f"--slot={SLOT}",
            "--create-slot",
            "--if-not-exists",
            is_ours=self.is_ours,
        )
        end_orphan(self.archive)
        self.bases.clear_up()
        receiver = _Receiver(lambda: self._start(tool))
        try:
            yield receiver
        finally:
            self.bases.end()
            receiver.process.terminate()
            receiver.process.wait()

    def _start(self, tool: Tool) -> subprocess.Popen[bytes]:
        for segment in self._short_segments():
            segment.unlink()
        parts: dict[str, Any] = conninfo_to_dict(self.url)
        parts.pop("password", None)
        parts["application_name"] = self.receiver_name
        with open(self.archive.receiver_log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [
                    tool.path,
                    f"--dbname={make_conninfo(**parts)}",
                    "--no-password",
                    f"--directory={self.archive.wal}",
                    f"--slot={SLOT}",
                    # Written and reported at once: what was committed is here a moment later.
                    "--synchronous",
                    "--status-interval=1",
                ],
                env=environment_of(self.url, is_ours=self.is_ours),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.archive.receiver_pid.write_text(f"{process.pid}")
        return process

    def _short_segments(self) -> list[Path]:
        """Return segments that a full disk left shorter than they must be, without any log yet.

        pg_receivewal refuses such a file for ever.
        """
        sizes = (0, self.segment_bytes)
        found = self.archive.wal.glob("*.partial")
        return [segment for segment in found if segment.stat().st_size not in sizes]

    def do_what_is_due(self) -> _End:
        """Let base backups be made, and copy new objects; return what is complete then.

        The log up to that end may still be on its way.
        """
        if self.shipper is not None:
            self.shipper.begin_round()
        self.bases.do_what_is_due()
        with self.connect() as conn:
            lsn = end_of_log(conn)
            end = _End(datetime.now(UTC), lsn)
            if self.objects is not None:
                self.objects.look(conn, end.moment, end.lsn, self.shipper)
            # A server that is busy is always a little ahead of what was received.
            for reached in (end, self.last_end):
                if reached is not None and self._has_received(conn, reached.lsn):
                    self._note(reached)
                    break
            else:
                self._say_who_has_the_slot(conn)
            self.last_end = end
        return end

    def ship(self) -> None:
        """Send what is new to the vault, if there is one, and delete what nobody needs."""
        if self.shipper is not None and self.shippable is not None:
            self.shipper.ship_log(self.shippable)
            self.shipper.ship_bases()
        if self.objects is not None:
            self.objects.forget(self.shipper)

    def _note(self, end: _End) -> None:
        """Record that nothing is missing until then; the same of the vault, except for the log."""
        self.archive.note(end.moment, end.lsn)
        # What was still on its way when older base backups were deleted.
        prune_log(self.archive)
        if self.shipper is not None and self.shipper.is_up:
            self.shippable = (end.moment, end.lsn)

    def catch_up(self, receiver: _Receiver, end: _End) -> None:
        """Wait until the log is complete up to there."""
        give_up_at = time.monotonic() + _CATCH_UP_SECONDS
        with self.connect() as conn:
            while not self._has_received(conn, end.lsn):
                if time.monotonic() > give_up_at:
                    raise ControlError(
                        "\n".join(
                            (f"the log did not arrive within {_CATCH_UP_SECONDS} s", *self._said())
                        ),
                        "if its slot is in use, another archive of this server is running;"
                        " otherwise look at pg_stat_replication and at the network",
                    )
                self.pause(receiver, 0.1)
        self._note(end)

    def pause(self, receiver: _Receiver, seconds: float) -> None:
        """Wait; start a receiver again that was killed, and end with one that gave up."""
        time.sleep(seconds)
        code = receiver.process.poll()
        if code is None:
            # What it says are failures, after which it tries again.
            if self.archive.receiver_log.stat().st_size > 0 and self._short_segments():
                self.echo("the disk was full: receiving the last segment of the log again")
                receiver.process.terminate()
                receiver.process.wait()
                receiver.start_again()
            return
        if code < 0:
            self.echo(f"pg_receivewal was ended by signal {-code}; starting it again")
            receiver.start_again()
            return
        raise ControlError(
            "\n".join(("pg_receivewal ended:", *self._said())),
            "if its slot is in use, another archive of this server is running",
        )

    def _said(self) -> list[str]:
        """Return what the receiver said last."""
        return self.archive.receiver_log.read_text(errors="replace").strip().splitlines()[-3:]

    def _say_who_has_the_slot(self, conn: psycopg.Connection) -> None:
        """Say that another archive receives the log, if it does: nothing else tells."""
        found = conn.execute(
            "select 1 from pg_catalog.pg_stat_replication as receivers"
            " inner join pg_catalog.pg_replication_slots as slots"
            " on slots.active_pid = receivers.pid"
            " where slots.slot_name = %s and receivers.application_name <> %s",
            [SLOT, self.receiver_name],
        ).fetchone()
        if found is not None:
            self.echo(f"another archive of this server uses the slot {SLOT}: this one gets no log")

    def _has_received(self, conn: psycopg.Connection, lsn: str) -> bool:
        found = conn.execute(
            "select flush_lsn >= %s::pg_lsn from pg_catalog.pg_stat_replication as receivers"
            " inner join pg_catalog.pg_replication_slots as slots"
            " on slots.active_pid = receivers.pid"
            " where slots.slot_name = %s and receivers.application_name = %s",
            [lsn, SLOT, self.receiver_name],
        ).fetchone()
        return found == (True,)


def end_of_log(conn: psycopg.Connection) -> str:
    """Return where the log on the server's disk ends, with a whole record.

    Beside commits the server writes whole blocks, which may end within a record, and no recovery
    reads half of one.
    """
    while True:
        [(lsn, is_block)] = conn.execute(
            "select lsn::text, (lsn - '0/0') % current_setting('wal_block_size')::integer = 0"
            " from pg_current_wal_flush_lsn() as lsn"
        ).fetchall()
        if not is_block:
            return str(lsn)
        with conn.transaction():
            conn.execute("set local synchronous_commit = local")
            conn.execute("select pg_logical_emit_message(true, 'control db archive', '')")


def end_orphan(archive: Archive) -> None:
    """End the receiver of a command that was killed: it holds the slot and goes on for ever.

    Whoever calls this holds the lock of the archive, so that no other command has a receiver.
    """
    try:
        pid = int(archive.receiver_pid.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"pg_receivewal" in command and f"--directory={archive.wal}".encode() in command:
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: start_mark(pid) is None, _CATCH_UP_SECONDS)


@contextmanager
def _ending_at_sigterm() -> Iterator[None]:
    """End at SIGTERM like at the end of the program, and so stop the receiver as well."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one process write an archive."""
    lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ControlError(
            f"another control db archive writes {home}", "let it run, or name another directory"
        ) from error
    finally:
        os.close(lock)
