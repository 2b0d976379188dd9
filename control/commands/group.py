"""`control group`: create, list, show and edit groups, export, import and erase them."""

from __future__ import annotations

from pathlib import Path

import click

from control.app import App
from control.commands.group_archive import erase, export, import_command
from control.commands.group_usage import limit, usage
from control.commands.options import json_option
from control.commands.people import batch_options, echo_list, echo_row, rows_of, store


@click.group()
def group() -> None:
    """Create, list, show and edit groups, and export, import and erase them."""


_OF_THE_ADDRESS = (
    click.option("--submitting-lab", help="Name of the lab in submissions."),
    click.option("--address", help="Address of the lab in submissions."),
    click.option("--division", help="Division in which the group is, such as a state."),
    click.option("--location", help="Location in which the group is, such as a county."),
    click.option(
        "--default-tree-location", "default_tree_location_id", help="Id of a location for trees."
    ),
)


@group.command("create")
@click.option("--name", help="3 to 128 characters; set once.")
@click.option("--prefix", help="Beginning of public identifiers, 2 to 25 characters; set once.")
@_OF_THE_ADDRESS[0]
@_OF_THE_ADDRESS[1]
@_OF_THE_ADDRESS[2]
@_OF_THE_ADDRESS[3]
@_OF_THE_ADDRESS[4]
@batch_options
@click.pass_obj
def create(
    app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None
) -> None:
    """Create a group, or one for each line of a file.

    Name and prefix are part of identifiers, so they can never be changed. The columns of a file are
    name, prefix, submitting_lab, address, division, location and default_tree_location_id.

    \b
        control group create --name 'Humboldt County' --prefix HUM
        control group create --from groups.csv --dry-run
    """
    from control.people.actions import CREATE_GROUPS

    rows = rows_of([*CREATE_GROUPS.fields], CREATE_GROUPS.required, file, cells)
    store(app, "group create", CREATE_GROUPS, "groups", rows, dry_run=dry_run, as_json=as_json)


@group.command("edit")
@click.argument("group", required=False)
@_OF_THE_ADDRESS[0]
@_OF_THE_ADDRESS[1]
@_OF_THE_ADDRESS[2]
@_OF_THE_ADDRESS[3]
@_OF_THE_ADDRESS[4]
@batch_options
@click.pass_obj
def edit(app: App, /, file: Path | None, dry_run: bool, as_json: bool, **cells: str | None) -> None:
    """Change GROUP (id, name or prefix), or the group of each line of a file.

    What is not given stays; an empty text removes a value. Of a file, every column that is there is
    set. Name and prefix are set once and are no columns here. A group cannot be disabled: disable
    its users, or remove its members and grants.

    \b
        control group edit HUM --submitting-lab 'Humboldt Public Health Laboratory'
        control group edit --from addresses.csv
    """
    from control.people.actions import EDIT_GROUPS

    rows = rows_of([*EDIT_GROUPS.fields], EDIT_GROUPS.required, file, cells)
    store(app, "group edit", EDIT_GROUPS, "groups", rows, dry_run=dry_run, as_json=as_json)


@group.command("list")
@json_option
@click.pass_obj
def list_command(app: App, as_json: bool) -> None:
    """List all groups.

    \b
        control group list --json
    """
    from control.people.listing import list_rows

    with app.connect("group list") as conn:
        echo_list(list_rows(conn, "groups"), "groups", as_json=as_json)


@group.command("show")
@click.argument("group")
@json_option
@click.pass_obj
def show(app: App, group: str, as_json: bool) -> None:
    """Show all about GROUP (id, name or prefix).

    \b
        control group show HUM
    """
    from control.people.groups import find_group
    from control.people.listing import list_rows

    with app.connect("group show") as conn:
        found = list_rows(conn, "groups", {"ids": [find_group(conn, group).id]})
    echo_row(found[0], as_json=as_json)


group.add_command(usage)
group.add_command(limit)
group.add_command(export)
group.add_command(import_command)
group.add_command(erase)
