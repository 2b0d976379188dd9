"""What holds for every command: it starts at once, suggests what was meant, and speaks JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from control.cli import COMMANDS, SUMMARIES, cli
from tests import factories
from tests.live import Live, run_live
from tests.servers import S3, Cluster, Database

# Modules that take a quarter of a second or more to import, or belong to those that do.
HEAVY = ("boto3", "botocore", "psycopg", "yoyo", "sqlparse", "jwt", "cryptography", "urllib3")
# Python's and click's own modules are about 130.
MOST_MODULES = 180


def leaves(command: click.Command = cli) -> Iterator[click.Command]:
    """Return every command for people that is not a group."""
    if command.hidden:
        return
    if not isinstance(command, click.Group):
        yield command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from leaves(below)


def run(*arguments: str, **environment: str) -> Result:
    """Run one command line in an environment without servers."""
    return CliRunner().invoke(
        cli, arguments, env={"ASPEN_DATA_DIR": "/nonexistent/aspen", **environment}
    )


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh Python has imported after running some code."""
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def heavy(modules: set[str]) -> set[str]:
    """Return which of the heavy modules are among these."""
    return {name for name in modules if name.partition(".")[0] in HEAVY}


def test_help_loads_next_to_nothing() -> None:
    """Answer at once: import no command and no library but click."""
    loaded = modules_after(
        "from control.cli import main\n"
        "sys.argv[1:] = ['--help']\n"
        "try: main()\n"
        "except SystemExit: pass"
    )

    assert {name for name in loaded if name.startswith("control.commands")} == set()
    assert heavy(loaded) == set()
    assert len(loaded) < MOST_MODULES


@pytest.mark.parametrize("module", sorted({place.partition(":")[0] for place in COMMANDS.values()}))
def test_commands_load_libraries_only_to_use_them(module: str) -> None:
    """Import neither the database's nor S3's library for help and completion."""
    assert heavy(modules_after(f"import {module}")) == set()


@pytest.mark.parametrize("noun", COMMANDS)
def test_summary_of_a_noun_is_the_first_line_of_its_help(noun: str) -> None:
    """Show the summary in `control --help` without importing the command."""
    command = cli.get_command(click.Context(cli), noun)

    assert command is not None
    assert SUMMARIES[noun] == f"{command.help}".partition("\n")[0]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["satus"], "status"),
        (["dwon"], "down"),
        (["outputs"], "output"),
        (["migrate", "statu"], "status"),
        (["token", "isue"], "issue"),
        (["output", "credentials", "--dry-rnu"], "--dry-run"),
    ],
)
def test_what_was_meant_is_suggested(typed: list[str], meant: str) -> None:
    """Suggest at every level: commands, subcommands and options."""
    result = run(*typed)

    assert result.exit_code == 2
    assert f"Did you mean '{meant}'?" in result.stderr


def test_nothing_is_suggested_for_what_resembles_nothing() -> None:
    """Suggest nothing, because a wrong guess would be worse."""
    result = run("xyzzy")

    assert result.exit_code == 2
    assert result.stderr.endswith("No such command 'xyzzy'.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--env", "nope", "migrate", "status"],
        ["migrate", "--env", "nope", "status"],
        ["migrate", "status", "--env", "nope"],
        ["--env", "nope", "migrate", "status", "--env", "nope"],
    ],
    ids=" ".join,
)
def test_environment_is_named_before_or_after_the_command(arguments: list[str]) -> None:
    """Accept --env wherever people remember it."""
    result = run(*arguments)

    assert result.exit_code == 1
    assert "no environment named nope" in result.stderr


def test_environment_named_after_the_command_wins_over_the_variable() -> None:
    """Let --env after the command win, as it does before the command."""
    result = run("migrate", "status", "--env", "local", ASPEN_ENV="nope")

    assert "environment local has no database" in result.stderr


def test_two_environments_are_refused() -> None:
    """Reject two names, because nobody can know which was meant."""
    result = run("--env", "one", "migrate", "status", "--env", "two")

    assert result.exit_code == 2
    assert "it is given twice, as one and two" in result.stderr


@pytest.mark.parametrize("command", list(leaves()), ids=lambda command: f"{command.name}")
def test_every_command_takes_json_and_env(command: click.Command) -> None:
    """Offer both everywhere, so that scripts need not know which commands have them."""
    options = {option for param in command.params for option in param.opts}

    assert {"--json", "--env"} <= options


@pytest.fixture(scope="module")
def live(
    cluster: Cluster, template: Database, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """Provide an environment for this module."""
    with run_live(cluster, template, s3, tmp_path_factory.mktemp("cli")) as live:
        yield live


@pytest.mark.parametrize(
    "arguments",
    [
        "reference",
        "migrate up --dry-run",
        "migrate status",
        "migrate down --without-code --dry-run",
        "load pathogens",
        "load demo --dry-run",
        "output credentials --dry-run",
        "token issue --sub alice",
        "token jwks",
        "token rotate-keys --dry-run",
    ],
)
def test_json_is_one_document_on_stdout(live: Live, arguments: str) -> None:
    """Print progress and remarks on stderr."""
    result = live.control(*arguments.split(), "--json")

    assert result.exit_code in (0, 3), result.output
    assert json.loads(result.stdout)


def test_rollback_with_json_asks_on_stderr(live: Live) -> None:
    """Keep stdout one document, whatever is answered."""
    result = CliRunner().invoke(
        cli,
        ["migrate", "down", "--without-code", "--json"],
        input="n\n",
        env=live.environment,
    )

    assert (result.exit_code, result.stdout.strip()) == (1, "")
    assert "roll back 0" in result.stderr


def test_outputs_of_an_unknown_job_are_an_error(live: Live) -> None:
    """Fail, because an empty list would say that the job left nothing."""
    result = live.control("output", "list", "999")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no job 999" in result.stderr


def test_outputs_of_a_job_without_any_are_none(live: Live) -> None:
    """Print no line for machines and a sentence for people."""
    with live.api.database.connect() as conn:
        job_id = factories.job(conn, factories.group(conn))

    assert live.run("output", "list", f"{job_id}", "--json") == ""
    assert "no outputs yet" in live.control("output", "list", f"{job_id}").stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [("control sta", "status"), ("control migrate sta", "status"), ("control output li", "list")],
)
def test_shells_complete_commands(words: str, offered: str) -> None:
    """Complete as `control --help` says."""
    done = subprocess.run(
        [Path(sys.executable).with_name("control")],
        env={
            **os.environ,
            "_CONTROL_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": f"{len(words.split()) - 1}",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [f"plain,{offered}"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    """Print what the documentation has people evaluate."""
    done = subprocess.run(
        [Path(sys.executable).with_name("control")],
        env={**os.environ, "_CONTROL_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "_CONTROL_COMPLETE" in done.stdout


def test_control_runs_as_a_module() -> None:
    """Work without the console script, or when its first line names a moved folder."""
    done = subprocess.run(
        [sys.executable, "-m", "control", "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: control ")
