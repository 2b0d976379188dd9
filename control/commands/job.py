"""`control job`: run jobs, and list, schedule, pause, retry and cancel them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from control.app import App
from control.commands.job_queue import echo_queued, queue
from control.commands.options import (
    JsonObject,
    Lifetime,
    echo_json,
    echo_json_line,
    json_option,
    say,
)
from control.jobs.listing import STATUSES, QueuedJob, cancel_job, find_jobs, get_job
from control.jobs.schedules import TREE_TYPES
from control.terminal import one_line, screen_width, table

job_id = click.argument("job_id", type=click.IntRange(min=1))


@click.group()
def job() -> None:
    """Run jobs, and list, schedule, pause, retry and cancel them."""


job.add_command(queue)


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
@click.option("--once", is_flag=True, help="End when nothing is left that can start.")
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=2, show_default=True, help="At a time."
)
@click.option("--kind", "kinds", multiple=True, help="Only jobs of this kind; may be repeated.")
@click.option("--executor", default="local", show_default=True, help="Where programs run.")
@click.option(
    "--with-schedule",
    is_flag=True,
    help="Also queue what is due, send webhooks and delete expired files.",
)
@click.option(
    "--grace",
    type=Lifetime(),
    default="30s",
    show_default=True,
    help="How long jobs may go on after SIGTERM before they are handed back.",
)
@json_option
@click.pass_obj
def work(
    app: App,
    once: bool,
    concurrency: int,
    kinds: tuple[str, ...],
    executor: str,
    with_schedule: bool,
    grace: timedelta,
    as_json: bool,
) -> None:
    """Take jobs from the queue, run their programs and register what they report.

    Run as many workers as you like, here and elsewhere. pipelines/jobs.toml says what runs. A
    database or an S3 that is away is waited for.

    \b
        control job work --once
        control job work --concurrency 4 --kind pangolin --kind nextclade
        control job work --with-schedule
    """
    from control.jobs.executors import make_executor
    from control.jobs.programs import read_programs
    from control.jobs.work.worker import Options, Worker, stopped_by_signals
    from control.tokens.keys import load_keys

    programs = read_programs(app.settings.root)
    for kind in kinds:
        programs.require(kind)
    make_executor(executor, app.settings)
    tell = (lambda line: echo_json_line({"said": line})) if as_json else say
    options = Options(
        concurrency, kinds, once, executor, with_schedule, grace.total_seconds(), tell
    )
    worker = Worker(app, programs, load_keys(app.settings.keys_dir), options)
    with stopped_by_signals(worker):
        worker.run()


@job.command(hidden=True)
@job_id
@click.option("--attempt", type=click.IntRange(min=1), required=True)
@click.pass_obj
def run(app: App, job_id: int, attempt: int) -> None:
    """Run an attempt of a job that works on the database, for control job work.

    \b
        control job run 42 --attempt 1
    """
    from control.jobs.kinds import run_job

    run_job(app, job_id, attempt)


@job.command()
@click.option("--dry-run", is_flag=True, help="Show what would be swept, change nothing.")
@json_option
@click.pass_obj
def sweep(app: App, dry_run: bool, as_json: bool) -> None:
    """End the attempts whose worker is lost or whose time limit is over.

    Workers do so by themselves, and follow on what still runs elsewhere; this is for when none
    runs. What still runs is stopped. A job with attempts left is queued again.

    \b
        control job sweep
    """
    from control.jobs.executors import make_executor
    from control.jobs.work.lost import sweep_attempts

    with app.connect("job sweep") as conn:
        swept = sweep_attempts(
            conn, lambda name: make_executor(name, app.settings), dry_run=dry_run
        )
    if as_json:
        echo_json([asdict(one) for one in swept])
        return
    for one in swept:
        click.echo(f"job {one.job_id}, attempt {one.attempt}: {one.error}; it is {one.status}")


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

    Its attempts are counted anew.

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
@click.argument("kind", required=False)
@json_option
@click.pass_obj
def pause(app: App, kind: str | None, as_json: bool) -> None:
    """Leave queued jobs of one KIND, or of all kinds, in the queue.

    Jobs that run go on.

    \b
        control job pause nextclade
    """
    _pause(app, kind, is_paused=True, as_json=as_json)


@job.command()
@click.argument("kind", required=False)
@json_option
@click.pass_obj
def resume(app: App, kind: str | None, as_json: bool) -> None:
    """Start queued jobs of one KIND, or of all kinds, again.

    \b
        control job resume nextclade
    """
    _pause(app, kind, is_paused=False, as_json=as_json)


@job.command()
@click.argument("kind")
@click.option("--running", type=click.IntRange(min=1), help="In all; unlimited if not given.")
@click.option(
    "--per-group", type=click.IntRange(min=1), help="Of one group; unlimited if not given."
)
@json_option
@click.pass_obj
def limit(app: App, kind: str, running: int | None, per_group: int | None, as_json: bool) -> None:
    """Limit how many jobs of a KIND run at the same time, over all workers.

    \b
        control job limit phylo_run --running 8 --per-group 2
        control job limit phylo_run
    """
    from control.jobs.queue import set_limits

    with app.connect("job limit") as conn, conn.transaction():
        set_limits(conn, kind, running, per_group)
    if as_json:
        echo_json({"kind": kind, "most_running": running, "most_running_of_group": per_group})
        return
    in_all, of_group = (one or "any number" for one in (running, per_group))
    click.echo(f"{kind}: {in_all} at a time, {of_group} of one group")


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


def _pause(app: App, kind: str | None, *, is_paused: bool, as_json: bool) -> None:
    from control.jobs.queue import set_paused

    with app.connect("job pause") as conn, conn.transaction():
        changed = set_paused(conn, kind, is_paused=is_paused)
    if as_json:
        echo_json({"is_paused": is_paused, "changed": changed})
        return
    done = "paused" if is_paused else "resumed"
    click.echo(f"{done} {', '.join(changed)}" if changed else "nothing has changed")


def _show(one: QueuedJob, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(one))
        return
    for name, value in asdict(one).items():
        if value is not None:
            click.echo(one_line(f"{name.replace('_', ' '):12}{value}"))
