"""`control job pause`, `resume` and `limit`: hold kinds of jobs up."""

from __future__ import annotations

import click

from control.app import App
from control.commands.options import (
    echo_json,
    json_option,
)


@click.command()
@click.argument("kind", required=False)
@json_option
@click.pass_obj
def pause(app: App, kind: str | None, as_json: bool) -> None:
    """Leave queued jobs of one KIND, or of all kinds, in the queue.

    Jobs that run go on.

    \b
        control job pause nextclade
    """
    _pause(app, kind, is_paused=True, as_json=as_json)


@click.command()
@click.argument("kind", required=False)
@json_option
@click.pass_obj
def resume(app: App, kind: str | None, as_json: bool) -> None:
    """Start queued jobs of one KIND, or of all kinds, again.

    \b
        control job resume nextclade
    """
    _pause(app, kind, is_paused=False, as_json=as_json)


@click.command()
@click.argument("kind")
@click.option("--running", type=click.IntRange(min=1), help="In all; unlimited if not given.")
@click.option(
    "--per-group", type=click.IntRange(min=1), help="Of one group; unlimited if not given."
)
@json_option
@click.pass_obj
def limit(app: App, kind: str, running: int | None, per_group: int | None, as_json: bool) -> None:
    """Limit how many jobs of a KIND run at the same time, over all workers.

    \b
        control job limit phylo_run --running 8 --per-group 2
        control job limit phylo_run
    """
    from control.jobs.queue import set_limits

    with app.connect("job limit") as conn, conn.transaction():
        set_limits(conn, kind, running, per_group)
    if as_json:
        echo_json({"kind": kind, "most_running": running, "most_running_of_group": per_group})
        return
    in_all, of_group = (one or "any number" for one in (running, per_group))
    click.echo(f"{kind}: {in_all} at a time, {of_group} of one group")


def _pause(app: App, kind: str | None, *, is_paused: bool, as_json: bool) -> None:
    from control.jobs.queue import set_paused

    with app.connect("job pause") as conn, conn.transaction():
        changed = set_paused(conn, kind, is_paused=is_paused)
    if as_json:
        echo_json({"is_paused": is_paused, "changed": changed})
        return
    done = "paused" if is_paused else "resumed"
    click.echo(f"{done} {', '.join(changed)}" if changed else "nothing has changed")
