"""`control user`: create, list, show, edit, disable, enable and sign out users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import json_option
from control.commands.people import (
    batch_options,
    confirm,
    echo_list,
    echo_row,
    rows_of,
    store,
    yes_option,
)
from control.commands.user_sync import sync

if TYPE_CHECKING:
    from control.people.actions import Action

users = click.argument("user", nargs=-1)


@click.group()
def user() -> None:
    """Create, list, show, edit, disable, enable, sign out and sync users."""


@user.command("create")
@click.option("--subject", help="Claim sub of the user's tokens.")
@click.option("--name", help="Name of the person, 1 to 128 characters.")
@click.option("--email", help="E-mail address; each belongs to one user, whatever its case.")
@click.option("--operator", "is_operator", flag_value="true", help="Accept tokens of an operator.")
@click.option("--gisaid-submitter-id", help="Name of the user's account at GISAID.")
@batch_options
@click.pass_obj
def create(
    app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Create a user, or one for each line of a file.

    The columns of a file are subject, name, email, is_operator (true or false) and
    gisaid_submitter_id. A new user is in no group: see member create.

    \b
        control user create --subject 'auth0|62c' --name 'Ada Adams' --email ada@example.org
        control user create --from users.csv --dry-run
    """
    from control.people.actions import CREATE_USERS

    rows = rows_of([*CREATE_USERS.fields], CREATE_USERS.required, file, cells)
    store(app, "user create", CREATE_USERS, "users", rows, dry_run=dry_run, as_json=as_json)


@user.command("edit")
@click.argument("user", required=False)
@click.option("--subject", help="New claim sub of the user's tokens.")
@click.option("--name", help="New name.")
@click.option("--email", help="New e-mail address.")
@click.option("--operator/--no-operator", default=None, help="Accept tokens of an operator.")
@click.option("--gisaid-submitter-id", help="Name of the user's account at GISAID.")
@batch_options
@click.pass_obj
def edit(
    app: App,
    /,
    file: Path | None,
    dry_run: bool,
    as_json: bool,
    operator: bool | None,
    **cells: str | None,
) -> None:
    """Change USER (subject, e-mail address or id), or the user of each line of a file.

    What is not given stays; an empty text removes a value. Of a file, every column that is there is
    set: user, subject, name, email, is_operator, gisaid_submitter_id.

    \b
        control user edit ada@example.org --subject 'auth0|63d'
    """
    from control.people.actions import EDIT_USERS

    flag = None if operator is None else str(operator).lower()
    given = cells | {"is_operator": flag}
    rows = rows_of([*EDIT_USERS.fields], EDIT_USERS.required, file, given)
    store(app, "user edit", EDIT_USERS, "users", rows, dry_run=dry_run, as_json=as_json)


@user.command("disable")
@users
@yes_option
@batch_options
@click.pass_obj
def disable(
    app: App, user: tuple[str, ...], file: Path | None, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Take the access of each USER away, with the next request.

    It covers every token of the user, machine tokens, running jobs that the user asked for, and
    shared links. What the user did stays. A file has the column user.

    \b
        control user disable ada@example.org
        control user disable --from left.csv --dry-run
    """
    from control.people.actions import DISABLE_USERS

    confirm("Disable them?", yes=yes, dry_run=dry_run)
    _change(app, "disable", DISABLE_USERS, user, file, dry_run=dry_run, as_json=as_json)


@user.command("enable")
@users
@batch_options
@click.pass_obj
def enable(
    app: App, user: tuple[str, ...], file: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Give each disabled USER access again. A file has the column user.

    \b
        control user enable ada@example.org
    """
    from control.people.actions import ENABLE_USERS

    _change(app, "enable", ENABLE_USERS, user, file, dry_run=dry_run, as_json=as_json)


@user.command("sign-out")
@users
@batch_options
@click.pass_obj
def sign_out(
    app: App, user: tuple[str, ...], file: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Reject every token of each USER that was issued until now. A file has the column user.

    The user signs in again, and gets new ones. Machine tokens of the user are rejected as well.

    \b
        control user sign-out ada@example.org
    """
    from control.people.actions import SIGN_USERS_OUT

    _change(app, "sign-out", SIGN_USERS_OUT, user, file, dry_run=dry_run, as_json=as_json)


@user.command("list")
@click.option("--disabled", is_flag=True, help="Only users without access.")
@click.option("--operators", is_flag=True, help="Only operators.")
@json_option
@click.pass_obj
def list_command(app: App, disabled: bool, operators: bool, as_json: bool) -> None:
    """List users.

    \b
        control user list --operators
    """
    from control.people.listing import list_rows

    with app.connect("user list") as conn:
        found = [
            row
            for row in list_rows(conn, "users")
            if (row["disabled_at"] or not disabled) and (row["is_operator"] or not operators)
        ]
    echo_list(found, "users", as_json=as_json)


@user.command("show")
@click.argument("user")
@json_option
@click.pass_obj
def show(app: App, user: str, as_json: bool) -> None:
    """Show all about USER (subject, e-mail address or id).

    \b
        control user show ada@example.org
    """
    from control.people.listing import find_user, list_rows

    with app.connect("user show") as conn:
        found = list_rows(conn, "users", {"ids": [find_user(conn, user)]})
    echo_row(found[0], as_json=as_json)


def _change(
    app: App,
    verb: str,
    action: Action,
    named: tuple[str, ...],
    file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    rows = rows_of([*action.fields], action.required, file, {"user": named})
    store(app, f"user {verb}", action, "users", rows, dry_run=dry_run, as_json=as_json)


user.add_command(sync)
