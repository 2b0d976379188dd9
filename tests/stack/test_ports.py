"""Ports that another program took: stepped over, never waited for, never trusted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.database import connect
from control.schema import api_reload
from control.schema.code import loaded_probe
from control.stack.components import Api
from control.stack.ports import any_free, is_free
from control.stack.process import wait_for
from control.stack.state import State
from tests.servers import SETTINGS, Database, prepare_stack
from tests.stack.conftest import SERVERS, LocalStack


class Foreign(BaseHTTPRequestHandler):
    """What a foreign API answers to everything: ready, healthy, and without our schema."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def foreign_program(port: int) -> Iterator[None]:
    """Serve HTTP on one of our ports."""
    servers: list[ThreadingHTTPServer] = []

    def is_listening() -> bool:
        # A connection of another test may have the port for a moment.
        with suppress(OSError):
            servers.append(ThreadingHTTPServer(("127.0.0.1", port), Foreign))
        return bool(servers)

    assert wait_for(is_listening, 20)
    [server] = servers
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listener(port: int, host: str, family: int = socket.AF_INET) -> Iterator[None]:
    """Accept connections and say nothing."""
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        yield


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("127.0.0.1", socket.AF_INET),
        ("0.0.0.0", socket.AF_INET),
        ("::1", socket.AF_INET6),
        ("::", socket.AF_INET6),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_port_somebody_listens_on_is_not_free(host: str, family: int) -> None:
    """Check every address that a name of this machine may resolve to."""
    port = any_free()

    before = is_free(port)
    with listener(port, host, family):
        during = is_free(port)

    assert (before, during, is_free(port)) == (True, False, True)


def test_up_steps_over_another_stack(
    local: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Move all servers away from programs that answer as they would, and ask those for nothing.

    Each answers what `control up` asks, but its API would never serve the schema that we load.
    """
    local.down()
    ports = local.remembered()["ports"]
    data = tmp_path_factory.mktemp("other")
    other = LocalStack(replace(SETTINGS, data_dir=data, keys_dir=data / "keys"))
    prepare_stack(other.settings)
    remembered = State.load(other.settings)
    remembered.ports = dict(ports)
    remembered.save(other.settings)
    try:
        other.up()
        before = other.pids()

        local.up()

        assert other.remembered()["ports"] == ports
        assert other.pids() == before
        assert local.states() == other.states() == dict.fromkeys(SERVERS, "running")
        assert local.api_answers()
        moved = local.remembered()["ports"]
        assert {*ports.values()} & {*moved.values()} == set()
        told = {f"port {port} is taken; {name} gets {moved[name]}" for name, port in ports.items()}
        assert told <= {*local.said}
    finally:
        other.down()


def test_up_restarts_an_api_that_serves_an_old_schema(
    local: LocalStack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restart it instead of waiting: it may be connected to the database's old address."""
    monkeypatch.setattr(api_reload, "_PATIENCE_SECONDS", 0.5)
    api = Api(local.settings, State.load(local.settings))
    launch = api.launch()
    elsewhere = {**launch.environment, "PGRST_DB_URI": database.url_of("authenticator")}
    api.server.stop()
    stale = api.server.start(replace(launch, environment=elsewhere))
    api.server.wait_ready(api.is_ready, 60)
    api.server.record(stale, launch.fingerprint)
    with connect(local.settings, "test") as conn:
        conn.execute("set role aspen_owner")
        conn.execute(f"drop function api.{loaded_probe(conn)}()")

    local.up()

    assert "postgrest serves an old schema; restarting it" in local.said
    assert local.pid("postgrest") != stale
    assert local.api_answers()


def test_migrate_up_does_not_ask_who_took_the_port_of_a_stopped_api(local: LocalStack) -> None:
    """Report the database as current, though PostgREST was killed."""
    port = local.remembered()["ports"]["postgrest"]
    local.kill("postgrest")

    with foreign_program(port):
        result = CliRunner().invoke(
            cli,
            ["migrate", "up"],
            env={
                "ASPEN_ROOT": str(SETTINGS.root),
                "ASPEN_DATA_DIR": str(local.settings.data_dir),
            },
        )

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "the API is not running; it reads the schema when it starts",
    )
