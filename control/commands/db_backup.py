"""`control db backup`, `backups`, `restore`, `prune`: copies of the database and its objects."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.db_archive import restore_moment
from control.commands.options import echo_json, json_option, say, tell_incomplete
from control.commands.places import Folder, Place, scratch_option
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from control.backups.manifest import Backup


@click.command("backup")
@click.argument("directory", type=Place())
@click.option("--keys", "with_keys", is_flag=True, help="Include the keys that sign tokens.")
@click.option("--no-objects", is_flag=True, help="Leave out the files in S3.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Then delete all but the newest N backups beside it.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="With --keep: also keep what is needed to go back that far.",
)
@scratch_option
@click.option("--dry-run", is_flag=True, help="Count what would be backed up.")
@json_option
@click.pass_context
def backup(
    ctx: click.Context,
    directory: Path | S3Uri,
    with_keys: bool,
    no_objects: bool,
    keep: int | None,
    keep_days: int | None,
    scratch: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write everything as it is at one moment to DIRECTORY, which must not exist.

    Requests go on during the backup; migrations wait. Objects that the newest backup beside it
    has are linked, not copied. Without --keys, copy the keys elsewhere. Exit code 3: an object is
    missing, or is not what its row describes; everything else is in the backup.

    DIRECTORY may be s3://bucket/prefix/name, outside this machine: what goes there is encrypted
    for backup_recipient (control db backup-key), and all objects are sent every time.

    \b
        control db backup /backups/2024-05-01
        control db backup --keep 14 --keep-days 30 s3://vault/aspen/2024-05-01
        control db backup --keep 14 /backups/2024-05-02
        control db backup --keys --no-objects /backups/before-the-upgrade
    """
    from control.backups.making import back_up, preview

    app = ctx.find_object(App)
    assert app is not None
    if keep_days is not None and keep is None:
        raise click.UsageError("--keep-days needs --keep")

    if dry_run:
        rows, objects = preview(app.settings)
        if as_json:
            echo_json({"rows": rows, "objects": 0 if no_objects else objects})
            return
        click.echo(f"would back up {sum(rows.values())} rows of {len(rows)} tables")
        click.echo(f"would back up {0 if no_objects else objects} objects")
        return
    s3 = None if no_objects else app.s3
    if isinstance(directory, S3Uri):
        from control.backups.sending import send_backup

        made, objects = send_backup(
            app.settings, s3, directory, scratch=scratch, with_keys=with_keys, echo=say
        )
    else:
        made = back_up(app.settings, s3, directory, with_keys=with_keys, echo=say)
        objects = made.object_count
    _tell(made, objects, as_json)
    if keep is not None:
        folder = directory.parent
        for name in _prune(app, folder, keep, keep_days or 0, dry_run=False):
            say(f"deleted {folder}/{name}")
    if not with_keys:
        say(f"the backup has no keys: keep a copy of {app.settings.keys_dir} elsewhere")
    tell_incomplete(ctx, made.missing_objects, made.wrong_objects)


@click.command("backups")
@click.argument("folder", type=Place(exists=True))
@json_option
@click.pass_obj
def backups(app: App, folder: Path | S3Uri, as_json: bool) -> None:
    """List the complete backups below FOLDER with age and size, the oldest first.

    FOLDER is a directory or s3://bucket/prefix; of an archive, its base backups are listed. A file
    that several backups share is counted with the first of them. What is sealed is not opened.

    \b
        control db backups /backups
        control db backups s3://vault/aspen
    """
    from control.backups.keeping import listed_backups, listed_vault

    if isinstance(folder, S3Uri):
        from control.backups.vault import Vault

        found = listed_vault(Vault.to_read(app.settings, folder))
    else:
        found = listed_backups(folder)
    if as_json:
        echo_json(found)
        return
    for each in found:
        size = f"{each['size_bytes'] / 1e6:.1f} MB"
        line = f"{each['name']}  {each['made_at']}  {each['age']}  {size}"
        if each["rows"] is not None:
            line += f"  {each['rows']} rows, {each['objects']} objects"
        click.echo(line)
    if not found:
        click.echo(f"no backup below {folder}")


@click.command("restore")
@click.argument("directory", type=Place())
@click.option("--drop-previous", is_flag=True, help="Delete the previous database.")
@click.option(
    "--into",
    type=Folder(),
    help="Restore an archive into this new data directory of a server instead.",
)
@click.option("--to-time", metavar="TIME", help="With --into: stop at this time.")
@click.option("--to-lsn", metavar="LSN", help="With --into: stop at this position of the log.")
@scratch_option
@click.option("--dry-run", is_flag=True, help="Check that the backup is complete, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def restore_command(
    ctx: click.Context,
    directory: Path | S3Uri,
    drop_previous: bool,
    into: Path | None,
    to_time: str | None,
    to_lsn: str | None,
    scratch: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Replace the database by the backup in DIRECTORY, at once or not at all.

    The previous database is kept under another name. With --into, DIRECTORY is an archive of
    control db archive, and the state of one moment becomes a new data directory; without --to-time
    and --to-lsn the latest one. Exit code 3: the archive has no copy of an object.

    DIRECTORY may be s3://bucket/prefix; what is there is opened with the identity of
    ASPEN_BACKUP_IDENTITY_FILE, ASPEN_BACKUP_IDENTITY or backup_identity_command.

    \b
        control db restore --dry-run /backups/2024-05-01
        control db restore /backups/2024-05-01
        control db restore /backups/archive --into /srv/postgres --to-time '2024-05-01 10:00Z'
        control db restore s3://vault/aspen --into /srv/postgres --scratch /srv
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
            ctx,
            app,
            directory,
            into,
            to_time=to_time,
            to_lsn=to_lsn,
            scratch=scratch,
            as_json=as_json,
        )
        return
    from control.backups.manifest import read_backup

    if isinstance(directory, S3Uri):
        from control.backups.fetching import fetched_backup

        opened: AbstractContextManager[Path] = fetched_backup(app.settings, directory, scratch)
    else:
        opened = nullcontext(directory)
    with opened as folder:
        found = read_backup(folder)
        if not as_json or dry_run:
            _tell(found, found.object_count, as_json)
        if dry_run:
            return
        if not yes:
            click.confirm("Replace the database by this backup?", abort=True, err=True)
        _restore(app, found, keeps_previous=not drop_previous, as_json=as_json)


def _restore(app: App, found: Backup, *, keeps_previous: bool, as_json: bool) -> None:
    """Replace the database by a backup that was read, and say what came back."""
    from control import stack
    from control.backups.restoring import restore

    restored = restore(app.settings, app.s3, found, say, keeps_previous=keeps_previous)
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


@click.command("prune")
@click.argument("folder", type=Place(exists=True))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="Backups to keep, or base backups of an archive and the log since the oldest.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(min=0),
    default=0,
    metavar="DAYS",
    help="Also keep what is needed to go back that far.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def prune(
    app: App,
    folder: Path | S3Uri,
    keep: int,
    keep_days: int,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete old backups below FOLDER, a directory or s3://bucket/prefix.

    At least the newest N stay, and with --keep-days whatever is needed to go back to any moment of
    those days. Of an archive the log before the oldest base backup that stays is deleted as well.
    No identity is needed.

    \b
        control db prune --keep 7 --keep-days 30 --dry-run s3://vault/aspen
    """
    going = _prune(app, folder, keep, keep_days, dry_run=True)
    if going and not dry_run:
        if not yes:
            click.confirm(f"Delete {len(going)} backups?", abort=True, err=True)
        going = _prune(app, folder, keep, keep_days, dry_run=False)
    if as_json:
        echo_json({"found": going, "deleted": [] if dry_run else going})
        return
    for name in going:
        click.echo(f"{'would delete' if dry_run else 'deleted'} {name}")
    if not going:
        click.echo("nothing to do")


@click.command("backup-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def backup_key(file: Path, as_json: bool) -> None:
    """Make a key pair for backups outside this machine: the identity in FILE, its public key here.

    Set backup_recipient of the environment to what is printed; two with a space between let either
    identity open them. Keep FILE where the backups are not, and in a second place: without an
    identity nobody can read them.

    \b
        control db backup-key /media/stick/aspen.key
    """
    from control.backups.sealing import new_identity

    recipient = new_identity(file)
    if as_json:
        echo_json({"recipient": recipient, "identity_file": str(file)})
    else:
        click.echo(recipient)


def _prune(
    app: App, folder: Path | S3Uri, keep: int, keep_days: int, *, dry_run: bool
) -> list[str]:
    from control.backups.retention import Retention, prune_folder, prune_vault
    from control.backups.vault import Vault

    retention = Retention(keep, keep_days)
    if isinstance(folder, S3Uri):
        return prune_vault(Vault.to_read(app.settings, folder), retention, dry_run=dry_run)
    return prune_folder(folder, retention, dry_run=dry_run)


def _tell(backup: Backup, objects: int, as_json: bool) -> None:
    """Print what is in a backup."""
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
