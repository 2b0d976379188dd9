"""`control job queue`: queue a job of the platform."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.terminal import one_line

if TYPE_CHECKING:
    from control.jobs.platform_plan import Queued


@click.command()
@click.argument("kind")
@click.option("--pathogen", required=True, metavar="SLUG", help="Such as SC2.")
@click.option("--repository", metavar="NAME", help="Such as GenBank, for what one publishes.")
@click.option("--dry-run", is_flag=True, help="Show whether it can be queued, change nothing.")
@json_option
@click.pass_obj
def queue(
    app: App, kind: str, pathogen: str, repository: str | None, dry_run: bool, as_json: bool
) -> None:
    """Queue a job of the platform now: a download, a list of lineages, a load.

    KIND is repository_download, public_metadata, accessions, lineages or locations. Where it
    fetches its files is in pipelines/platform.toml. What is made of a download (processed and
    aligned data set, public sequences, locations, accessions) follows by itself. One that is open
    already is not queued again.

    \b
        control job queue repository_download --pathogen SC2 --repository GenBank
    """
    from control.jobs.platform_plan import find_platform_job, queue_one

    wanted = find_platform_job(app.settings.root, kind, pathogen, repository)
    with app.connect("job queue") as conn:
        queued = queue_one(conn, wanted, dry_run=dry_run)
    if as_json:
        echo_json(asdict(queued))
    else:
        echo_queued(queued, dry_run=dry_run)


def echo_queued(one: Queued, *, dry_run: bool) -> None:
    """Print what became of a job that was to be queued."""
    what = " ".join(part for part in (one.kind, one.pathogen, one.repository) if part)
    if one.problem is not None:
        click.echo(one_line(f"{what}: no job: {one.problem}"))
    else:
        click.echo(one_line(f"{what}: {'would queue' if dry_run else f'queued job {one.job_id}'}"))
