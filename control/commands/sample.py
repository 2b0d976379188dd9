"""`control sample`: import samples and their sequences."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import input_file, json_option, new_file, say
from control.commands.sample_export import export_command
from control.commands.sample_public_ids import update_public_ids
from control.errors import ControlError
from control.samples.metadata import (
    STRAIN,
    IncompleteDates,
    Metadata,
    MetadataOptions,
    StrainPrefix,
    read_metadata,
)
from control.terminal import after_the_fact, one_line, pace, progress_bar, working_on

if TYPE_CHECKING:
    from control.samples.import_report import Rejects
    from control.samples.importing import ImportReport, OnConflict, Target


@click.group()
def sample() -> None:
    """Import, export and rename samples."""


sample.add_command(export_command)
sample.add_command(update_public_ids)


@sample.command("import")
@click.option("--group", required=True, metavar="GROUP", help="Owning group: id, name or prefix.")
@click.option("--user", metavar="SUB", help="User who imports: users.subject. Not with --remote.")
@click.option("--remote", is_flag=True, help="Send the files to the API as whoever is signed in.")
@click.option("--pathogen", required=True, metavar="SLUG", help="For example SC2.")
@click.option(
    "--metadata",
    type=input_file,
    required=True,
    help="Separated by tabs or commas; may be compressed.",
)
@click.option("--sequences", type=input_file, help="FASTA named by strain; may be compressed.")
@click.option(
    "--on-conflict",
    type=click.Choice(["error", "skip", "update"]),
    default="error",
    show_default=True,
    help="What to do with samples whose private identifier the group has already.",
)
@click.option("--private", "is_private", is_flag=True, help="Make all samples private.")
@click.option("--private-identifier-column", default=STRAIN, show_default=True, metavar="COLUMN")
@click.option(
    "--public-identifier-column",
    default=STRAIN,
    show_default=True,
    metavar="COLUMN",
    help="Empty cells get a generated identifier.",
)
@click.option(
    "--strain-prefix",
    type=click.Choice(["keep", "remove"]),
    default="keep",
    show_default=True,
    help="Whether identifiers keep a repository's prefix, such as hCoV-19/.",
)
@click.option(
    "--incomplete-dates",
    type=click.Choice(["reject", "first-day"]),
    default="reject",
    show_default=True,
    help="What to do with dates such as 2020-03-XX, 2020-03 and 2020.",
)
@click.option("--allow-missing-sequences", is_flag=True, help="Accept samples without a sequence.")
@click.option("--rejects", type=new_file, help="Write all problems to this tab-separated file.")
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@json_option
@click.pass_obj
def import_command(
    app: App,
    group: str,
    user: str | None,
    remote: bool,
    pathogen: str,
    metadata: Path,
    sequences: Path | None,
    on_conflict: OnConflict,
    is_private: bool,
    private_identifier_column: str,
    public_identifier_column: str,
    strain_prefix: StrainPrefix,
    incomplete_dates: IncompleteDates,
    allow_missing_sequences: bool,
    rejects: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import all samples and their sequences, or none and list every problem.

    METADATA has Nextstrain's columns. Missing locations are created with their division and
    country; accessions are stored by repository. By default the strain becomes both identifiers of
    a sample. Both files may be compressed (gzip, zstd, xz, bzip2) or pipes; "-" is standard input.
    docs/importing.md has the rules. Exit code 0 means that everything is stored, even if the
    summary could not be printed.

    Without access to the database, which --remote or a profile without database_url says, the files
    are sent to the API, and a job imports them as whoever is signed in (control login), or as the
    user of ASPEN_API_TOKEN.

    \b
        control sample import --group 3 --user 'auth0|62c' --pathogen SC2 \\
            --metadata metadata.tsv --sequences sequences.fasta.gz --dry-run
        control --env production sample import --remote --group 3 --pathogen SC2 \\
            --metadata metadata.csv --sequences sequences.fasta.zst
    """
    from control.people.groups import find_group
    from control.samples.import_report import open_rejects, refusal
    from control.samples.importing import Target, import_samples

    if sequences is None and not allow_missing_sequences:
        raise click.UsageError("Give --sequences, or --allow-missing-sequences to import without.")
    if any(
        one and other and one.exists() and one.samefile(other)
        for one, other in ((sequences, metadata), (rejects, metadata), (rejects, sequences))
    ):
        raise click.UsageError("--metadata, --sequences and --rejects must be different files.")
    if remote or (app.settings.database_url is None and not app.settings.is_local):
        if user is not None or dry_run:
            raise click.UsageError("--user and --dry-run need a database, not the API.")
        arguments = {
            "pathogen": pathogen,
            "on_conflict": on_conflict,
            "is_private": is_private,
            "incomplete_dates": incomplete_dates,
            "is_sequence_optional": allow_missing_sequences,
            "private_identifier_column": private_identifier_column,
            "public_identifier_column": public_identifier_column,
            "strain_prefix": strain_prefix,
        }
        with open_rejects(rejects) as rejected:
            _import_remotely(app, group, metadata, sequences, arguments, rejected, as_json=as_json)
        return
    if user is None:
        raise click.UsageError("Missing option '--user'.")
    options = MetadataOptions(
        private_identifier_column, public_identifier_column, incomplete_dates, is_private
    )
    table = read_metadata(metadata, options)
    with open_rejects(rejects) as rejected:
        with app.connect("sample import") as conn, _progress(table.total) as advance:
            target = Target(find_group(conn, group), user, pathogen, on_conflict, strain_prefix)
            report = import_samples(
                conn,
                target,
                table,
                sequences,
                allow_missing_sequences=allow_missing_sequences,
                dry_run=dry_run,
                advance=advance,
            )
        is_stored = not (report.problems or dry_run)
        stored = f"stored {report.total} samples in {one_line(target.group.name)}"
        with after_the_fact(stored) if is_stored else nullcontext():
            _echo_notices(report, table)
            if as_json:
                click.echo(json.dumps(asdict(report) | {"is_stored": is_stored}))
            elif not report.problems:
                click.echo(_summary(report, target, dry_run))
        if report.problems:
            raise refusal(report, rejected)


def _import_remotely(
    app: App,
    group: str,
    metadata: Path,
    sequences: Path | None,
    arguments: dict[str, object],
    rejected: Rejects | None,
    *,
    as_json: bool,
) -> None:
    from control.samples.api_client import connect_api
    from control.samples.import_report import refusal
    from control.samples.remote import import_remotely

    started = time.monotonic()

    def advance(done: int, total: int) -> None:
        if total:
            working_on(pace("importing samples", done, total, time.monotonic() - started))

    ended = import_remotely(
        connect_api(app.settings), group, metadata, sequences, arguments, say=say, advance=advance
    )
    report = ended.report
    is_stored = ended.error is None
    with after_the_fact(f"stored {report.total} samples") if is_stored else nullcontext():
        if as_json:
            done = {"is_stored": is_stored, "job_id": ended.job_id, "error": ended.error}
            click.echo(json.dumps(asdict(report) | done))
        elif is_stored:
            click.echo(f"imported {report.total} samples by job {ended.job_id}")
    if report.problems:
        raise refusal(report, rejected)
    if ended.error is not None:
        raise ControlError(
            f"nothing was stored: {ended.error}", "correct that, and import the files again"
        )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with progress_bar(total, "samples") as bar:
        yield bar.update


def _summary(report: ImportReport, target: Target, dry_run: bool) -> str:
    return (
        f"{'would import' if dry_run else 'imported'} {report.total} samples into"
        f" {one_line(target.group.name)}: {report.created} created, {report.updated} updated,"
        f" {report.skipped} skipped; {report.sequences} sequences,"
        f" {report.accessions} accessions, {report.new_locations} new locations"
    )


def _echo_notices(report: ImportReport, table: Metadata) -> None:
    notices = []
    if table.unused_columns:
        notices.append(f"columns not imported: {', '.join(table.unused_columns)}")
    if report.found_by_part:
        header, strain = map(one_line, report.found_by_part_example)
        notices.append(
            f"{report.found_by_part} sequences were found by a part of their header:"
            f" {header} is {strain}"
        )
    if report.without_sequence:
        named = _named(report.without_sequence_names, report.without_sequence)
        notices.append(f"{report.without_sequence} samples have no sequence: {named}")
    if report.unused_sequences:
        named = _named(report.unused_names, report.unused_sequences)
        notices.append(f"{report.unused_sequences} sequences have no metadata: {named}")
    for notice in notices:
        click.echo(notice, err=True)


def _named(names: list[str], count: int) -> str:
    return ", ".join(names) + (", …" if count > len(names) else "")
