"""`control job`: list, show, start, launch, schedule, cancel and renew jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from control.app import App
from control.commands.options import JsonObject, Lifetime, echo_json, json_option
from control.jobs.listing import STATUSES, QueuedJob, cancel_job, find_jobs, get_job
from control.jobs.schedules import TREE_TYPES
from control.terminal import one_line, screen_width, table

job_id = click.argument("job_id", type=click.IntRange(min=1))


@click.group()
def job() -> None:
    """List, show, start, launch, schedule and cancel jobs."""


@job.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Show only jobs with this status.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
@click.pass_obj
def list_(app: App, status: str | None, limit: int, as_json: bool) -> None:
    """List jobs, the newest first.

    \b
        control job list --status queued
    """
    with app.connect("job list") as conn:
        jobs = find_jobs(conn, status, limit)
    if as_json:
        echo_json([asdict(one) for one in jobs])
        return
    rows = [
        (
            one.id,
            one.status,
            one.kind,
            one.inputs,
            ", ".join(filter(None, (one.pathogen, one.group_name))),
        )
        for one in jobs
    ]
    for line in table(rows, screen_width()) if rows else ():
        click.echo(line)


@job.command()
@job_id
@json_option
@click.pass_obj
def show(app: App, job_id: int, as_json: bool) -> None:
    """Show everything about one job.

    \b
        control job show 42
    """
    with app.connect("job show") as conn:
        found = get_job(conn, job_id)
    _show(found, as_json=as_json)


@job.command()
@job_id
@click.option("--ttl", type=Lifetime(), default="1d", show_default=True, help="At most 30d.")
@click.option("--dry-run", is_flag=True, help="Show whether it can start, change nothing.")
@json_option
@click.pass_obj
def start(app: App, job_id: int, ttl: timedelta, dry_run: bool, as_json: bool) -> None:
    """Start a queued job whose program you run yourself, and print its token.

    With the token the program calls claim_job_inputs, job_sequences and report_job. The token works
    until the job ends or is retried, at most for TTL.

    \b
        control job start 42
    """
    from control.jobs.starting import start_job
    from control.tokens.keys import load_keys
    from control.tokens.minting import mint

    # Read first: without keys the job stays in the queue.
    keys = load_keys(app.settings.keys_dir)
    with app.connect("job start") as conn:
        started = start_job(conn, job_id, bucket=app.settings.bucket, dry_run=dry_run)
    if dry_run:
        click.echo(f"would start job {job_id} ({started.kind}), attempt {started.attempt}")
        return
    token = mint(
        keys,
        sub=f"job|{job_id}",
        role="job",
        ttl=ttl,
        job_id=job_id,
        attempt=started.attempt,
    )
    if as_json:
        echo_json(asdict(started) | {"token": token})
    else:
        click.echo(token)
        click.echo(f"job {job_id} is running: write its files to {started.output_prefix}", err=True)


@job.command()
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


@job.command()
@job_id
@click.option("--dry-run", is_flag=True, help="Show what would be cancelled, change nothing.")
@json_option
@click.pass_obj
def cancel(app: App, job_id: int, dry_run: bool, as_json: bool) -> None:
    """Cancel a job that is queued or running.

    Results it submits later are not stored. Cancelling it again changes nothing.

    \b
        control job cancel 42
    """
    with app.connect("job cancel") as conn:
        cancelled = cancel_job(conn, job_id, dry_run=dry_run)
    if as_json:
        _show(cancelled, as_json=True)
    else:
        click.echo(f"{'would cancel' if dry_run else 'cancelled'} job {job_id} ({cancelled.kind})")


@job.command()
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day in UTC; today by the database's clock if none is given.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be queued, change nothing.")
@json_option
@click.pass_obj
def schedule(app: App, at: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Queue the runs that the schedules of groups want today.

    Run it as often as you like, in as many places as you like: a schedule has one run per day. A
    day on which it did not run is made up for with --at.

    \b
        control job schedule --dry-run
    """
    from control.jobs.schedules import run_due_schedules

    with app.connect("job schedule") as conn:
        results = run_due_schedules(conn, at and at.replace(tzinfo=UTC), dry_run=dry_run)
    if as_json:
        echo_json([asdict(one) for one in results])
        return
    for one in results:
        what = f"schedule {one.schedule_id} of group {one.group_id}"
        if one.problem is not None:
            click.echo(one_line(f"{what}: no run: {one.problem}"))
        elif dry_run:
            click.echo(one_line(f"{what}: would queue {one.name}"))
        else:
            click.echo(one_line(f"{what}: queued job {one.job_id}, {one.name}"))
    if not results:
        click.echo("nothing is due")


@job.command()
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


def _show(one: QueuedJob, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(one))
        return
    for name, value in asdict(one).items():
        if value is not None:
            click.echo(one_line(f"{name.replace('_', ' '):12}{value}"))
