"""`control webhook`: send the events of groups to their webhooks."""

from __future__ import annotations

from dataclasses import asdict

import click

from control.app import App
from control.commands.options import echo_json, json_option, say


@click.group()
def webhook() -> None:
    """Send the events of groups to their webhooks."""


@webhook.command()
@click.option("--dry-run", is_flag=True, help="Count the webhooks that are due, send nothing.")
@json_option
@click.pass_obj
def send(app: App, dry_run: bool, as_json: bool) -> None:
    """Send what happened to the webhooks that wait for it.

    It numbers new events first. Run it every few seconds, in as many places as you like: a webhook
    gets one message at a time, in order. A message that fails is tried 10 times within two days;
    then the webhook stops, until an admin of the group calls replay_webhook.

    \b
        control webhook send
    """
    from control.webhooks.sending import Report, count_due, send_webhooks

    with app.connect("webhook send") as conn:
        due = count_due(conn) if dry_run else 0
        report = Report() if dry_run else send_webhooks(conn)
    if as_json:
        echo_json({"dry_run": dry_run, "due": due} | asdict(report))
        return
    if dry_run:
        click.echo(f"would send to {due} webhooks")
        return
    for number, problem in report.problems.items():
        say(f"webhook {number}: {problem}")
    click.echo(
        f"sent {report.sent} messages, {report.postponed} are tried again,"
        f" {report.stopped} webhooks stopped"
    )
