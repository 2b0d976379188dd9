"""`control sql lint`: look for what is wrong with a database."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import SOMETHING_TO_DO

if TYPE_CHECKING:
    from control.lint.running import Finding


@click.command("lint")
@click.option("--rule", "only", multiple=True, metavar="NAME", help="Ask this rule; may repeat.")
@click.option("--list", "lists", is_flag=True, help="List the rules and what each is about.")
@json_option
@click.pass_obj
def lint(app: App, only: tuple[str, ...], lists: bool, as_json: bool) -> None:
    """Look for what is wrong with the database: security, speed, names and functions.

    Nothing is changed: plans are made on copies with generated rows, in a transaction that is
    rolled back. Exits with 3 if something is found.

    \b
        control sql lint
        control sql lint --env production --rule tables_are_not_bloated
    """
    from control.database import connect_as_administrator
    from control.lint.running import all_rules
    from control.lint.running import lint as run_lint

    if lists:
        rules = all_rules()
        if as_json:
            echo_json(
                [
                    {
                        "name": rule.name,
                        "level": rule.level,
                        "title": rule.title,
                        "description": rule.description,
                        "fix": rule.fix or None,
                    }
                    for rule in rules
                ]
            )
            return
        for rule in rules:
            click.echo(f"{rule.level:<7}  {rule.name}")
        return
    with app.connect("sql lint") as conn:
        administrator = connect_as_administrator(app.settings, "sql lint")
        with administrator or nullcontext(conn) as creator:
            result = run_lint(conn, creator, app.settings.root, only)
    if as_json:
        echo_json(asdict(result))
    else:
        for finding in result.findings:
            _tell(finding)
        for note in result.notes:
            say(note)
        many = len(result.findings)
        click.echo(f"{result.asked} rules asked, {many or 'nothing'} found")
    if result.findings:
        raise SystemExit(SOMETHING_TO_DO)


def _tell(finding: Finding) -> None:
    place = f" ({finding.file}:{finding.line})" if finding.file else ""
    click.echo(f"{finding.level}: {finding.rule}: {finding.object}{place}")
    click.echo(f"  {finding.problem}")
    click.echo(f"  fix: {finding.fix}")
