"""`control load`: reference data, and the demo."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say
from control.errors import ControlError
from control.settings import Settings

if TYPE_CHECKING:
    from control.demo import Demo


@click.group()
def load() -> None:
    """Load reference data, or the demo."""


@load.command()
@click.option("--dry-run", is_flag=True, help="Count what is missing, store nothing.")
@json_option
@click.pass_obj
def pathogens(app: App, dry_run: bool, as_json: bool) -> None:
    """Add the pathogens the platform knows (SC2, MPX, HCV), with their repositories and prefixes.

    Rows that exist stay as they are, so it may be run again at any time.

    \b
        control load pathogens
    """
    from control.pathogens import load_pathogens

    with app.connect("load pathogens") as conn:
        added = load_pathogens(conn, dry_run=dry_run)
    if as_json:
        echo_json({"dry_run": dry_run, "added": added})
    else:
        click.echo(f"{'would add' if dry_run else 'added'} {added} rows")


@load.command("demo")
@click.option("--dry-run", is_flag=True, help="Say whether there is anything to load.")
@json_option
@click.pass_obj
def demo_command(app: App, dry_run: bool, as_json: bool) -> None:
    """Load the demo into the local stack, and print what to try with it.

    Three groups with a user each: one owns the samples of a made-up outbreak and their tree, one
    was granted a viewer's access, one is a stranger. What is there already stays.

    \b
        control load demo
    """
    from control.demo import find_demo

    if not app.settings.is_local:
        raise ControlError(
            f"the demo does not belong into {app.settings.environment}: it makes users",
            "leave out --env for the local stack",
        )
    with app.connect("load demo") as conn:
        demo = find_demo(conn)
        if demo is None and not dry_run:
            from control.demo.loading import load_demo

            say("loading the demo")
            load_demo(conn, app.s3, app.settings)
            demo = find_demo(conn)
    if as_json:
        echo_json({"is_loaded": demo is not None, "tree_id": demo and demo.tree_id})
    elif demo is None:
        click.echo("the demo would be loaded")
    else:
        _echo_what_to_try(app.settings, demo)


def _echo_what_to_try(settings: Settings, demo: Demo) -> None:
    """Three commands that work when pasted, and whom else to be."""
    from control.demo import OWNER, STRANGER, VIEWER

    click.echo(f"the demo is loaded: {demo.samples} samples of {OWNER.group} and their tree")
    if settings.api_url is None:
        return
    program = settings.root / ".venv" / "bin" / "control"
    control = os.path.relpath(program) if program.exists() else "control"
    bearer = '-H "Authorization: Bearer $T"'
    click.echo(
        f"""
Try it as {OWNER.subject}, who owns them:

T=$({control} token issue --sub '{OWNER.subject}')
curl -s {bearer} '{settings.api_url}/samples?limit=3'
curl -s {bearer} '{settings.api_url}/rpc/phylo_tree?id={demo.tree_id}' -o tree.json

{VIEWER.subject} may view them without private identifiers, {STRANGER.subject} sees none of it.
README.md goes on from here: your own samples in, a tree out."""
    )
