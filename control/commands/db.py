"""`control db`: back up and restore the database, and delete what is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from control.app import App
from control.commands.db_archive import archive, drill_command
from control.commands.db_backup import backup, backup_key, backups, prune, restore_command
from control.commands.db_explain import explain
from control.commands.db_psql import psql
from control.commands.db_shell import shell
from control.commands.db_top import top
from control.commands.db_who_can import who_can
from control.commands.options import MOST_DAYS, echo_json, json_option, say


@click.group()
def db() -> None:
    """Back up and restore the database, and delete what is old."""


db.add_command(psql)
db.add_command(shell)
db.add_command(explain)
db.add_command(top)
db.add_command(who_can)
db.add_command(backup)
db.add_command(backup_key)
db.add_command(backups)
db.add_command(prune)
db.add_command(restore_command)
db.add_command(archive)
db.add_command(drill_command)


@db.command("trim-audit-log")
@click.option("--keep-days", type=click.IntRange(30, MOST_DAYS), required=True, metavar="DAYS")
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


@db.command("extend-partitions")
@click.option("--months", type=click.IntRange(0, 24), default=3, help="Months after this one.")
@click.option("--dry-run", is_flag=True, help="Show what would be made.")
@json_option
@click.pass_obj
def extend_partitions(app: App, months: int, dry_run: bool, as_json: bool) -> None:
    """Make the partitions of the audit log and the events for this month and those to come.

    Rows of a month without one are stored as well, together with those of other such months.

    \b
        control db extend-partitions --months 3
    """
    from control.partitions import extend_tables

    with app.connect("db extend-partitions") as conn:
        made = extend_tables(conn, months, dry_run=dry_run)
    if as_json:
        echo_json({"partitions": made})
        return
    for name in made:
        click.echo(f"{'would make' if dry_run else 'made'} {name}")
    if not made:
        click.echo("nothing to do")


@db.command("trim-replaced-sequences")
@click.option("--keep-days", type=click.IntRange(0, MOST_DAYS), required=True, metavar="DAYS")
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
