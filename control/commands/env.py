"""`control env`: list the environments, and show where their settings come from."""

from __future__ import annotations

from dataclasses import asdict

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.terminal import screen_width, table


@click.group()
def env() -> None:
    """List the environments and show where their settings come from."""


@env.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the environments that --env can name, with the file that describes each.

    The local stack is one; others are tables of aspen.toml in the checkout and in ~/.config/aspen.

    \b
        control env list
    """
    from control.environments import list_environments

    found = list_environments()
    if as_json:
        echo_json([asdict(one) for one in found])
        return
    rows = [("name", "", "file")]
    rows += [(one.name, "default" if one.is_default else "", one.file) for one in found]
    for line in table(rows, screen_width()):
        click.echo(line)


@env.command("show")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def show(app: App, name: str | None, as_json: bool) -> None:
    """Show each setting of an environment, and where it comes from.

    NAME is the one of --env or ASPEN_ENV by default. No secret is read or shown.

    \b
        control env show production
        control env show --env production --json
    """
    from control.environments import describe

    found = list(describe(name or app.chosen_environment))
    if as_json:
        echo_json([asdict(one) for one in found])
        return
    rows = [("setting", "value", "from")]
    rows += [(one.key, "" if one.value is None else one.value, one.source) for one in found]
    for line in table(rows, screen_width()):
        click.echo(line)
