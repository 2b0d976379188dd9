"""`control token create`, `list` and `revoke`: tokens of programs."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import click

from control.app import App
from control.commands.options import Lifetime, echo_json, json_option
from control.commands.people import confirm, counted, echo_list, yes_option


@click.command()
@click.argument("name")
@click.option("--group", required=True, help="The group it is for: id, name or prefix.")
@click.option("--user", required=True, help="The user it acts as: subject, address or id.")
@click.option("--scope", type=click.Choice(["read", "write"]), default="read", show_default=True)
@click.option("--expires", type=Lifetime(), default="30d", show_default=True, help="At most 30d.")
@click.option("--dry-run", is_flag=True, help="Find out whether it works, store nothing.")
@json_option
@click.pass_obj
def create(
    app: App,
    name: str,
    group: str,
    user: str,
    scope: str,
    expires: timedelta,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a machine token with this NAME and print it, once.

    It sees the group as its user does, and no other group. It manages neither people nor webhooks.
    With the scope read it changes nothing. It stops working when it expires or is revoked, and when
    its user is disabled, signed out or leaves the group.

    \b
        control token create 'nightly export' --group HUM --user ada@example.org > token.txt
    """
    from control.tokens.keys import load_keys
    from control.tokens.machine import Scope, Wanted, create_machine_token

    keys = load_keys(app.settings.keys_dir)
    wanted = Wanted(name, group, user, cast("Scope", scope), expires)
    with app.connect("token create") as conn:
        made = create_machine_token(conn, keys, wanted, dry_run=dry_run)
    if dry_run:
        if as_json:
            echo_json({"dry_run": True})
        else:
            click.echo("would make a machine token")
        return
    if as_json:
        echo_json(
            {
                "dry_run": False,
                "id": made.id,
                "token": made.token,
                "scope": scope,
                "expires_at": made.expires_at,
            }
        )
        return
    click.echo(made.token)
    click.echo(f"machine token {made.id}, until {made.expires_at:%Y-%m-%d %H:%MZ}", err=True)


@click.command("list")
@click.option("--group", help="Only this group (id, name or prefix).")
@click.option("--all", "shows_all", is_flag=True, help="Revoked and expired ones as well.")
@json_option
@click.pass_obj
def list_command(app: App, group: str | None, shows_all: bool, as_json: bool) -> None:
    """List machine tokens, with their last use to the minute.

    A worker with --with-schedule notes the use: see job work.

    \b
        control token list --group HUM
    """
    from control.people.groups import find_group
    from control.people.listing import list_rows

    with app.connect("token list") as conn:
        filters = {
            "group_id": group and find_group(conn, group).id,
            "open_only": not shows_all,
        }
        echo_list(list_rows(conn, "tokens", filters), "tokens", as_json=as_json)


@click.command()
@click.argument("token_ids", metavar="ID...", type=click.IntRange(min=1), nargs=-1, required=True)
@yes_option
@click.option("--dry-run", is_flag=True, help="Find out whether it works, change nothing.")
@json_option
@click.pass_obj
def revoke(app: App, token_ids: tuple[int, ...], yes: bool, dry_run: bool, as_json: bool) -> None:
    """Revoke machine tokens, with their next request; all of them or none.

    \b
        control token revoke 3
    """
    from control.tokens.machine import revoke_machine_tokens

    confirm("Revoke them?", yes=yes, dry_run=dry_run)
    with app.connect("token revoke") as conn:
        revoke_machine_tokens(conn, [*token_ids], dry_run=dry_run)
    if as_json:
        echo_json({"dry_run": dry_run, "ids": token_ids})
        return
    said = "would revoke" if dry_run else "revoked"
    click.echo(f"{said} {counted(len(token_ids), 'machine tokens')}")
