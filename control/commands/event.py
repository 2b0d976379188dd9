"""`control event`: publish the events of the feed, and delete old ones."""

from __future__ import annotations

from datetime import timedelta

import click

from control.app import App
from control.commands.options import MOST_DAYS, echo_json, json_option


@click.group()
def event() -> None:
    """Publish the events of the feed, and delete old ones."""


@event.command()
@json_option
@click.pass_obj
def publish(app: App, as_json: bool) -> None:
    """Show in the feed what happened since the last time.

    Clients see an event as soon as it has a number. Run it every second, or let another command do
    it; in as many places as you like, because they take turns.

    \b
        control event publish
    """
    from control.events.numbering import number_events

    with app.connect("event publish") as conn:
        numbered = number_events(conn)
    if as_json:
        echo_json({"published": numbered})
    else:
        click.echo(f"published {numbered} events")


@event.command()
@click.option("--keep-days", type=click.IntRange(0, MOST_DAYS), default=90, show_default=True)
@click.option("--dry-run", is_flag=True, help="Count what would be deleted.")
@json_option
@click.pass_obj
def trim(app: App, keep_days: int, dry_run: bool, as_json: bool) -> None:
    """Delete events that are older than so many days, a month at a time.

    Those of a month stay until the last day of it is too old. A client that was away for longer
    reads the resources again.

    \b
        control event trim --keep-days 90 --dry-run
    """
    from control.events.numbering import count_old_events, trim_events

    kept = timedelta(days=keep_days)
    with app.connect("event trim") as conn:
        found = count_old_events(conn, kept)
        deleted = 0 if dry_run else trim_events(conn, kept)
    if as_json:
        echo_json({"found": found, "deleted": deleted})
    elif dry_run:
        click.echo(f"would delete {found} events")
    else:
        click.echo(f"deleted {deleted} events")
