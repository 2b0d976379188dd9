"""`control job`: list, show, start and cancel jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from control.app import App
from control.commands.options import Lifetime, echo_json, json_option
from control.jobs.listing import STATUSES, QueuedJob, cancel_job, find_jobs, get_job
from control.terminal import one_line, screen_width, table

job_id = click.argument("job_id", type=click.IntRange(min=1))


@click.group()
def job() -> None:
    """List, show, start and cancel jobs."""


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


def _show(one: QueuedJob, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(one))
        return
    for name, value in asdict(one).items():
        if value is not None:
            click.echo(one_line(f"{name.replace('_', ' '):12}{value}"))
