"""`control sql diff`: what would change in a database, as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.errors import SOMETHING_TO_DO

if TYPE_CHECKING:
    from control.changes.sql_diff import Change, SqlDiff


@click.command("diff")
@json_option
@click.pass_context
def diff(ctx: click.Context, as_json: bool) -> None:
    """Print what would change in the database, as SQL; exit with 3 if anything would.

    The database is compared with a clone that the applied migrations and sql/ make on a server of
    its own, on this machine. What somebody changed by hand is named object by object, apart from
    edits of sql/ and from pending migrations, which are only listed. Nothing is written.

    \b
        control sql diff
        control sql diff --env production > changes.sql
    """
    from control.changes.sql_diff import sql_diff

    app: App = ctx.obj
    found = sql_diff(app.settings)
    if as_json:
        echo_json(asdict(found))
    else:
        for line in _lines(found):
            click.echo(line)
    if found:
        ctx.exit(SOMETHING_TO_DO)


def _lines(found: SqlDiff) -> Iterator[str]:
    if not found:
        yield "-- Nothing would change."
    if found.by_hand:
        yield "-- By hand, since migrations and sql/ were applied:"
        yield from map(_line, found.by_hand)
    if found.edited:
        yield "-- Edited in sql/ since the last load:"
        yield from map(_line, found.edited)
    if found.pending:
        yield "-- Pending migrations, whose statements are not below:"
        yield from (f"--   migrations/{name}.sql" for name in found.pending)
    if found:
        yield "-- control migrate up puts code right and applies what is pending."
    for step in found.steps:
        yield ""
        if step.loses_data:
            yield "-- This loses data:"
        yield f"{step.sql};"


def _line(change: Change) -> str:
    files = f", {', '.join(change.files)}" if change.files else ""
    return f"--   {change.object}: {change.how}{files}"
