"""Run one node: a Patroni, and the PostgreSQL that it makes primary or replica."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control.cluster.programs import find_patroni
from control.cluster.state import OPERATOR, REPLICATOR, ClusterState
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.ports import HOST
from control.stack.postgres import KEPT_MEMORY, Postgres, postgres_server
from control.stack.process import Launch, Server
from control.stack.state import SUPERUSER
from control.stack.unprivileged import command_prefix, owner_of_data

# A replica copies the whole database before it is ready.
READY_SECONDS = 300
# The node that begins as the primary.
FIRST = 1

# What all nodes agree on, kept in etcd. Patroni lets nobody replace a silent primary before 20 s;
# one whose PostgreSQL died, but whose Patroni lives, is replaced at once.
AGREED = {
    "ttl": 20,
    "loop_wait": 2,
    "retry_timeout": 5,
    "primary_start_timeout": 0,
    "maximum_lag_on_failover": 1048576,
    # What was answered is on two nodes, and only a node that has all of it becomes primary.
    "synchronous_mode": True,
    "synchronous_node_count": 1,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "wal_level": "replica",
            "wal_log_hints": "on",
            "hot_standby": "on",
            "max_wal_senders": 10,
            "max_replication_slots": 10,
            "wal_keep_size": "256MB",
            "synchronous_commit": "on",
            # A query of a replica is not cancelled because the primary removed what it reads:
            # PostgREST 12 would repeat it for ever (SQLSTATE 40001).
            "hot_standby_feedback": "on",
            # Longer than any statement may take.
            "max_standby_streaming_delay": "60s",
        },
    },
}


@dataclass(frozen=True)
class Node:
    """One PostgreSQL of the cluster."""

    settings: Settings
    state: ClusterState
    number: int

    @property
    def port_names(self) -> tuple[str, ...]:
        """Return the names of its ports: of PostgreSQL, and of Patroni."""
        return f"postgres_{self.number}", f"patroni_{self.number}"

    @property
    def name(self) -> str:
        """Return its name in the cluster."""
        return f"node-{self.number}"

    @property
    def home(self) -> Path:
        """Return the directory of everything it has."""
        return self.settings.data_dir / self.name

    @property
    def server(self) -> Server:
        """Return the process of its Patroni, which ends its PostgreSQL."""
        home = self.settings.data_dir
        log = home / "logs" / f"{self.name}.log"
        return Server(self.name, home / "run" / f"{self.name}.pid", log, stop_seconds=60)

    @property
    def address(self) -> str | None:
        """Return the address of its Patroni."""
        return self.state.http_url(f"patroni_{self.number}")

    def check(self) -> None:
        """Fail if a program is missing."""
        find_patroni(self.settings)
        self._postgres()

    def prepare(self) -> None:
        """Create its directory, and the database if it is the first node of a new cluster."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give_away(self.home)
        if self.number == FIRST and not (self.settings.data_dir / "etcd").exists():
            self._postgres().initialise(self.state.passwords[SUPERUSER])

    def launch(self) -> Launch:
        """Return the command of Patroni. Passwords are in its environment, and in no file."""
        program = find_patroni(self.settings)
        path = self.home / "patroni.json"
        configuration = json.dumps(self._configuration(), indent=2)
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PATRONI_SUPERUSER_PASSWORD": self.state.passwords[SUPERUSER],
            "PATRONI_REPLICATION_PASSWORD": self.state.passwords[REPLICATOR],
            "PATRONI_RESTAPI_PASSWORD": self.state.passwords[OPERATOR],
            **KEPT_MEMORY,
        }
        return Launch(
            [*command_prefix(program, self.home), program, str(path)],
            environment,
            inputs=configuration,
        )

    def start(self) -> None:
        """Launch it and wait until its PostgreSQL answers."""
        self.begin()
        self.await_answer()

    def begin(self) -> None:
        """Launch it, unless it runs: two replicas copy the primary at the same time."""
        if self.server.pid() is not None:
            return
        launch = self.launch()
        path = self.home / "patroni.json"
        path.write_text(launch.inputs, "utf-8")
        self._give_away(path)
        self.server.start(launch)

    def await_answer(self) -> None:
        """Wait until its PostgreSQL answers."""
        self.server.wait_ready(self.is_ready, READY_SECONDS)

    def is_ready(self) -> bool:
        """Return whether its PostgreSQL runs, as primary or as replica."""
        return http_ok(f"{self.address}/health")

    def _configuration(self) -> dict[str, Any]:
        listen = f"{HOST}:{self.state.ports[f'postgres_{self.number}']}"
        rest = f"{HOST}:{self.state.ports[f'patroni_{self.number}']}"
        return {
            "scope": "aspen",
            "name": self.name,
            "log": {"level": "WARNING"},
            "restapi": {
                "listen": rest,
                "connect_address": rest,
                "authentication": {"username": OPERATOR},
            },
            "etcd3": {"hosts": f"{HOST}:{self.state.ports['etcd']}"},
            "bootstrap": {"dcs": AGREED},
            "postgresql": {
                "listen": listen,
                "connect_address": listen,
                "use_unix_socket": False,
                "data_dir": str(self._postgres().data),
                "bin_dir": str(self._postgres().binaries.directory),
                "pgpass": str(self.home / "pgpass"),
                "authentication": {
                    "superuser": {"username": SUPERUSER},
                    "replication": {"username": REPLICATOR},
                },
                "basebackup": [{"checkpoint": "fast"}],
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }

    def _postgres(self) -> Postgres:
        run, logs = self.settings.data_dir / "run", self.settings.data_dir / "logs"
        server = postgres_server(f"postgres-{self.number}", run, logs)
        return Postgres.find(self.home / "data", server, self.settings.postgres_bin, durable=True)

    def _give_away(self, path: Path) -> None:
        if owner := owner_of_data():
            shutil.chown(path, *owner)
