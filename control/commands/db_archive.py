"""`control db archive` and `drill`, and the restore of a moment: the archive of the database."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import MOST_DAYS, echo_json, json_option, say
from control.commands.places import Address, Folder, Place, scratch_option
from control.errors import SOMETHING_TO_DO, ControlError
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from control.backups.archive import Archive


@click.command("archive")
@click.argument("directory", type=Folder())
@click.option("--once", is_flag=True, help="Make a base backup, wait until it is complete, end.")
@click.option("--no-objects", is_flag=True, help="Leave out the files in S3.")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    default=10,
    metavar="SECONDS",
    help="Time between two looks at new objects and at what is complete; 10 by default.",
)
@click.option(
    "--base-hours",
    type=click.IntRange(1, 24 * MOST_DAYS),
    default=24,
    metavar="HOURS",
    help="Age at which a new base backup follows; 24 by default.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=7,
    metavar="N",
    help="Base backups to keep, and the log since the oldest; 7 by default.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(0, MOST_DAYS),
    default=0,
    metavar="DAYS",
    help="Also keep what is needed to go back that far.",
)
@click.option(
    "--to",
    "address",
    type=Address(),
    metavar="s3://BUCKET/PREFIX",
    help="Keep a copy there, encrypted for backup_recipient.",
)
@json_option
@click.pass_context
def archive(
    ctx: click.Context,
    directory: Path,
    once: bool,
    no_objects: bool,
    every: float,
    base_hours: int,
    keep: int,
    keep_days: int,
    address: S3Uri | None,
    as_json: bool,
) -> None:
    """Keep in DIRECTORY everything to go back to any moment: base backups, log and objects.

    It runs until it is stopped; what was committed is in DIRECTORY a moment later. Stop it for
    long only after select pg_drop_replication_slot('aspen_archive'): the server keeps the log that
    it did not get. With --once, exit code 3: an object is missing, or not what its row describes.

    With --to a copy of all of it is kept outside this machine, about --every seconds behind. While
    S3 does not answer, the copy falls behind, and catches up later.

    \b
        control db archive /backups/archive
        control db archive --once --keep 2 /backups/archive
        control db archive --to s3://vault/aspen --keep-days 30 /backups/archive
    """
    from control.backups.archiving import keep_archive
    from control.backups.retention import Retention
    from control.backups.vault import Vault

    app = ctx.find_object(App)
    assert app is not None
    done = keep_archive(
        app.settings,
        None if no_objects else app.s3,
        directory.absolute(),
        once=once,
        every=every,
        base_every=timedelta(hours=base_hours),
        retention=Retention(keep, keep_days),
        vault=None if address is None else Vault.to_write(app.settings, address),
        echo=say,
    )
    noted = done.archive.complete_until
    until, lsn = (None, None) if noted is None else (noted[0].isoformat(), noted[1])
    if as_json:
        bases = [base.directory.name for base in done.archive.bases]
        echo_json({"complete_until": until, "lsn": lsn, "bases": bases, "problems": done.problems})
    else:
        click.echo(f"complete until {until} ({lsn})")
    if done.problems:
        ctx.exit(SOMETHING_TO_DO)


@click.command("drill")
@click.argument("directory", type=Place(exists=True))
@scratch_option
@json_option
@click.pass_context
def drill_command(
    ctx: click.Context, directory: Path | S3Uri, scratch: Path | None, as_json: bool
) -> None:
    """Restore the archive in DIRECTORY on a server that is thrown away, and compare everything.

    Compares files with their checksums, the rows of every table with what they were at the last
    base backup, the end of the log with what was received, objects with their checksums; and
    shows that a stranger sees no row. RPO is the age of what would be lost, RTO the time that the
    restore took. Exit code 3: something differs. DIRECTORY may be s3://bucket/prefix, opened with
    the identity of ASPEN_BACKUP_IDENTITY_FILE, ASPEN_BACKUP_IDENTITY or backup_identity_command.

    \b
        control db drill /backups/archive
        control db drill --json --scratch /srv s3://vault/aspen
    """
    from control.backups.drill import drill

    app = ctx.find_object(App)
    assert app is not None
    with _opened(app, directory, scratch) as archive:
        report = drill(app.settings, archive, scratch, say)
    if as_json:
        echo_json(vars(report))
    else:
        click.echo(
            f"base backup {report.base}: {report.rows} rows of {report.tables} tables,"
            f" {report.objects} objects, last commit {report.last_commit or 'before it'}"
        )
        click.echo(f"RPO {report.rpo_seconds:.0f} s, RTO {report.rto_seconds:.1f} s")
        for problem in report.problems:
            click.echo(f"differs: {problem}")
    if report.problems:
        ctx.exit(SOMETHING_TO_DO)


def restore_moment(
    ctx: click.Context,
    app: App,
    directory: Path | S3Uri,
    into: Path,
    *,
    to_time: str | None,
    to_lsn: str | None,
    scratch: Path | None,
    as_json: bool,
) -> None:
    """Restore one moment of an archive into a new data directory."""
    from control.backups.going_back import go_back

    with _opened(app, directory, scratch) as archive:
        done = go_back(
            app.settings,
            app.s3,
            archive,
            into.absolute(),
            moment=None if to_time is None else moment_of(to_time),
            lsn=to_lsn,
            echo=say,
        )
    if as_json:
        echo_json(vars(done))
    else:
        click.echo(f"restored to {done.lsn}, last commit {done.last_commit or 'before the log'}")
        click.echo(f"{done.data} is complete, with {done.objects} objects in S3")
    for address in done.missing_objects:
        say(f"no copy of {address}")
    if done.missing_objects:
        ctx.exit(SOMETHING_TO_DO)


def _opened(
    app: App, directory: Path | S3Uri, scratch: Path | None
) -> AbstractContextManager[Archive]:
    """Open an archive of this machine, or one outside it."""
    if isinstance(directory, S3Uri):
        from control.backups.fetching import fetched_archive

        return fetched_archive(app.settings, directory, scratch)
    from control.backups.archive import Archive

    return nullcontext(Archive(directory))


def moment_of(text: str) -> datetime:
    """Parse a time with its zone: `2026-11-26 10:00Z`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ControlError(f"{text!r} is not a time", "write it as 2026-11-26 10:00Z") from error
    if moment.tzinfo is None:
        raise ControlError(f"{text!r} has no time zone", f"write {text}Z if it is UTC")
    return moment.astimezone(UTC)
