"""`control sql`: edit, apply and check the SQL under sql/."""

from __future__ import annotations

import click

from control.commands.sql_apply import apply, watch
from control.commands.sql_diff import diff
from control.commands.sql_lint import lint
from control.commands.sql_new import new
from control.commands.sql_version import version


@click.group()
def sql() -> None:
    """Edit, apply and check the SQL under sql/."""


sql.add_command(apply)
sql.add_command(watch)
sql.add_command(diff)
sql.add_command(lint)
sql.add_command(new)
sql.add_command(version)
