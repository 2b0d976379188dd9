"""`control sample export`: write the samples of a group to files that an import reads."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from control.app import App
from control.commands.options import (
    collected_from_option,
    collected_to_option,
    day,
    echo_json,
    input_file,
    json_option,
    lineages_option,
    say,
)
from control.terminal import after_the_fact, progress

FORMATS = ("tsv", "csv", "ndjson")
# A pipe such as >(zstd > FILE) is allowed.
output_file = click.Path(dir_okay=False, path_type=Path)


@click.command("export")
@click.option("--group", required=True, metavar="GROUP", help="Owning group: id, name or prefix.")
@click.option("--user", metavar="SUB", help="Export what this user sees; without, everything.")
@click.option("--pathogen", required=True, metavar="SLUG", help="For example SC2.")
@click.option("--metadata", type=output_file, help="File of the metadata; - is standard output.")
@click.option("--sequences", type=output_file, help="File of the sequences, as FASTA.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Format of the metadata; by default what its name ends in, else tsv.",
)
@click.option(
    "--samples",
    type=input_file,
    help="Table with a column private_identifier or public_identifier.",
)
@lineages_option
@collected_from_option
@collected_to_option
@click.option("--uploaded-from", type=day, help="First day of upload, UTC.")
@click.option("--uploaded-to", type=day, help="Last day of upload, UTC.")
@json_option
@click.pass_obj
def export_command(
    app: App,
    group: str,
    user: str | None,
    pathogen: str,
    metadata: Path | None,
    sequences: Path | None,
    form: str | None,
    samples: Path | None,
    lineages: tuple[str, ...],
    collected_from: datetime | None,
    collected_to: datetime | None,
    uploaded_from: datetime | None,
    uploaded_to: datetime | None,
    as_json: bool,
) -> None:
    """Write metadata and sequences of a group's samples, both as they were at one moment.

    The files are those that `control sample import` reads, with --private-identifier-column
    private_identifier; sequences are named by strain, which is the public identifier. Rows are sent
    one by one, whatever their number. A file appears under its name when it is whole, and only its
    owner may read it.

    \b
        control sample export --group 3 --pathogen SC2 --metadata samples.tsv \\
            --sequences sequences.fasta --collected-from 2024-01-01 --lineage BA.2
        control sample export --group 3 --pathogen SC2 --format ndjson --metadata - | head
    """
    from control.jobs.platform import find_pathogen
    from control.people.groups import find_group
    from control.samples.exporting import STDOUT, Files, Filter, export_samples, read_identifiers

    if metadata is None and sequences is None:
        raise click.UsageError("Give --metadata, --sequences or both.")
    if metadata == sequences:
        raise click.UsageError("--metadata and --sequences must be different files.")
    is_on_stdout = STDOUT in (metadata, sequences)
    if is_on_stdout and as_json:
        raise click.UsageError("--json prints the summary to standard output: name a file.")
    if form is None:
        ending = "" if metadata is None else metadata.suffix.removeprefix(".")
        form = ending if ending in FORMATS else FORMATS[0]
    identifiers = None if samples is None else read_identifiers(samples)
    with app.connect("sample export") as conn:
        chosen = Filter(
            find_group(conn, group).id,
            find_pathogen(conn, pathogen),
            identifiers,
            list(lineages) or None,
            *(
                moment and moment.date()
                for moment in (collected_from, collected_to, uploaded_from, uploaded_to)
            ),
        )
        files = Files(metadata, sequences, form)
        report = export_samples(conn, chosen, files, subject=user, advance=progress("writing rows"))
    counts = ((report.samples, "samples"), (report.sequences, "sequences"))
    said = " and ".join(f"{count} {what}" for count, what in counts if count is not None)
    with nullcontext() if is_on_stdout else after_the_fact(f"wrote {said}"):
        if as_json:
            echo_json(asdict(report))
        elif is_on_stdout:
            say(f"wrote {said}")
        else:
            click.echo(f"wrote {said}")
