"""`control up|down|status|logs` as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.errors import FAILED, SOMETHING_TO_DO
from control.stack.logs import follow
from tests.servers import SETTINGS
from tests.stack.conftest import SERVERS, LocalStack

Run = Callable[..., Result]


def run_in(data_dir: Path) -> Run:
    """The command line in one data directory."""
    environment = {"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(data_dir)}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment)

    return run


@pytest.fixture
def run(local: LocalStack) -> Run:
    """The command line beside a running stack."""
    return run_in(local.settings.data_dir)


def test_status_for_machines_has_every_address_and_state(run: Run, local: LocalStack) -> None:
    """`control status --json` is what scripts build on."""
    shown = json.loads(run("status", "--json").stdout)

    assert set(shown) == {
        "api_url",
        "admin_url",
        "database_url",
        "s3_endpoint_url",
        "bucket",
        "components",
    }
    assert {name: found["state"] for name, found in shown["components"].items()} == {
        name: "running" for name in SERVERS
    }
    assert shown["components"]["postgres"]["pid"] == local.pid("postgres")


def test_database_url_of_status_is_usable_as_control(run: Run) -> None:
    """It has its password, and is not the superuser's."""
    url = json.loads(run("status", "--json").stdout)["database_url"]

    with psycopg.connect(url) as conn:
        assert conn.execute("select current_user").fetchone() == ("control",)


def test_status_for_people_shows_no_password(run: Run, local: LocalStack) -> None:
    """It ends up in chats and tickets."""
    output = run("status").output

    assert "http://127.0.0.1:" in output
    assert [word for word in local.remembered()["passwords"].values() if str(word) in output] == []


def test_up_prints_the_addresses_on_stdout_and_progress_on_stderr(run: Run) -> None:
    """So that stdout can be read by a script."""
    result = run("up")

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["API", "Database", "S3"]
    assert "already running" in result.stderr


def test_status_before_the_first_up_shows_stopped_servers(tmp_path: Path) -> None:
    """No failure, but there is something to do, and scripts notice."""
    result = run_in(tmp_path)("status", "--json")

    assert result.exit_code == SOMETHING_TO_DO
    assert json.loads(result.stdout)["api_url"] is None


def test_status_of_a_whole_stack_is_nothing_to_do(run: Run) -> None:
    """For machines and people alike."""
    assert [run("status").exit_code, run("status", "--json").exit_code] == [0, 0]


@pytest.mark.parametrize("name", SERVERS)
def test_status_exits_with_three_when_one_server_is_down(
    run: Run, local: LocalStack, name: str
) -> None:
    """A watchdog need not read what is printed."""
    local.kill(name)

    result = run("status")

    assert result.exit_code == SOMETHING_TO_DO
    assert result.stdout.endswith("to do: control up\n")


def test_up_and_down_print_one_document_for_machines(run: Run, local: LocalStack) -> None:
    """What `status --json` says, too."""
    down, up = (json.loads(run(command, "--json").stdout) for command in ("down", "up"))

    assert {found["state"] for found in down["components"].values()} == {"stopped"}
    assert up["api_url"] == local.settings.api_url


def test_logs_for_machines_are_one_document_a_line(run: Run) -> None:
    """So that they can be followed."""
    lines = run("logs", "--json").stdout.splitlines()

    assert {json.loads(line)["component"] for line in lines} <= set(SERVERS)


def test_failure_is_one_message_and_a_remedy(tmp_path: Path) -> None:
    """No traceback reaches the terminal."""
    (tmp_path / "env.json").write_text("{")

    result = run_in(tmp_path)("status")

    assert result.exit_code == FAILED
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Error", "Remedy"]


def test_logs_are_named_by_server(run: Run) -> None:
    """`control logs` shows them all."""
    result = run("logs")

    assert {line.split()[0] for line in result.stdout.splitlines()} <= set(SERVERS)
    assert "postgres" in result.stdout


def test_logs_of_an_unknown_component_is_a_wrong_command_line(run: Run) -> None:
    """And says which there are."""
    result = run("logs", "apache")

    assert result.exit_code == 2
    assert "postgres, ministack, postgrest, nginx, logkeeper" in result.stderr


def test_following_shows_whole_lines_as_they_come(tmp_path: Path) -> None:
    """What was there before is not shown again; what comes after a cut is."""
    log = tmp_path / "server.log"
    log.write_text("before\n")
    lines = follow({"server": log})

    log.write_text("before\none\nhal")
    first = next(lines)
    log.write_text("before\none\nhalf\n")
    second = next(lines)
    log.write_text("cut\n")
    third = next(lines)

    assert [first, second, third] == [("server", "one"), ("server", "half"), ("server", "cut")]
