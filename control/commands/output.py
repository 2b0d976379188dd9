"""`control output`: register the files jobs left in S3, and renew the credentials of links."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import Software, echo_json, echo_json_line, json_option
from control.outputs.kinds import file_kinds
from control.outputs.manifest import NamedFile, Submission, read_manifest
from control.storage.s3 import S3Uri
from control.terminal import after_the_fact, one_line, screen_width, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from control.outputs.job_files import StoredObject
    from control.outputs.register import Registration


class Address(click.ParamType[S3Uri]):
    """Parse `s3://bucket/key`."""

    name = "s3://…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> S3Uri:
        try:
            return S3Uri.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class File(click.ParamType[NamedFile]):
    """Parse `auspice_json=s3://bucket/key`."""

    name = "KIND=s3://…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NamedFile:
        kind, _, address = value.partition("=")
        if kind not in file_kinds():
            self.fail(f"{kind!r} is not one of {', '.join(file_kinds())}", param, ctx)
        return NamedFile(kind, Address().convert(address, param, ctx))


@click.group()
def output() -> None:
    """Register the files that jobs wrote to S3."""


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
@click.argument("job_id", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def list_(app: App, job_id: int, as_json: bool) -> None:
    """List the registered outputs of a job.

    \b
        control output list 42
    """
    from control.outputs.register import list_outputs

    with app.connect("output list") as conn:
        outputs = list_outputs(conn, job_id)
    if as_json:
        echo_json([asdict(one) for one in outputs])
    elif outputs:
        _show_outputs(outputs)
    else:
        click.echo(f"job {job_id} has no outputs yet", err=True)


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
            if as_json:
                echo_json_line(asdict(one))
            elif one.registration is not None:
                _show(one.registration, dry_run=False)
            else:
                click.echo(one_line(f"rejected job {one.job_id}: {one.problem}"))


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
