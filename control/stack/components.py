"""Describe the servers of the local stack, each as a Component."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from control.settings import Settings
from control.stack import log_keeper, ministack, nginx, postgrest
from control.stack.health import http_ok
from control.stack.postgres import (
    Postgres,
    WrongPassword,
    answers,
    find_running,
    postgres_server,
)
from control.stack.process import Launch, Server, command_line
from control.stack.sockets import over_socket, socket_options
from control.stack.state import SUPERUSER, State

# A burst of messages may push a log past its limit until the log keeper's next round.
FAR_ABOVE_THE_LIMIT = 32 * log_keeper.LIMIT_BYTES


class Component(Protocol):
    """One server: what it needs, how it is launched, whether it answers."""

    @property
    def server(self) -> Server:
        """Return its process."""

    @property
    def port_names(self) -> tuple[str, ...]:
        """Return the names of its ports in the state, the one to show first; it may have none."""

    def check(self) -> None:
        """Fail if a program is missing."""

    def prepare(self) -> None:
        """Create what must exist before it starts."""

    def launch(self) -> Launch:
        """Return its command on the chosen ports."""

    def start(self) -> None:
        """Launch it and wait until it answers."""

    def is_ready(self) -> bool:
        """Return whether it answers now."""


@dataclass(frozen=True)
class Database:
    """PostgreSQL on `.aspen/postgres`."""

    settings: Settings
    state: State
    port_names: tuple[str, ...] = ("postgres",)

    @property
    def server(self) -> Server:
        home = self.settings.data_dir
        return postgres_server("postgres", home / "run", home / "logs")

    @property
    def data(self) -> Path:
        """Return its data directory."""
        return self.settings.data_dir / "postgres"

    @property
    def programs(self) -> str:
        """Return which PostgreSQL it is, and why that one."""
        return str(self._postgres().binaries)

    @property
    def admin_url(self) -> str:
        """Return the superuser's URL, in the database every cluster has."""
        return self.state.database_url(SUPERUSER, "postgres")

    def check(self) -> None:
        self._postgres()

    def prepare(self) -> None:
        self._postgres().initialise(self.state.passwords[SUPERUSER])
        if self.server.pid() is not None and not (self.data / "postmaster.pid").exists():
            # Without postmaster.pid the server ends itself within a minute, and lets a second one
            # start.
            self.server.stop()
        if found := find_running(self.data):
            pid, self.state.ports["postgres"] = found
            if self.server.pid() is None:
                launch = self.launch()
                self.server.record(pid, launch.fingerprint if self.has_socket(pid) else "")
            self._follow_password()

    def has_socket(self, pid: int) -> bool:
        """Return whether a server has the socket; one that an earlier version started has none."""
        return " ".join(socket_options(self.data)) in command_line(pid)

    def address(self, login: str) -> str:
        """Return the URL of a login on this machine: over the socket, if there is one."""
        url, pid = self.state.database_url(login), self.server.pid()
        return over_socket(url, self.data) if pid is None or self.has_socket(pid) else url

    def launch(self) -> Launch:
        return self._postgres().launch(self.state.ports["postgres"])

    def start(self) -> None:
        postgres = self._postgres()
        try:
            postgres.start(self.state.ports["postgres"], self.admin_url)
        except WrongPassword:
            postgres.reset_password(self.state.passwords[SUPERUSER])
            postgres.start(self.state.ports["postgres"], self.admin_url)

    def is_ready(self) -> bool:
        try:
            return answers(self.admin_url)
        except WrongPassword:
            return False

    def _follow_password(self) -> None:
        """Set the remembered password again after the file of passwords was lost."""
        try:
            answers(self.admin_url)
        except WrongPassword:
            self._postgres().reset_password(self.state.passwords[SUPERUSER])

    def _postgres(self) -> Postgres:
        return Postgres.find(self.data, self.server, self.settings.postgres_bin, durable=True)


@dataclass(frozen=True)
class LogKeeper:
    """The process that keeps `.aspen/logs` within bounds, whoever writes there."""

    settings: Settings
    state: State
    port_names: tuple[str, ...] = ()

    @property
    def logs(self) -> Path:
        """Return the directory of all logs."""
        return self.settings.data_dir / "logs"

    @property
    def server(self) -> Server:
        run = self.settings.data_dir / "run"
        return Server("logkeeper", run / "logkeeper.pid", self.logs / "logkeeper.log")

    def check(self) -> None:
        """Check nothing: it needs only the running Python."""

    def prepare(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)

    def launch(self) -> Launch:
        return Launch(
            [sys.executable, "-I", "-S", str(Path(log_keeper.__file__)), str(self.logs)],
            {"PATH": os.defpath},
        )

    def start(self) -> None:
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, log_keeper.EVERY_SECONDS * 2)

    def is_ready(self) -> bool:
        """Return whether it keeps up: no log is far above the limit."""
        sizes = [path.stat().st_size for path in self.logs.iterdir() if path.is_file()]
        return self.server.pid() is not None and max(sizes, default=0) < FAR_ABOVE_THE_LIMIT


@dataclass(frozen=True)
class ObjectStore:
    """ministack on `.aspen/s3`."""

    settings: Settings
    state: State
    port_names: tuple[str, ...] = ("s3",)

    @property
    def server(self) -> Server:
        home = self.settings.data_dir
        return ministack.ministack_server("ministack", home / "run", home / "logs")

    def check(self) -> None:
        ministack.require_ministack()

    def prepare(self) -> None:
        """Prepare nothing: it creates its directories itself."""

    def launch(self) -> Launch:
        return ministack.ministack_launch(
            self.settings.data_dir / "s3",
            self.state.ports["s3"],
            self.settings.region,
            self.settings.cors_origins,
        )

    def start(self) -> None:
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, ministack.READY_SECONDS)

    def is_ready(self) -> bool:
        return ministack.is_ready(f"{self.state.http_url('s3')}")


@dataclass(frozen=True)
class Api:
    """One PostgREST of those that there are; only the edge sends it requests."""

    settings: Settings
    state: State
    number: int = 1

    @property
    def port_names(self) -> tuple[str, ...]:
        """Return the names of its ports; the first PostgREST has no number."""
        return (self._named("postgrest"), self._named("admin"))

    @property
    def url(self) -> str | None:
        """Return PostgREST's own address, behind the edge; None before its first start."""
        return self.state.http_url(self._named("postgrest"))

    @property
    def admin_url(self) -> str | None:
        """Return the address of its admin server; None before its first start."""
        return self.state.http_url(self._named("admin"))

    @property
    def server(self) -> Server:
        home = self.settings.data_dir
        name = self._named("postgrest")
        return postgrest.postgrest_server(name, home / "run", home / "logs")

    def _named(self, name: str) -> str:
        return name if self.number == 1 else f"{name}-{self.number}"

    @property
    def _database_url(self) -> str:
        return Database(self.settings, self.state).address("authenticator")

    def check(self) -> None:
        postgrest.find_postgrest(self.settings)

    def prepare(self) -> None:
        self._ensure_keys()

    def _ensure_keys(self) -> Path:
        """Return the file with the keys, made if need be; its libraries take long to import."""
        from control.tokens.keys import ensure_keys

        return ensure_keys(self.settings.keys_dir).jwks_path

    def launch(self) -> Launch:
        return postgrest.postgrest_launch(
            self.settings,
            database_url=self._database_url,
            jwks=self._ensure_keys(),
            api_port=self.state.ports[self._named("postgrest")],
            public_url=self.state.http_url("api"),
            admin_port=self.state.ports[self._named("admin")],
        )

    def start(self) -> None:
        self.server.start(self.launch())
        self.server.wait_ready(self.is_ready, postgrest.READY_SECONDS)

    def is_ready(self) -> bool:
        return http_ok(f"{self.admin_url}/ready")


def all_apis(settings: Settings, state: State) -> tuple[Api, ...]:
    """Return every PostgREST of the stack."""
    return tuple(Api(settings, state, number) for number in range(1, state.postgrests + 1))


@dataclass(frozen=True)
class Edge:
    """nginx, through which all requests to the API go."""

    settings: Settings
    state: State
    port_names: tuple[str, ...] = nginx.PORTS
    # The PostgREST that gets no requests, because it is about to be restarted.
    left_out: Api | None = None

    @property
    def server(self) -> Server:
        home = self.settings.data_dir
        return nginx.nginx_server(home / "run", home / "logs")

    def check(self) -> None:
        nginx.find_nginx(self.settings)

    def prepare(self) -> None:
        nginx.end_orphans(self.server)

    def launch(self) -> Launch:
        return self._edge().launch()

    def start(self) -> None:
        edge = self._edge()
        edge.prepare()
        self.server.start(edge.launch())
        self.server.wait_ready(self.is_ready, nginx.READY_SECONDS)

    def is_ready(self) -> bool:
        return http_ok(f"{self.state.http_url('api')}{nginx.HEALTH}")

    def reload(self) -> frozenset[int] | None:
        """Have it read its configuration again, without a connection that breaks.

        Return the workers that end when their requests are answered; None if only a restart helps.
        """
        edge = self._edge()
        launch = edge.launch()
        if not self.server.differs_by_inputs(launch):
            return None
        edge.configure()
        old = nginx.reload(self.server)
        if old is not None:
            self.server.has_read(launch)
        return old

    def _edge(self) -> nginx.Edge:
        return nginx.Edge.of(
            self.settings,
            self.settings.data_dir / "nginx",
            self.server.log_file,
            api_port=self.state.ports["api"],
            relay_port=self.state.ports["relay"],
            postgrest_ports=[
                self.state.ports[api.port_names[0]]
                for api in all_apis(self.settings, self.state)
                if api != self.left_out
            ],
        )
