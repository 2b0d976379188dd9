"""`control load locations` and `control load accessions`: what public sequences tell."""

from __future__ import annotations

import click

from control.app import App
from control.commands.load_changes import echo_changes, listed_as_json
from control.commands.options import echo_json, json_option


@click.command("locations")
@click.option("--pathogen", required=True, metavar="SLUG", help="Such as SC2.")
@click.option("--dry-run", is_flag=True, help="Count what is missing, store nothing.")
@json_option
@click.pass_obj
def locations_command(app: App, pathogen: str, dry_run: bool, as_json: bool) -> None:
    """Add the locations of the public sequences of a pathogen, with divisions and countries.

    Existing rows stay unchanged, so it can be run again at any time.

    \b
        control load locations --pathogen SC2
    """
    from control.jobs.platform import find_pathogen
    from control.reference.derived import derive_locations
    from control.reference.differences import compared

    with (
        app.connect("load locations") as conn,
        compared(conn, ["locations"], dry_run=dry_run) as changes,
    ):
        added = derive_locations(conn, find_pathogen(conn, pathogen))
    if as_json:
        echo_json({"added": added, "is_stored": not dry_run, **listed_as_json(changes, dry_run)})
    else:
        click.echo(f"{'would add' if dry_run else 'added'} {added} locations")
        echo_changes(changes)


@click.command("accessions")
@click.option("--pathogen", required=True, metavar="SLUG", help="Such as SC2.")
@click.option("--repository", required=True, metavar="NAME", help="Such as GISAID.")
@click.option("--dry-run", is_flag=True, help="Count what would be written, store nothing.")
@json_option
@click.pass_obj
def accessions_command(
    app: App, pathogen: str, repository: str, dry_run: bool, as_json: bool
) -> None:
    """Give samples the accessions that their public sequences have in a repository.

    A sample is found by its public identifier, with or without the repository's prefix. A
    different accession replaces the earlier one; none is removed. It can be run again at any time.

    \b
        control load accessions --pathogen SC2 --repository GISAID
    """
    from control.jobs.platform import find_pathogen, find_repository
    from control.reference.derived import derive_accessions
    from control.reference.differences import compared

    with (
        app.connect("load accessions") as conn,
        compared(conn, ["accessions"], dry_run=dry_run) as changes,
    ):
        written = derive_accessions(
            conn, find_pathogen(conn, pathogen), find_repository(conn, repository)
        )
    if as_json:
        stored = {"written": written, "is_stored": not dry_run}
        echo_json(stored | listed_as_json(changes, dry_run))
    else:
        click.echo(f"{'would write' if dry_run else 'wrote'} {written} accessions")
        echo_changes(changes)
