"""`control db top`: what the database spends its time on."""

from __future__ import annotations

from dataclasses import asdict

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.terminal import screen_width, table


@click.command("top")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--reset", is_flag=True, help="Begin to count again.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def top(app: App, limit: int, reset: bool, yes: bool, as_json: bool) -> None:
    """Show what the database spent its time on, by resource and function of the API.

    Since the server counts, or since the last --reset; `control db explain` shows one of them. What
    roles of their own do, such as control, is summed up by role.

    \b
        control db top --limit 5
        control db top --reset
    """
    from control.plans.costs import read_costs, reset_costs

    with app.connect("db top") as conn:
        costs = read_costs(conn)
        if reset:
            if not yes:
                click.confirm("Forget what was counted?", abort=True, err=True)
            reset_costs(app.settings)
    total = sum(one.ms for one in costs) or 1.0
    if as_json:
        echo_json(
            {
                "reset": reset,
                "costs": [
                    asdict(one) | {"mean_ms": one.mean_ms, "share": one.ms / total}
                    for one in costs[:limit]
                ],
            }
        )
        return
    head = ["for", "calls", "mean ms", "share", "rows/call", "buffers/call"]
    rows = [
        [
            one.name,
            one.calls,
            f"{one.mean_ms:.2f}",
            f"{one.ms / total:.0%}",
            f"{one.rows / one.calls:.1f}",
            f"{one.buffers / one.calls:.1f}",
        ]
        for one in costs[:limit]
        if one.calls
    ]
    for line in table([head, *rows], screen_width()):
        click.echo(line)
    if reset:
        click.echo("counting again")
