"""`control sql new`: scaffold a function, view or table of the API."""

from __future__ import annotations

import click

from control.app import App
from control.commands.options import json_option
from control.commands.scaffold_output import echo_scaffold


@click.command("new")
@click.argument("kind", type=click.Choice(["function", "view", "table"]))
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Print what would be written, write nothing.")
@json_option
@click.pass_obj
def new(app: App, kind: str, name: str, dry_run: bool, as_json: bool) -> None:
    """Write the files that a new function, view or table needs, and its lines in others.

    What is written passes lint and tests as it is, and does nothing useful yet: SQL with comment,
    grants and policy, rows of permissions, tests, pages of the documentation. Then it says what is
    left to write. A table has its migration and a view. Nothing is loaded, and no file replaced.

    \b
        control sql new --dry-run table field_notes
        control sql new function count_field_notes
    """
    from control.scaffolds.making import plan_scaffold

    scaffold = plan_scaffold(app.settings.root, kind, name)
    if not dry_run:
        scaffold.write(app.settings.root)
    echo_scaffold(scaffold, scaffold.new, dry_run=dry_run, as_json=as_json)
