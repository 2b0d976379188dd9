"""`control migrate check`: what CI asks of migrations."""

from __future__ import annotations

from dataclasses import asdict

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.errors import SOMETHING_TO_DO


@click.command("check")
@click.option("--released", is_flag=True, help="Run the rollbacks of released migrations as well.")
@json_option
@click.pass_context
def check(ctx: click.Context, released: bool, as_json: bool) -> None:
    """Check the migrations of this checkout; exit with 3 if anything is wrong.

    They follow one another, with one head; released ones are unchanged; together they make
    the tables that sql/ says; each is rolled back and leads to what was before. No database is
    needed: a server of its own starts on this machine.

    \b
        control migrate check
        control migrate check --released
    """
    from control.changes.check import check_migrations

    app: App = ctx.obj
    findings = check_migrations(app.settings, with_released=released)
    if as_json:
        echo_json([asdict(one) for one in findings])
    for one in () if as_json else findings:
        click.echo(one.problem)
        click.echo(f"    cure: {one.cure}")
    if not findings and not as_json:
        click.echo("the migrations are right")
    if findings:
        ctx.exit(SOMETHING_TO_DO)
