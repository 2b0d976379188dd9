"""`control db`: back up and restore the database, and delete what is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.db_archive import archive, drill_command, restore_moment
from control.commands.db_explain import explain
from control.commands.db_psql import psql
from control.commands.db_shell import shell
from control.commands.db_top import top
from control.commands.db_who_can import who_can
from control.commands.options import echo_json, json_option, say
from control.errors import SOMETHING_TO_DO

if TYPE_CHECKING:
    from control.backups.manifest import Backup


@click.group()
def db() -> None:
    """Back up and restore the database, and delete what is old."""


db.add_command(psql)
db.add_command(shell)
db.add_command(explain)
db.add_command(top)
db.add_command(who_can)
db.add_command(archive)
db.add_command(drill_command)


@db.command("backup")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--keys", "with_keys", is_flag=True, help="Include the keys that sign tokens.")
@click.option("--no-objects", is_flag=True, help="Leave out the files in S3.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Then delete all but the newest N backups beside it.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be backed up.")
@json_option
@click.pass_context
def backup(
    ctx: click.Context,
    directory: Path,
    with_keys: bool,
    no_objects: bool,
    keep: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write everything as it is at one moment to DIRECTORY, which must not exist.

    Requests go on during the backup; migrations wait. Objects that the newest backup beside it
    has are linked, not copied. Without --keys, copy the keys elsewhere. Exit code 3: an object is
    missing, or is not what its row describes; everything else is in the backup.

    \b
        control db backup /backups/2024-05-01
        control db backup --keep 14 /backups/2024-05-02
        control db backup --keys --no-objects /backups/before-the-upgrade
    """
    from control.backups.keeping import delete_older
    from control.backups.making import back_up, preview

    app = ctx.find_object(App)
    assert app is not None

    if dry_run:
        rows, objects = preview(app.settings)
        if as_json:
            echo_json({"rows": rows, "objects": 0 if no_objects else objects})
            return
        click.echo(f"would back up {sum(rows.values())} rows of {len(rows)} tables")
        click.echo(f"would back up {0 if no_objects else objects} objects")
        return
    s3 = None if no_objects else app.s3
    made = back_up(app.settings, s3, directory.absolute(), with_keys=with_keys, echo=say)
    _tell(made, as_json)
    if keep is not None:
        for old in delete_older(made.directory.parent, keep):
            say(f"deleted {old.directory}")
    if not with_keys:
        say(f"the backup has no keys: keep a copy of {app.settings.keys_dir} elsewhere")
    for address in made.missing_objects:
        say(f"missing from S3: {address}")
    for address in made.wrong_objects:
        say(f"not what its row describes: {address}")
    if made.missing_objects or made.wrong_objects:
        ctx.exit(SOMETHING_TO_DO)


@db.command("backups")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
@click.pass_obj
def backups(app: App, folder: Path, as_json: bool) -> None:
    """List the complete backups below FOLDER with age and size, the oldest first.

    A file that several backups share is counted with the first of them.

    \b
        control db backups /backups
    """
    from control.backups.keeping import listed_backups

    found = listed_backups(folder.absolute())
    if as_json:
        echo_json(found)
        return
    for each in found:
        size = f"{each['size_bytes'] / 1e6:.1f} MB"
        click.echo(
            f"{each['name']}  {each['made_at']}  {each['age']}  {size}  {each['rows']} rows,"
            f" {each['objects']} objects"
        )
    if not found:
        click.echo(f"no backup below {folder}")


@db.command("restore")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--drop-previous", is_flag=True, help="Delete the previous database.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Restore an archive into this new data directory of a server instead.",
)
@click.option("--to-time", metavar="TIME", help="With --into: stop at this time.")
@click.option("--to-lsn", metavar="LSN", help="With --into: stop at this position of the log.")
@click.option("--dry-run", is_flag=True, help="Check that the backup is complete, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def restore_command(
    ctx: click.Context,
    directory: Path,
    drop_previous: bool,
    into: Path | None,
    to_time: str | None,
    to_lsn: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Replace the database by the backup in DIRECTORY, at once or not at all.

    The previous database is kept under another name. With --into, DIRECTORY is an archive of
    control db archive, and the state of one moment becomes a new data directory; without --to-time
    and --to-lsn the latest one. Exit code 3: the archive has no copy of an object.

    \b
        control db restore --dry-run /backups/2024-05-01
        control db restore /backups/2024-05-01
        control db restore /backups/archive --into /srv/postgres --to-time '2024-05-01 10:00Z'
    """
    app = ctx.find_object(App)
    assert app is not None
    if to_time is not None and to_lsn is not None:
        raise click.UsageError("give --to-time or --to-lsn, not both")
    if into is None and (to_time is not None or to_lsn is not None):
        raise click.UsageError("--to-time and --to-lsn need --into")
    if into is not None:
        if drop_previous or dry_run:
            raise click.UsageError("--into replaces no database")
        restore_moment(
            ctx, app, directory.absolute(), into, to_time=to_time, to_lsn=to_lsn, as_json=as_json
        )
        return
    from control import stack
    from control.backups.manifest import read_backup
    from control.backups.restoring import restore

    found = read_backup(directory.absolute())
    if not as_json or dry_run:
        _tell(found, as_json)
    if dry_run:
        return
    if not yes:
        click.confirm("Replace the database by this backup?", abort=True, err=True)
    restored = restore(app.settings, app.s3, found, say, keeps_previous=not drop_previous)
    if app.settings.is_local:
        stack.restart_api(app.settings, say)
    else:
        say("restart PostgREST of this environment: it must read database and keys again")
    if not restored.has_keys:
        say("the backup has no keys: existing tokens become valid when their keys are restored")
    if as_json:
        echo_json(
            {
                "rows": restored.rows,
                "objects": restored.objects,
                "previous": restored.previous,
                "has_keys": restored.has_keys,
            }
        )
        return
    click.echo(f"restored {restored.rows} rows and {restored.objects} objects")
    if restored.previous is not None:
        click.echo(f"the previous database is now {restored.previous}")


@db.command("trim-audit-log")
@click.option("--keep-days", type=click.IntRange(min=30), required=True, metavar="DAYS")
@click.option("--dry-run", is_flag=True, help="Count what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def trim_audit_log(app: App, keep_days: int, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the audit log's entries older than DAYS, and record the deletion in it.

    Back up first: the backup keeps the deleted entries.

    \b
        control db trim-audit-log --keep-days 730 --dry-run
    """
    from control.audit import count_older, trim_log

    cutoff = datetime.now(UTC) - timedelta(days=keep_days)
    with app.connect("db trim-audit-log") as conn:
        found = count_older(conn, cutoff)
        if dry_run or not found:
            if as_json:
                echo_json({"found": found, "deleted": 0})
            else:
                click.echo(f"would delete {found} entries" if dry_run else "nothing to do")
            return
        if not yes:
            click.confirm(f"Delete {found} entries?", abort=True, err=True)
        deleted = trim_log(conn, cutoff, say)
    if as_json:
        echo_json({"found": found, "deleted": deleted})
    else:
        click.echo(f"deleted {deleted} entries")


@db.command("forget-keys")
@click.option("--dry-run", is_flag=True, help="Count what would be deleted.")
@json_option
@click.pass_obj
def forget_keys(app: App, dry_run: bool, as_json: bool) -> None:
    """Delete requests with an Idempotency-Key, and their answers, after 24 hours.

    Run it every hour: nobody can ask for these answers any more.

    \b
        control db forget-keys --dry-run
    """
    from control.retries import count_old_keys, forget_old_keys

    with app.connect("db forget-keys") as conn:
        found = count_old_keys(conn)
        deleted = 0 if dry_run else forget_old_keys(conn, say)
    if as_json:
        echo_json({"found": found, "deleted": deleted})
    elif dry_run:
        click.echo(f"would delete {found} keys")
    else:
        click.echo(f"deleted {deleted} keys" if deleted else "nothing to do")


@db.command("extend-audit-log")
@click.option("--months", type=click.IntRange(0, 24), default=3, help="Months after this one.")
@click.option("--dry-run", is_flag=True, help="Show what would be made.")
@json_option
@click.pass_obj
def extend_audit_log(app: App, months: int, dry_run: bool, as_json: bool) -> None:
    """Make the partitions of the audit log for this month and those to come.

    Entries of a month without one are stored as well, together with those of other such months.

    \b
        control db extend-audit-log --months 3
    """
    from control.audit import extend_log

    with app.connect("db extend-audit-log") as conn:
        made = extend_log(conn, months, dry_run=dry_run)
    if as_json:
        echo_json({"partitions": made})
        return
    for name in made:
        click.echo(f"{'would make' if dry_run else 'made'} {name}")
    if not made:
        click.echo("nothing to do")


@db.command("trim-replaced-sequences")
@click.option("--keep-days", type=click.IntRange(min=0), required=True, metavar="DAYS")
@click.option("--dry-run", is_flag=True, help="Count what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def trim_replaced_sequences(
    app: App, keep_days: int, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Delete sequences that were deleted or replaced more than DAYS ago.

    Until then restore_samples of the API brings them back.

    \b
        control db trim-replaced-sequences --keep-days 90 --dry-run
    """
    from control.audit import count_sequences, trim_sequences

    cutoff = datetime.now(UTC) - timedelta(days=keep_days)
    with app.connect("db trim-replaced-sequences") as conn:
        found = count_sequences(conn, cutoff)
        deleted = 0
        if found and not dry_run:
            if not yes:
                click.confirm(f"Delete {found} sequences?", abort=True, err=True)
            deleted = trim_sequences(conn, cutoff, say)
    if as_json:
        echo_json({"found": found, "deleted": deleted})
    elif dry_run:
        click.echo(f"would delete {found} sequences")
    else:
        click.echo(f"deleted {deleted} sequences" if found else "nothing to do")


def _tell(backup: Backup, as_json: bool) -> None:
    """Print what is in a backup."""
    objects = sum(1 for _ in backup.objects())
    if as_json:
        echo_json(
            {
                "made_at": backup.made_at,
                "server_major": backup.server_major,
                "rows": backup.rows,
                "objects": objects,
                "missing_objects": backup.missing_objects,
                "wrong_objects": backup.wrong_objects,
                "has_keys": backup.has_keys,
            }
        )
        return
    click.echo(f"backup of {backup.made_at}, PostgreSQL {backup.server_major}")
    click.echo(
        f"{backup.row_count} rows of {len(backup.rows)} tables, {objects} objects,"
        f" {'with' if backup.has_keys else 'without'} keys"
    )
