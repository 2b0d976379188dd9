"""A workshop of one test: jobs, the programs that they run, and workers that run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner, Result

from control.app import App
from control.cli import cli
from control.jobs.executors import Executor
from control.jobs.executors.local import LocalExecutor
from control.jobs.programs import Programs
from control.jobs.work.runs import Options
from control.jobs.work.worker import Worker
from control.settings import load_settings
from control.tokens.keys import load_keys
from tests import factories
from tests.control.jobs.executors.tasks import wait_for
from tests.servers import S3, Database

RUN = "from control.cli import main; main()"


@dataclass
class Shop:
    """Jobs of one group, whose programs are what a test says."""

    conn: psycopg.Connection
    database: Database
    s3: S3
    keys_dir: Path
    root: Path
    api_url: str = "http://127.0.0.1:9"
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.group_id = factories.group(self.conn)
        self.said: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line here."""
        return {
            **self.database.environment,
            **self.s3.environment,
            "ASPEN_ROOT": str(self.root),
            "ASPEN_KEYS_DIR": str(self.keys_dir),
            "ASPEN_API_URL": self.api_url,
        }

    def program(self, *command: str, kind: str = "phylo_run", **limits: Any) -> None:
        """Say what jobs of a kind run."""
        self.tables[kind] = {
            "runs_in": "program" if command else "control",
            "memory_mb": 500,
            "vcpu": 1,
            "time_limit": "1h",
            "max_attempts": 3,
            **({"command": list(command)} if command else {}),
            **limits,
        }
        file = self.root / "pipelines/jobs.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            "\n".join(
                f"[{kind}]\n"
                + "\n".join(f"{key} = {json.dumps(one)}" for key, one in table.items())
                for kind, table in self.tables.items()
            )
        )

    def script(self, text: str, **limits: Any) -> None:
        """Have jobs run a script of the shell."""
        self.program("sh", "-c", text, **limits)

    def job(self, kind: str = "phylo_run", **columns: Any) -> int:
        """Queue a job."""
        if kind == "phylo_run":
            return factories.phylo_run(self.conn, self.group_id, **{"status": "queued"} | columns)
        return factories.job(self.conn, self.group_id, kind, **columns)

    def control(self, *arguments: object) -> Result:
        """Run `control job …` in this process."""
        return CliRunner().invoke(cli, ["job", *map(str, arguments)], env=self.environment)

    def work_once(self, *arguments: object) -> Result:
        """Run what is queued to its end, and require success."""
        result = self.control("work", "--once", *arguments)
        assert result.exit_code == 0, result.output
        return result

    @contextmanager
    def worker(
        self,
        *,
        concurrency: int = 2,
        is_once: bool = False,
        grace: float = 0.2,
        executor: str = "local",
        executors: Mapping[str, Executor] | None = None,
    ) -> Iterator[tuple[Worker, Future[None]]]:
        """Run a worker in a thread, and stop it at the end."""
        app = App()
        app.__dict__["settings"] = load_settings("local", os.environ | self.environment)
        worker = Worker(
            app,
            Programs(self.root, self.tables),
            load_keys(self.keys_dir),
            Options(
                concurrency,
                is_once=is_once,
                executor=executor,
                grace_seconds=grace,
                say=self.said.append,
            ),
        )
        worker._executors |= {"local": LocalExecutor(grace_seconds=0.2), **(executors or {})}
        with ThreadPoolExecutor() as pool:
            future = pool.submit(worker.run)
            try:
                yield worker, future
            finally:
                worker.stop()
                future.result()

    @contextmanager
    def worker_process(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run a worker in a process of its own, and kill it at the end."""
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, "job", "work", *arguments],
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def row(self, job: int, *columns: str) -> tuple[object, ...]:
        """Read columns of a job."""
        read = f"select {', '.join(columns)} from aspen.jobs where id = %s"  # noqa: S608
        return self.conn.execute(read.encode(), [job]).fetchall()[0]

    def wait_until(self, job: int, column: str, value: object) -> None:
        """Wait until a column of a job has this value."""
        wait_for(lambda: True if self.row(job, column) == (value,) else None)

    def started(self, job: int) -> int:
        """Wait until the program of a job has written its pid, and return that."""
        file = self.root / f"pid-{job}"
        return wait_for(
            lambda: int(file.read_text()) if file.exists() and file.read_text() else None
        )

    def waiting_script(self) -> str:
        """Return a script that writes its pid and then goes on for ever, whatever it is told."""
        return (
            f"trap '' TERM; echo $$ > {self.root}/new-$ASPEN_JOB_ID;"
            f" mv {self.root}/new-$ASPEN_JOB_ID {self.root}/pid-$ASPEN_JOB_ID;"
            " while :; do sleep 0.05; done"
        )

    def log(self, job: int, attempt: int = 1) -> str:
        """Read the log of an attempt."""
        key = f"jobs/{job}/{attempt}/log.txt"
        body = self.s3.client.get_object(Bucket=self.s3.bucket, Key=key)["Body"]
        return body.read().decode()

    def report(self, job: int, attempt: int = 1, **manifest: object) -> None:
        """Store what a program would report: that it failed, if nothing else is said."""
        failed = {"kind": "phylo_run", "attempt": attempt, "status": "failed", "error": "no data"}
        self.conn.execute(
            "insert into aspen.job_reports (group_id, job_id, attempt, manifest)"
            " values (%s, %s, %s, %s)",
            [self.group_id, job, attempt, json.dumps(failed | manifest)],
        )
