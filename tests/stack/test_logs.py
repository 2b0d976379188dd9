"""The stack's logs hold no data of users, and stay within bounds while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.database import connect
from control.stack import log_keeper
from control.stack.log_keeper import KEEP_BYTES, LIMIT_BYTES, trim
from control.stack.logs import last_lines
from control.stack.process import wait_for
from control.storage.s3 import make_client
from control.tokens.keys import find_keys
from control.tokens.minting import claims_for, sign
from tests import factories
from tests.servers import SETTINGS, SQL_DIR, Cluster
from tests.stack.conftest import LocalStack

# Every secret carries it, whatever becomes of its case or of the characters around it.
MARK = "qx7zsecret"
# The databases' and the objects' own storage, where data belongs.
STORAGE = ("base", "global", "s3")


def files_with_the_mark(directory: Path) -> list[str]:
    """Return every file outside the storage that holds a secret, with the line."""
    return [
        f"{path.relative_to(directory)}: {line!r}"
        for path in directory.rglob("*")
        if path.is_file() and not is_storage(path.relative_to(directory))
        for line in path.read_bytes().splitlines()
        if MARK.encode() in line.lower()
    ]


def is_storage(path: Path) -> bool:
    """Tell whether a path is below the data of a server."""
    return any(part in STORAGE or part.startswith("pg_") for part in path.parts)


@pytest.fixture
def person(local: LocalStack) -> Iterator[dict[str, Any]]:
    """Store a member of a group, and return what their requests need."""
    with connect(local.settings, "test") as conn:
        group = factories.group(conn)
        subject = f"person-{group}"
        factories.user(conn, subject, {group: "admin"}, email=f"{MARK}-{group}@example.org")
        location = factories.location(conn)
    claims = claims_for(sub=subject, role="member", groups={group: "admin"}, ttl=timedelta(hours=1))
    token = sign(find_keys(local.settings.keys_dir), claims)
    yield {"group": group, "location": location, "Authorization": f"Bearer {token}"}


def sample(person: dict[str, Any], name: str, **columns: Any) -> dict[str, Any]:
    """Return a valid sample."""
    return {
        "private_identifier": name,
        "collection_date": "2024-02-01",
        "location_id": person["location"],
    } | columns


def refused_requests(api: str, person: dict[str, Any]) -> dict[str, int]:
    """Send requests with a secret in every part; return how each was answered."""
    header = {"Authorization": person["Authorization"]}
    batch = {"group_id": person["group"], "pathogen": "SC2"}
    twice = [sample(person, f"{MARK}-1")] * 2
    with httpx.Client(base_url=api, headers=header, timeout=30) as http:
        answers = {
            "batch": http.post("/rpc/create_samples", json=batch | {"samples": twice}),
            "batch argument": http.post("/rpc/create_samples", json=batch | {"group_id": MARK}),
            "no json": http.post("/rpc/create_samples", content=f'{{"{MARK}'),
            "row": http.post("/samples", json=sample(person, "a", collection_date=MARK)),
            "column": http.post("/samples", json={MARK: 1}),
            "csv": http.post(
                "/samples", content=f"id\n{MARK}\n", headers={"Content-Type": "text/csv"}
            ),
            "filter": http.get("/samples", params={"id": f"eq.{MARK}"}),
            "text search": http.get("/samples", params={"private_identifier": f"match.*{MARK}["}),
            "unknown column": http.get("/samples", params={MARK: "eq.1"}),
            "unknown path": http.get(f"/{MARK}"),
            "unknown function": http.get(f"/rpc/{MARK}", params={MARK: MARK}),
            "patch": http.patch("/me", json={"name": f"{MARK}\u0000"}),
            "e-mail": http.post("/rpc/health", params={"email": f"{MARK}@example.org"}),
        }
        for place, value in {
            "token": f"Bearer {MARK}",
            "long token": f"Bearer eyJ{MARK}.{'x' * 200}.{MARK}",
            "scheme": f"Basic {MARK}",
        }.items():
            answers[place] = http.get("/me", headers={"Authorization": value})
        for name in ("Cookie", "User-Agent", "Referer", "Prefer", "Accept", "X-Secret"):
            answers[name] = http.get("/nothing", headers={name: f"text/{MARK}"})
    return {place: answer.status_code for place, answer in answers.items()}


def test_no_log_holds_what_was_sent_to_the_api(local: LocalStack, person: dict[str, Any]) -> None:
    """Write no identifier, value, filter, token or e-mail address of a rejected request."""
    statuses = refused_requests(f"{local.settings.api_url}", person)

    assert {place: status for place, status in statuses.items() if status < 400} == {}
    assert files_with_the_mark(local.settings.data_dir) == []


def test_no_log_holds_what_an_import_was_refused_for(
    local: LocalStack, person: dict[str, Any], tmp_path: Path
) -> None:
    """Print errors of role control, which writes for people, on the terminal only."""
    with connect(local.settings, "test") as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(
            "insert into aspen.users (subject, name, email) values (%s, %s, %s)",
            [f"person-{person['group']}", MARK, f"{MARK}@example.org"],
        )
    with connect(local.settings, "test") as conn, pytest.raises(psycopg.Error):
        conn.execute(f"select '{MARK}'::bigint")

    assert caught.value.sqlstate == "23505"
    assert files_with_the_mark(local.settings.data_dir) == []


def test_no_log_holds_what_s3_was_asked_for(local: LocalStack) -> None:
    """Write neither keys nor the signatures of links."""
    client = make_client(local.settings)
    links = [
        client.generate_presigned_url("get_object", Params={"Bucket": "aspen", "Key": MARK}),
        f"{local.settings.s3_endpoint_url}/aspen/{MARK}?X-Amz-Signature={MARK}",
        f"{local.settings.s3_endpoint_url}/_ministack/{MARK}",
    ]

    statuses = [httpx.get(link).status_code for link in links]

    assert statuses == [404, 403, 403]
    assert files_with_the_mark(local.settings.data_dir) == []


def test_log_still_says_what_ends_a_session(local: LocalStack) -> None:
    """Write it with the application's name, which carries the id of the request."""
    with connect(local.settings, "a test that is ended") as conn:
        pid = conn.info.backend_pid
        with local.connect() as administrator:
            administrator.execute("select pg_terminate_backend(%s, 10000)", [pid])

    log = local.settings.data_dir / "logs" / "postgres.log"
    lines = [line for _, line in last_lines({"postgres": log}, 20) if f"[{pid}]" in line]
    assert ["control@aspen control a test that is ended FATAL" in line for line in lines] == [True]


def test_server_without_the_right_to_log_settings_gets_the_other_settings(
    cluster: Cluster,
) -> None:
    """Say so: a managed server may withhold log settings from its administrator."""
    notices: list[str] = []
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as conn:
        conn.add_notice_handler(lambda notice: notices.append(f"{notice.message_primary}"))
        conn.execute("create role manager createrole")
        try:
            conn.execute(
                "grant aspen_owner, authenticator, anon, member, operator, job, control, analyst,"
                " claims_reader, api_writer, auditor, job_runner, presigner, registrar,"
                " results_keeper, observer"
                " to manager with admin option"
            )
            conn.execute("set role manager")
            conn.execute(log_settings_of_roles())
        finally:
            conn.execute("reset role")
            conn.execute("drop owned by manager")
            conn.execute("drop role manager")

    assert "the log may hold data of control: log_min_messages could not be set to fatal" in notices


def log_settings_of_roles() -> bytes:
    """Return the block of roles.sql that sets them."""
    text = (SQL_DIR / "roles.sql").read_text(encoding="utf-8")
    return text[
        text.index("do $$", text.index("-- Keeps personal data out of the server log")) :
    ].encode()


def test_grown_log_keeps_its_last_lines(tmp_path: Path) -> None:
    """Truncate it so that the server's next lines follow without a hole."""
    log = tmp_path / "server.log"
    log.write_bytes(b"older\n" * (LIMIT_BYTES // 6) + b"newest\n")
    writer = os.open(log, os.O_WRONLY | os.O_APPEND)

    trim(str(log))
    os.write(writer, b"next\n")
    os.close(writer)

    content = log.read_bytes()
    assert KEEP_BYTES - 6 < len(content) <= KEEP_BYTES + 5
    assert content.startswith(b"older\nolder\n")
    assert content.endswith(b"older\nnewest\nnext\n")


def test_log_within_bounds_is_left_alone(tmp_path: Path) -> None:
    """Leave small logs alone, and files that are no logs."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "server.log").write_bytes(b"line\n")

    log_keeper.trim_all(str(tmp_path))

    assert (tmp_path / "server.log").read_bytes() == b"line\n"


def test_logs_are_kept_within_bounds_while_the_stack_runs(local: LocalStack) -> None:
    """Bound the logs of every program, however fast it writes."""
    logs = local.settings.data_dir / "logs"
    grown = [logs / "postgres.log", logs / "of-another-program.log"]
    for log in grown:
        with open(log, "ab") as file:
            file.write(b"line\n" * (2 * LIMIT_BYTES // 5))

    trimmed = wait_for(
        lambda: all(log.stat().st_size <= KEEP_BYTES + 4096 for log in grown),
        log_keeper.EVERY_SECONDS * 30,
    )

    grown[1].unlink()
    assert trimmed
    assert local.states()["logkeeper"] == "running"


def test_one_setting_of_the_environment_shows_what_is_not_logged(local: LocalStack) -> None:
    """Log values for an administrator's inspection until the next `control up`."""
    with local.connect() as conn:
        conn.execute("alter role control set log_min_messages = 'error'")
    with connect(local.settings, "test") as conn, pytest.raises(psycopg.Error):
        conn.execute("select 'looked for'::bigint, 'statement'")
    log = local.settings.data_dir / "logs" / "postgres.log"
    [seen] = [line for _, line in last_lines({"postgres": log}, 5) if "looked for" in line]

    local.up()

    with connect(local.settings, "test") as conn:
        level = conn.execute("show log_min_messages").fetchone()
    assert (level, "statement" in seen) == (("fatal",), False)


def test_logs_of_the_keeper_are_shown_with_the_others(local: LocalStack) -> None:
    """Treat it as a server without a port."""
    environment = {
        "ASPEN_ROOT": str(SETTINGS.root),
        "ASPEN_DATA_DIR": str(local.settings.data_dir),
    }

    shown = CliRunner().invoke(cli, ["status"], env=environment).stdout.splitlines()

    [line] = [line.split() for line in shown if line.startswith("logkeeper")]
    assert (line[1], line[3]) == ("running", "-")
