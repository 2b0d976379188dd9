"""`control sql`: edit, apply and check the SQL under sql/."""

from __future__ import annotations

import click

from control.commands.sql_lint import lint


@click.group()
def sql() -> None:
    """Edit, apply and check the SQL under sql/."""


sql.add_command(lint)
