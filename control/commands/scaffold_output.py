"""Say which files a scaffold wrote, and what is left to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from control.commands.options import echo_json

if TYPE_CHECKING:
    from control.scaffolds.making import Scaffold


def echo_scaffold(scaffold: Scaffold, new: Iterable[str], *, dry_run: bool, as_json: bool) -> None:
    """Print it; `new` names the new files as people read them."""
    if as_json:
        echo_json(
            {
                "dry_run": dry_run,
                "new": sorted(scaffold.new),
                "changed": sorted(scaffold.changed),
                "left": scaffold.left,
            }
        )
        return
    for what in new:
        click.echo(f"{'would write' if dry_run else 'wrote'} {what} (new)")
    for path in scaffold.changed:
        click.echo(f"{'would change' if dry_run else 'changed'} {path}")
    click.echo("left to write:")
    for line in scaffold.left:
        click.echo(f"- {line}")
