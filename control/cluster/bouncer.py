"""Run PgBouncer before the primary: its clients keep their connections when the primary moves."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.cluster.programs import find_pgbouncer
from control.cluster.state import OPERATOR, ClusterState
from control.local import connect_here
from control.settings import Settings
from control.stack.ports import HOST
from control.stack.process import Launch, Server
from control.stack.state import DATABASE
from control.stack.unprivileged import command_prefix, owner_of_data
from control.whole_files import whole_file

READY_SECONDS = 20
SESSION, TRANSACTION = POOLINGS = ("session", "transaction")
LOGIN = "authenticator"
# The database in which PgBouncer itself is told what to do.
CONSOLE = "pgbouncer"
# Connections to the primary. In session mode each connection of a PostgREST takes one.
SERVERS = {SESSION: 60, TRANSACTION: 20}


@dataclass(frozen=True)
class Bouncer:
    """One PgBouncer, for the login of PostgREST."""

    settings: Settings
    state: ClusterState
    port_names: tuple[str, ...] = ("pgbouncer",)
    # Connections to the primary; None for as many as usual.
    most_servers: int | None = None

    @property
    def home(self) -> Path:
        """Return the directory of its files."""
        return self.settings.data_dir / "pgbouncer"

    @property
    def server(self) -> Server:
        """Return its process."""
        home = self.settings.data_dir
        run, logs = home / "run", home / "logs"
        # SIGINT would wait until its clients have gone.
        return Server("pgbouncer", run / "pgbouncer.pid", logs / "pgbouncer.log", stop_seconds=5)

    @property
    def pooling(self) -> str:
        """Return how it pools: for a session of a client, or for one of its transactions."""
        wish = self.home / "pooling"
        return wish.read_text("utf-8").strip() if wish.exists() else SESSION

    def pool_by(self, pooling: str) -> None:
        """Pool in this way from now on."""
        self._write("pooling", pooling + "\n")

    def check(self) -> None:
        """Fail if it is missing."""
        find_pgbouncer()

    def prepare(self) -> None:
        """Create its directory."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give_away(self.home)

    def launch(self) -> Launch:
        """Return its command."""
        program = find_pgbouncer()
        return Launch(
            [*command_prefix(program, self.home), program, str(self.home / "pgbouncer.ini")],
            {"PATH": os.defpath},
            inputs=self._configuration() + self._users(),
        )

    def start(self) -> None:
        """Launch it and wait until it leads to the primary."""
        launch = self.launch()
        self._write_settings()
        self.server.start(launch)
        self.server.wait_ready(self.is_ready, READY_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it leads to a database."""
        try:
            with connect_here(self.state.bouncer_url(LOGIN), connect_timeout=2) as conn:
                conn.execute("select")
        except psycopg.OperationalError:
            return False
        return True

    def reload(self) -> bool:
        """Have it read its settings again, and keep all connections; return whether it runs.

        It reads everything but its address and the number of its connections to clients.
        """
        launch = self.launch()
        pid = self.server.pid()
        if pid is None or not self.server.differs_by_inputs(launch):
            return False
        self._write_settings()
        os.kill(pid, signal.SIGHUP)
        self.server.has_read(launch)
        return True

    def lead_to(self, port: int, database: str = DATABASE) -> None:
        """Lead to another PostgreSQL from now on; connections to the one before end."""
        path = self.home / "databases.ini"
        led = f"[databases]\n{DATABASE} = host={HOST} port={port} dbname={database}\n"
        is_new = not path.exists() or path.read_text("utf-8") != led
        self._write(path.name, led)
        if (pid := self.server.pid()) is not None:
            os.kill(pid, signal.SIGHUP)
            if is_new:
                self._end_connections()

    def _end_connections(self) -> None:
        """End those that a request holds, too: a server that hangs would keep them for ever."""
        with (
            suppress(psycopg.Error),
            connect_here(
                self.state.bouncer_url(OPERATOR, CONSOLE), connect_timeout=2, prepare_threshold=None
            ) as console,
        ):
            # First, so that whoever connects again is led to the new one.
            console.execute("reload")
            console.execute(f"kill {DATABASE}")
            console.execute(f"resume {DATABASE}")

    def _write_settings(self) -> None:
        self._write("pgbouncer.ini", self._configuration())
        self._write("users.txt", self._users())

    def _users(self) -> str:
        logins = (LOGIN, OPERATOR)
        return "".join(f'"{login}" "{self.state.passwords[login]}"\n' for login in logins)

    def _configuration(self) -> str:
        return f"""\
; Written by control cluster up.
%include {self.home / "databases.ini"}
[pgbouncer]
listen_addr = {HOST}
listen_port = {self.state.ports["pgbouncer"]}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self.home / "users.txt"}
admin_users = {OPERATOR}
pool_mode = {self.pooling}
default_pool_size = {self.most_servers or SERVERS[self.pooling]}
max_client_conn = 500
; Settings of one session are not those of the next, which is another client's.
server_reset_query = discard all
; When the primary moves: let go of the old one, and look for the new one every second.
server_fast_close = 1
server_login_retry = 1
server_check_delay = 5
query_wait_timeout = 25
log_connections = 0
log_disconnections = 0
"""

    def _write(self, name: str, text: str) -> None:
        """Write a file whole, readable for its user only."""
        self.prepare()
        with whole_file(self.home / name) as file:
            file.write(text.encode())
            self._give_away(file.fileno())

    def _give_away(self, path: Path | int) -> None:
        if owner := owner_of_data():
            shutil.chown(path, *owner)
