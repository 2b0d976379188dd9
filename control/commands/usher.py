"""`control usher`: place samples on UShER's trees."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from control.app import App
from control.commands.options import echo_json, input_file, json_option


@click.group()
def usher() -> None:
    """Place samples on the trees of UShER, a service of UCSC."""


@usher.command()
@click.option("--group", required=True, metavar="GROUP", help="Owning group: id, name or prefix.")
@click.option("--user", required=True, metavar="SUB", help="User in whose name they are shared.")
@click.option("--pathogen", default="SC2", show_default=True, metavar="SLUG")
@click.option(
    "--samples",
    type=input_file,
    required=True,
    help="Table with a column private_identifier or public_identifier.",
)
@click.option("--tree", metavar="VALUE", help="One of usher_options; by default the first.")
@click.option("--subtree-size", type=click.IntRange(10, 5000), default=50, show_default=True)
@click.option("--hours", type=click.IntRange(1, 24), default=1, show_default=True)
@click.option("--dry-run", is_flag=True, help="Check the samples, share nothing.")
@json_option
@click.pass_obj
def link(
    app: App,
    group: str,
    user: str,
    pathogen: str,
    samples: Path,
    tree: str | None,
    subtree_size: int,
    hours: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Print the address at which UShER places samples on its tree.

    UCSC fetches their sequences by a link that works without a token for some hours; share_links
    lists it, and the user revokes it. The samples must not be private, and UCSC must reach the API.

    \b
        control usher link --group 3 --user 'auth0|62c' --samples chosen.csv
    """
    from control.people.groups import find_group
    from control.samples.exporting import read_identifiers
    from control.samples.usher import Placement, make_usher_link

    identifiers = read_identifiers(samples)
    with app.connect("usher link") as conn:
        placement = Placement(
            find_group(conn, group), user, pathogen, identifiers, tree, subtree_size, hours
        )
        made = make_usher_link(conn, placement, app.settings.api_url, dry_run=dry_run)
    if as_json:
        echo_json({"url": None} if dry_run else asdict(made))
    elif dry_run:
        click.echo(f"would share {len(identifiers)} samples with UShER")
    else:
        click.echo(made.url)
        click.echo(f"it works until {made.expires_at:%Y-%m-%d %H:%M %Z}", err=True)
