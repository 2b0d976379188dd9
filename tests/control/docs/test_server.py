"""The page of `control docs`, and the way from it to the API."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.docs.server import Docs, open_docs
from control.errors import ControlError
from control.stack.ports import HOST, any_free
from tests.http.world import World, refusal, rows
from tests.servers import SETTINGS, Api


@pytest.fixture
def docs(api: Api) -> Iterator[Docs]:
    """Serve the page of the API."""
    with open_docs(replace(SETTINGS, api_url=api.url)) as docs:
        yield from served(docs)


def served(docs: HTTPServer) -> Iterator[Docs]:
    """Serve in the background until the test ends."""
    thread = threading.Thread(target=docs.serve_forever, args=(0.01,))
    thread.start()
    yield docs  # type: ignore[misc]
    docs.shutdown()
    thread.join()


def bearer(token: str | None) -> dict[str, str]:
    """Return the header of a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("page.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_page_has_its_files_and_a_strict_policy(docs: Docs, path: str, media_type: str) -> None:
    """Allow each file to load nothing from elsewhere and to run no script inside the page."""
    answer = httpx.get(f"{docs.url}{path}")

    policy = answer.headers["Content-Security-Policy"]
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["package.json", "../package.json", "%2e%2e/package.json", "x"])
def test_no_other_file_is_served(docs: Docs, path: str) -> None:
    """Look no path up in a folder."""
    assert refusal(httpx.get(f"{docs.url}{path}")) == (404, "control_docs")


def test_files_can_only_be_read(docs: Docs) -> None:
    """Refuse to write the page itself."""
    assert refusal(httpx.post(docs.url, json={})) == (405, "control_docs")


def test_calls_reach_the_api_with_their_headers(world: World, docs: Docs) -> None:
    """Pass on what the API reads, and pass back what it answers."""
    answer = httpx.get(
        f"{docs.url}api/samples?select=private_identifier&order=id",
        headers=bearer(world.alice.token) | {"Prefer": "count=exact", "Range": "0-0"},
    )

    assert (answer.status_code, answer.headers["Content-Range"]) == (206, "0-0/2")
    assert answer.json() == [{"private_identifier": f"open-{world.name}"}]


def test_writes_reach_the_api(world: World, docs: Docs) -> None:
    """Pass on the body of a PATCH."""
    answer = httpx.patch(
        f"{docs.url}api/samples?id=eq.{world.open}&select=host",
        headers=bearer(world.alice.token) | {"Prefer": "return=representation,tx=rollback"},
        json={"host": "Human"},
    )

    assert rows(answer) == [{"host": "Human"}]


def test_errors_of_the_api_come_back_unchanged(world: World, docs: Docs) -> None:
    """Pass back status and body of a refusal."""
    asked = f"samples?id=eq.{world.open}"
    change = {"host": "Human"}

    through = httpx.patch(f"{docs.url}api/{asked}", headers=bearer(world.vic.token), json=change)

    direct = world.vic.patch(f"/{asked}", json=change)
    assert (through.status_code, through.json()) == (direct.status_code, direct.json())
    assert through.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}, {"Origin": "null"}],
    ids=str,
)
def test_other_sites_cannot_call_through_the_page(docs: Docs, headers: dict[str, str]) -> None:
    """Refuse what another site makes a browser send, also if its name leads here."""
    assert refusal(httpx.get(f"{docs.url}api/rpc/health", headers=headers)) == (403, "control_docs")


def test_the_page_itself_may_call(docs: Docs) -> None:
    """Allow its own origin, under both names of this machine."""
    own = f"http://localhost:{docs.server_port}"

    answer = httpx.get(f"{docs.url}api/rpc/health", headers={"Origin": own})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_page_listens_on_loopback_only(docs: Docs) -> None:
    """Take an address that no other machine reaches."""
    assert docs.server_address[0] == "127.0.0.1"


def test_calls_are_logged_nowhere(
    world: World, docs: Docs, capfd: pytest.CaptureFixture[str]
) -> None:
    """Print no request, which may carry a token."""
    httpx.get(f"{docs.url}api/samples?limit=1", headers=bearer(world.alice.token))
    httpx.get(f"{docs.url}api/unknown", headers=bearer("no.such.token"))

    assert capfd.readouterr() == ("", "")


class Redirect(BaseHTTPRequestHandler):
    """A server that sends everyone elsewhere."""

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Name another server."""
        self.send_response(307)
        self.send_header("Location", "http://elsewhere.example/")
        self.end_headers()


def test_redirects_are_not_followed(world: World) -> None:
    """Pass a redirect back, because following it would give the token to another server."""
    with HTTPServer((HOST, 0), Redirect) as elsewhere:
        for _ in served(elsewhere):
            settings = replace(SETTINGS, api_url=f"http://{HOST}:{elsewhere.server_port}")
            with open_docs(settings) as docs:
                for _ in served(docs):
                    answer = httpx.get(f"{docs.url}api/", headers=bearer(world.alice.token))

    assert (answer.status_code, answer.headers["Location"]) == (307, "http://elsewhere.example/")


def test_api_that_stopped_is_told(docs: Docs) -> None:
    """Answer in the form of the API, so that the page can show it."""
    docs.api_url = f"http://{HOST}:{any_free()}"

    assert refusal(httpx.get(f"{docs.url}api/")) == (502, "control_docs")


def test_large_body_is_refused_unread(docs: Docs) -> None:
    """Keep no more in memory than the API would take."""
    connection = HTTPConnection(HOST, docs.server_port, timeout=60)
    connection.putrequest("POST", "/api/rpc/create_samples")
    connection.putheader("Content-Length", "32000001")

    connection.endheaders()

    assert connection.getresponse().status == 413


def test_environment_without_an_api_is_refused() -> None:
    """Name what is missing."""
    with pytest.raises(ControlError, match="environment local has no address of an API"):
        open_docs(SETTINGS)


def test_api_that_does_not_answer_is_refused() -> None:
    """Start no page without an API behind it."""
    result = CliRunner().invoke(cli, ["docs"], env={"ASPEN_API_URL": f"http://{HOST}:{any_free()}"})

    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert "control up starts it" in result.stderr


def test_missing_swagger_ui_is_told(api: Api, tmp_path: Path) -> None:
    """Name the file, and the command that installs it."""
    with pytest.raises(ControlError, match="Swagger UI is not installed"):
        open_docs(replace(SETTINGS, root=tmp_path, api_url=api.url))


def test_port_in_use_is_told(api: Api, docs: Docs) -> None:
    """Ask for another one."""
    with pytest.raises(ControlError, match=f"port {docs.server_port} cannot be used"):
        open_docs(replace(SETTINGS, api_url=api.url), docs.server_port)


def test_command_prints_the_address_and_ends_at_ctrl_c(api: Api) -> None:
    """Serve until then, and call that a success."""
    command = [sys.executable, "-m", "control", "docs", "--json"]
    environment = api.database.environment | {"ASPEN_API_URL": api.url}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background of a shell has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        status = httpx.get(told["url"]).status_code
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)

    assert (status, told["api_url"], process.returncode) == (200, api.url, 0)
    assert rest == ("", f"the API at {api.url}; Ctrl-C ends\n")
