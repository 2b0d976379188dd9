"""`control mail`: send the mails of invitations."""

from __future__ import annotations

from dataclasses import asdict

import click

from control.app import App
from control.commands.options import echo_json, json_option, say


@click.group()
def mail() -> None:
    """Send the mails of invitations."""


@mail.command()
@click.option("--dry-run", is_flag=True, help="Log in to the server and count, send nothing.")
@json_option
@click.pass_obj
def send(app: App, dry_run: bool, as_json: bool) -> None:
    """Send the mails that wait, and forget the links in them.

    A mail that the server does not take is tried 10 times within two days; then it is given up.
    Mails of invitations that have ended are not sent. Run it every minute, in as many places as
    you like. The local stack writes the mails as files into .aspen/mails.

    \b
        control mail send
        control mail send --dry-run
    """
    from control.mails.sending import Report, close_mails, count_due, send_mails
    from control.mails.transport import open_transport

    with app.connect("mail send") as conn:
        closed = 0 if dry_run else close_mails(conn)
        due = count_due(conn)
        report = Report()
        if due or dry_run:
            with open_transport(app.settings) as transport:
                report = Report() if dry_run else send_mails(conn, transport)
    if as_json:
        echo_json({"dry_run": dry_run, "due": due, "closed": closed} | asdict(report))
        return
    if dry_run:
        click.echo(f"would send {due} mails")
        return
    for number, problem in report.problems.items():
        say(f"mail {number}: {problem}")
    click.echo(
        f"sent {report.sent} mails, {report.postponed} are tried again,"
        f" {report.given_up + closed} given up"
    )
