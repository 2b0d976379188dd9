"""`control group`: what groups use and may use."""

from __future__ import annotations

import click

from control.commands.group_usage import limit, usage


@click.group()
def group() -> None:
    """Show what groups use, and limit it."""


group.add_command(usage)
group.add_command(limit)
