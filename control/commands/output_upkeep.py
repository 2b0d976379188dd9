"""`control output verify`, `prune` and `credentials`: what keeps database and S3 in step."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from control.app import App
from control.commands.addresses import Address
from control.commands.options import Lifetime, echo_json, echo_json_line, json_option
from control.errors import SOMETHING_TO_DO, ControlError
from control.storage.s3 import S3Uri
from control.terminal import counted, one_line


@click.command()
@click.argument("prefix", type=Address(), required=False)
@click.option("--queue", is_flag=True, help="Queue old unregistered files for output prune.")
@click.option(
    "--older-than",
    type=Lifetime(),
    default="1d",
    show_default=True,
    help="With --queue: leave out what was written later.",
)
@click.option("--dry-run", is_flag=True, help="With --queue: show what would be queued.")
@json_option
@click.pass_obj
def verify(
    app: App,
    prefix: S3Uri | None,
    queue: bool,
    older_than: timedelta,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Compare the registered outputs with S3, and exit with 3 if they differ.

    `missing` and `changed` are registered outputs; `unregistered` are files of jobs and uploads
    that nothing refers to, that are not queued for deletion, and that no running job writes. PREFIX
    is jobs/ and group/ in the bucket of the environment unless given.

    Nothing is written without --queue. With it, unregistered files that only the platform can have
    written (below jobs/ID/ and group/ID/uploads/) are queued and are no difference any more; output
    prune deletes them. Manifest and log of a job stay as long as the job.

    \b
        control output verify
        control output verify s3://aspen/jobs/42/
        control output verify --queue --older-than 7d --dry-run
    """
    from control.outputs.verifying import verify_outputs

    if dry_run and not queue:
        raise click.UsageError("--dry-run goes with --queue; nothing is written without it")
    bucket = app.settings.bucket
    places = [S3Uri(bucket, "jobs/"), S3Uri(bucket, "group/")] if prefix is None else [prefix]
    if queue and places[0].bucket != bucket:
        raise click.UsageError(f"--queue is for the bucket of this environment, {bucket}")
    before = datetime.now(UTC) - older_than if queue else None
    counts = {"missing": 0, "changed": 0, "unregistered": 0}
    queued = 0
    with app.connect("output verify") as conn:
        for place in places:
            for one in verify_outputs(
                conn, app.s3, place.bucket, place.key, queue_before=before, dry_run=dry_run
            ):
                counts[one.problem] += not one.is_queued
                queued += one.is_queued
                if as_json:
                    echo_json_line(({"dry_run": dry_run} if queue else {}) | asdict(one))
                else:
                    done = "would queue" if dry_run else "queued"
                    what = done if one.is_queued else one.problem
                    click.echo(one_line(f"{what:12} {one.uri} {one.detail or ''}".rstrip()))
    summary = ", ".join(f"{count} {problem}" for problem, count in counts.items())
    would = "would be " if dry_run else ""
    click.echo(f"{summary}, {queued} {would}queued" if queue else summary, err=True)
    if any(counts.values()):
        raise click.exceptions.Exit(SOMETHING_TO_DO)


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, delete nothing.")
@json_option
@click.pass_obj
def prune(app: App, dry_run: bool, as_json: bool) -> None:
    """Delete from S3 what nothing refers to any more: what deleted runs left, replaced files.

    Look at --dry-run first: what is deleted is gone. Only what the database has queued for deletion
    is deleted, and only in the bucket of the environment: objects by their versions, and everything
    below the folder of a deleted job. An object that an output refers to again is kept. What failed
    attempts left is queued by output verify --queue. Several such commands at once share the work.

    \b
        control output prune --dry-run
        control output prune
    """
    from control.outputs.pruning import count_elsewhere, prune_objects

    counts = {"deleted": 0, "kept": 0, "failed": 0}
    with app.connect("output prune") as conn:
        elsewhere = count_elsewhere(conn, app.settings.bucket)
        pruned = prune_objects(conn, app.s3, app.settings.bucket, dry_run=dry_run)
        for one in counted(pruned, "deleting objects"):
            counts[one.outcome] += 1
            would = "would be " if dry_run else ""
            if as_json:
                echo_json_line({"dry_run": dry_run} | asdict(one))
            elif one.outcome != "failed":
                click.echo(one_line(f"{would}{one.outcome} {one.uri}"))
            else:
                click.echo(one_line(f"failed {one.uri}: {one.reason}"))
    if elsewhere:
        where = f"not in {app.settings.bucket} and left alone"
        click.echo(f"{elsewhere} objects in the queue are {where}", err=True)
    if counts["failed"]:
        raise ControlError(
            f"S3 did not delete {counts['failed']} objects; they stay in the queue",
            "allow s3:DeleteObject and s3:DeleteObjectVersion on the bucket, then run it again",
        )


@click.command()
@click.option("--dry-run", is_flag=True, help="Fetch the credentials, store nothing.")
@json_option
@click.pass_obj
def credentials(app: App, dry_run: bool, as_json: bool) -> None:
    """Renew the credentials that sign links to outputs.

    Long-lived keys are exchanged for credentials valid for one hour, so run this more often.

    \b
        control output credentials
    """
    from control.storage.credentials import current_credentials, store_credentials

    current = current_credentials(app.settings, app.s3)
    if not dry_run:
        with app.connect("output credentials") as conn:
            store_credentials(conn, current)
    if as_json:
        echo_json({"dry_run": dry_run, "bucket": current.bucket, "expires_at": current.expires_at})
        return
    verb = "would sign" if dry_run else "signing"
    click.echo(f"{verb} links to {current.bucket} until {current.expires_at:%Y-%m-%d %H:%M:%SZ}")
