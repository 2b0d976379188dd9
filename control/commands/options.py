"""Options that commands have in common, and the one form of what `--json` prints."""

from __future__ import annotations

import json
from typing import Any

import click

# Every command has it: data for machines on stdout, whole where a table would shorten it.
json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")


def echo_json(document: Any) -> None:
    """Print one document; what JSON has no words for is printed as its text."""
    click.echo(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def echo_json_line(document: Any) -> None:
    """Print one of several documents, on a line of its own."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False))
