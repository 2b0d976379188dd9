"""`control load`: reference data, and the demo."""

from __future__ import annotations

import click

from control.app import App
from control.pathogens import load_pathogens


@click.group()
def load() -> None:
    """Load reference data, or the demo."""


@load.command()
@click.option("--dry-run", is_flag=True, help="Count what is missing, store nothing.")
@click.pass_obj
def pathogens(app: App, dry_run: bool) -> None:
    """Add the pathogens the platform knows (SC2, MPX, HCV), with their repositories and prefixes.

    Rows that exist stay as they are, so it may be run again at any time.

    \b
        control load pathogens
    """
    with app.connect("load pathogens") as conn:
        added = load_pathogens(conn, dry_run=dry_run)
    click.echo(f"{'would add' if dry_run else 'added'} {added} rows")
