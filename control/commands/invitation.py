"""`control invitation`: invite people to groups, list, show and revoke invitations."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.commands.people import (
    batch_options,
    confirm,
    counted,
    echo_list,
    echo_row,
    role_option,
    rows_of,
    show_problems,
    yes_option,
)
from control.errors import ControlError
from control.terminal import one_line

ids = click.argument("invitation_ids", metavar="ID...", type=click.IntRange(min=1), nargs=-1)


@click.group()
def invitation() -> None:
    """Invite people to groups; list, show and revoke invitations."""


@invitation.command("create")
@click.argument("group", required=False)
@click.argument("email", nargs=-1)
@role_option
@click.option("--days", help="How long an invitation works: 1 to 90 days, 7 by default.")
@batch_options
@click.pass_obj
def create(
    app: App,
    /,
    file: Path | None,
    dry_run: bool,
    as_json: bool,
    **cells: str | tuple[str, ...] | None,
) -> None:
    """Invite each EMAIL to GROUP as member, or those of a file (group, email, role, days).

    The people are mailed: see mail send. Only --json prints the tokens and links, once. Nobody is
    invited if any line has a problem; an invitation is changed by revoking it and inviting again.

    \b
        control invitation create HUM ada@example.org --role admin
        control invitation create --from people.csv --dry-run
    """
    from control.people.batch import Rejected
    from control.people.invitations import FIELDS, REQUIRED, invite

    rows = rows_of(FIELDS, REQUIRED, file, cells)
    with app.connect("invitation create") as conn:
        try:
            invited = invite(conn, rows, dry_run=dry_run)
        except Rejected as error:
            show_problems(error, dry_run=dry_run, as_json=as_json)
            raise
    if as_json:
        # Those of a dry run do not work.
        made = [] if dry_run else [asdict(one) for one in invited]
        echo_json({"dry_run": dry_run, "invitations": made})
        return
    click.echo(f"{'would invite' if dry_run else 'invited'} {counted(len(invited), 'persons')}")


@invitation.command("revoke")
@ids
@yes_option
@click.option("--dry-run", is_flag=True, help="Find out whether it works, change nothing.")
@json_option
@click.pass_obj
def revoke(
    app: App, invitation_ids: tuple[int, ...], yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Revoke invitations, so that their links stop working; all of them or none.

    \b
        control invitation revoke 17 18
    """
    from control.people.invitations import revoke as revoke_invitations

    if not invitation_ids:
        raise click.UsageError("Give the id of an invitation.")
    confirm("Revoke them?", yes=yes, dry_run=dry_run)
    with app.connect("invitation revoke") as conn:
        revoke_invitations(conn, invitation_ids, dry_run=dry_run)
    if as_json:
        echo_json({"dry_run": dry_run, "ids": invitation_ids})
        return
    said = "would revoke" if dry_run else "revoked"
    click.echo(f"{said} {counted(len(invitation_ids), 'invitations')}")


@invitation.command("list")
@click.option("--group", help="Only this group (id, name or prefix).")
@click.option("--all", "shows_all", is_flag=True, help="Closed ones as well.")
@json_option
@click.pass_obj
def list_command(app: App, group: str | None, shows_all: bool, as_json: bool) -> None:
    """List open invitations.

    \b
        control invitation list --group HUM --all
    """
    from control.people.groups import find_group
    from control.people.listing import list_rows

    with app.connect("invitation list") as conn:
        filters = {
            "group_id": group and find_group(conn, group).id,
            "open_only": not shows_all,
        }
        echo_list(list_rows(conn, "invitations", filters), "invitations", as_json=as_json)


@invitation.command("show")
@click.argument("invitation_id", metavar="ID", type=click.IntRange(min=1))
@json_option
@click.pass_obj
def show(app: App, invitation_id: int, as_json: bool) -> None:
    """Show an invitation and its status.

    \b
        control invitation show 17
    """
    from control.people.listing import list_rows

    with app.connect("invitation show") as conn:
        found = list_rows(conn, "invitations", {"ids": [invitation_id]})
    if not found:
        raise ControlError(
            one_line(f"there is no invitation {invitation_id}"), "control invitation list shows all"
        )
    echo_row(found[0], as_json=as_json)
