"""`control output`: register, verify, fetch and delete the files that jobs left in S3."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.addresses import Address, File, FileKind
from control.commands.options import (
    Lifetime,
    Software,
    echo_json,
    echo_json_line,
    json_option,
    say,
)
from control.errors import SOMETHING_TO_DO, ControlError
from control.outputs.manifest import NamedFile, Submission, read_manifest
from control.storage.s3 import S3Uri
from control.terminal import after_the_fact, counted, one_line, screen_width, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from control.outputs.arrivals import Handled
    from control.outputs.job_files import StoredObject
    from control.outputs.register import Registration
    from control.outputs.watching import Notified


# Lines of a list that are aligned with each other.
SCREENFUL = 100


@click.group()
def output() -> None:
    """Register, verify, fetch and delete the files that jobs wrote to S3."""


@output.command()
@click.argument("job_id", type=click.IntRange(min=1), required=False)
@click.argument("manifest", type=Address(), required=False)
@click.option("--reported", is_flag=True, help="Register what running jobs handed in to the API.")
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


@output.command("list")
@click.argument("job_id", type=click.IntRange(min=1), required=False)
@click.option("--group", "group_id", type=click.IntRange(min=1), help="Only of this group.")
@click.option("--kind", type=FileKind(), help="Only files of this kind.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only ids above this one.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_obj
def list_(
    app: App,
    job_id: int | None,
    group_id: int | None,
    kind: str | None,
    after: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """List registered outputs in the order of their ids, of one job or of all.

    \b
        control output list 42
        control output list --kind auspice_json --after 1000 --limit 100 --json
    """
    from control.jobs.states import require_job
    from control.outputs.listing import Choice, find_outputs

    with app.connect("output list") as conn:
        if job_id is not None:
            require_job(conn, job_id)
        found = find_outputs(conn, Choice(job_id, group_id, kind), after=after, limit=limit)
        is_empty = True
        while some := [*islice(found, SCREENFUL)]:
            is_empty = False
            if as_json:
                for one in some:
                    echo_json_line({"id": one.id, "job_id": one.job_id} | asdict(one.stored))
            else:
                _show_outputs([one.stored for one in some])
    if is_empty and not as_json:
        whose = "there are no such outputs" if job_id is None else f"job {job_id} has no outputs"
        click.echo(f"{whose} yet", err=True)


@output.command()
@click.argument("job_id", type=click.IntRange(min=1))
@click.argument("kind", type=FileKind(), required=False)
@click.option("--ttl", type=Lifetime(), default="1h", show_default=True, help="At most 7d.")
@json_option
@click.pass_obj
def url(app: App, job_id: int, kind: str | None, ttl: timedelta, as_json: bool) -> None:
    """Print a link to an output, which works without any key until TTL is over.

    KIND may be left out if the job has one output. The link is to the version that was registered.

    \b
        control output url 42
        control output url 42 nextclade_csv --ttl 10m
    """
    from control.outputs.downloading import link_to
    from control.outputs.listing import find_output

    with app.connect("output url") as conn:
        stored = find_output(conn, job_id, kind)
    link = link_to(app.s3, stored, ttl)
    if as_json:
        echo_json({"job_id": job_id, "kind": stored.kind, "url": link})
    else:
        click.echo(link)


@output.command()
@click.argument("job_id", type=click.IntRange(min=1))
@click.argument("kind", type=FileKind(), required=False)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File or folder to write to; default: this folder.",
)
@json_option
@click.pass_obj
def get(app: App, job_id: int, kind: str | None, path: Path, as_json: bool) -> None:
    """Write an output to a file, after size, ETag and SHA-256 were compared with the registered.

    The file appears as a whole or not at all; one of that name is replaced.

    \b
        control output get 42 --to tree.json
    """
    from control.outputs.downloading import download
    from control.outputs.listing import find_output

    with app.connect("output get") as conn:
        stored = find_output(conn, job_id, kind)
    written = download(app.s3, stored, path)
    if as_json:
        echo_json({"job_id": job_id, "path": written} | asdict(stored))
    else:
        click.echo(f"{written}: {stored.size} bytes, SHA-256 as registered")


@output.command()
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


@output.command()
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


@output.command()
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


def _show_outputs(outputs: Sequence[StoredObject]) -> None:
    for line in table([(one.kind, one.size, one.uri) for one in outputs], screen_width()):
        click.echo(line)


def _show(done: Registration, *, dry_run: bool) -> None:
    if not done.is_new:
        click.echo(f"job {done.job_id} is already registered: {done.status}")
        return
    verb = "would register" if dry_run else "registered"
    click.echo(f"{verb} job {done.job_id} ({done.kind}): {done.status}")
    if done.outputs:
        _show_outputs(done.outputs)
    if done.tree is not None and not dry_run:
        click.echo(f"  tree {done.tree.tree_id}")
    for line in done.summary():
        click.echo(f"  {line}")
