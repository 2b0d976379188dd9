"""Ports that another program took: stepped over, never waited for, never trusted."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

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

# What a foreign API answers to everything: ready, healthy, and without our schema.
FOREIGN = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
    log_message = lambda *_: None
while True:
    # A connection of another test may have the port for a moment.
    try:
        http.server.HTTPServer((sys.argv[2], int(sys.argv[1])), Handler).serve_forever()
    except OSError:
        time.sleep(0.1)
"""


@contextmanager
def foreign_program(port: int, host: str = "127.0.0.1") -> Iterator[None]:
    """Serve HTTP on one of our ports."""
    with subprocess.Popen([sys.executable, "-c", FOREIGN, str(port), host]) as process:
        try:
            assert wait_for(lambda: not is_free(port), 20)
            yield
        finally:
            process.kill()


@contextmanager
def listener(port: int, host: str, family: int = socket.AF_INET) -> Iterator[None]:
    """Accept connections and say nothing."""
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        yield


def port_of(local: LocalStack, name: str) -> int:
    """Return the port of a server as `control status` shows it."""
    return local.remembered()["ports"][name]


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


@pytest.mark.parametrize("name", ["api", "admin", "s3", "postgres"])
def test_up_steps_over_a_port_a_foreign_program_took(local: LocalStack, name: str) -> None:
    """Neither ask it for our schema nor take it for our server."""
    local.down()
    port = port_of(local, name)

    with foreign_program(port):
        local.up()

        assert local.states() == dict.fromkeys(SERVERS, "running")
        assert local.api_answers()

    assert port_of(local, name) != port
    assert any(line.startswith(f"port {port} is taken; {name} gets ") for line in local.said)


def test_up_steps_over_another_stack(
    local: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Skip it, because its API would never serve the schema we load."""
    local.down()
    data = tmp_path_factory.mktemp("other")
    first = min(local.remembered()["ports"].values())
    other = LocalStack(replace(SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=first))
    prepare_stack(other.settings)
    try:
        other.up()
        before = other.pids()

        local.up()

        assert other.pids() == before
        assert local.states() == other.states() == dict.fromkeys(SERVERS, "running")
        ports = [set(stack.remembered()["ports"].values()) for stack in (local, other)]
        assert ports[0] & ports[1] == set()
    finally:
        other.down()


def test_up_heals_when_a_killed_database_lost_its_port(local: LocalStack) -> None:
    """Move the API, which still runs without a connection, to the database's new port."""
    port = port_of(local, "postgres")
    local.keep("before-the-move")
    local.kill("postgres")

    with listener(port, "127.0.0.1"):
        local.up()

        assert port_of(local, "postgres") != port
        assert local.states() == dict.fromkeys(SERVERS, "running")
        assert local.api_answers()
        assert local.kept("before-the-move") == (True, True)


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
    port = port_of(local, "api")
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
