"""`control sql version`: keep the API as it is now as a previous version of the next one."""

from __future__ import annotations

from datetime import datetime

import click

from control.app import App
from control.commands.options import json_option
from control.commands.scaffold_output import echo_scaffold

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("version")
@click.argument("name")
@click.option(
    "--deprecated", type=_DAY, required=True, help="Day from which on clients should not use it."
)
@click.option("--sunset", type=_DAY, required=True, help="Day on which it may go.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, write nothing.")
@json_option
@click.pass_obj
def version(
    app: App, name: str, deprecated: datetime, sunset: datetime, dry_run: bool, as_json: bool
) -> None:
    """Write the API as it is now as a previous version, for clients that do not change yet.

    The views and functions in its folder below sql/ call those of api, as the database has them.
    From then on api may change, and that folder is repaired so that its clients notice nothing.
    They ask for it with Accept-Profile and Content-Profile, and its answers say when it ends.
    Nothing is loaded; docs/dba.md has an example.

    \b
        control sql version api_v1 --deprecated 2027-01-01 --sunset 2027-07-01
    """
    from control.scaffolds.versions import plan_version

    with app.connect("sql version") as conn:
        scaffold = plan_version(conn, app.settings.root, name, deprecated.date(), sunset.date())
    if not dry_run:
        scaffold.write(app.settings.root)
    files = [f"{len(scaffold.new)} files in sql/{name}/"]
    echo_scaffold(scaffold, files, dry_run=dry_run, as_json=as_json)
