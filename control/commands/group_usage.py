"""`control group usage` and `limit`: what groups use, and what they may use at most."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.terminal import screen_width, table

if TYPE_CHECKING:
    from control.usage import Usage


# What `none` is among the values of options, where None says that an option was not given.
NO_LIMIT = -1


class Most(click.ParamType[int]):
    """Parse a number, or `none` for no limit."""

    name = "NUMBER|none"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = f"{value}".replace("_", "").replace(",", "")
        if text.lower() == "none":
            return NO_LIMIT
        if not text.isdecimal() or len(text) > 18:
            self.fail(f"{value!r} is neither a number nor none", param, ctx)
        return int(text)


@click.command("usage")
@click.argument("group", required=False)
@json_option
@click.pass_obj
def usage(app: App, group: str | None, as_json: bool) -> None:
    """Show what groups store and ask for, and their limits: of GROUP, or of all.

    Jobs are those that people requested in the last 24 hours, minutes those that jobs of the last
    30 days ran, requests those since midnight UTC that `control metrics serve` has counted.

    \b
        control group usage
        control group usage "Demo Bay Laboratory" --json
    """
    from control.usage import read_usage

    with app.connect("group usage") as conn:
        _show(read_usage(conn, group), as_json=as_json)


@click.command("limit")
@click.argument("group")
@click.option("--samples", "most_samples", type=Most(), help="Samples.")
@click.option("--sequence-bytes", "most_sequence_bytes", type=Most(), help="Bytes of genomes.")
@click.option("--output-bytes", "most_output_bytes", type=Most(), help="Bytes of files of jobs.")
@click.option("--upload-bytes", "most_upload_bytes", type=Most(), help="Bytes of uploads.")
@click.option(
    "--jobs-per-day",
    "most_jobs_per_day",
    type=Most(),
    help="Runs, imports and exports that people request in 24 hours.",
)
@click.option(
    "--requests-per-day",
    "most_requests_per_day",
    type=Most(),
    help="Requests in a day of UTC, which control metrics serve counts.",
)
@click.option("--dry-run", is_flag=True, help="Show the result, and store nothing.")
@json_option
@click.pass_obj
def limit(app: App, /, group: str, dry_run: bool, as_json: bool, **given: int | None) -> None:
    """Limit what GROUP (id, name or prefix) stores and asks for; `none` ends a limit.

    What is there already stays, also above a limit; the next request that would add to it is
    answered with 413 or 429 and the numbers.

    \b
        control group limit "Demo Bay Laboratory" --samples 100000 --jobs-per-day 50
        control group limit DEMO-BAY --samples none --sequence-bytes 3_000_000_000
    """
    from control.usage import set_limits

    limits = {
        name: None if value == NO_LIMIT else value
        for name, value in given.items()
        if value is not None
    }
    if not limits:
        raise click.UsageError(
            "give --samples, --sequence-bytes, --output-bytes, --upload-bytes, --jobs-per-day or"
            " --requests-per-day"
        )
    with app.connect("group limit") as conn:
        _show([set_limits(conn, group, limits, dry_run=dry_run)], as_json=as_json)


def _show(groups: list[Usage], *, as_json: bool) -> None:
    if as_json:
        echo_json({"groups": [asdict(one) for one in groups]})
        return
    head = ["id", "name", "samples", "genomes", "outputs", "uploads", "jobs", "minutes", "requests"]
    rows = [
        [
            one.group_id,
            one.name,
            _of(one.samples, one.most_samples),
            _of(one.sequence_bytes, one.most_sequence_bytes),
            _of(one.output_bytes, one.most_output_bytes),
            _of(one.upload_bytes, one.most_upload_bytes),
            _of(one.jobs_requested, one.most_jobs_per_day),
            one.job_minutes,
            _of(one.requests_today, one.most_requests_per_day),
        ]
        for one in groups
    ]
    for line in table([head, *rows], screen_width()):
        click.echo(line)


def _of(used: int, most: int | None) -> str:
    return f"{used}" if most is None else f"{used} of {most}"
