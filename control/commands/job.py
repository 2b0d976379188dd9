"""`control job`: run jobs, and list, schedule, pause, retry and cancel them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from control.app import App
from control.commands.job_limits import limit, pause, resume
from control.commands.job_queue import queue
from control.commands.job_schedule import launch, renew, schedule
from control.commands.job_work import run, sweep, work
from control.commands.options import (
    Lifetime,
    echo_json,
    echo_json_line,
    job_id,
    json_option,
)
from control.jobs.listing import STATUSES, QueuedJob, cancel_job, find_jobs, get_job
from control.terminal import one_line, screen_width, table


@click.group()
def job() -> None:
    """Run jobs, and list, schedule, pause, retry and cancel them."""


job.add_command(queue)
job.add_command(renew)
job.add_command(work)
job.add_command(run)
job.add_command(sweep)
job.add_command(pause)
job.add_command(resume)
job.add_command(limit)
job.add_command(schedule)
job.add_command(launch)


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
    until the job ends or is retried, at most for TTL; then the job times out.

    \b
        control job start 42
    """
    from control.jobs.starting import start_job
    from control.tokens.keys import load_keys
    from control.tokens.minting import mint

    # Read first: without keys the job stays in the queue.
    keys = load_keys(app.settings.keys_dir)
    with app.connect("job start") as conn:
        started = start_job(conn, job_id, bucket=app.settings.bucket, ttl=ttl, dry_run=dry_run)
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
@click.argument("job_id", type=click.IntRange(min=1), required=False)
@click.option("--dead", is_flag=True, help="Retry every job that failed or timed out.")
@click.option("--kind", help="With --dead: only jobs of this kind.")
@click.option("--dry-run", is_flag=True, help="Show what would be queued, change nothing.")
@json_option
@click.pass_obj
def retry(
    app: App, job_id: int | None, dead: bool, kind: str | None, dry_run: bool, as_json: bool
) -> None:
    """Queue a job that failed, timed out or was cancelled again, or all that are dead.

    Its attempts are counted again.

    \b
        control job retry 42
        control job retry --dead --kind nextclade
    """
    from control.jobs.queue import retry_jobs

    if (job_id is None) is not dead:
        raise click.UsageError("Give the id of a job or --dead.")
    if kind is not None and not dead:
        raise click.UsageError("--kind needs --dead.")
    with app.connect("job retry") as conn, conn.transaction(force_rollback=dry_run):
        retried = retry_jobs(conn, job_id, kind=kind)
    if as_json:
        echo_json({"dry_run": dry_run, "jobs": retried})
        return
    verb = "would retry" if dry_run else "retried"
    click.echo(f"{verb} job {job_id}" if job_id else f"{verb} {len(retried)} jobs")


@job.command()
@job_id
@click.option("--attempt", type=click.IntRange(min=1), help="The present one if not given.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@json_option
@click.pass_obj
def logs(app: App, job_id: int, attempt: int | None, follow: bool, as_json: bool) -> None:
    """Print what the program of a job printed.

    While it runs, the log is some seconds old.

    \b
        control job logs 42 -f
    """
    from control.jobs.logs import read_log

    with app.connect("job logs") as conn:
        for piece in read_log(
            conn, app.s3, app.settings.bucket, job_id, attempt, is_followed=follow
        ):
            if as_json:
                echo_json_line({"text": piece})
            else:
                click.echo(piece, nl=False)


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
