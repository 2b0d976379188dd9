"""Send one request through an edge and a PostgREST of our own, and note what they ask the database.

Both listen on loopback as long as the request takes, with a key that nobody else knows. Every
transaction is rolled back, and PostgREST plans as the one that serves clients does: it connects as
control, with the settings of the login authenticator.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import jwt
import psycopg
from psycopg.conninfo import make_conninfo

from control.errors import ControlError
from control.plans.recording import Recorder, Server, Statement
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.nginx import HEALTH, Edge, nginx_server
from control.stack.ports import HOST, any_free
from control.stack.postgrest import postgrest_launch
from control.stack.process import wait_for

READY_SECONDS = 60
_LOGIN_SETTINGS = """
select settings.name, settings.value
from pg_catalog.pg_db_role_setting as stored
cross join lateral unnest(stored.setconfig) as entries (entry)
cross join lateral (
    select split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value
) as settings
inner join pg_catalog.pg_settings as known on settings.name = known.name
where
    stored.setrole = 'authenticator'::regrole
    and stored.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    and known.context = 'user'
order by stored.setdatabase
"""  # noqa: E501


@dataclass(frozen=True)
class Request:
    """A request as a client sends it; without claims it carries no token."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    claims: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back, and the statements that were sent for it."""

    status: int
    body: str
    statements: tuple[Statement, ...]


def claims_in(token: str) -> dict[str, object]:
    """Return the claims of a token, whoever signed it."""
    try:
        return dict(jwt.decode(token.strip(), options={"verify_signature": False}))
    except jwt.InvalidTokenError as error:
        raise ControlError(
            "the file has no token in it", "control token issue makes one"
        ) from error


def login_settings(conn: psycopg.Connection) -> dict[str, str]:
    """Return the settings with which PostgREST's login plans."""
    return {name: value for name, value in conn.execute(_LOGIN_SETTINGS.encode()).fetchall()}


def ask(settings: Settings, conn: psycopg.Connection, request: Request) -> Answer:
    """Send the request, and return its answer with the statements behind it."""
    info = conn.info
    parameters = info.get_parameters()
    recorder = Recorder(
        Server(
            info.hostaddr if info.host == "" else info.host,
            info.port,
            parameters.get("sslmode", "prefer"),
            parameters.get("sslrootcert"),
        )
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            secret = secrets.token_bytes(64)
            url = make_conninfo(
                host=HOST,
                port=recorder.port,
                user=info.user,
                password=info.password,
                dbname=info.dbname,
                sslmode="disable",
                gssencmode="disable",
                options=_options(login_settings(conn)),
            )
            with _servers(settings, Path(folder), url, secret) as port:
                recorder.take()
                status, body = _send(port, request, secret)
            return Answer(status, body, tuple(recorder.take()))
    finally:
        recorder.close()


def _options(settings: Mapping[str, str]) -> str:
    """Write settings as libpq's options, where a space ends a value."""
    return " ".join(
        f"-c {name}={value}".replace(" ", "\\ ").replace("-c\\ ", "-c ")
        for name, value in settings.items()
    )


@contextmanager
def _servers(settings: Settings, folder: Path, url: str, secret: bytes) -> Iterator[int]:
    """Run PostgREST and the edge; yield the port of the edge."""
    keys = folder / "jwks.json"
    keys.touch(mode=0o600)
    encoded = urlsafe_b64encode(secret).rstrip(b"=").decode()
    keys.write_text(json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": encoded}]}))
    port, admin_port, edge_port = any_free(), any_free(), any_free()
    launch = postgrest_launch(
        settings,
        database_url=url,
        jwks=keys,
        api_port=port,
        admin_port=admin_port,
        public_url=None,
    )
    ours = {
        "PGRST_DB_POOL": "1",
        "PGRST_DB_TX_END": "rollback",
        "PGRST_DB_CHANNEL_ENABLED": "false",
    }
    with (
        _running(launch.command, {**launch.environment, **ours}, folder / "postgrest.log"),
        _edge(settings, folder, edge_port, port),
    ):
        for address in (f"http://{HOST}:{admin_port}/ready", f"http://{HOST}:{edge_port}{HEALTH}"):
            if not wait_for(lambda address=address: http_ok(address), READY_SECONDS):  # type: ignore[misc]
                log = (folder / "postgrest.log").read_text("utf-8", "replace")[-1000:]
                raise ControlError(f"a PostgREST of our own does not start:\n{log}")
        yield edge_port


@contextmanager
def _edge(settings: Settings, folder: Path, port: int, postgrest_port: int) -> Iterator[None]:
    server = nginx_server(folder / "run", folder / "logs")
    edge = Edge.of(
        settings,
        folder / "nginx",
        server.log_file,
        api_port=port,
        relay_port=any_free(),
        postgrest_ports=[postgrest_port],
        unlimited=[HOST],
    )
    edge.prepare()
    server.start(edge.launch())
    try:
        yield
    finally:
        server.stop()


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), cwd="/", stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def _send(port: int, request: Request, secret: bytes) -> tuple[int, str]:
    headers = dict(request.headers)
    if request.claims is not None:
        payload = json.dumps(request.claims).encode()
        headers["Authorization"] = f"Bearer {jwt.PyJWS().encode(payload, secret, 'HS256')}"
    if request.body is not None:
        headers.setdefault("Content-Type", "application/json")
    connection = HTTPConnection(HOST, port, timeout=READY_SECONDS)
    try:
        connection.request(request.method, request.path, request.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
