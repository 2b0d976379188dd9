"""`control db shell`: a Python console on an environment."""

from __future__ import annotations

from pprint import pformat
from typing import Any

import click

from control.app import App
from control.commands.options import echo_json


@click.command("shell")
@click.option("-c", "source", metavar="CODE", help="Run this Python, print its value, and end.")
@click.option("--profile", is_flag=True, help="Print every query and its time on stderr.")
@click.option("--write", "writes", is_flag=True, help="Allow changes outside the local stack, too.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the value of -c, or what would start, as JSON."
)
@click.pass_obj
def shell(app: App, source: str | None, profile: bool, writes: bool, as_json: bool) -> None:
    """Open Python with a connection as role control, queries and requests as any user.

    query() gives rows, or a data frame where pandas is installed; api() sends a request with a
    token of its user, where the keys are at hand. as_user is a subject, address, name or id: a
    query then runs under that user's row-level security and is rolled back. Outside the local
    stack nothing can be written without --write. The console is IPython where it is installed.

    \b
        control db shell
        control db shell -c "query('select name from groups where id = %s', 1)"
        control db shell --profile -c "query('select count(*) from samples', as_user='Bea Bay')"
        control db shell -c "api('GET /samples?limit=3', as_user='Bea Bay')"
    """
    from importlib.util import find_spec

    from control.shell import Shell, TimedCursor

    with app.connect("db shell") as conn:
        if profile:
            conn.cursor_factory = TimedCursor
        opened = Shell(conn, app.settings, writes=writes or app.runs_its_database)
        if source is not None:
            _tell(opened.run(source), as_json)
        elif as_json:
            echo_json(
                {
                    "console": "IPython" if find_spec("IPython") else "Python",
                    "names": sorted(opened.names),
                    "environment": app.settings.environment,
                    "writes": opened.writes,
                }
            )
        else:
            opened.interact()


def _tell(value: Any, as_json: bool) -> None:
    if as_json:
        echo_json(value.to_dict("records") if hasattr(value, "to_dict") else value)
    elif value is not None:
        click.echo(value if isinstance(value, str) else pformat(value, width=100, sort_dicts=False))
