"""The edge before PostgREST: what it rejects, corrects and passes on."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from control.stack.ports import HOST, any_free
from tests.http.test_odd_requests import exchange
from tests.http.world import DRY_RUN, World, refusal
from tests.servers import SETTINGS, Api, run_edge

CREATE = "/rpc/create_samples"
DEEP = "id,pathogens(id,jobs(id,groups(id,samples(id,pathogens(id)))))"
JSON = {"Content-Type": "application/json"}

TOO_MUCH = {
    "a URL over 8 kB": ("/samples?select=" + "id," * 2729 + "id", 414, "url_too_long"),
    "a URL of 24 kB": ("/rpc/health?select=" + "status," * 3400, 414, "url_too_long"),
    "hundreds of columns": ("/samples?select=" + "id," * 250 + "id", 400, "query_too_complex"),
    "the same, percent-encoded": (
        "/samples?%73elect=" + "id%2C" * 250 + "id",
        400,
        "query_too_complex",
    ),
    "hundreds of columns of a function": (
        "/rpc/health?select=" + "status," * 250 + "status",
        400,
        "query_too_complex",
    ),
    "dozens of sort columns": ("/samples?order=" + "id," * 400 + "id", 400, "query_too_complex"),
    "sort columns of an embedded resource": (
        "/samples?select=accessions(id)&accessions.order=" + "id," * 400 + "id",
        400,
        "query_too_complex",
    ),
    "five resources inside each other": (f"/samples?select={DEEP}", 400, "query_too_complex"),
    "the same, with encoded parentheses": (
        "/samples?select=" + DEEP.replace("(", "%28").replace(")", "%29"),
        400,
        "query_too_complex",
    ),
    "dozens of embedded resources": (
        "/samples?select=" + ",".join(f"a{n}:accessions(id)" for n in range(26)),
        400,
        "query_too_complex",
    ),
    "deeply nested conditions": (
        "/samples?and=" + "(or" * 25 + "(id.eq.1,id.eq.2)" + ")" * 25,
        400,
        "query_too_complex",
    ),
    # PostgREST would search for seconds what is similar to it.
    "a long name of a function": ("/rpc/" + "x" * 1000, 400, "query_too_complex"),
    "a long name of an argument": (f"/rpc/health?{'x' * 1000}=1", 400, "query_too_complex"),
    "arguments with long names together": (
        "/rpc/health?" + "&".join(f"{'x' * 90}{n}=1" for n in range(6)),
        400,
        "query_too_complex",
    ),
    "the same, of a path that is spelt otherwise": (
        "/%72pc/health?" + "&".join(f"{'x' * 90}{n}=1" for n in range(6)),
        400,
        "query_too_complex",
    ),
    "a long name of an embedded resource": (
        f"/samples?select=id,{'x' * 1000}(id)",
        400,
        "query_too_complex",
    ),
}
ENOUGH = {
    "a long list of ids": "/samples?select=id&id=in.(" + "1," * 3500 + "1)",
    "many columns": "/samples?select=" + "id," * 100 + "id",
    "four resources inside each other": (
        "/samples?select=id,sequences(id),pathogens(id,jobs(id,job_outputs(id)))&limit=1"
    ),
    "many conditions": "/samples?select=id&or=(" + "id.eq.1," * 200 + "id.eq.2)",
    "a long value": "/samples?select=id&host=eq." + "x" * 1000,
}


@pytest.mark.parametrize(("path", "status", "code"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_query_that_costs_too_much_is_refused(
    world: World, path: str, status: int, code: str
) -> None:
    """Refuse it before PostgREST spends quadratic time on it."""
    assert refusal(world.alice.get(path)) == (status, code)


@pytest.mark.parametrize("path", ENOUGH.values(), ids=ENOUGH.keys())
def test_query_within_the_bounds_is_answered(world: World, path: str) -> None:
    """Accept what clients have reason to ask."""
    assert world.alice.get(path).status_code == 200


def test_hint_says_what_a_query_has_too_much_of(world: World) -> None:
    """Name the bound that was exceeded."""
    response = world.alice.get(TOO_MUCH["five resources inside each other"][0])

    assert "4 deep" in response.json()["hint"]


def large(megabytes: float) -> bytes:
    """Return a body of this size that is JSON."""
    return b'{"group_id":1,"pathogen":"' + b"x" * int(megabytes * 1_000_000) + b'"}'


def chunked(body: bytes) -> Iterator[bytes]:
    """Yield a body in parts, so that httpx sends no Content-Length."""
    yield body


@pytest.mark.parametrize("send", [bytes, chunked], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("path", [CREATE, "/samples", "/rpc/health", "/locations", "/"])
def test_caller_without_a_token_cannot_send_large_bodies(
    world: World, path: str, send: Callable[[bytes], object]
) -> None:
    """Bound a body without a token to some kB, on every path."""
    response = world.nobody.post(path, content=send(large(0.1)), headers=JSON)

    assert refusal(response) == (413, "body_too_large")


NO_TOKENS = [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}]


@pytest.mark.parametrize("send", [bytes, chunked], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("headers", NO_TOKENS, ids=["no header", "an empty one", "a password"])
def test_arguments_without_a_token_are_few(
    world: World, headers: dict[str, str], send: Callable[[bytes], object]
) -> None:
    """Refuse names of arguments that PostgREST would compare for a second, with any header."""
    body = send(b'{"' + b"x" * 4000 + b'":1}')

    response = world.nobody.post("/rpc/health", content=body, headers=JSON | headers)

    assert refusal(response) == (413, "body_too_large")


@pytest.mark.parametrize("headers", NO_TOKENS, ids=["no header", "an empty one", "a password"])
def test_token_of_a_link_is_read_without_a_token(world: World, headers: dict[str, str]) -> None:
    """Leave room for what may be called without a token."""
    response = world.nobody.post(
        "/rpc/shared_sequences", json={"token": "feed" * 32}, headers=headers
    )

    assert refusal(response) == (404, "link_not_found")


def test_idempotency_key_makes_no_body_of_strangers_larger(world: World) -> None:
    """Hold the bound where the body would be read before the request is executed."""
    headers = JSON | {"Authorization": "Basic YTpi", "Idempotency-Key": "a key"}

    response = world.nobody.post("/samples", content=large(0.1), headers=headers)

    assert refusal(response) == (413, "body_too_large")


@pytest.mark.parametrize("send", [bytes, chunked], ids=["with a length", "in chunks"])
def test_member_cannot_send_more_than_a_request_may_hold(
    world: World, send: Callable[[bytes], object]
) -> None:
    """Bound bodies by path, with or without a Content-Length."""
    response = world.alice.post("/samples", content=send(large(34)), headers=JSON)

    assert refusal(response) == (413, "body_too_large")


@pytest.mark.parametrize("send", [bytes, chunked], ids=["with a length", "in chunks"])
def test_large_body_is_not_read_for_a_bad_token(
    world: World, send: Callable[[bytes], object]
) -> None:
    """Check the token first and answer while the body is still being sent."""
    response = world.api.post(CREATE, token="e30.e30.e30", content=send(large(40)), headers=JSON)

    assert refusal(response) == (401, "PGRST301")


@pytest.mark.parametrize("send", [bytes, chunked], ids=["with a length", "in chunks"])
def test_large_body_of_a_member_is_read(world: World, send: Callable[[bytes], object]) -> None:
    """Accept hundreds of MB for create_samples; this body only names an unknown pathogen."""
    response = world.alice.post(CREATE, content=send(large(40)), headers=JSON)

    assert response.status_code in (400, 404)


def test_range_is_not_that_of_the_check_of_the_token(world: World) -> None:
    """Read a large body whatever page a client asks for: PostgREST ignores it for a POST."""
    headers = JSON | {"Range": "5-1"}

    response = world.alice.post(CREATE, content=large(0.2), headers=headers)

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/samples", "/lineages", "/rpc/health"])
@pytest.mark.parametrize("count", [1, 10], ids=["one", "together"])
def test_headers_are_bounded(world: World, path: str, count: int) -> None:
    """Reject one of more than 32 kB, and all together of more than 48 kB."""
    headers = {f"X-{number}": "x" * (40_000 if count == 1 else 6_000) for number in range(count)}

    response = world.alice.get(path, headers=headers)

    assert refusal(response) == (431, "headers_too_large")


NOT_UTF8: dict[str, Callable[[World], httpx.Response]] = {
    "a URL": lambda world: world.alice.get("/samples?host=eq.%ff"),
    "a header": lambda world: world.alice.get("/samples", headers={"Prefer": b"count=\xff"}),
    "a form": lambda world: world.alice.post(
        "/rpc/health",
        content=b"\xd6do\x9c",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "a CSV file": lambda world: world.alice.post_csv("/samples", b"group_id,host\n1,\xff\n"),
    # As long as a token with many groups.
    "a header behind a long one": lambda world: world.alice.get(
        "/samples", headers={"X-Long": "x" * 30_000, "X-Name": b"\xff"}
    ),
    "a CSV file behind a long header": lambda world: world.alice.post(
        "/samples",
        content=b"group_id,host\n1,\xff\n",
        headers={"X-Long": "x" * 30_000, "Content-Type": "text/csv"},
    ),
}


@pytest.mark.parametrize("request_of", NOT_UTF8.values(), ids=NOT_UTF8.keys())
def test_request_that_is_not_utf8_is_refused(
    world: World, request_of: Callable[[World], httpx.Response]
) -> None:
    """Answer 400, where PostgREST 12 answers a plain-text 500."""
    assert refusal(request_of(world)) == (400, "invalid_encoding")


def test_quotes_of_a_csv_file_that_are_in_place_are_read(world: World) -> None:
    """Accept separators, line ends and quotes within quotes, beside text that is not ASCII."""
    content = f'host,organism\r\n"{"é" * 90},\n","x ""y"""\n'

    response = world.alice.post_csv("/samples", content, prefer=DRY_RUN)

    assert refusal(response) == (400, "invalid_sample")


@pytest.mark.parametrize(
    ("rows", "headers"),
    [(0, {}), (9_000, {}), (0, {"X-Long": "x" * 30_000})],
    ids=["at the top", "far down", "behind a long header"],
)
@pytest.mark.parametrize("value", ['a"{}"', '"a" {}', 'size 5",{}'], ids=repr)
def test_quote_of_a_csv_file_that_is_out_of_place_is_refused(
    world: World, rows: int, headers: dict[str, str], value: str
) -> None:
    """Answer 400, where PostgREST hangs up if text that is not ASCII follows."""
    before = '1,"plain, ""quoted"""\n' * rows
    content = f"group_id,host\n{before}1,{value.format('é' * 90)}\n"

    response = world.alice.post(
        "/samples", content=content, prefer=DRY_RUN, headers=headers | {"Content-Type": "text/csv"}
    )

    assert response.status_code == 400
    assert response.json()["code"] in ("invalid_csv", "PGRST102")


@pytest.mark.parametrize("path", ["/a/b", "/samples/", "/.refusal", "/.token", "/.kept"])
def test_path_nobody_serves_is_not_found(world: World, path: str) -> None:
    """Answer in the one JSON shape, where PostgREST answers `{}`."""
    assert refusal(world.alice.get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/live", "/ready", "/metrics", "/config", "/schema_cache"])
def test_administration_is_out_of_reach(world: World, path: str) -> None:
    """Serve no path of PostgREST's admin port."""
    assert world.alice.get(path).status_code == 404


def test_request_that_is_not_http_is_refused_in_json(api: Api) -> None:
    """Answer even garbage in the one JSON shape."""
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"GARBAGE\r\n\r\n")
        answer = connection.recv(4096)

    assert b'"code":"bad_request"' in answer


def test_version_of_http_that_does_not_exist_is_refused_in_json(api: Api) -> None:
    """Say that the request is wrong, where nginx says that the server is, in HTML."""
    answer = exchange(api, b"GET /samples HTTP/3.0\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad_request"' in answer


def test_internal_step_of_a_request_is_no_path(world: World) -> None:
    """Answer in JSON, where a location of nginx would answer in HTML."""
    assert refusal(world.alice.get("/.execute")) == (404, "42P01")


@pytest.mark.parametrize("verb", ["Accept-Profile", "Content-Profile"])
def test_default_schema_of_clients_is_ours(world: World, verb: str) -> None:
    """Map `public`, which Python's client sends by default, to `api`."""
    assert world.alice.get("/me", headers={"Accept-Profile": "public"}).status_code == 200
    response = world.alice.post(
        "/rpc/health", json={}, headers={"Content-Profile": "public", verb: "public"}
    )
    assert response.status_code == 200


def test_another_schema_is_refused(world: World) -> None:
    """Pass every other schema on to PostgREST, which rejects it."""
    response = world.alice.get("/me", headers={"Accept-Profile": "aspen"})

    assert refusal(response) == (406, "PGRST106")


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 65, "a\u00e9"])
def test_request_id_is_made_when_none_is_usable(world: World, given: str | None) -> None:
    """Give every answer an id that is found in the logs."""
    headers = {} if given is None else {"X-Request-Id": given.encode("latin-1")}

    made = world.nobody.get("/rpc/health", headers=headers).headers["X-Request-Id"]

    assert len(made) == 32 and made.isalnum()


@pytest.mark.parametrize("path", ["/rpc/health", "/nothing/here", TOO_MUCH["a URL of 24 kB"][0]])
def test_every_answer_has_the_safety_headers(world: World, path: str) -> None:
    """Set them on success and on errors."""
    headers = world.nobody.get(path).headers

    assert {
        name: headers.get(name)
        for name in ("X-Content-Type-Options", "Content-Security-Policy", "Cache-Control")
    } == {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    assert "postgrest" not in headers["Server"].lower()
    assert "X-Request-Id" in headers


def test_answers_are_compressed_for_clients_that_ask(world: World) -> None:
    """Compress JSON, above all the description of the API."""
    response = world.alice.get("/", headers={"Accept-Encoding": "gzip, zstd"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.num_bytes_downloaded) * 4 < len(response.content)


@pytest.mark.parametrize("path", ["/", "/samples", "/rpc/health", "/nothing/here"])
def test_answers_say_what_they_depend_on(world: World, path: str) -> None:
    """Keep a cache from giving one caller the answer to another, or CSV for JSON."""
    found = world.alice.get(path).headers.get_list("Vary", split_commas=True)

    assert {"Accept", "Accept-Profile", "Authorization", "Origin", "Prefer", "Range"} <= {*found}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "sent",
    ["GET / HTTP/1.1\r\nX: ", "POST /rpc/health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"],
    ids=["half a header", "half a body"],
)
def test_slow_client_is_cut_off(
    api: Api, tmp_path_factory: pytest.TempPathFactory, sent: str
) -> None:
    """Close the connection of whoever begins a request and does not go on."""
    # The same configuration with its seconds as milliseconds, so that nobody waits.
    text = (SETTINGS.root / "nginx.conf").read_text()
    quick = re.sub(r"(client_(?:header|body)_timeout \d+)s;", r"\g<1>0ms;", text)
    assert quick.count("0ms;") == 2
    port = any_free()
    postgrest_port = urlsplit(api.direct_url).port
    assert postgrest_port is not None
    folder = tmp_path_factory.mktemp("slow")
    with (
        run_edge(folder, port, postgrest_port, files={"nginx.conf": quick}),
        socket.create_connection((HOST, port), timeout=30) as connection,
    ):
        connection.sendall(sent.encode())

        # Nginx resets it: reset_timedout_connection.
        with pytest.raises(ConnectionResetError):
            connection.recv(4096)


def test_list_through_the_edge_is_that_of_postgrest(world: World) -> None:
    """Change no byte of a successful answer."""
    path = "/samples?select=id,private_identifier,accessions(*)&order=id"
    token = f"Bearer {world.alice.token}"

    direct = httpx.get(world.api.direct_url + path, headers={"Authorization": token})

    assert world.alice.get(path).content == direct.content


@pytest.mark.parametrize("body", [b"{}", large(0.2)], ids=["small", "large"])
def test_edge_without_postgrest_says_so(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    """Answer 503 with the time to wait, also where the token is checked before the body is read."""
    with run_edge(tmp_path_factory.mktemp("alone"), any_free(), any_free()) as url:
        headers = JSON | {"Authorization": "Bearer x"}
        response = httpx.post(f"{url}/samples", content=body, headers=headers)

    assert refusal(response) == (503, "api_unavailable")
    assert response.headers["Retry-After"] == "1"


@contextmanager
def replaying(directory: Path, *answers: tuple[str, str]) -> Iterator[str]:
    """Run the edge before a server that gives these answers, then the last one again and again."""
    left = [
        f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode()
        for status, body in answers
    ]

    class Replay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(left.pop(0) if len(left) > 1 else left[0])

    with socketserver.ThreadingTCPServer((HOST, 0), Replay) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        try:
            with run_edge(directory, any_free(), server.server_address[1]) as url:
                yield url
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("400 Bad Request", "", (503, "api_unavailable")),
        ("500 Internal Server Error", "57P02", (503, "api_unavailable")),
        ("500 Internal Server Error", "25P03", (503, "api_unavailable")),
        ("400 Bad Request", "22023", (400, "22023")),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_answer_of_a_connection_that_was_cut_asks_to_send_again(
    tmp_path_factory: pytest.TempPathFactory,
    method: str,
    status: str,
    code: str,
    expected: tuple[int, str],
) -> None:
    """Answer 503 where PostgREST says 400 or 500, because the database crashed or hung under it.

    What PostgREST then sends is replayed byte for byte: it depends on the moment of the crash.
    """
    body = f'{{"code":"{code}","details":null,"hint":null,"message":""}}'
    with replaying(tmp_path_factory.mktemp("cut"), (status, body)) as url:
        response = httpx.request(method, f"{url}/samples", headers={"Authorization": "Bearer x"})

    assert refusal(response) == expected
    assert response.headers.get("Retry-After") == ("1" if expected[0] == 503 else None)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "cannot set transaction read-write mode during recovery",
            (503, "api_unavailable"),
        ),
        ("cannot update view", (400, "0A000")),
    ],
)
def test_write_that_meets_a_replica_is_to_be_sent_again(
    tmp_path_factory: pytest.TempPathFactory, message: str, expected: tuple[int, str]
) -> None:
    """Answer 503 while the primary moves or is none, and not that the request is wrong."""
    body = f'{{"code":"0A000","details":null,"hint":null,"message":"{message}"}}'
    with replaying(tmp_path_factory.mktemp("replica"), ("400 Bad Request", body)) as url:
        response = httpx.post(f"{url}/samples", headers=JSON | {"Authorization": "Bearer x"})

    assert refusal(response) == expected


TOO_MANY = (
    "429 Too Many Requests",
    '{"code":"too_many_requests","details":"{}","hint":"","message":""}',
)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([TOO_MANY], (429, "too_many_requests")),
        ([TOO_MANY, ("200 OK", '{"code":"a row"}')], (200, "a row")),
    ],
    ids=["still over the limit", "no longer"],
)
def test_status_of_a_repeated_read_is_that_of_its_answer(
    tmp_path_factory: pytest.TempPathFactory,
    answers: list[tuple[str, str]],
    expected: tuple[int, str],
) -> None:
    """Do not say 429 above the rows: a read over a limit of the caller's group is repeated."""
    with replaying(tmp_path_factory.mktemp("repeated"), *answers) as url:
        response = httpx.get(f"{url}/samples", headers={"Authorization": "Bearer x"})

    assert (response.status_code, response.json()["code"]) == expected


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", b"413"), ("Authorization: Bearer e30.e30.e30\r\n", b"401")],
    ids=["without a token", "with a bad one"],
)
def test_refusal_comes_before_the_body(api: Api, authorization: str, status: bytes) -> None:
    """Answer while 126 MB are announced and none is sent."""
    address = urlsplit(api.url)
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 126000000\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)

    assert answer.split()[1] == status


def test_head_is_answered_every_time(world: World) -> None:
    """Use a new connection after HEAD, because PostgREST closes the old one without notice."""
    headers = {"Authorization": f"Bearer {world.alice.token}"}
    paths = ("/samples?limit=1", "/rpc/health", "/samples?colour=eq.1")
    with httpx.Client(base_url=world.api.url, headers=headers, timeout=30) as http:
        answers = {(path, http.head(path).status_code) for _ in range(150) for path in paths}

    assert answers == {(path, 400 if "colour" in path else 200) for path in paths}
