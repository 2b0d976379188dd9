"""Options shared by commands, and the one form of what `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Any

import click

from control.errors import SOMETHING_TO_DO
from control.terminal import working_on

# Every command has it: complete data for machines on stdout, where a table would be shortened.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
job_id = click.argument("job_id", type=click.IntRange(min=1))


class InputPath(click.Path):
    """A file to read; "-" is standard input."""

    def convert(
        self,
        value: str | PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        return super().convert("/dev/stdin" if value == "-" else value, param, ctx)


input_file = InputPath(exists=True, dir_okay=False, path_type=Path)
new_file = click.Path(dir_okay=False, path_type=Path)


class Lifetime(click.ParamType[timedelta]):
    """Parse `30s`, `15m`, `1h` or `7d`."""

    name = "DURATION"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        from control.tokens.minting import parse_lifetime

        try:
            return parse_lifetime(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Software(click.ParamType[tuple[str, str]]):
    """Parse `nextclade=3.8.2`."""

    name = "NAME=VERSION"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        from control.outputs.malformed import unprintable

        name, _, version = value.partition("=")
        if not name or not version:
            self.fail(f"{value!r} is not NAME=VERSION", param, ctx)
        if problem := unprintable(value):
            self.fail(f"this is {problem}", param, ctx)
        return name, version


day = click.DateTime(["%Y-%m-%d"])
# A century: beyond some thousand years dates overflow.
MOST_DAYS = 36_500
lineages_option = click.option(
    "--lineage", "lineages", multiple=True, help="With those below it; repeatable."
)
collected_from_option = click.option("--collected-from", type=day, help="First day of collection.")
collected_to_option = click.option("--collected-to", type=day, help="Last day of collection.")


class ApiVersion(click.ParamType[str]):
    """Parse `api`, or the name of a previous version such as `api_v1`."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from control.schema.versions import CURRENT, VERSION

        if value != CURRENT and VERSION.fullmatch(value) is None:
            self.fail(f"{value!r} is neither api nor a previous version such as api_v1", param, ctx)
        return value


version_option = click.option(
    "--version",
    type=ApiVersion(),
    default="api",
    show_default=True,
    help="The API, or a previous version of it: api_v1.",
)


class JsonObject(click.ParamType[dict[str, Any]]):
    """Parse `{"location_id": 3}`."""

    name = "JSON"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        try:
            parsed = value if isinstance(value, dict) else json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            self.fail("give a JSON object", param, ctx)
        return parsed


def say(line: str) -> None:
    """Print progress on stderr, so that stdout carries only data."""
    click.echo(line, err=True)
    # A line such as "applying 0005_…" also names the step for the heartbeat.
    if line.partition(" ")[0].endswith("ing"):
        working_on(line)


def tell_incomplete(ctx: click.Context, missing: Sequence[str], wrong: Sequence[str]) -> None:
    """Name the objects that a copy lacks, and exit with 3 if there are any."""
    from control.backups.objects import MISSING, OTHER

    for problem, addresses in ((MISSING, missing), (OTHER, wrong)):
        for address in addresses:
            say(f"{problem}: {address}")
    if missing or wrong:
        ctx.exit(SOMETHING_TO_DO)


def echo_json(document: Any) -> None:
    """Print one JSON document; values without a JSON form are printed as text."""
    click.echo(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def echo_json_line(document: Any) -> None:
    """Print one of several JSON documents, each on a line of its own."""
    click.echo(json.dumps(document, default=str, ensure_ascii=False))
