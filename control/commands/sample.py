"""`control sample`: samples and their sequences, in and out."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, fields
from pathlib import Path

import click

from control.app import App
from control.errors import ControlError
from control.groups import find_group
from control.sample_metadata import STRAIN, IncompleteDates, Problem, Reading, read_metadata
from control.samples import ImportReport, OnConflict, Target, import_samples
from control.terminal import one_line, spreadsheet_cell, stream_below

# More are not read on a terminal; --rejects and --json have them all.
SHOWN_PROBLEMS = 100
SHOWN_LETTERS = 60

existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)
new_file = click.Path(dir_okay=False, path_type=Path)


@click.group()
def sample() -> None:
    """Bring samples and their sequences in."""


@sample.command("import")
@click.option("--group", required=True, metavar="GROUP", help="Owner: id, name or prefix.")
@click.option("--user", required=True, metavar="SUB", help="On whose behalf: users.subject.")
@click.option("--pathogen", required=True, metavar="SLUG", help="For example SC2.")
@click.option("--metadata", type=existing_file, required=True, help="Tab-separated; may be gzip.")
@click.option("--sequences", type=existing_file, help="FASTA named by strain; may be gzip.")
@click.option(
    "--on-conflict",
    type=click.Choice(["error", "skip", "update"]),
    default="error",
    show_default=True,
    help="What becomes of samples whose private identifier the group has already.",
)
@click.option("--private", "is_private", is_flag=True, help="Hide them all from other groups.")
@click.option("--private-identifier-column", default=STRAIN, show_default=True, metavar="COLUMN")
@click.option(
    "--public-identifier-column",
    default=STRAIN,
    show_default=True,
    metavar="COLUMN",
    help="Where a cell is empty, the identifier is generated.",
)
@click.option(
    "--incomplete-dates",
    type=click.Choice(["reject", "first-day"]),
    default="reject",
    show_default=True,
    help="What becomes of 2020-03-XX, 2020-03 and 2020.",
)
@click.option("--allow-missing-sequences", is_flag=True, help="Take samples without a sequence.")
@click.option("--rejects", type=new_file, help="Write all problems to this tab-separated file.")
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def import_command(
    app: App,
    group: str,
    user: str,
    pathogen: str,
    metadata: Path,
    sequences: Path | None,
    on_conflict: OnConflict,
    is_private: bool,
    private_identifier_column: str,
    public_identifier_column: str,
    incomplete_dates: IncompleteDates,
    allow_missing_sequences: bool,
    rejects: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import samples and their sequences: all of them, or none and every reason why.

    The columns of METADATA are Nextstrain's; its locations are created as needed, with the division
    and the country they are in, its accessions kept by repository. By default the strain is both
    identifiers of a sample.

    \b
        control sample import --group 3 --user 'auth0|62c' --pathogen SC2 \\
            --metadata metadata.tsv --sequences sequences.fasta.gz --dry-run
    """
    if sequences is None and not allow_missing_sequences:
        raise click.UsageError("Give --sequences, or --allow-missing-sequences to do without.")
    reading = Reading(
        private_identifier_column, public_identifier_column, incomplete_dates, is_private
    )
    table = read_metadata(metadata, reading)
    with app.connect("sample import") as conn, _progress(table.total) as advance:
        target = Target(find_group(conn, group), user, pathogen, on_conflict)
        report = import_samples(
            conn,
            target,
            table,
            sequences,
            allow_missing_sequences=allow_missing_sequences,
            dry_run=dry_run,
            advance=advance,
        )
    if rejects:
        _write_rejects(rejects, report.problems)
    _echo_notices(report, table.unused_columns)
    if as_json:
        click.echo(json.dumps(asdict(report) | {"is_stored": not (report.problems or dry_run)}))
    elif not report.problems:
        click.echo(_summary(report, target, dry_run))
    if report.problems:
        raise _refusal(report, rejects)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar on stderr when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=total, label="samples", file=stream_below(sys.stderr)) as bar:
        yield bar.update


def _summary(report: ImportReport, target: Target, dry_run: bool) -> str:
    return (
        f"{'would import' if dry_run else 'imported'} {report.total} samples into"
        f" {one_line(target.group.name)}: {report.created} created, {report.updated} updated,"
        f" {report.skipped} skipped; {report.sequences} sequences,"
        f" {report.accessions} accessions, {report.new_locations} new locations"
    )


def _echo_notices(report: ImportReport, unused_columns: tuple[str, ...]) -> None:
    if unused_columns:
        click.echo(f"columns not imported: {', '.join(unused_columns)}", err=True)
    if report.unused_sequences:
        more = ", …" if report.unused_sequences > len(report.unused_names) else ""
        names = ", ".join(report.unused_names)
        click.echo(f"{report.unused_sequences} sequences have no metadata: {names}{more}", err=True)


def _write_rejects(path: Path, problems: list[Problem]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(column.name for column in fields(Problem))
        writer.writerows(map(spreadsheet_cell, astuple(problem)) for problem in problems)


def _refusal(report: ImportReport, rejects: Path | None) -> ControlError:
    lines = [_line(problem) for problem in report.problems[:SHOWN_PROBLEMS]]
    if hidden := len(report.problems) - len(lines):
        lines.append(f"… and {hidden} more")
    remedy = "correct these rows; --on-conflict says what becomes of samples the group has already"
    if hidden and rejects is None:
        remedy = f"{remedy}, --rejects FILE lists all problems"
    return ControlError(
        f"nothing was stored: {report.rejected} of {report.total} samples are rejected\n"
        + "\n".join(lines),
        remedy,
    )


def _line(problem: Problem) -> str:
    """One problem, its place written the way editors and grep do."""
    value = problem.value
    if len(value) > SHOWN_LETTERS:
        value = f"{value[:SHOWN_LETTERS]}…"
    # Quoted, so that no control character gets through.
    quoted = json.dumps(value, ensure_ascii=False) if value else ""
    said = " ".join(part for part in (problem.field, quoted, problem.reason) if part)
    return f"{problem.file}:{problem.line}: {problem.strain}: {said}"
