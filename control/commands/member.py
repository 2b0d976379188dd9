"""`control member`: who is in which group, and with which role."""

from __future__ import annotations

from pathlib import Path

import click

from control.app import App
from control.commands.options import json_option
from control.commands.people import (
    batch_options,
    confirm,
    echo_list,
    echo_row,
    role_option,
    rows_of,
    store,
    yes_option,
)
from control.errors import ControlError


@click.group()
def member() -> None:
    """Put users into groups, list, show and remove them, and set their roles."""


@member.command("create")
@click.argument("group", required=False)
@click.argument("user", required=False)
@role_option
@batch_options
@click.pass_obj
def create(
    app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Put USER into GROUP, or do so for each line of a file (group, user, role).

    Somebody without a user is invited instead: see invitation create.

    \b
        control member create HUM ada@example.org --role admin
        control member create --from members.csv --dry-run
    """
    from control.people.actions import CREATE_MEMBERS

    rows = rows_of([*CREATE_MEMBERS.fields], [*CREATE_MEMBERS.fields], file, cells)
    store(app, "member create", CREATE_MEMBERS, "members", rows, dry_run=dry_run, as_json=as_json)


@member.command("edit")
@click.argument("group", required=False)
@click.argument("user", required=False)
@role_option
@batch_options
@click.pass_obj
def edit(app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None) -> None:
    """Set the role of USER in GROUP, or do so for each line of a file (group, user, role).

    A group keeps at least one admin; the roles of a file are set at once, so admins may swap.

    \b
        control member edit HUM ada@example.org --role viewer
    """
    from control.people.actions import EDIT_MEMBERS

    rows = rows_of([*EDIT_MEMBERS.fields], EDIT_MEMBERS.required, file, cells)
    store(app, "member edit", EDIT_MEMBERS, "members", rows, dry_run=dry_run, as_json=as_json)


@member.command("remove")
@click.argument("group", required=False)
@click.argument("user", required=False)
@yes_option
@batch_options
@click.pass_obj
def remove(
    app: App, /, file: Path | None, yes: bool, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Remove USER from GROUP, or do so for each line of a file (group, user).

    A group keeps at least one admin. A token that names its groups itself stays valid for them
    until it expires: user sign-out ends it.

    \b
        control member remove HUM ada@example.org
    """
    from control.people.actions import REMOVE_MEMBERS

    confirm("Remove them?", yes=yes, dry_run=dry_run)
    rows = rows_of([*REMOVE_MEMBERS.fields], REMOVE_MEMBERS.required, file, cells)
    store(app, "member remove", REMOVE_MEMBERS, "members", rows, dry_run=dry_run, as_json=as_json)


@member.command("list")
@click.option("--group", help="Only this group (id, name or prefix).")
@click.option("--user", help="Only this user (subject, e-mail address or id).")
@json_option
@click.pass_obj
def list_command(app: App, group: str | None, user: str | None, as_json: bool) -> None:
    """List who is in which group.

    \b
        control member list --group HUM
    """
    from control.people.groups import find_group
    from control.people.listing import find_user, list_rows

    with app.connect("member list") as conn:
        filters = {
            "group_id": group and find_group(conn, group).id,
            "user_id": user and find_user(conn, user),
        }
        echo_list(list_rows(conn, "members", filters), "members", as_json=as_json)


@member.command("show")
@click.argument("group")
@click.argument("user")
@json_option
@click.pass_obj
def show(app: App, group: str, user: str, as_json: bool) -> None:
    """Show the role of USER in GROUP, and since when.

    \b
        control member show HUM ada@example.org
    """
    from control.people.groups import find_group
    from control.people.listing import find_user, list_rows

    with app.connect("member show") as conn:
        filters = {"group_id": find_group(conn, group).id, "user_id": find_user(conn, user)}
        found = list_rows(conn, "members", filters)
    if not found:
        raise ControlError(f"{user} is not in {group}", "control member list shows who is")
    echo_row(found[0], as_json=as_json)
