"""`control load repositories` and `control load usher-options`: small tables of settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from control.app import App
from control.commands.load_changes import echo_changes, listed_as_json
from control.commands.options import echo_json, input_file, json_option


@click.command("repositories")
@click.argument("file", type=input_file)
@click.option("--dry-run", is_flag=True, help="Show each change, store nothing.")
@json_option
@click.pass_obj
def repositories(app: App, file: Path, dry_run: bool, as_json: bool) -> None:
    """Add public repositories, and set the prefixes that their strains have.

    FILE is a table, separated by tabs or commas, with the columns pathogen (a slug), repository and
    prefix, such as SC2, GISAID and hCoV-19. No repository is removed. It can be run again at any
    time.

    \b
        control load repositories repositories.tsv --dry-run
    """
    from control.reference.differences import compared
    from control.reference.small_tables import load_repositories

    tables = ("public_repositories", "pathogen_repositories")
    with (
        app.connect("load repositories") as conn,
        compared(conn, tables, dry_run=dry_run) as changes,
    ):
        done = load_repositories(conn, file)
    if as_json:
        echo_json(asdict(done) | {"is_stored": not dry_run} | listed_as_json(changes, dry_run))
        return
    verbs = ("would add", "change") if dry_run else ("added", "changed")
    click.echo(f"{verbs[0]} {done.added} prefixes of repositories, {verbs[1]} {done.changed}")
    echo_changes(changes)


@click.command("usher-options")
@click.argument("file", type=input_file)
@click.option("--allow-fewer", is_flag=True, help="Load less than half of the present options.")
@click.option("--dry-run", is_flag=True, help="Show each change, store nothing.")
@json_option
@click.pass_obj
def usher_options(app: App, file: Path, allow_fewer: bool, dry_run: bool, as_json: bool) -> None:
    """Replace the trees on which UShER can place sequences of the pathogens that a table names.

    FILE is a table, separated by tabs or commas, with the columns pathogen (a slug), description,
    value (what UShER calls the tree) and perhaps priority (1 is shown first). Options of other
    pathogens stay. It can be run again at any time.

    \b
        control load usher-options usher.tsv --dry-run
    """
    from control.reference.differences import compared
    from control.reference.small_tables import load_usher_options

    with (
        app.connect("load usher-options") as conn,
        compared(conn, ["usher_options"], dry_run=dry_run) as changes,
    ):
        done = load_usher_options(conn, file, allow_fewer=allow_fewer)
    if as_json:
        echo_json(asdict(done) | {"is_stored": not dry_run} | listed_as_json(changes, dry_run))
        return
    verbs = ("would add", "change", "remove") if dry_run else ("added", "changed", "removed")
    click.echo(
        f"{verbs[0]} {done.added} options, {verbs[1]} {done.changed}, {verbs[2]} {done.removed}"
    )
    echo_changes(changes)
