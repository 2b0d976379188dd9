"""Make the base backups of an archive: the first one at once, later ones beside everything else."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from control.backups.archive import Archive, Base, write_base, write_witness
from control.backups.fingerprints import take_witness
from control.backups.packing import MANIFEST, pack
from control.backups.retention import Retention, prune_folder
from control.backups.tools import Tool, started_tool
from control.errors import ControlError

Echo = Callable[[str], None]
LABEL = "control db archive"


@dataclass
class BaseMaker:
    """Makes a base backup when one is due, records its rows, and deletes those that may go.

    Both take longer the larger the database is. The log goes on to the vault during that time, so
    that what could be lost does not grow with the database.
    """

    archive: Archive
    tool: Tool
    url: str
    is_ours: bool
    connect: Callable[[], psycopg.Connection]
    every: timedelta
    retention: Retention
    echo: Echo
    # Make one now, and wait for it.
    once: bool
    _process: subprocess.Popen[bytes] | None = None
    _worker: threading.Thread | None = None
    _failures: list[Exception] = field(default_factory=list)

    def clear_up(self) -> None:
        """Delete what a command that was killed did not finish; its program ended with it."""
        for scratch in (self.archive.home / "base").glob("*.partial"):
            shutil.rmtree(scratch)

    def do_what_is_due(self) -> None:
        """Make what is missing; fail if what was made beside has failed."""
        if self.once or not self.archive.bases:
            self._make()
        if self.once:
            self._record_rows()
        elif self._worker is None or not self._worker.is_alive():
            if self._failures:
                raise self._failures.pop()
            newest = self.archive.bases[-1]
            if newest.witness is None or _age(newest) >= self.every:
                self._worker = threading.Thread(target=self._go_on, daemon=True)
                self._worker.start()

    def end(self) -> None:
        """End what is being made; what is not complete is deleted."""
        if self._process is not None:
            self._process.kill()

    def _go_on(self) -> None:
        try:
            if _age(self.archive.bases[-1]) >= self.every:
                self._make()
            self._record_rows()
        except Exception as error:
            self._failures.append(error)

    def _make(self) -> None:
        """Stream a base backup into a compressed file; it counts when it is described."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        started_at = datetime.now(UTC).isoformat()
        target = self.archive.home / "base" / stamp
        scratch = target.with_name(f"{stamp}.partial")
        self.echo(f"making base backup {stamp}")
        try:
            scratch.mkdir(mode=0o700)
            with started_tool(
                self.tool,
                self.url,
                "--pgdata=-",
                "--format=tar",
                "--checkpoint=fast",
                # The slot of the receiver keeps it on the server.
                "--wal-method=fetch",
                f"--label={LABEL}",
                is_ours=self.is_ours,
            ) as self._process:
                assert self._process.stdout is not None
                pack(self._process.stdout, scratch)
            if not (scratch / MANIFEST).exists():
                raise ControlError(
                    "pg_basebackup sent no complete base backup", "look at the log of the server"
                )
            self._describe(scratch, started_at)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        scratch.rename(target)
        for name in prune_folder(self.archive.home, self.retention, dry_run=False):
            self.echo(f"deleted base backup {name}")

    def _describe(self, scratch: Path, started_at: str) -> None:
        with self.connect() as conn:
            [(lsn, database, superuser, segment)] = conn.execute(
                "select pg_current_wal_flush_lsn()::text, current_database(), current_user,"
                " setting::integer from pg_catalog.pg_settings where name = 'wal_segment_size'"
            ).fetchall()
            major = conn.info.server_version // 10000
        finished_at = datetime.now(UTC).isoformat()
        write_base(Base(scratch, started_at, finished_at, lsn, major, database, superuser, segment))

    def _record_rows(self) -> None:
        """Record what every table holds shortly after the newest base backup."""
        newest = self.archive.bases[-1]
        if newest.witness is None:
            with self.connect() as holder, self.connect() as reader:
                name = f"aspen_{newest.directory.name}"
                write_witness(newest, take_witness(holder, reader, name, self.echo))


def _age(base: Base) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(base.started_at)
