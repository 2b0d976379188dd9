"""Several PostgREST behind the edge: restarted one after the other, while requests go on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from control import stack
from control.cli import cli
from control.stack.ports import any_free
from control.stack.process import wait_for
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests import factories
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import SERVERS, LocalStack

SECOND = "postgrest-2"
PATIENCE = 30


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start a stack with two PostgREST, and a member who may ask it."""
    data = tmp_path_factory.mktemp("two")
    local = LocalStack(
        replace(
            SETTINGS, data_dir=data, keys_dir=data / "keys", first_port=any_free(), postgrests=2
        )
    )
    prepare_stack(local.settings)
    local.up()
    # Whether a stack has two is remembered.
    local.settings = replace(local.settings, postgrests=None)
    with local.connect() as conn:
        group = factories.group(conn, "The lab", prefix="LAB")
        factories.user(conn, "ada", {group: "admin"})
    yield local
    local.down()


@pytest.fixture
def http(two: LocalStack) -> Iterator[httpx.Client]:
    """Open a client of that member."""
    keys = load_keys(two.settings.keys_dir)
    token = mint(keys, sub="ada", role="member", ttl=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{two.settings.api_url}", headers=headers, timeout=60) as client:
        yield client


def upstream(local: LocalStack) -> list[str]:
    """Return the addresses to which the edge sends requests."""
    text = (Path(local.settings.data_dir) / "nginx/local/postgrest.conf").read_text()
    return [line.split()[1] for line in text.splitlines()]


def test_up_starts_as_many_as_were_asked_for(two: LocalStack) -> None:
    """Remember the number, send requests to all, and connect all over the socket."""
    two.up()

    assert two.client_addresses("authenticator") == {None}
    assert two.states() == dict.fromkeys((*SERVERS, SECOND), "running")
    assert len(upstream(two)) == 2


def test_requests_go_on_when_one_is_killed(two: LocalStack, http: httpx.Client) -> None:
    """Send reads and writes to the other one, until `control up` starts it again."""
    two.kill(SECOND)

    answers = [http.get("/samples") for _ in range(10)]
    answers += [http.post("/rpc/health", json={}) for _ in range(10)]
    two.up()

    assert {answer.status_code for answer in answers} == {200}
    assert two.states()[SECOND] == "running"


def test_restart_waits_for_the_requests_that_run(two: LocalStack, http: httpx.Client) -> None:
    """Take one out of use, answer the request that has begun, and only then restart it."""
    before = two.pids()
    with two.connect() as conn, ThreadPoolExecutor(2) as pool:
        with conn.transaction():
            conn.execute("lock table aspen.samples in access exclusive mode")
            asked = pool.submit(http.get, "/samples")
            wait_for(lambda: waits_for_the_lock(two), PATIENCE)
            restarted = pool.submit(stack.restart_api, two.settings, two.said.append)
            wait_for(lambda: len(upstream(two)) == 1, PATIENCE)
            meanwhile = httpx.get(f"{two.settings.api_url}/rpc/health").status_code
            during = two.pids()
            was_restarted = restarted.done()
        answer = asked.result()
        assert restarted.result()

    assert (answer.status_code, meanwhile, was_restarted) == (200, 200, False)
    assert during == before
    after = two.pids()
    assert {name for name, pid in after.items() if pid != before[name]} == {"postgrest", SECOND}
    assert len(upstream(two)) == 2


def waits_for_the_lock(local: LocalStack) -> bool:
    """Tell whether a request waits for the table."""
    with local.connect() as conn:
        rows = conn.execute(
            "select from pg_catalog.pg_stat_activity"
            " where usename = 'authenticator' and wait_event_type = 'Lock'"
        ).fetchall()
    return rows != []


@pytest.mark.parametrize("component", ["postgrest", "nginx"])
def test_restart_is_a_command(two: LocalStack, component: str) -> None:
    """Say what was done, and keep the process that listens for clients."""
    before = two.pids()

    result = CliRunner().invoke(
        cli,
        ["restart", component],
        env={"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(two.settings.data_dir)},
    )

    changed = {name for name, pid in two.pids().items() if pid != before[name]}
    assert (result.exit_code, "nginx reloaded" in result.stderr) == (0, True)
    assert changed == ({"postgrest", SECOND} if component == "postgrest" else set())


def test_fewer_are_stopped_without_a_restart_of_the_edge(two: LocalStack) -> None:
    """Go down to one and up to two again; the edge only reads its file."""
    nginx = two.pid("nginx")
    two.settings = replace(two.settings, postgrests=1)
    two.up()
    fewer = (two.states(), len(upstream(two)))
    two.settings = replace(two.settings, postgrests=2)
    two.up()

    assert fewer == (dict.fromkeys(SERVERS, "running"), 1)
    assert two.states() == dict.fromkeys((*SERVERS, SECOND), "running")
    assert two.pid("nginx") == nginx


@pytest.mark.parametrize("component", ["postgrest", "nginx"])
def test_restart_of_what_does_not_run_says_what_to_do(tmp_path: Path, component: str) -> None:
    """Fail with the command that starts it."""
    environment = {"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(tmp_path / "none")}

    result = CliRunner().invoke(cli, ["restart", component], env=environment)

    assert (result.exit_code, "start it: control up" in result.stderr) == (1, True)
