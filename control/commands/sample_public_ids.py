"""`control sample update-public-ids`: give samples other public identifiers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from control.app import App
from control.commands.options import echo_json, input_file, json_option, new_file
from control.terminal import after_the_fact, one_line


@click.command("update-public-ids")
@click.option("--group-id", type=click.IntRange(min=1), required=True, help="Owning group.")
@click.option(
    "--private-to-public-id-mapping",
    "mapping",
    type=input_file,
    required=True,
    help="CSV with the headers private_identifier and public_identifier.",
)
@click.option("--rejects", type=new_file, help="Write all problems to this tab-separated file.")
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@json_option
@click.pass_obj
def update_public_ids(
    app: App, group_id: int, mapping: Path, rejects: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Change public identifiers by a table, all of them, or none and list every problem.

    The table has two columns, private_identifier and public_identifier, and no numbers of lines. It
    may be separated by tabs, may be compressed, or a pipe; "-" is standard input. Unknown and
    repeated identifiers, and public ones that another sample of the group has, are problems.
    Identifiers may pass from one sample to another. It can be run again at any time.

    \b
        control sample update-public-ids --group-id 3 \\
            --private-to-public-id-mapping mapping.csv --dry-run
    """
    from control.people.groups import find_group_by_id
    from control.samples.import_report import open_rejects, rejection
    from control.samples.public_identifiers import rename_samples

    with open_rejects(rejects) as rejected:
        with app.connect("sample update-public-ids") as conn:
            group = find_group_by_id(conn, group_id)
            report = rename_samples(conn, group, mapping, dry_run=dry_run)
        is_stored = not (report.problems or dry_run)
        said = f"{report.changed} public identifiers of {one_line(group.name)}"
        with after_the_fact(f"changed {said}") if is_stored else nullcontext():
            if as_json:
                echo_json(asdict(report) | {"is_stored": is_stored})
            elif not report.problems:
                verb = "would change" if dry_run else "changed"
                click.echo(f"{verb} {said}, {report.unchanged} are as they were")
        if report.problems:
            wrong = len({problem.line for problem in report.problems})
            raise rejection(
                f"nothing was changed: {wrong} of {report.total} rows are rejected",
                report.problems,
                "correct these rows, or leave them out",
                rejected,
            )
