"""The reference of the command line is complete and current."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from control.cli import cli
from control.commands.reference import reference

ROOT = Path(__file__).parents[3]


def commands() -> list[click.Command]:
    """Return every command and group of control."""
    found: list[click.Command] = []
    waiting: list[click.Command] = [cli]
    while waiting:
        command = waiting.pop()
        found.append(command)
        if isinstance(command, click.Group):
            context = click.Context(command)
            names = command.list_commands(context)
            waiting += [below for name in names if (below := command.get_command(context, name))]
    return found


def test_cli_reference_is_what_the_commands_say() -> None:
    """Compare docs/cli.md with what `make docs` writes."""
    assert (ROOT / "docs/cli.md").read_text() == reference(cli), "run make docs"


LEAVES = [command for command in commands() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("command", LEAVES, ids=lambda command: command.name or "control")
def test_every_command_shows_a_worked_example(command: click.Command) -> None:
    """Require a verb phrase and, after a blank line, one command line to copy."""
    assert re.search(r"^\s+.*\bcontrol ", command.help or "", re.MULTILINE)
