"""What the dry run of a load shows: each row that would be added, removed or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from control.reference.differences import Difference

# Nobody reads more on a terminal; --json has them all.
SHOWN = 100


def echo_changes(changes: Sequence[Difference]) -> None:
    """Print the first differences, one a line."""
    for change in changes[:SHOWN]:
        click.echo(str(change))
    if hidden := len(changes) - SHOWN:
        if hidden > 0:
            click.echo(f"… and {hidden} more; --json lists all", err=True)


def listed_as_json(changes: Sequence[Difference], dry_run: bool) -> dict[str, Any]:
    """Return what a dry run adds to the JSON of a load."""
    return {"changes": [asdict(change) for change in changes]} if dry_run else {}
