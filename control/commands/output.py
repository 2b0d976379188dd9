"""`control output`: register, verify, fetch and delete the files that jobs left in S3."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.addresses import Address, File
from control.commands.options import (
    Software,
    echo_json,
    echo_json_line,
    json_option,
    say,
)
from control.commands.output_files import echo_outputs, get, list_, url
from control.commands.output_upkeep import credentials, prune, verify
from control.errors import ControlError
from control.outputs.manifest import NamedFile, Submission, read_manifest
from control.storage.s3 import S3Uri
from control.terminal import after_the_fact, one_line

if TYPE_CHECKING:
    from control.outputs.arrivals import Handled
    from control.outputs.register import Registration
    from control.outputs.watching import Notified


@click.group()
def output() -> None:
    """Register, verify, fetch and delete the files that jobs wrote to S3."""


output.add_command(list_)
output.add_command(url)
output.add_command(get)
output.add_command(verify)
output.add_command(prune)
output.add_command(credentials)


@output.command()
@click.argument("job_id", type=click.IntRange(min=1), required=False)
@click.argument("manifest", type=Address(), required=False)
@click.option("--reported", is_flag=True, help="Register what running jobs submitted to the API.")
@click.option("--file", "files", type=File(), multiple=True, help="A file, instead of a manifest.")
@click.option("--software", type=Software(), multiple=True, help="Software that made the files.")
@click.option("--dry-run", is_flag=True, help="Verify and read everything, store nothing.")
@json_option
@click.pass_obj
def register(
    app: App,
    job_id: int | None,
    manifest: S3Uri | None,
    reported: bool,
    files: tuple[NamedFile, ...],
    software: tuple[tuple[str, str], ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Verify the files that a job submitted, store their content and finish the job.

    Everything or nothing; running it again changes nothing. The files must be in the bucket of the
    environment, and not below another job's folder jobs/ID/.

    \b
        control output register 42 s3://aspen/jobs/42/1/manifest.json
        control output register 42 --file auspice_json=s3://aspen/trees/tree.json
        control output register --reported
    """
    from control.outputs.register import register_outputs

    if reported:
        if job_id is not None or files or software or dry_run:
            raise click.UsageError("--reported takes no job, no files and no --dry-run")
        _register_reported(app, as_json=as_json)
        return
    if job_id is None:
        raise click.UsageError("name a job, or give --reported")
    if (manifest is None) == (not files):
        raise click.UsageError("give either MANIFEST or --file")
    if manifest is not None and software:
        raise click.UsageError("use --software with --file only; a manifest names the software")
    if manifest is None:
        submission = Submission("the files named", files, software_versions=dict(software))
    else:
        submission = read_manifest(app.s3, manifest, job_id)
    with app.connect("output register") as conn:
        done = register_outputs(
            conn, app.s3, job_id, submission, bucket=app.settings.bucket, dry_run=dry_run
        )
    with nullcontext() if dry_run else after_the_fact(f"job {job_id} is registered"):
        if as_json:
            echo_json({"dry_run": dry_run} | asdict(done))
        else:
            _show(done, dry_run=dry_run)


@output.command("watch")
@click.argument("queue")
@click.option("--once", is_flag=True, help="End when no message waits.")
@json_option
@click.pass_obj
def watch_(app: App, queue: str, once: bool, as_json: bool) -> None:
    """Register what jobs submit as soon as S3 says that a manifest was written, until SIGTERM.

    QUEUE is the name or the URL of the SQS queue that gets the bucket's notifications of new
    objects, directly, through SNS or through EventBridge. They may come twice and in any order. A
    message that cannot be handled is kept in the database: see control output replay.

    \b
        control output watch aspen-outputs
    """
    from control.outputs.watching import stop_on_signals, watch
    from control.storage.sqs import open_queue

    messages = open_queue(app.settings, queue)
    with app.connect("output watch") as conn, stop_on_signals() as is_stopped:
        say(f"watching {queue}")
        for one in watch(
            conn, app.s3, messages, app.settings.bucket, is_stopped=is_stopped, once=once
        ):
            _show_notification(one, as_json=as_json)


@output.command()
@click.option("--dry-run", is_flag=True, help="Show what waits, change nothing.")
@json_option
@click.pass_obj
def replay(app: App, dry_run: bool, as_json: bool) -> None:
    """Handle the notifications again that `output watch` rejected.

    One that is handled now is not replayed again; another one stays, with its reason.

    \b
        control output replay --dry-run
        control output replay
    """
    from control.outputs.watching import replay as replay_all

    with app.connect("output replay") as conn:
        for one in replay_all(conn, app.s3, app.settings.bucket, dry_run=dry_run):
            _show_notification(one, as_json=as_json, dry_run=dry_run)


@output.command("scan")
@click.argument("prefix", type=Address(), required=False)
@click.option("--dry-run", is_flag=True, help="Verify and read everything, store nothing.")
@json_option
@click.pass_obj
def scan_(app: App, prefix: S3Uri | None, dry_run: bool, as_json: bool) -> None:
    """Find manifests jobs/ID/ATTEMPT/manifest.json and register those whose jobs wait for them.

    A wrong file fails its job with the reason. Jobs that have ended are skipped, so a scan may be
    stopped and run again. PREFIX is jobs/ in the bucket of the environment unless given.

    \b
        control output scan
        control output scan s3://aspen/jobs/42/
    """
    from control.outputs.scanning import scan

    place = prefix or S3Uri(app.settings.bucket, "jobs/")
    if place.bucket != app.settings.bucket:
        raise ControlError(
            f"{place} is not in the bucket of this environment, {app.settings.bucket}",
            "name a prefix in that bucket, or another environment with --env",
        )
    counts = {"registered": 0, "rejected": 0, "postponed": 0, "skipped": 0}

    def say_progress(found: int) -> None:
        say(f"scanning {place}: {found} manifests, {counts['registered']} registered so far")

    with app.connect("output scan") as conn:
        for one in scan(conn, app.s3, place, dry_run=dry_run, progress=say_progress):
            counts[one.outcome] += 1
            _show_handled(one, as_json=as_json, dry_run=dry_run)
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), err=True)


def _register_reported(app: App, *, as_json: bool) -> None:
    from control.outputs.reports import register_reports

    with app.connect("output register --reported") as conn:
        for one in register_reports(conn, app.s3, app.settings.bucket):
            _show_handled(one, as_json=as_json)


def _show_handled(one: Handled, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        echo_json_line({"dry_run": dry_run} | asdict(one))
    elif one.outcome == "registered" and one.registration is not None:
        _show(one.registration, dry_run=dry_run)
    elif one.problem is not None:
        what = (
            f"job {one.job_id} would be {one.outcome}"
            if dry_run
            else f"{one.outcome} job {one.job_id}"
        )
        click.echo(one_line(f"{what}: {one.problem}"))


def _show_notification(one: Notified, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        echo_json_line({"dry_run": dry_run} | asdict(one))
        return
    for handled in one.handled:
        _show_handled(handled, as_json=False, dry_run=dry_run)
    if one.problem is not None:
        click.echo(one_line(f"rejected message {one.message_id}: {one.problem}"))


def _show(done: Registration, *, dry_run: bool) -> None:
    if not done.is_new:
        click.echo(f"job {done.job_id} is already registered: {done.status}")
        return
    verb = "would register" if dry_run else "registered"
    click.echo(f"{verb} job {done.job_id} ({done.kind}): {done.status}")
    if done.outputs:
        echo_outputs(done.outputs)
    if done.tree is not None and not dry_run:
        click.echo(f"  tree {done.tree.tree_id}")
    for line in done.summary():
        click.echo(f"  {line}")
