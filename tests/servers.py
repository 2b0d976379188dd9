"""The servers that tests run against: a throw-away PostgreSQL, its databases, PostgREST, S3."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
from psycopg import sql
from pytest_postgresql.janitor import DatabaseJanitor

from control.cluster.state import ClusterState, settings_of_cluster
from control.schema.migrate import apply_all
from control.settings import Settings
from control.stack.bootstrap import OWNER, prepare_cluster, prepare_database
from control.stack.health import http_ok
from control.stack.ministack import SERVICES, ministack_launch, ministack_server
from control.stack.ministack import is_ready as s3_is_ready
from control.stack.nginx import HEALTH, nginx_server
from control.stack.nginx import Edge as Nginx
from control.stack.ports import HOST, any_free
from control.stack.postgres import Postgres, postgres_server
from control.stack.postgrest import postgrest_launch, postgrest_server
from control.stack.sockets import over_socket
from control.stack.state import DATABASE, LOGINS, S3_KEY, SUPERUSER, State
from control.storage.s3 import make_client
from control.tokens.keys import KeySet, ensure_keys
from control.tokens.minting import claims_for, sign
from tests.kept_cluster import copy_kept_cluster

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# This checkout, and nothing of a stack that may be running in it.
SETTINGS = Settings(
    root=Path(__file__).parent.parent,
    data_dir=Path("/nonexistent/aspen"),
    keys_dir=Path("/nonexistent/aspen/keys"),
    postgres_bin=os.environ.get("ASPEN_POSTGRES_BIN"),
    postgrest_bin=os.environ.get("ASPEN_POSTGREST_BIN"),
    nginx_bin=os.environ.get("ASPEN_NGINX_BIN"),
)
SQL_DIR = SETTINGS.sql_dir
READY_SECONDS = 60
# Databases that nobody connects to: the originals of every clone. One is migrated, in the other an
# administrator has done what comes before any migration.
TEMPLATE = "aspen_template"
EMPTY = "aspen_empty"


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of this test session, with our roles."""

    data: Path
    port: int
    passwords: dict[str, str]
    major: int

    def url(self, login: str, database: str) -> str:
        """Return the address of one of its databases for one of our logins."""
        return f"postgresql://{login}:{self.passwords[login]}@{HOST}:{self.port}/{database}"

    @contextmanager
    def database(self, name: str, template: str = EMPTY) -> Iterator[Database]:
        """Create a database as a clone, and drop it at the end."""
        with self._janitor(name, template):
            yield Database(self, name)

    def create(self, name: str) -> Database:
        """Create an empty database of ours that stays, as `control up` does."""
        self._janitor(name, None).init()
        with psycopg.connect(self.url(SUPERUSER, name), autocommit=True) as conn:
            prepare_database(conn, SQL_DIR)
        return Database(self, name)

    def clone(self, name: str, template: str) -> Database:
        """Create a database as a clone that stays."""
        self._janitor(name, template).init()
        return Database(self, name)

    def _janitor(self, name: str, template: str | None) -> Janitor:
        return Janitor(
            user=SUPERUSER,
            password=self.passwords[SUPERUSER],
            host=HOST,
            port=self.port,
            dbname=name,
            template_dbname=template,
        )


class Janitor(DatabaseJanitor):
    """Creates and drops a database of our owner."""

    def init(self) -> None:
        """Create it; a clone has neither owner nor privileges of its template."""
        name = sql.Identifier(self.dbname)
        # The files are copied as they are, with the cache that a first connection begins with.
        create = sql.SQL("create database {} owner {} template {} strategy file_copy").format(
            name, sql.Identifier(OWNER), sql.Identifier(self.template_dbname or "template0")
        )
        with self.cursor() as cursor:
            cursor.execute(create)
            if self.template_dbname is not None:
                # What sql/schemas.sql does to the database itself.
                cursor.execute(sql.SQL("revoke temporary on database {} from public").format(name))


@dataclass(frozen=True)
class Database:
    """One database of the cluster."""

    cluster: Cluster
    name: str

    @property
    def url(self) -> str:
        """Return the address for role control."""
        return self.url_of("control")

    def url_of(self, login: str) -> str:
        """Return the address for postgres, control or authenticator."""
        return self.cluster.url(login, self.name)

    def connect(self, login: str = "control", **options: Any) -> psycopg.Connection:
        """Open a connection in autocommit."""
        return psycopg.connect(self.url_of(login), autocommit=True, **options)

    @property
    def settings(self) -> Settings:
        """Return the checkout's settings, pointing here and nowhere else."""
        return replace(
            SETTINGS, database_url=self.url, admin_database_url=self.url_of(SUPERUSER), api_url=None
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line to this database."""
        return {
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(SETTINGS.data_dir),
            "ASPEN_DATABASE_URL": self.url,
        }


@dataclass(frozen=True)
class S3:
    """An S3 with one bucket."""

    client: S3Client
    settings: Settings

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self.settings.bucket

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line to this S3."""
        return {
            "ASPEN_S3_ENDPOINT_URL": f"{self.settings.s3_endpoint_url}",
            "ASPEN_S3_ACCESS_KEY": S3_KEY,
            "ASPEN_S3_SECRET_KEY": S3_KEY,
            "ASPEN_BUCKET": self.bucket,
        }


@dataclass(frozen=True)
class Api:
    """The API over a database that keeps what tests commit to it, so that names must be unique.

    `url` is the edge, as for every client; `direct_url` is PostgREST behind it.
    """

    url: str
    direct_url: str
    admin_url: str
    database: Database
    keys: KeySet
    http: httpx.Client

    def token(
        self,
        sub: str,
        role: str = "member",
        groups: dict[int, str] | None = None,
        ttl: timedelta = timedelta(hours=1),
        **overrides: object,
    ) -> str:
        """Sign a token; an override replaces a claim, an override of None leaves it out."""
        claims = claims_for(sub=sub, role=role, groups=groups, ttl=ttl) | overrides
        return sign(self.keys, {k: v for k, v in claims.items() if v is not None})

    def request(
        self, method: str, path: str, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send one request, anonymous without a token.

        `options` are httpx's: params, json, content…
        """
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, token, **options)

    def post(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, token, **options)

    def patch(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Send a PATCH."""
        return self.request("PATCH", path, token, **options)

    def delete(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """Send a DELETE."""
        return self.request("DELETE", path, token, **options)


@contextmanager
def run_cluster(directory: Path) -> Iterator[Cluster]:
    """Start a PostgreSQL with our roles and the migrated TEMPLATE, and stop it at the end."""
    server = postgres_server("postgres", directory / "run", directory / "logs")
    postgres = Postgres.find(directory / "postgres", server, SETTINGS.postgres_bin, durable=False)
    with _started(postgres, _copy_kept(postgres)) as cluster:
        yield cluster


def prepare_stack(settings: Settings) -> None:
    """Leave in a folder what `control up` and `down` of this checkout left: a migrated database.

    For stacks that are not about the first start, which makes all of it in some seconds.
    """
    server = postgres_server("postgres", settings.data_dir / "run", settings.data_dir / "logs")
    postgres = Postgres.find(
        settings.data_dir / "postgres", server, settings.postgres_bin, durable=False
    )
    settings.data_dir.mkdir(mode=0o700, exist_ok=True)
    State(settings.state_file, passwords=_copy_kept(postgres)).save(settings)


def prepare_cluster_of_nodes(settings: Settings) -> None:
    """Do the same for `control cluster up`, whose first node begins with that database."""
    of_cluster = settings_of_cluster(settings)
    home = of_cluster.data_dir
    server = postgres_server("postgres", home / "run", home / "logs")
    postgres = Postgres.find(home / "node-1" / "data", server, settings.postgres_bin, durable=False)
    postgres.data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ClusterState(of_cluster.state_file, passwords=_copy_kept(postgres)).save(of_cluster)


def _copy_kept(postgres: Postgres) -> dict[str, str]:
    """Copy the data directory that all of them begin with; return the passwords of its logins."""

    def fill(data: Path, passwords: dict[str, str]) -> None:
        postgres.initialise(passwords[SUPERUSER])
        with _started(postgres, passwords) as cluster:
            with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as conn:
                prepare_cluster(conn, SQL_DIR, {login: passwords[login] for login in LOGINS})
            cluster.create(EMPTY)
            apply_all(cluster.clone(TEMPLATE, EMPTY).url, SETTINGS.root)
            cluster.clone(DATABASE, TEMPLATE)

    return copy_kept_cluster(postgres.data, postgres.binaries, fill)


@contextmanager
def _started(postgres: Postgres, passwords: dict[str, str]) -> Iterator[Cluster]:
    cluster = Cluster(postgres.data, any_free(), passwords, postgres.binaries.major)
    postgres.start(cluster.port, cluster.url(SUPERUSER, "postgres"))
    try:
        yield cluster
    finally:
        postgres.server.stop()


@contextmanager
def run_api(database: Database, directory: Path, settings: Settings = SETTINGS) -> Iterator[Api]:
    """Start PostgREST over a database and the edge before it, and stop both at the end.

    `settings` are of the checkout whose postgrest.conf it reads.
    """
    port, admin_port, edge_port = any_free(), any_free(), any_free()
    url, direct_url, admin_url = (f"http://{HOST}:{p}" for p in (edge_port, port, admin_port))
    keys = ensure_keys(directory / "keys")
    server = postgrest_server("postgrest", directory / "run", directory / "logs")
    server.start(
        postgrest_launch(
            settings,
            database_url=over_socket(database.url_of("authenticator"), database.cluster.data),
            jwks=keys.jwks_path,
            api_port=port,
            admin_port=admin_port,
            public_url=url,
        )
    )
    try:
        server.wait_ready(lambda: http_ok(f"{admin_url}/ready"), READY_SECONDS)
        # A connection for each request: one that the server is about to close, after a header that
        # was too long for it say, would fail the request of the next test.
        alone = httpx.Limits(max_keepalive_connections=0)
        with (
            run_edge(directory, edge_port, port, unlimited=[HOST]),
            httpx.Client(base_url=url, timeout=60, limits=alone) as http,
        ):
            yield Api(url, direct_url, admin_url, database, keys, http)
    finally:
        server.stop()


@contextmanager
def run_edge(
    directory: Path,
    port: int,
    *postgrest_ports: int,
    unlimited: Collection[str] = (),
    files: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Start the edge before PostgREST, and stop it at the end; yield its URL.

    `files` are written beside nginx.conf, in place of ours.
    """
    server = nginx_server(directory / "run", directory / "logs")
    edge = Nginx.of(
        SETTINGS,
        directory / "nginx",
        server.log_file,
        api_port=port,
        relay_port=any_free(),
        postgrest_ports=postgrest_ports,
        unlimited=unlimited,
    )
    edge = replace(edge, configuration={**edge.configuration, **(files or {})})
    edge.prepare()
    server.start(edge.launch())
    try:
        server.wait_ready(lambda: http_ok(f"http://{HOST}:{port}{HEALTH}"), READY_SECONDS)
        yield f"http://{HOST}:{port}"
    finally:
        server.stop()


@contextmanager
def run_s3(directory: Path, bucket: str, services: str = SERVICES) -> Iterator[S3]:
    """Start the S3 emulator with one bucket, and stop it at the end."""
    port = any_free()
    server = ministack_server("ministack", directory / "run", directory / "logs")
    launch = ministack_launch(directory / "s3", port, SETTINGS.region)
    server.start(replace(launch, environment={**launch.environment, "SERVICES": services}))
    settings = replace(
        SETTINGS,
        s3_endpoint_url=f"http://{HOST}:{port}",
        s3_access_key=S3_KEY,
        s3_secret_key=S3_KEY,
        bucket=bucket,
    )
    try:
        server.wait_ready(lambda: s3_is_ready(f"{settings.s3_endpoint_url}"), READY_SECONDS)
        client = make_client(settings)
        client.create_bucket(Bucket=bucket)
        yield S3(client, settings)
    finally:
        server.stop()


database_names = (f"aspen_test_{number}" for number in itertools.count(1))
