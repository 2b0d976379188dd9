"""Options that commands have in common, and the one form of what `--json` prints."""

from __future__ import annotations

import json
from typing import Any

import click

from control.terminal import working_on

# Every command has it: data for machines on stdout, whole where a table would shorten it.
json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")


def say(line: str) -> None:
    """Tell of progress on stderr, so that stdout is only data."""
    click.echo(line, err=True)
    # "applying 0005_…": what goes on from here, should it take long.
    if line.partition(" ")[0].endswith("ing"):
        working_on(line)


def echo_json(document: Any) -> None:
    """Print one document; what JSON has no words for is printed as its text."""
    click.echo(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def echo_json_line(document: Any) -> None:
    """Print one of several documents, on a line of its own."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False))
