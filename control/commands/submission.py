"""`control submission`: send samples to public repositories, and record what these answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from control.app import App
from control.commands.options import (
    collected_from_option,
    collected_to_option,
    echo_json,
    input_file,
    json_option,
    lineages_option,
)
from control.terminal import one_line, screen_width, table

submission_id = click.argument("submission_id", type=click.IntRange(min=1))
STATES = ("sent", "accepted", "rejected")


@click.group()
def submission() -> None:
    """Make files for GISAID and GenBank, and record what they answer."""


@submission.command()
@click.option("--group", required=True, metavar="GROUP", help="Owning group: id, name or prefix.")
@click.option("--user", required=True, metavar="SUB", help="User under whose name it is sent.")
@click.option("--pathogen", required=True, metavar="SLUG", help="For example SC2.")
@click.option("--repository", required=True, metavar="NAME", help="GISAID or GenBank.")
@click.option(
    "--samples",
    type=input_file,
    help="Table with a column private_identifier or public_identifier.",
)
@click.option("--sample", "named", multiple=True, metavar="ID", help="An identifier; repeatable.")
@lineages_option
@collected_from_option
@collected_to_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to which the files are written, too.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@json_option
@click.pass_obj
def create(
    app: App,
    group: str,
    user: str,
    pathogen: str,
    repository: str,
    samples: Path | None,
    named: tuple[str, ...],
    lineages: tuple[str, ...],
    collected_from: datetime | None,
    collected_to: datetime | None,
    output: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the files that a repository takes, and keep them as they are sent.

    The files are those of submission_template and export_sequences, with the rights and the name of
    the user. Every sample must be one of the group, have a sequence and what the repository
    requires; one that is in another submission to this repository, or has an accession there, is
    refused. Either all samples are recorded as sent or none is, so that it can be run again.

    \b
        control submission create --group 3 --user 'auth0|62c' --pathogen SC2 \\
            --repository GISAID --samples batch.csv --output batch
        control submission create --group 3 --user 'auth0|62c' --pathogen SC2 \\
            --repository GISAID --collected-from 2024-01-01 --lineage BA.2 --dry-run
    """
    from control.jobs.platform import find_pathogen
    from control.people.groups import find_group
    from control.samples.exporting import Filter, find_identifiers, read_identifiers
    from control.submissions.creating import Order, create_submission
    from control.submissions.files import write_files

    is_filtered = bool(lineages or collected_from or collected_to)
    if bool(samples) + bool(named) + is_filtered != 1:
        raise click.UsageError("Give --samples, or --sample, or a lineage or days of collection.")
    identifiers = list(named) if samples is None else read_identifiers(samples)
    with app.connect("submission create") as conn:
        owner = find_group(conn, group)
        if is_filtered:
            chosen = Filter(
                owner.id,
                find_pathogen(conn, pathogen),
                lineages=list(lineages) or None,
                collected_from=collected_from and collected_from.date(),
                collected_to=collected_to and collected_to.date(),
            )
            identifiers = find_identifiers(conn, chosen, user)
        order = Order(owner, user, pathogen, repository, identifiers)
        created = create_submission(conn, order, dry_run=dry_run)
        paths = (
            [] if output is None or created.id is None else write_files(conn, created.id, output)
        )
    if as_json:
        echo_json(asdict(created) | {"is_stored": not dry_run, "paths": paths})
        return
    if created.id is None:
        click.echo(f"would record a submission of {created.samples} samples to {repository}")
    else:
        click.echo(f"recorded submission {created.id} of {created.samples} samples to {repository}")
    for path in paths:
        click.echo(f"{path}")


@submission.command("list")
@click.option("--group", metavar="GROUP", help="Of this group only: id, name or prefix.")
@json_option
@click.pass_obj
def list_command(app: App, group: str | None, as_json: bool) -> None:
    """List submissions with the number of their samples in each state, the newest first.

    \b
        control submission list --group 3
    """
    from control.people.groups import find_group
    from control.submissions.recording import list_submissions

    with app.connect("submission list") as conn:
        group_id = None if group is None else find_group(conn, group).id
        found = list_submissions(conn, group_id=group_id)
    if as_json:
        echo_json([asdict(one) for one in found])
        return
    if not found:
        click.echo("there are no submissions", err=True)
        return
    rows: list[tuple[object, ...]] = [
        ("ID", "REPOSITORY", "CREATED", *map(str.upper, STATES), "GROUP")
    ]
    rows += [
        (
            one.id,
            one.repository,
            f"{one.created_at:%Y-%m-%d}",
            *(getattr(one, state) for state in STATES),
            one.group,
        )
        for one in found
    ]
    for line in table(rows, screen_width()):
        click.echo(line)


@submission.command()
@submission_id
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to which the files are written as they were sent.",
)
@json_option
@click.pass_obj
def show(app: App, submission_id: int, output: Path | None, as_json: bool) -> None:
    """Show what was sent, with checksums, and what became of each sample.

    \b
        control submission show 7
        control submission show 7 --output sent
    """
    from control.submissions.files import files_of, write_files
    from control.submissions.recording import find_submission, samples_of

    with app.connect("submission show") as conn:
        found = find_submission(conn, submission_id)
        files = files_of(conn, submission_id)
        samples = samples_of(conn, submission_id)
        paths = [] if output is None else write_files(conn, submission_id, output)
    if as_json:
        lists = {"files": [asdict(file) for file in files], "samples": [asdict(s) for s in samples]}
        echo_json(asdict(found) | lists | {"paths": paths})
        return
    counts = ", ".join(f"{getattr(found, state)} {state}" for state in STATES)
    click.echo(
        f"submission {found.id} of {one_line(found.group)} to {found.repository},"
        f" {found.created_at:%Y-%m-%d}: {counts}"
    )
    for file in files:
        click.echo(f"{file.checksum_sha256}  {file.name}  {file.size_bytes} bytes")
    rows = [(one.strain, one.status, one.accession or "", one.message or "") for one in samples]
    for line in table(rows, screen_width()):
        click.echo(line.rstrip())
    for path in paths:
        click.echo(f"wrote {path}", err=True)


@submission.command()
@submission_id
@click.argument("file", type=input_file)
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@json_option
@click.pass_obj
def receipt(app: App, submission_id: int, file: Path, dry_run: bool, as_json: bool) -> None:
    """Record the accessions and rejections that a repository answered.

    FILE is the log of GISAID's command line (JSON or text), a table from EpiCoV with the columns
    Virus name and Accession ID, or GenBank's AccessionReport.tsv. Lines about strains that were not
    sent, and accessions that contradict each other or what is known, are listed, and nothing is
    stored. Samples without an answer stay as they are. It can be run again at any time.

    \b
        control submission receipt 7 AccessionReport.tsv --dry-run
    """
    from control.submissions.recording import record_receipt

    with app.connect("submission receipt") as conn:
        done = record_receipt(conn, submission_id, file, dry_run=dry_run)
    if as_json:
        echo_json(asdict(done) | {"is_stored": not dry_run})
        return
    click.echo(
        f"{'would record' if dry_run else 'recorded'} {done.accepted} accessions and"
        f" {done.rejected} rejections; {done.unchanged} were known, {done.waiting} have no answer"
    )
