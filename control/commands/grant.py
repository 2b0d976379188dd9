"""`control grant`: access to its data that one group gives to another."""

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

end_option = click.option(
    "--ends-at", metavar="TIME", help="When access ends: 2026-12-31, 2026-12-31T12:00:00Z."
)


@click.group()
def grant() -> None:
    """Give groups access to the data of other groups; list, show, change and revoke it."""


@grant.command("create")
@click.argument("group", required=False)
@click.argument("grantee", required=False)
@role_option
@end_option
@batch_options
@click.pass_obj
def create(
    app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Give everybody in GRANTEE access to the data of GROUP, as viewer unless --role says more.

    Or do so for each line of a file (group, grantee, role, ends_at). Without an end, access lasts
    until it is revoked. A grant works in one direction.

    \b
        control grant create HUM CDPH --role viewer --ends-at 2026-12-31
        control grant create --from grants.csv --dry-run
    """
    from control.people.actions import CREATE_GRANTS

    rows = rows_of([*CREATE_GRANTS.fields], ["group", "grantee"], file, cells)
    store(app, "grant create", CREATE_GRANTS, "grants", rows, dry_run=dry_run, as_json=as_json)


@grant.command("edit")
@click.argument("group", required=False)
@click.argument("grantee", required=False)
@role_option
@end_option
@batch_options
@click.pass_obj
def edit(app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None) -> None:
    """Change role or end of what GROUP grants to GRANTEE, or of each line of a file.

    What is not given stays; an empty --ends-at removes the end. Of a file, every column that is
    there is set: group, grantee, role, ends_at.

    \b
        control grant edit HUM CDPH --ends-at 2027-06-30
    """
    from control.people.actions import EDIT_GRANTS

    rows = rows_of([*EDIT_GRANTS.fields], EDIT_GRANTS.required, file, cells)
    store(app, "grant edit", EDIT_GRANTS, "grants", rows, dry_run=dry_run, as_json=as_json)


@grant.command("revoke")
@click.argument("group", required=False)
@click.argument("grantee", required=False)
@yes_option
@batch_options
@click.pass_obj
def revoke(
    app: App, /, file: Path | None, yes: bool, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Take away what GROUP grants to GRANTEE, or do so for each line of a file (group, grantee).

    It counts from the next request.

    \b
        control grant revoke HUM CDPH
    """
    from control.people.actions import REVOKE_GRANTS

    confirm("Revoke it?", yes=yes, dry_run=dry_run)
    rows = rows_of([*REVOKE_GRANTS.fields], REVOKE_GRANTS.required, file, cells)
    store(app, "grant revoke", REVOKE_GRANTS, "grants", rows, dry_run=dry_run, as_json=as_json)


@grant.command("list")
@click.option("--group", help="Only what this group gives or receives (id, name or prefix).")
@json_option
@click.pass_obj
def list_command(app: App, group: str | None, as_json: bool) -> None:
    """List grants, with their ends.

    \b
        control grant list --group HUM
    """
    from control.people.groups import find_group
    from control.people.listing import list_rows

    with app.connect("grant list") as conn:
        filters = {"group_id": group and find_group(conn, group).id}
        echo_list(list_rows(conn, "grants", filters), "grants", as_json=as_json)


@grant.command("show")
@click.argument("group")
@click.argument("grantee")
@json_option
@click.pass_obj
def show(app: App, group: str, grantee: str, as_json: bool) -> None:
    """Show what GROUP grants to GRANTEE.

    \b
        control grant show HUM CDPH
    """
    from control.people.groups import find_group
    from control.people.listing import list_rows

    with app.connect("grant show") as conn:
        giver, receiver = find_group(conn, group).id, find_group(conn, grantee).id
        found = [
            row
            for row in list_rows(conn, "grants", {"group_id": giver})
            if (row["group_id"], row["grantee_group_id"]) == (giver, receiver)
        ]
    if not found:
        raise ControlError(f"{group} grants nothing to {grantee}", "control grant list shows all")
    echo_row(found[0], as_json=as_json)
