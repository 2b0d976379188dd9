"""The servers of the benchmarks, apart from any running stack, and databases kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.schema.freeze import migration_files
from control.schema.migrate import apply_all
from control.settings import Settings, load_settings
from control.stack.bootstrap import create_database, prepare_cluster, prepare_database
from control.stack.health import http_ok
from control.stack.nginx import HEALTH, Edge, nginx_server
from control.stack.ports import HOST, next_free
from control.stack.postgres import Postgres, postgres_server
from control.stack.postgres_binaries import BUNDLED
from control.stack.postgrest import postgrest_launch, postgrest_server
from control.stack.process import Launch
from control.stack.sockets import over_socket
from control.stack.state import LOGINS, SUPERUSER, State
from control.tokens.keys import KeySet, ensure_keys
from control.tokens.minting import mint
from tests.bench.load import Service

HERE = Path(__file__).parent
BASELINE = "fastapi_baseline"
BASELINE_WORKERS = 2
READY_SECONDS = 60

# What a small production server would have; PostgreSQL's programs and the rest as in `control up`.
CONFIGURATION = """
# For the benchmarks.
shared_buffers = '1GB'
effective_cache_size = '4GB'
maintenance_work_mem = '512MB'
max_wal_size = '6GB'
checkpoint_timeout = '30min'
autovacuum = off
"""


@dataclass(frozen=True)
class Bench:
    """A running PostgreSQL with databases made for measuring."""

    settings: Settings
    state: State
    keys: KeySet
    postgres_pid: int

    def url(self, login: str, database: str) -> str:
        """Return the address of one of the databases for one of our logins."""
        return self.state.database_url(login, database)

    def socket_url(self, login: str, database: str) -> str:
        """Return the address for the servers that are compared: over the socket, as in a stack."""
        return over_socket(self.url(login, database), self.settings.data_dir / "postgres")

    def connect(self, login: str, database: str, **options: Any) -> psycopg.Connection:
        """Open a connection in autocommit."""
        return psycopg.connect(self.url(login, database), autocommit=True, **options)

    def database(self, name: str, script: Path, millions: int = 1) -> str:
        """Return the name of a database that `script` filled, now or in an earlier run.

        Its code is today's, and its samples are so many millions where the script says so.
        """
        made_of = [script, *migration_files(self.settings.root).values()]
        content = [*(path.read_bytes() for path in made_of), f"{millions}".encode()]
        fingerprint = hashlib.sha256(b"".join(content)).hexdigest()
        with self.connect(SUPERUSER, "postgres") as conn:
            if _comment(conn, name) != fingerprint:
                conn.execute(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
                )
            is_new = create_database(conn, name)
        with self.connect(SUPERUSER, name) as conn:
            prepare_database(conn, self.settings.sql_dir)
            conn.execute((HERE / "no_sides.sql").read_bytes())
            apply_all(self.url("control", name), self.settings.root)
            if is_new:
                conn.execute("select set_config('bench.millions', %s, false)", [f"{millions}"])
                self._fill(conn, name, script, fingerprint)
            conn.execute((HERE / "sides.sql").read_bytes())
            # One user on many connections stands for many users.
            conn.execute(
                sql.SQL("alter database {} set aspen.requests_at_once = '1000'").format(
                    sql.Identifier(name)
                )
            )
            self._set_password(conn, BASELINE)
        return name

    def token(self, subject: str, groups: dict[int, str]) -> str:
        """Sign a member's token."""
        return mint(self.keys, sub=subject, role="member", groups=groups, ttl=timedelta(hours=2))

    @contextmanager
    def postgrest(
        self, database: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Service]:
        """Start PostgREST with this checkout's configuration, and what these variables say."""
        api_port = next_free(self.settings.first_port)
        admin_port = next_free(api_port + 1)
        launch = postgrest_launch(
            self.settings,
            database_url=self.socket_url("authenticator", database),
            jwks=self.keys.jwks_path,
            api_port=api_port,
            admin_port=admin_port,
            public_url=None,
        )
        launch = replace(launch, environment={**launch.environment, **(environment or {})})
        with self._running("postgrest", launch, f"http://{HOST}:{admin_port}/ready") as pids:
            yield Service(f"http://{HOST}:{api_port}", pids)

    @contextmanager
    def edge(self, service: Service) -> Iterator[Service]:
        """Start the edge before a PostgREST, without rate limits, which would bound the load."""
        server = nginx_server(self.settings.data_dir / "run", self.settings.data_dir / "logs")
        server.stop()
        port = next_free(self.settings.first_port)
        edge = Edge.of(
            self.settings,
            self.settings.data_dir / "nginx",
            server.log_file,
            api_port=port,
            relay_port=next_free(port + 1),
            postgrest_ports=[int(service.url.rpartition(":")[2])],
            unlimited=[HOST],
        )
        edge.prepare()
        pid = server.start(edge.launch())
        url = f"http://{HOST}:{port}"
        try:
            server.wait_ready(lambda: http_ok(url + HEALTH), READY_SECONDS)
            yield Service(url, (pid, *service.pids))
        finally:
            server.stop()

    @contextmanager
    def fastapi_baseline(self, database: str) -> Iterator[Service]:
        """Start the FastAPI baseline."""
        port = next_free(self.settings.first_port)
        url = self.socket_url(BASELINE, database)
        launch = Launch(
            [
                *(sys.executable, "-m", "uvicorn", "tests.bench.fastapi_baseline:app"),
                *("--app-dir", str(self.settings.root), "--host", HOST, "--port", str(port)),
                *("--workers", str(BASELINE_WORKERS), "--log-level", "warning"),
            ],
            {
                "PATH": os.defpath,
                "BASELINE_DATABASE_URL": url.replace("postgresql:", "postgresql+asyncpg:"),
                "BASELINE_JWKS": str(self.keys.jwks_path),
            },
        )
        with self._running(BASELINE, launch, f"http://{HOST}:{port}/health") as pids:
            yield Service(f"http://{HOST}:{port}", pids)

    def _fill(self, conn: psycopg.Connection, name: str, script: Path, fingerprint: str) -> None:
        started = time.monotonic()
        conn.execute(script.read_bytes())
        conn.execute("vacuum (analyze)")
        conn.execute("checkpoint")
        # Last, so that a run cut off here starts again.
        conn.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(name), sql.Literal(fingerprint)
            )
        )
        size = conn.execute(
            "select pg_size_pretty(pg_database_size(current_database()))"
        ).fetchone()
        took = time.monotonic() - started
        print(f"made database {name} in {took:.0f} s: {size[0] if size else ''}", flush=True)

    def _set_password(self, conn: psycopg.Connection, login: str) -> None:
        verifier = conn.pgconn.encrypt_password(
            self.state.passwords[login].encode(), login.encode(), b"scram-sha-256"
        ).decode()
        conn.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(login), sql.Literal(verifier)
            )
        )

    @contextmanager
    def _running(self, name: str, launch: Launch, ready_url: str) -> Iterator[tuple[int, ...]]:
        """Run a server and its database as long as the context lasts."""
        data_dir = self.settings.data_dir
        server = postgrest_server(name, data_dir / "run", data_dir / "logs")
        # One that a killed run left behind.
        server.stop()
        pid = server.start(launch)
        try:
            server.wait_ready(lambda: http_ok(ready_url), READY_SECONDS)
            yield pid, self.postgres_pid
        finally:
            server.stop()


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Start the PostgreSQL of the benchmarks, in `.aspen/bench`, and stop it at the end."""
    checkout = load_settings()
    data_dir = checkout.data_dir / "bench"
    settings = replace(
        checkout,
        data_dir=data_dir,
        first_port=checkout.first_port + 100,
        # Not whatever is on PATH, so that numbers of two machines can be compared.
        postgres_bin=checkout.postgres_bin or BUNDLED,
    )
    data_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(data_dir):
        state = State.load(settings)
        state.ensure_passwords()
        # Any string is as good as another: this login exists in the cluster of the benchmarks only.
        state.passwords.setdefault(BASELINE, state.passwords["control"])
        server = postgres_server("postgres", data_dir / "run", data_dir / "logs")
        server.stop()
        state.ports["postgres"] = next_free(settings.first_port)
        state.save(settings)
        postgres = Postgres.find(data_dir / "postgres", server, settings.postgres_bin, durable=True)
        if postgres.initialise(state.passwords[SUPERUSER]):
            with open(postgres.data / "postgresql.conf", "a") as main:
                main.write(CONFIGURATION)
        admin_url = state.database_url(SUPERUSER, "postgres")
        postgres.start(state.ports["postgres"], admin_url)
        try:
            with psycopg.connect(admin_url, autocommit=True) as conn:
                passwords = {login: state.passwords[login] for login in LOGINS}
                prepare_cluster(conn, settings.sql_dir, passwords)
            pid = server.pid()
            assert pid is not None
            yield Bench(settings, state, ensure_keys(data_dir / "keys"), pid)
        finally:
            server.stop()


def _comment(conn: psycopg.Connection, database: str) -> str | None:
    found = conn.execute(
        "select pg_catalog.shobj_description(databases.oid, 'pg_database')"
        " from pg_catalog.pg_database as databases where databases.datname = %s",
        [database],
    ).fetchone()
    return found[0] if found else None


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Keep two runs apart, which would spoil each other's numbers."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ControlError("another make bench is running here", "wait for its end") from error
    finally:
        os.close(descriptor)
