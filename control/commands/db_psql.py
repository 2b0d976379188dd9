"""`control db psql`: open psql on the database of an environment."""

from __future__ import annotations

import click

from control.app import App
from control.commands.options import echo_json


@click.command("psql", context_settings={"ignore_unknown_options": True})
@click.option("--write", "writes", is_flag=True, help="Allow changes outside the local stack, too.")
@click.option("--json", "as_json", is_flag=True, help="Print what would be run, as JSON.")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL_OPTION]…")
@click.pass_obj
def psql(app: App, writes: bool, as_json: bool, more: tuple[str, ...]) -> None:
    """Open psql as role control, which no policy holds back.

    Outside the local stack transactions are read-only without --write. The schemas of Aspen are on
    the search path. The password is in no process list. Options of psql may follow.

    \b
        control db psql
        control db psql -c 'select count(*) from samples'
    """
    from control.psql import plan_session

    with app.connect("db psql") as conn:
        session = plan_session(
            conn, app.settings, writes=writes or app.runs_its_database, more=more
        )
    if as_json:
        echo_json({"command": session.arguments, "environment": session.public_environment})
    else:
        session.start()
