"""`control migrate new`: write a migration from an edit of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say

if TYPE_CHECKING:
    from control.changes.new_migration import NewMigration


class Renamed(click.ParamType[tuple[str, str]]):
    """Parse `aspen.users.email=aspen.users.mail`."""

    name = "OLD=NEW"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        before, _, after = value.partition("=")
        if not before or not after:
            self.fail(f"{value!r} is not OLD=NEW", param, ctx)
        return before, after


@click.command("new")
@click.argument("message")
@click.option(
    "--rename",
    "renames",
    multiple=True,
    type=Renamed(),
    help="A table or column that got another name; its rows stay.",
)
@click.option("--no-rename", is_flag=True, help="Drop what seems to be renamed, and make it again.")
@click.option("--concurrently", is_flag=True, help="Build indexes while others write.")
@click.option("--dry-run", is_flag=True, help="Prove and print it, write no file.")
@json_option
@click.pass_obj
def new(
    app: App,
    message: str,
    renames: tuple[tuple[str, str], ...],
    no_rename: bool,
    concurrently: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write a migration and its rollback from an edit of sql/tables/ or sql/domains/.

    Both are proved on clones, on a server of their own on this machine: the migration makes what
    sql/ says, the rollback what was there before, and made-up rows tell what is lost. MESSAGE is
    why, and names the files. Read them before you commit: what is lost, who waits and what squawk
    finds is printed.

    \b
        control migrate new "Add nicknames of users"
        control migrate new "Rename mail of users" --rename aspen.users.email=aspen.users.mail
    """
    from control.changes.new_migration import new_migration

    made = new_migration(
        app.settings,
        message,
        renames=dict(renames),
        keeps_no_name=no_rename,
        concurrently=concurrently,
        is_written=not dry_run,
    )
    if as_json:
        echo_json({"dry_run": dry_run, "migration": asdict(made) if made else None})
        return
    if made is None:
        click.echo("nothing to do: the migrations make the tables and domains of sql/")
        say("code, such as policies and grants, needs no migration: control sql apply")
        return
    for line in _lines(made, dry_run):
        click.echo(line)


def _lines(made: NewMigration, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield made.forward
        yield f"-- {made.files[1]}"
        yield made.rollback
    yield from (f"{'would write' if dry_run else 'wrote'} {name}" for name in made.files)
    yield "proved: the migration makes what sql/ says, the rollback what was before"
    yield from (f"loses data: {one}" for one in made.loses)
    yield from (f"the rollback loses data: {one}" for one in made.rollback_loses)
    yield from (
        f"a row lost its value: {one}"
        for one in made.review.lost
        if one not in (*made.loses, *made.rollback_loses)
    )
    yield from (f"while it runs, {one}" for one in made.review.locks)
    yield from (f"writes every row of {one} again" for one in made.review.rewrites)
    yield from made.review.notes
    if made.findings is None:
        yield "squawk is not installed: its rules were not asked"
    else:
        yield from (f"squawk: {one}" for one in made.findings)
