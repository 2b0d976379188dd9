"""The descriptions of a deployment have the parts of `control up` and run the same commands."""

from __future__ import annotations

import tomllib

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.stack.archive_keeper import ArchiveKeeper
from control.stack.state import State
from tests.servers import SETTINGS
from tests.stack.conftest import SERVERS
from tests.stack.parts import PARTS, commands_in, described

DESCRIPTIONS = ("compose", "kubernetes", "systemd")


def test_list_of_parts_names_what_control_up_runs() -> None:
    """Name the servers, and the archive that it keeps if it is asked to."""
    archive = ArchiveKeeper(SETTINGS, State(SETTINGS.state_file)).server.name

    assert sorted(part.local for part in PARTS if part.local) == sorted([*SERVERS, archive])


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_description_has_exactly_the_listed_parts(description: str) -> None:
    """Fail for a part that is missing in one description, or that only one has."""
    names = [getattr(part, description) for part in PARTS]

    assert sorted(described(description)) == sorted(name for name in names if name)


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_part_runs_the_same_commands_in_each_description(description: str) -> None:
    """Run what the list says: no chore that another description does not do."""
    texts = described(description)

    run = {
        part.name: {command for command, _ in commands_in(texts[name])}
        for part in PARTS
        if (name := getattr(part, description))
    }

    assert run == {part.name: part.commands for part in PARTS if part.name in run}


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_command_of_a_description_exists(description: str) -> None:
    """Find each command with every option it is given."""
    given = [each for text in described(description).values() for each in commands_in(text)]
    helps = {
        command: CliRunner().invoke(cli, [*command.split(), "--help"]).stdout
        for command, _ in given
    }

    missing = [
        f"{command} {option}"
        for command, options in given
        for option in options
        if option not in helps[command]
    ]

    assert (missing, len(given)) == ([], 14)


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_worker_does_what_comes_due(description: str) -> None:
    """Leave nothing undone that no timer does: events, webhooks, schedules, expiry."""
    name = next(getattr(part, description) for part in PARTS if part.name == "worker")

    assert "--with-schedule" in described(description)[name]


@pytest.mark.parametrize("description", ["compose", "kubernetes"])
def test_worker_of_the_image_takes_kinds_that_need_no_program(description: str) -> None:
    """Take no job that must fail there, and each that can be done."""
    programs = tomllib.loads((SETTINGS.root / "pipelines" / "jobs.toml").read_text())
    words = described(description)["worker"].split()

    kinds = [word.removeprefix("--kind=") for word in words if word.startswith("--kind=")]

    assert kinds == sorted(k for k, program in programs.items() if program["runs_in"] == "control")
