"""`control user`: the people who use the platform."""

from __future__ import annotations

import click

from control.commands.user_sync import sync


@click.group()
def user() -> None:
    """Create, list and change the people who use the platform."""


user.add_command(sync)
