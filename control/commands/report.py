"""`control report`: the overview as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from control.app import App
from control.commands.options import echo_json, json_option, say


@click.command("report")
@click.option("--group", metavar="GROUP", help="Id, name or prefix of a group; all by default.")
@click.option("--pathogen", metavar="SLUG", help="Only this pathogen, such as SC2.")
@click.option(
    "--weeks",
    type=click.IntRange(1, 104),
    default=26,
    show_default=True,
    help="How many weeks the charts show.",
)
@click.option(
    "--collected-to",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day of collection of the samples; today by default.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page to FILE instead of stdout.",
)
@json_option
@click.pass_obj
def report(
    app: App,
    group: str | None,
    pathogen: str | None,
    weeks: int,
    collected_to: datetime | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Write the overview: samples, turnaround, jobs, storage, queue.

    It is one page of HTML without scripts. The API serves the same page at /rpc/overview, of what
    its caller sees. This one counts every row, private samples included.

    \b
        control report -o overview.html
        control report --group "Demo Bay Laboratory" --weeks 52 -o bay.html
    """
    from control.report import make_report

    with app.connect("report") as conn:
        made = make_report(
            conn, group, pathogen, weeks, collected_to.date() if collected_to else None
        )
    if output is not None:
        output.write_text(made.page, encoding="utf-8")
    if as_json:
        page = {"file": str(output)} if output is not None else {"page": made.page}
        echo_json({"about": made.about, "bytes": len(made.page.encode())} | page)
    elif output is None:
        click.echo(made.page)
    else:
        say(f"wrote {output}: the overview of {made.about}")
