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
    """Run the command line in one data directory."""
    environment = {"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(data_dir)}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment)

    return run


@pytest.fixture
def run(local: LocalStack) -> Run:
    """Run the command line beside a running stack."""
    return run_in(local.settings.data_dir)


def test_status_for_machines_has_every_address_and_state(run: Run, local: LocalStack) -> None:
    """Print all of it with `control status --json`, which scripts read."""
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
    """Include control's password, and not the superuser's."""
    url = json.loads(run("status", "--json").stdout)["database_url"]

    with psycopg.connect(url) as conn:
        assert conn.execute("select current_user").fetchone() == ("control",)


def test_status_for_people_shows_no_password(run: Run, local: LocalStack) -> None:
    """Leave it out, because this output is pasted into chats and tickets."""
    output = run("status").output

    assert "http://127.0.0.1:" in output
    assert [word for word in local.remembered()["passwords"].values() if str(word) in output] == []


def test_up_prints_the_addresses_on_stdout_and_progress_on_stderr(run: Run) -> None:
    """Keep stdout readable for scripts."""
    result = run("up")

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["API", "Database", "S3"]
    assert "already running" in result.stderr


def test_status_before_the_first_up_shows_stopped_servers(tmp_path: Path) -> None:
    """Exit with the code that tells scripts that something is to be done."""
    result = run_in(tmp_path)("status", "--json")

    assert result.exit_code == SOMETHING_TO_DO
    assert json.loads(result.stdout)["api_url"] is None


def test_status_of_a_complete_stack_exits_with_zero(run: Run) -> None:
    """Exit alike for machines and for people."""
    assert [run("status").exit_code, run("status", "--json").exit_code] == [0, 0]


@pytest.mark.parametrize("name", SERVERS)
def test_status_exits_with_three_when_one_server_is_down(
    run: Run, local: LocalStack, name: str
) -> None:
    """Let a watchdog decide by the exit code alone."""
    pid_file = local.pid_file(name)
    whole = pid_file.read_text()
    # What is left of one that was killed: nobody has this pid any more.
    pid_file.write_text(whole.replace('"started": "', '"started": "earlier '))

    result = run("status")

    pid_file.write_text(whole)
    assert result.exit_code == SOMETHING_TO_DO
    assert result.stdout.endswith("to do: control up\n")


def test_up_and_down_print_one_document_for_machines(run: Run, local: LocalStack) -> None:
    """Print the document of `status --json`."""
    down, up = (json.loads(run(command, "--json").stdout) for command in ("down", "up"))

    assert {found["state"] for found in down["components"].values()} == {"stopped"}
    assert up["api_url"] == local.settings.api_url


def test_logs_for_machines_are_one_document_a_line(run: Run) -> None:
    """Print a line for each entry, so that they can be followed."""
    lines = run("logs", "--json").stdout.splitlines()

    assert {json.loads(line)["component"] for line in lines} <= set(SERVERS)


def test_failure_is_one_message_and_a_remedy(tmp_path: Path) -> None:
    """Print no traceback."""
    (tmp_path / "env.json").write_text("{")

    result = run_in(tmp_path)("status")

    assert result.exit_code == FAILED
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Error", "Remedy"]


def test_logs_are_named_by_server(run: Run) -> None:
    """Show the logs of all servers."""
    result = run("logs")

    assert {line.split()[0] for line in result.stdout.splitlines()} <= set(SERVERS)
    assert "postgres" in result.stdout


def test_unknown_component_of_logs_is_a_usage_error(run: Run) -> None:
    """Name the components that exist."""
    result = run("logs", "apache")

    assert result.exit_code == 2
    assert "postgres, ministack, postgrest, nginx, logkeeper" in result.stderr


def test_following_shows_whole_lines_as_they_come(tmp_path: Path) -> None:
    """Skip lines from before, and continue after the file is truncated."""
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
