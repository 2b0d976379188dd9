"""`control job schedule`, `launch` and `renew`: queue what is due, one run, or what is stale."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from control.app import App
from control.commands.job_queue import echo_queued
from control.commands.options import (
    JsonObject,
    echo_json,
    json_option,
)
from control.jobs.schedules import TREE_TYPES
from control.terminal import one_line


@click.command()
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day in UTC; today by the database's clock if none is given.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be queued, change nothing.")
@json_option
@click.pass_obj
def schedule(app: App, at: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Queue the runs that the schedules of groups want today, and the platform's jobs that are due.

    Run it as often as you like, in as many places as you like: a schedule has one run per day, and
    a job of pipelines/platform.toml is queued every so many days, and never while one is open. A
    day on which it did not run is made up for with --at.

    \b
        control job schedule --dry-run
    """
    from control.jobs.platform_plan import queue_due, read_platform_jobs
    from control.jobs.schedules import run_due_schedules

    day = at and at.replace(tzinfo=UTC)
    planned = read_platform_jobs(app.settings.root)
    with app.connect("job schedule") as conn:
        results = run_due_schedules(conn, day, dry_run=dry_run)
        queued = queue_due(conn, planned, day, dry_run=dry_run)
    if as_json:
        echo_json([*map(asdict, results), *map(asdict, queued)])
        return
    for job_of_platform in queued:
        echo_queued(job_of_platform, dry_run=dry_run)
    for one in results:
        what = f"schedule {one.schedule_id} of group {one.group_id}"
        if one.problem is not None:
            click.echo(one_line(f"{what}: no run: {one.problem}"))
        elif dry_run:
            click.echo(one_line(f"{what}: would queue {one.name}"))
        else:
            click.echo(one_line(f"{what}: queued job {one.job_id}, {one.name}"))
    if not results and not queued:
        click.echo("nothing is due")


@click.command()
@click.argument("group")
@click.option("--tree-type", type=click.Choice(TREE_TYPES), default="OVERVIEW", show_default=True)
@click.option("--pathogen", default="SC2", show_default=True, help="Slug of the pathogen.")
@click.option("--name", help="Name of the run; that of scheduled runs if none is given.")
@click.option("--template-args", type=JsonObject(), default="{}", help="Filters, as JSON.")
@click.option("--dry-run", is_flag=True, help="Show whether it is accepted, change nothing.")
@json_option
@click.pass_obj
def launch(
    app: App,
    group: str,
    tree_type: str,
    pathogen: str,
    name: str | None,
    template_args: dict[str, object],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Queue one run for GROUP (id, name or prefix), and print its id.

    It is made from the samples of the group, as a scheduled run is.

    \b
        control job launch CDPH --tree-type OVERVIEW
    """
    from control.jobs.schedules import Launch, launch_run
    from control.people.groups import find_group

    with app.connect("job launch") as conn:
        found = find_group(conn, group)
        title = name or f"{found.name[:80]} Contextual Recency-Focused Build"
        wanted = Launch(found.id, pathogen, title, tree_type, template_args)
        job_id = launch_run(conn, wanted, dry_run=dry_run)
    if as_json:
        echo_json(asdict(wanted) | {"job_id": job_id})
    elif dry_run:
        click.echo(one_line(f"would queue {title} for group {found.id}"))
    else:
        click.echo(job_id)


@click.command()
@click.argument("kind")
@click.option("--group", "group_id", type=click.IntRange(min=1), help="Only samples of this group.")
@click.option("--pathogen", help="Only samples of the pathogen with this slug.")
@click.option("--sample", "samples", type=int, multiple=True, help="Only this sample, by its id.")
@click.option("--software-version", help="Version that results should have, or a newer one.")
@click.option("--dataset-tag", help="Tag that the reference dataset should have, or a newer one.")
@click.option("--force-all", is_flag=True, help="Take results that are not stale as well.")
@click.option("--dry-run", is_flag=True, help="Show what would be queued, change nothing.")
@json_option
@click.pass_obj
def renew(
    app: App,
    kind: str,
    group_id: int | None,
    pathogen: str | None,
    samples: tuple[int, ...],
    software_version: str | None,
    dataset_tag: str | None,
    force_all: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Queue jobs for samples whose lineage or quality is missing or stale.

    KIND is pangolin or nextclade. Stale are results of an older version of the software or of an
    older dataset than those given or else than the newest that any result of the pathogen has.
    Samples that wait in such a job already are left out, so running it again changes nothing.

    \b
        control job renew pangolin --software-version 1.29
        control job renew nextclade --pathogen SC2 --dataset-tag 2024-01-16 --dry-run
    """
    from control.jobs.renewing import Wanted, renew_results

    wanted = Wanted(
        kind,
        group_id=group_id,
        pathogen=pathogen,
        sample_ids=samples or None,
        software_version=software_version,
        dataset_tag=dataset_tag,
        is_forced=force_all,
    )
    with app.connect("job renew") as conn:
        renewed = renew_results(conn, wanted, dry_run=dry_run)
    if as_json:
        echo_json([asdict(one) for one in renewed])
        return
    verb = "would queue" if dry_run else "queued"
    for one in renewed:
        name = "a job" if dry_run else f"job {one.job_id}"
        click.echo(
            f"{verb} {name}: {one.sample_count} samples of group {one.group_id}, {one.pathogen}"
        )
    if not renewed:
        click.echo("nothing is stale", err=True)
