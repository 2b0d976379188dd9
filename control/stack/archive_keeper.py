"""Keep an archive of the local stack in `.aspen/archive`, if `control up --archive` said so."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.local import connect_here
from control.settings import Settings
from control.stack.process import Launch, Server
from control.stack.state import SUPERUSER, State

_START_SECONDS = 20
# What `control db archive` names its slot; the server keeps the log for it.
SLOT = "aspen_archive"


@dataclass(frozen=True)
class ArchiveKeeper:
    """`control db archive` on the database and the objects of the stack."""

    settings: Settings
    state: State
    port_names: tuple[str, ...] = ()

    @property
    def home(self) -> Path:
        """Return the directory of the archive."""
        return self.settings.data_dir / "archive"

    @property
    def is_wanted(self) -> bool:
        """Return whether it belongs to the stack."""
        return self._wish.exists()

    @property
    def _wish(self) -> Path:
        return self.home / "kept"

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        return Server("archive", home / "run" / "archive.pid", home / "logs" / "archive.log")

    def want(self) -> None:
        """Let it belong to the stack from now on."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._wish.touch(mode=0o600)

    def give_up(self) -> None:
        """Stop it, and let the server keep no more log for it; what is archived stays."""
        self.server.stop()
        with connect_here(self.state.database_url(SUPERUSER)) as conn:
            conn.execute(
                "select pg_drop_replication_slot(slot_name) from pg_catalog.pg_replication_slots"
                " where slot_name = %s and not active",
                [SLOT],
            )
        self._wish.unlink(missing_ok=True)

    def check(self) -> None:
        """Check nothing: its programs are those of the database."""

    def prepare(self) -> None:
        """Prepare nothing: it creates its directories itself."""

    def launch(self) -> Launch:
        """Return its command, which is another one when an address changes."""
        chosen = {
            "ASPEN_ROOT": str(self.settings.root),
            "ASPEN_DATA_DIR": str(self.settings.data_dir),
            "ASPEN_BUCKET": self.settings.bucket,
            "ASPEN_ADMIN_DATABASE_URL": self.state.database_url(SUPERUSER),
            "ASPEN_S3_ENDPOINT_URL": f"{self.state.http_url('s3')}",
        }
        if self.settings.postgres_bin is not None:
            chosen["ASPEN_POSTGRES_BIN"] = self.settings.postgres_bin
        return Launch(
            [sys.executable, "-I", "-m", "control", "db", "archive", "--every=5", str(self.home)],
            {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **chosen},
        )

    def start(self) -> None:
        """Launch it, and wait until it receives the log."""
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, _START_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it lives and the server sends it the log."""
        if self.server.pid() is None:
            return False
        try:
            with connect_here(self.state.database_url(SUPERUSER)) as conn:
                found = conn.execute(
                    "select active from pg_catalog.pg_replication_slots where slot_name = %s",
                    [SLOT],
                ).fetchone()
        except psycopg.OperationalError:
            return False
        return found == (True,)
