"""`control db`: back up and restore the database, and trim the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say

if TYPE_CHECKING:
    from control.backups.manifest import Backup


@click.group()
def db() -> None:
    """Back up the database with its files, and restore it."""


@db.command("backup")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--keys", "with_keys", is_flag=True, help="Also the keys that sign tokens.")
@click.option("--no-objects", is_flag=True, help="Leave the files of jobs in S3 out.")
@click.option("--dry-run", is_flag=True, help="Count what would be backed up.")
@json_option
@click.pass_obj
def backup(
    app: App, directory: Path, with_keys: bool, no_objects: bool, dry_run: bool, as_json: bool
) -> None:
    """Write everything as it is at one moment to DIRECTORY, which must not exist.

    Requests go on meanwhile, migrations wait. Without --keys, keep a copy of the keys elsewhere.

    \b
        control db backup /backups/2024-05-01
        control db backup --keys --no-objects /backups/before-the-upgrade
    """
    from control.backups.making import back_up, preview

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
    for address in made.missing_objects[:10]:
        say(f"not in S3 any more: {address}")
    if not with_keys:
        say(f"the keys are not in it: keep a copy of {app.settings.keys_dir} elsewhere")


@db.command("restore")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--drop-previous", is_flag=True, help="Do not keep the database of before.")
@click.option("--dry-run", is_flag=True, help="Check that the backup is whole, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def restore_command(
    app: App, directory: Path, drop_previous: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Put the backup in DIRECTORY in the place of the database, at once or not at all.

    The database of before stays beside it under another name.

    \b
        control db restore --dry-run /backups/2024-05-01
        control db restore /backups/2024-05-01
    """
    from control import stack
    from control.backups.manifest import read_backup
    from control.backups.restoring import restore

    found = read_backup(directory.absolute())
    if not as_json or dry_run:
        _tell(found, as_json)
    if dry_run:
        return
    if not yes:
        click.confirm("Put it in the place of the database?", abort=True, err=True)
    restored = restore(app.settings, app.s3, found, say, keeps_previous=not drop_previous)
    if app.settings.is_local:
        stack.restart_api(app.settings, say)
    else:
        say("restart PostgREST of this environment: it reads database and keys anew")
    if not restored.has_keys:
        say("the backup has no keys: tokens of before are valid once their keys are back")
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
        click.echo(f"the database of before is now {restored.previous}")


@db.command("trim-audit-log")
@click.option("--keep-days", type=click.IntRange(min=30), required=True, metavar="DAYS")
@click.option("--dry-run", is_flag=True, help="Count what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def trim_audit_log(app: App, keep_days: int, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the entries of audit_log that are older than DAYS; the log says so itself.

    Back up first: a backup keeps what is deleted here.

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
                "has_keys": backup.has_keys,
            }
        )
        return
    click.echo(f"backup of {backup.made_at}, PostgreSQL {backup.server_major}")
    click.echo(
        f"{backup.row_count} rows of {len(backup.rows)} tables, {objects} objects,"
        f" {'with' if backup.has_keys else 'without'} keys"
    )
