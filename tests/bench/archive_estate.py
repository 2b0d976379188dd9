"""A stack with genomes and objects of a chosen size, and an S3 for what leaves it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from control.backups.sealing import new_identity
from control.settings import Settings, load_settings
from control.stack.ports import HOST
from control.stack.state import S3_KEY
from control.storage.s3 import make_client
from tests.bench.processes import children_of, private_mib, seconds_used
from tests.bench.servers import HERE

FIRST_PORT = 8800
GENOME_BYTES = 30_000
# A thousand objects for each gigabyte, of 110 kB on average: some are large.
OBJECTS_PER_GB = 1_000
SIZES = (20_000, 40_000, 60_000, 80_000) * 24 + (500_000, 1_000_000, 1_500_000, 4_000_000)
SENDERS = 4
WATCH_SECONDS = 0.2
# Their rows, run after the objects are there.
ROWS = b"""
insert into aspen.jobs (id, group_id, pathogen_id, kind, status, started_at, finished_at)
select sent.number, 1, 1, 'nextclade', 'succeeded', now(), now() from sent
"""
OUTPUTS = b"""
insert into aspen.job_outputs
(group_id, job_id, kind, bucket, key, size_bytes, etag, checksum_sha256, verified_at)
select 1, sent.number, 'nextclade_csv', %s, sent.key, sent.size, sent.etag, sent.sha256, now()
from sent
"""
BUCKET = "vault"
CONTROL = (sys.executable, "-c", "from control.cli import main; main()")


@dataclass
class Running:
    """A command, and what it and the programs that it starts have taken so far."""

    process: subprocess.Popen[bytes]
    peak_mib: float = 0
    processor_seconds: float = 0

    def watch(self) -> None:
        """Look at its processes until it ends; memory is that of the largest by itself."""
        while self.process.poll() is None:
            for pid in (self.process.pid, *children_of(self.process.pid)):
                self.peak_mib = max(self.peak_mib, private_mib(pid))
            self.processor_seconds = max(self.processor_seconds, seconds_used([self.process.pid]))
            time.sleep(WATCH_SECONDS)


@dataclass
class Estate:
    """A stack of its own, whose backups leave it for the S3 of the environment or of the stack.

    ministack keeps in memory what it stores, so that many gigabytes need another one.
    """

    home: Path
    # Below a new name: what else is in the bucket is somebody's.
    vault: str = field(default_factory=lambda: f"s3://{BUCKET}/bench-{uuid4().hex}")
    recipient: str = ""
    genomes: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line here."""
        chosen = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG") or name.startswith("ASPEN_BACKUP_S3_")
        }
        # Without an S3 of its own, that of the stack, as soon as it runs.
        state = self.stack / "env.json"
        if "ASPEN_BACKUP_S3_ENDPOINT_URL" not in chosen and state.exists():
            port = json.loads(state.read_text())["ports"]["s3"]
            chosen["ASPEN_BACKUP_S3_ENDPOINT_URL"] = f"http://{HOST}:{port}"
            chosen["ASPEN_BACKUP_S3_ACCESS_KEY"] = S3_KEY
            chosen["ASPEN_BACKUP_S3_SECRET_KEY"] = S3_KEY
        return chosen | {
            "ASPEN_ROOT": str(load_settings().root),
            "ASPEN_DATA_DIR": str(self.stack),
            "ASPEN_FIRST_PORT": f"{FIRST_PORT}",
            "ASPEN_BACKUP_RECIPIENT": self.recipient,
            "ASPEN_BACKUP_IDENTITY_FILE": str(self.home / "backup.key"),
        }

    @property
    def settings(self) -> Settings:
        """Return what the command line finds."""
        return load_settings(environ=self.environment)

    @property
    def stack(self) -> Path:
        """Return the directory of the stack."""
        return self.home / "stack"

    @property
    def archive(self) -> Path:
        """Return the directory of the archive."""
        return self.home / "archive"

    def connect(self) -> psycopg.Connection:
        """Connect as superuser."""
        return psycopg.connect(f"{self.settings.admin_database_url}", autocommit=True)

    def run(self, *arguments: str) -> None:
        """Run `control …`, and fail if it does."""
        subprocess.run([*CONTROL, *arguments], env=self.environment, check=True)

    @contextmanager
    def running(self, *arguments: object) -> Iterator[Running]:
        """Run `control …` beside something else, and watch it; end it at the end."""
        command = [*CONTROL, *map(str, arguments)]
        running = Running(subprocess.Popen(command, env=self.environment))
        watcher = threading.Thread(target=running.watch)
        watcher.start()
        try:
            yield running
        finally:
            running.process.terminate()
            running.process.wait()
            watcher.join()

    def add_genomes(self, count: int) -> None:
        """Write so many new genomes in one transaction."""
        first, self.genomes = self.genomes + 1, self.genomes + count
        with self.connect() as conn:
            conn.execute("select set_config('bench.first', %s, false)", [f"{first}"])
            conn.execute("select set_config('bench.last', %s, false)", [f"{self.genomes}"])
            conn.execute((HERE / "archive.sql").read_bytes())

    def add_objects(self, count: int) -> int:
        """Store objects of mixed sizes, each the output of a job; return their bytes."""
        s3, bucket = make_client(self.settings), self.settings.bucket

        def put(number: int) -> tuple[int, str, int, str, str]:
            content = random.Random(number).randbytes(SIZES[number % len(SIZES)])
            key = f"jobs/{number}/report.csv"
            etag = s3.put_object(Bucket=bucket, Key=key, Body=content)["ETag"]
            return number, key, len(content), etag, hashlib.sha256(content).hexdigest()

        total = 0
        with ThreadPoolExecutor(SENDERS) as senders, self.connect() as conn:
            conn.execute("set session_replication_role = replica")
            conn.execute(
                "create temporary table sent"
                " (number bigint, key text, size bigint, etag text, sha256 text)"
            )
            with conn.cursor().copy("copy sent from stdin") as copy:
                for row in senders.map(put, range(1, count + 1)):
                    copy.write_row(row)
                    total += row[2]
            conn.execute(ROWS)
            conn.execute(OUTPUTS, [bucket])
        return total


@contextmanager
def estate(home: Path, gigabytes: float) -> Iterator[Estate]:
    """Start a new stack with so many gigabytes of genomes, and delete all of it at the end."""
    made = Estate(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    made.recipient = new_identity(home / "backup.key")
    try:
        made.run("up")
        made.add_genomes(int(gigabytes * 1e9 / GENOME_BYTES))
        made.add_objects(int(gigabytes * OBJECTS_PER_GB))
        with made.connect() as conn:
            conn.execute("checkpoint")
        yield made
    finally:
        made.run("down")
        shutil.rmtree(home, ignore_errors=True)
