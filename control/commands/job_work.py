"""`control job work` and `sweep`: run jobs, and end those that lost their worker."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from control.app import App
from control.commands.options import (
    Lifetime,
    echo_json,
    echo_json_line,
    job_id,
    json_option,
    say,
)


@click.command()
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
    from control.jobs.work.runs import Options
    from control.jobs.work.worker import Worker, stopped_by_signals
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


@click.command(hidden=True)
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


@click.command()
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
