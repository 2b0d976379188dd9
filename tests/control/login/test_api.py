"""`control api` calls any endpoint with the login, and never shows or misdirects the token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from control.login.calling import Api, Body, Call, Rejected
from control.login.showing import as_table
from tests.control.login.conftest import Desk

NAMES = [f"S-{number}" for number in range(5)]
LIST = "/samples?select=id,private_identifier"


@pytest.fixture
def signed_in(desk: Desk) -> Desk:
    """Return alice, who is signed in."""
    assert desk.run("login").exit_code == 0
    return desk


def names(text: str) -> list[str]:
    """Return the identifiers of a JSON list of samples."""
    return [row["private_identifier"] for row in json.loads(text)]


def test_answer_is_printed_as_it_is(signed_in: Desk) -> None:
    """Leave the JSON to the program that reads it."""
    result = signed_in.run("api", "get", LIST)

    assert (result.exit_code, result.stderr) == (0, "")
    assert names(result.stdout) == NAMES


def test_fields_are_filters_of_a_list(signed_in: Desk) -> None:
    """Encode what has a meaning in addresses."""
    result = signed_in.run(
        "api", "GET", LIST, "-f", "private_identifier=in.(S-1,S-3)", "-f", "order=id.desc"
    )

    assert names(result.stdout) == ["S-3", "S-1"]


def test_fields_are_members_of_what_is_written(signed_in: Desk) -> None:
    """Send numbers and truth values as such, and texts in JSON's quotes as texts."""
    result = signed_in.run(
        "api",
        "PATCH",
        "/me?select=name,agreed_to_tos",
        "-f",
        'name="3"',
        "-f",
        "agreed_to_tos=true",
        "-H",
        "Prefer: return=representation, tx=rollback",
    )

    assert json.loads(result.stdout) == [{"name": "3", "agreed_to_tos": True}]


def batch(desk: Desk) -> str:
    """Return two samples as comma-separated values."""
    with desk.connect() as conn:
        [(pathogen, location)] = conn.execute(
            "select pathogen_id, location_id from aspen.samples limit 1"
        ).fetchall()
    line = f"{desk.group},{pathogen},{location},2024-02-01"
    return (
        "group_id,pathogen_id,location_id,collection_date,private_identifier\n"
        f"{line},N-1\n{line},N-2\n"
    )


SEND = ("api", "POST", LIST, "-H", "Prefer: return=representation, tx=rollback")


def test_file_is_sent_with_its_type(signed_in: Desk, tmp_path: Path) -> None:
    """Tell by the ending that this is CSV."""
    (tmp_path / "new.csv").write_text(batch(signed_in))

    result = signed_in.run(*SEND, "--input", f"{tmp_path / 'new.csv'}")

    assert names(result.stdout) == ["N-1", "N-2"]


def test_standard_input_is_sent_as_it_comes(signed_in: Desk) -> None:
    """Send it in chunks, because its length is not known."""
    result = signed_in.run(
        *SEND, "-H", "Content-Type: text/csv", "--input", "-", stdin=batch(signed_in)
    )

    assert names(result.stdout) == ["N-1", "N-2"]


@pytest.mark.parametrize("order", ["", "&order=id", "&order=private_identifier"])
def test_list_is_read_to_its_end(signed_in: Desk, order: str) -> None:
    """Read page by page, and print one array."""
    result = signed_in.run("api", "GET", f"{LIST}&limit=2{order}", "--paginate")

    assert (result.exit_code, names(result.stdout)) == (0, NAMES)


def test_page_begins_after_the_last_row(signed_in: Desk) -> None:
    """Ask by id, so that the last page costs no more than the first."""
    result = signed_in.run("api", "GET", f"{LIST}&limit=2", "--paginate", "--ndjson", "--verbose")

    ids = [json.loads(line)["id"] for line in result.stdout.splitlines()]
    asked = [line.partition("&id=gt.")[2] for line in result.stderr.splitlines() if "> GET" in line]
    assert (len(ids), asked) == (5, ["", f"{ids[1]}", f"{ids[3]}", f"{ids[4]}"])


def test_empty_list_is_an_empty_array(signed_in: Desk) -> None:
    """Print JSON all the same."""
    result = signed_in.run("api", "GET", f"{LIST}&private_identifier=eq.none", "--paginate")

    assert json.loads(result.stdout) == []


def test_refusal_is_shown_with_code_and_hint(signed_in: Desk) -> None:
    """Print nothing on stdout, and exit with 1."""
    result = signed_in.run(
        "api",
        "POST",
        "/rpc/invite_members",
        "-f",
        f"group_id={signed_in.group}",
        "-f",
        'emails=["x@y.org"]',
        "-f",
        "role=viewer",
    )

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert "(403 group_access_denied)" in result.stderr
    assert f"group_id: {signed_in.group}" in result.stderr


def test_refusal_is_json_for_programs(signed_in: Desk) -> None:
    """Print the body on stdout, too."""
    result = signed_in.run("api", "GET", "/nothing", "--json")

    assert result.exit_code == 1
    assert sorted(json.loads(result.stdout)) == ["code", "details", "hint", "message"]


def test_headers_are_printed_before_the_answer(signed_in: Desk) -> None:
    """Show status and count."""
    result = signed_in.run("api", "GET", LIST, "-i", "-H", "Prefer: count=exact")

    head, _, body = result.stdout.partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert "Content-Range: 0-4/5" in head
    assert names(body) == NAMES


def test_what_is_sent_is_said_without_the_token(signed_in: Desk) -> None:
    """Keep the token out of logs, however much is asked for."""
    result = signed_in.run("api", "GET", "/me", "--verbose", "-i")

    assert "> GET /me" in result.stderr
    assert signed_in.provider.given[0] not in result.output
    assert "Bearer" not in result.output


@pytest.mark.parametrize(
    "path", ["https://evil.example/me", "//evil.example/me", "HTTP://evil.example", "/me#x"]
)
def test_address_is_no_path(signed_in: Desk, path: str) -> None:
    """Send the token to no other server."""
    assert signed_in.run("api", "GET", path).exit_code == 2


@pytest.mark.parametrize("header", ["Authorization: Bearer x", "host: evil", "A", "A: b\r\nC: d"])
def test_header_of_the_command_is_refused(signed_in: Desk, header: str) -> None:
    """Let no header replace the token or split the request."""
    assert signed_in.run("api", "GET", "/me", "-H", header).exit_code == 2


def test_answer_is_written_to_a_file(signed_in: Desk, tmp_path: Path) -> None:
    """Write its bytes; of a refusal, nothing."""
    file = tmp_path / "samples.csv"
    refused = signed_in.run("api", "GET", "/nothing", "-o", f"{file}").exit_code, file.exists()

    signed_in.run("api", "GET", f"{LIST}&limit=9", "-H", "Accept: text/csv", "-o", f"{file}")

    assert refused == (1, False)
    assert file.read_text().splitlines()[0] == "id,private_identifier"
    assert len(file.read_text().splitlines()) == 6


def test_token_of_the_environment_comes_before_the_login(signed_in: Desk) -> None:
    """Act as the user of ASPEN_API_TOKEN."""
    other = signed_in.api.token("auth0|nobody")

    assert "unknown_user" in signed_in.run("api", "GET", "/me", ASPEN_API_TOKEN=other).stderr


def test_any_user_is_acted_as_on_the_local_stack(desk: Desk) -> None:
    """Mint a token with the keys of the stack."""
    result = desk.run(
        "api",
        "GET",
        "/me?select=subject",
        "--as",
        "Alice",
        ASPEN_DATABASE_URL=desk.api.database.url,
        ASPEN_KEYS_DIR=f"{desk.api.keys.directory}",
    )

    assert json.loads(result.stdout) == [{"subject": "auth0|alice"}]


def test_nobody_is_acted_as_elsewhere(desk: Desk, tmp_path: Path) -> None:
    """Need a login in any other environment."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "postgrest.conf").touch()
    (tmp_path / "aspen.toml").write_text(f'[production]\napi_url = "{desk.api.url}"\n')
    root = {"ASPEN_ROOT": f"{tmp_path}", "ASPEN_CONFIG": f"{tmp_path / 'aspen.toml'}"}

    result = desk.run("--env", "production", "api", "GET", "/me", "--as", "Alice", **root)

    assert result.exit_code == 1
    assert "--as works on the local stack" in result.stderr


@dataclass
class Busy:
    """A server that is busy for some requests, and what it was sent."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[str, str | None, bytes]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """Return it as an API; waits are noted instead of waited."""
        return Api(self.url, lambda: "token", pause=self.waits.append)


@contextmanager
def run_busy() -> Iterator[Busy]:
    """Serve it until the end."""
    busy = Busy()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def _handle(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            busy.received.append((self.command, self.headers.get("Idempotency-Key"), content))
            status = busy.statuses.pop(0) if busy.statuses else 200
            self.send_response(status)
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        do_GET = do_POST = do_PATCH = _handle

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    busy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield busy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_reading_is_repeated_when_the_api_says() -> None:
    """Wait as long as Retry-After tells."""
    with run_busy() as busy:
        busy.statuses = [503, 429]
        rows = busy.api.read("/samples")

    assert (rows, len(busy.received), busy.waits) == ([], 3, [7.0, 7.0])


def test_post_is_repeated_with_the_same_key_and_content(tmp_path: Path) -> None:
    """Send the whole file again, so that it is executed once."""
    file = tmp_path / "batch.json"
    file.write_bytes(b"[1]" * 200_000)
    with run_busy() as busy:
        busy.statuses = [503]
        with busy.api.open(Call("POST", "/samples", body=Body(file))) as response:
            assert response.status == 200

    first, second = busy.received
    assert first == second
    assert (first[0], first[2], bool(first[1])) == ("POST", file.read_bytes(), True)


def test_patch_is_not_repeated() -> None:
    """Leave it to the person whether it was executed."""
    with run_busy() as busy:
        busy.statuses = [503]
        with pytest.raises(Rejected), busy.api.open(Call("PATCH", "/me", body=Body(b"{}"))):
            pass

    assert (len(busy.received), busy.waits) == (1, [])


def test_list_is_a_table_where_it_fits() -> None:
    """Show one column on a line where it does not."""
    rows: list[dict[str, Any]] = [
        {"id": 1, "name": "Bay", "groups": [3]},
        {"id": 22, "name": None, "groups": []},
    ]

    assert list(as_table(rows, 80)) == ["id  name  groups", "1   Bay   [3]", "22        []"]
    assert list(as_table(rows, 12)) == [
        "id      1",
        "name    Bay",
        "groups  [3]",
        "",
        "id      22",
        "name    ",
        "groups  []",
    ]
