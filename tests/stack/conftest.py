"""A local stack of the tests' own, in a temporary directory and on ports of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control import stack
from control.errors import ControlError
from control.outputs.notifications import created_objects
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.lifecycle import components_of
from control.stack.ministack import QUEUE
from control.stack.ports import any_free
from control.stack.process import start_mark, wait_for
from control.stack.unprivileged import owner_of_data
from control.storage.s3 import make_client
from control.storage.sqs import open_queue
from tests.servers import SETTINGS, prepare_stack

SERVERS = ("postgres", "ministack", "postgrest", "nginx", "logkeeper")


@dataclass
class LocalStack:
    """One data directory, and the last output of `control up` and `down` about it."""

    settings: Settings
    said: list[str] = field(default_factory=list)

    def up(self) -> None:
        """Run `control up`."""
        self.said.clear()
        self.settings = stack.up(self.settings, self.said.append)

    def down(self) -> None:
        """Run `control down`."""
        self.said.clear()
        stack.down(self.settings, self.said.append)

    def needs_up(self) -> bool:
        """Tell whether `control up` would do more than look: a second of work, for many tests."""
        try:
            components = components_of(self.settings)
            return not all(
                component.server.pid() is not None
                and component.server.runs_as(component.launch())
                and component.is_ready()
                for component in components
            )
        except (ControlError, KeyError):
            # Its state is damaged, or gone with the ports.
            return True

    def pids(self) -> dict[str, int | None]:
        """Return the pid of each server that runs."""
        return {name: found.pid for name, found in stack.status(self.settings).items()}

    def states(self) -> dict[str, str]:
        """Return the state of each server."""
        return {name: found.state for name, found in stack.status(self.settings).items()}

    def pid(self, name: str) -> int:
        """Return the pid of a server that must run."""
        pid = self.pids()[name]
        assert pid is not None
        return pid

    def kill(self, name: str) -> None:
        """Kill a server with `kill -9`, and wait until it took effect."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: start_mark(pid) is None, 10)

    def pid_file(self, name: str) -> Path:
        """Return the path of a server's pid file."""
        return self.settings.data_dir / "run" / f"{name}.pid"

    def remembered(self) -> dict[str, dict[str, int]]:
        """Return the content of env.json."""
        document: dict[str, dict[str, int]] = json.loads(self.settings.state_file.read_text())
        return document

    def keep(self, word: str) -> None:
        """Store a word in the database and in S3."""
        with self.connect() as conn:
            conn.execute("create table if not exists public.kept (word text)")
            conn.execute("insert into public.kept values (%s)", [word])
        make_client(self.settings).put_object(
            Bucket=self.settings.bucket, Key=f"kept/{word}", Body=word.encode()
        )

    def kept(self, word: str) -> tuple[bool, bool]:
        """Tell whether the word is in the database, and in S3."""
        with self.connect() as conn:
            rows = conn.execute("select from public.kept where word = %s", [word]).fetchall()
        listed = make_client(self.settings).list_objects_v2(
            Bucket=self.settings.bucket, Prefix=f"kept/{word}"
        )
        return len(rows) == 1, listed["KeyCount"] == 1

    def put(self, *keys: str) -> None:
        """Store objects."""
        for key in keys:
            make_client(self.settings).put_object(Bucket=self.settings.bucket, Key=key, Body=b"{}")

    def announced(self, *keys: str) -> list[str]:
        """Store objects, and return the keys that the queue of the stack then announces."""
        self.put(*keys)
        queue = open_queue(self.settings, QUEUE)
        found = []
        while messages := queue.receive(wait=False):
            for message in messages:
                found += [uri.key for uri in created_objects(message["Body"])]
                queue.remove(message)
        return found

    def with_(self, **changes: Any) -> Settings:
        """Return the stack with other values of some settings."""
        return replace(self.settings, **changes)

    def link(self, key: str) -> str:
        """Return a link to an object that anybody may follow."""
        return make_client(self.settings).generate_presigned_url(
            "get_object", Params={"Bucket": self.settings.bucket, "Key": key}
        )

    def connect(self) -> psycopg.Connection:
        """Connect as superuser."""
        return psycopg.connect(f"{self.settings.admin_database_url}", autocommit=True)

    def client_addresses(self, login: str) -> set[str | None]:
        """Return from where a login is connected; None is the socket."""
        with self.connect() as conn:
            rows = conn.execute(
                "select distinct host(client_addr) from pg_catalog.pg_stat_activity"
                " where usename = %s and backend_type = 'client backend'",
                [login],
            ).fetchall()
        return {address for (address,) in rows}

    def api_answers(self) -> bool:
        """Tell whether a request goes through PostgREST into the database."""
        return http_ok(f"{self.settings.api_url}/rpc/health", seconds=5)


@pytest.fixture(scope="package")
def one_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Make the stack that these tests share; `local` brings it up for each of them."""
    data = tmp_path_factory.mktemp("stack")
    settings = replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free())
    prepare_stack(settings)
    local = LocalStack(settings)
    yield local
    local.down()


@pytest.fixture
def local(one_stack: LocalStack) -> LocalStack:
    """Bring that stack up, unless the test before left it so."""
    if one_stack.needs_up():
        one_stack.up()
    return one_stack


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that is none of our servers, as the user of PostgreSQL.

    PostgreSQL knows that a process of another user cannot be a server on its data.
    """
    owner = owner_of_data()
    with subprocess.Popen(["sleep", "600"], user=owner and owner[0]) as process:
        yield process
        process.kill()


@pytest.fixture
def without_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Leave nothing on PATH but the programs given, which are links into the real one."""

    def keep_only(**programs: str) -> Path:
        directory = tmp_path / "path"
        directory.mkdir()
        for name, target in programs.items():
            (directory / name).symlink_to(target)
        monkeypatch.setenv("PATH", str(directory))
        return directory

    return keep_only
