"""A platform of its own: servers, workers, registrars, and who restarts each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from control.settings import load_settings
from control.stack.ports import any_free
from control.stack.process import wait_for
from control.storage.s3 import make_client
from control.storage.sqs import open_queue
from tests import factories
from tests.chaos.fates import part_kinds
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import LocalStack

PATIENCE_SECONDS = 240
RESTART_SECONDS = 0.5
# From the end of one scan to the next.
SCAN_SECONDS = 8.0
WORKERS = 2
CONCURRENCY = 4
QUEUE = "chaos-outputs"
# What the names of files and jobs may be read from: nothing of this machine's own environment.
PROGRAM = Path(__file__).with_name("program.py")
LIMITS = {"runs_in": "program", "memory_mb": 1000, "vcpu": 1, "max_attempts": 3}
PROGRAMS_OF_CONTROL = {"export": LIMITS | {"runs_in": "control", "time_limit": "5m"}}


class Count:
    """How many things have happened: the killer's clock."""

    def __init__(self) -> None:
        self._value = 0
        self._changed = threading.Condition()

    def up(self) -> None:
        """Count one more."""
        with self._changed:
            self._value += 1
            self._changed.notify_all()

    def wait_for(self, value: int, is_over: threading.Event) -> bool:
        """Wait until so much has happened; False if nothing more will."""
        with self._changed:
            while self._value < value and not is_over.is_set():
                self._changed.wait(0.2)
            return self._value >= value


class Keeper:
    """Start a process again whenever it ends, as systemd does, and keep what it prints."""

    def __init__(
        self,
        name: str,
        start: Callable[[], subprocess.Popen[str]],
        count: Count,
        pause: float = RESTART_SECONDS,
    ) -> None:
        self.name = name
        self.said: list[str] = []
        self.dead: list[int] = []
        self.process: subprocess.Popen[str] | None = None
        self._start = start
        self._count = count
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=name)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the process to end, and start none again."""
        self._over.set()
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.terminate()
        self._thread.join()

    def _keep(self) -> None:
        while not self._over.is_set():
            # At its end the pipe is closed and the process is waited for.
            with self._start() as self.process:
                assert self.process.stdout is not None
                for line in self.process.stdout:
                    self.said.append(line.rstrip())
                    self._count.up()
            code = self.process.returncode
            self.dead.append(self.process.pid)
            if not self._over.is_set():
                self.said.append(f"({self.name} {self.process.pid} ended with {code})")
                self._over.wait(self._pause)


@dataclass
class Stage:
    """The platform, what is known about it, and what happens to it."""

    local: LocalStack
    folder: Path
    seed: int
    parts: int
    group: int
    count: Count = field(default_factory=Count)
    keepers: list[Keeper] = field(default_factory=list)

    @property
    def ledger(self) -> Path:
        """Return where each program that starts leaves a file."""
        return self.folder / "ledger"

    @property
    def environment(self) -> dict[str, str]:
        """Return what commands of this platform get."""
        return {
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(self.folder / "checkout"),
            "ASPEN_DATA_DIR": str(self.local.settings.data_dir),
            "ASPEN_CHAOS_PARTS": str(self.parts),
            "PYTHONPATH": str(SETTINGS.root),
            "PYTHONUNBUFFERED": "1",
        }

    @cached_property
    def s3(self) -> Any:
        """Return a client of the bucket."""
        return make_client(self.local.settings)

    @property
    def bucket(self) -> str:
        """Return the bucket."""
        return self.local.settings.bucket

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """Connect as superuser, as nobody of the platform does."""
        with self.local.connect() as conn:
            yield conn

    def control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command, whose lines are read."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.chaos.command", *arguments]

    def keep(
        self,
        name: str,
        start: Callable[[], subprocess.Popen[str]],
        pause: float = RESTART_SECONDS,
    ) -> None:
        """Run something for as long as the run goes on."""
        keeper = Keeper(name, start, self.count, pause)
        self.keepers.append(keeper)
        keeper.start()

    def start_all(self) -> None:
        """Start workers and registrars."""
        work = ("job", "work", "--with-schedule", "--concurrency", str(CONCURRENCY))
        for number in range(WORKERS):
            self.keep(f"worker-{number}", lambda: self.start(*work))
        self.keep("watch", self._start_watch)
        self.keep("scan", lambda: self.start("output", "scan"), SCAN_SECONDS)

    def stop_all(self) -> None:
        """Stop them."""
        for keeper in self.keepers:
            keeper.stop()

    def _start_watch(self) -> subprocess.Popen[str]:
        """Start `output watch`; the emulator forgets its queue when it is killed, S3 does not."""
        with suppress(Exception):
            announce_objects(self)
        return self.start("output", "watch", QUEUE)


def announce_objects(stage: Stage) -> None:
    """Have the bucket tell a queue of new objects."""
    client = open_queue(stage.local.settings, "http://unused/").client
    url = client.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    stage.s3.put_bucket_notification_configuration(
        Bucket=stage.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )


@contextmanager
def open_stage(folder: Path, seed: int, parts: int) -> Iterator[Stage]:
    """Start the servers below `control up --watch`, and end everything at the end."""
    folder.chmod(0o755)
    data = folder / "data"
    (folder / "ledger").mkdir()
    make_checkout(folder, seed, parts)
    settings = replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free())
    prepare_stack(settings)
    stage = Stage(LocalStack(settings), folder, seed, parts, 0)
    with watched_servers(stage, settings.first_port):
        with stage.connect() as conn:
            prepare_rows(conn, stage)
        try:
            stage.start_all()
            yield stage
        finally:
            stage.stop_all()


@contextmanager
def watched_servers(stage: Stage, first_port: int) -> Iterator[None]:
    """Run the servers and who restarts them."""
    log = stage.folder / "watch.log"
    with log.open("w") as output:
        watcher = subprocess.Popen(
            [sys.executable, "-c", "from control.cli import main; main()", "up", "--watch"],
            env=stage.environment | {"ASPEN_FIRST_PORT": str(first_port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        if not wait_for(lambda: "supervising the stack" in log.read_text(), PATIENCE_SECONDS):
            raise RuntimeError(log.read_text())
        stage.local.settings = load_settings("local", stage.environment)
        yield
    finally:
        watcher.terminate()
        watcher.wait(PATIENCE_SECONDS)


def make_checkout(folder: Path, seed: int, parts: int) -> None:
    """Make a checkout that differs from this one by its programs only."""
    root = folder / "checkout"
    root.mkdir()
    for path in SETTINGS.root.iterdir():
        if path.name not in (".aspen", "pipelines"):
            (root / path.name).symlink_to(path)
    command = ["python3", str(PROGRAM), str(seed), str(parts), str(folder / "ledger")]
    tables = {
        kind: LIMITS | {"command": command, "time_limit": "4m"}
        for kind in ("parts", "pangolin", "phylo_run")
    } | PROGRAMS_OF_CONTROL
    (root / "pipelines").mkdir()
    (root / "pipelines" / "jobs.toml").write_text(
        "\n".join(
            f"[{kind}]\n" + "\n".join(f"{key} = {json.dumps(one)}" for key, one in table.items())
            for kind, table in tables.items()
        )
    )


def prepare_rows(conn: psycopg.Connection, stage: Stage) -> None:
    """Store a group with an admin, a pathogen, and the kind `parts`."""
    conn.execute("insert into aspen.job_kinds values ('parts', true, false, null)")
    # Runs are for pathogens with a dataset of Nextclade; its jobs would say nothing new.
    conn.execute(
        "update aspen.job_kinds set is_queued_for_sequences = false, is_dataset_needed = false"
        " where name = 'nextclade'"
    )
    for kind in part_kinds(stage.parts):
        conn.execute("insert into aspen.job_output_kinds values (%s, 'parts')", [kind])
    conn.execute("alter database aspen set aspen.webhook_local_hosts = 'localhost'")
    # Connections that are open already do not know it.
    conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
    )
    stage.group = factories.group(conn, "The lab", prefix="LAB")
    factories.user(conn, "ada", {stage.group: "admin"})
    factories.pathogen(conn, "CHA")
    factories.location(conn, "France")
