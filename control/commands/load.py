"""`control load`: load reference data, or the demo."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.load_changes import echo_changes, listed_as_json
from control.commands.load_derived import accessions_command, locations_command
from control.commands.load_small_tables import repositories, usher_options
from control.commands.options import Software, echo_json, json_option, say
from control.errors import ControlError
from control.settings import Settings
from control.terminal import listed

if TYPE_CHECKING:
    from control.demo import Demo
    from control.reference.coordinates import CoordinatesFile, CoordinatesReport

NAMED_LOCATIONS = 20
PATHOGEN_TABLES = ("public_repositories", "pathogens", "pathogen_repositories", "lineage_aliases")
PLURALS = {
    "region": "regions",
    "country": "countries",
    "division": "divisions",
    "location": "locations",
}

# A pipe is allowed, because the file is read only once.
input_file = click.Path(exists=True, dir_okay=False, path_type=Path)

# It is uploaded, so its size must be known.
stored_file = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.group()
def load() -> None:
    """Load reference data, or the demo."""


load.add_command(accessions_command)
load.add_command(locations_command)
load.add_command(repositories)
load.add_command(usher_options)


@load.command()
@click.option("--dry-run", is_flag=True, help="Count what is missing, store nothing.")
@json_option
@click.pass_obj
def pathogens(app: App, dry_run: bool, as_json: bool) -> None:
    """Add the pathogens the platform knows (SC2, MPX, HCV), with their repositories and prefixes.

    Existing rows stay unchanged, so it can be run again at any time.

    \b
        control load pathogens
    """
    from control.reference.differences import compared
    from control.reference.pathogens import load_pathogens

    with (
        app.connect("load pathogens") as conn,
        compared(conn, PATHOGEN_TABLES, dry_run=dry_run) as changes,
    ):
        added = load_pathogens(conn)
    if as_json:
        echo_json({"dry_run": dry_run, "added": added, **listed_as_json(changes, dry_run)})
    else:
        click.echo(f"{'would add' if dry_run else 'added'} {added} rows")
        echo_changes(changes)


@load.command("coordinates")
@click.argument("file", type=input_file)
@click.option("--replace", is_flag=True, help="Change coordinates that differ from the file's.")
@click.option("--dry-run", is_flag=True, help="Show what would be set, store nothing.")
@json_option
@click.pass_obj
def coordinates_command(app: App, file: Path, replace: bool, dry_run: bool, as_json: bool) -> None:
    """Set the coordinates of locations, by which trees are coloured.

    FILE is tab-separated like Nextstrain's lat_longs.tsv: level (region, country, division or
    location), name, latitude, longitude. It may be compressed, or a pipe. A first line that names
    these columns may add region, country and division, which tell locations of one name apart;
    without them, such locations are skipped. It can be run again at any time.

    \b
        control load coordinates lat_longs.tsv --dry-run
    """
    from control.reference.coordinates import load_coordinates, read_coordinates
    from control.reference.differences import compared

    coordinates = read_coordinates(file)
    with (
        app.connect("load coordinates") as conn,
        compared(conn, ["locations"], dry_run=dry_run) as changes,
    ):
        report = load_coordinates(conn, coordinates, replace=replace)
    if as_json:
        others = {"other_levels": dict(coordinates.other_levels), "is_stored": not dry_run}
        echo_json(asdict(report) | others | listed_as_json(changes, dry_run))
        return
    _echo_coordinates(coordinates, report, dry_run)
    echo_changes(changes)


def _echo_coordinates(file: CoordinatesFile, report: CoordinatesReport, dry_run: bool) -> None:
    verb = "would set" if dry_run else "set"
    levels = [f"{count} {PLURALS[level]}" for level, count in report.set.items() if count]
    click.echo(
        f"{verb} the coordinates of {sum(report.set.values())} locations"
        + (f": {', '.join(levels)}" if levels else "")
    )
    for said, names in (
        ("keep coordinates unlike the file's; --replace changes them", report.kept),
        ("share their name with others; add their country to the file", report.ambiguous),
        ("have several different coordinates in the file", report.contradicted),
        ("without coordinates are missing from the file", report.missing),
    ):
        if names:
            click.echo(f"{len(names)} locations {said}: {listed(names, NAMED_LOCATIONS)}", err=True)
    if report.unused_lines:
        click.echo(f"{report.unused_lines} lines of the file match no location", err=True)
    for level, count in file.other_levels.items():
        click.echo(f"{count} lines of level {level!r} were not read", err=True)


@load.command("lineages")
@click.argument("pathogen")
@click.argument("file", type=input_file)
@click.option(
    "--alias-key", type=input_file, help="Pango's alias_key.json; full names become aliases."
)
@click.option("--allow-fewer", is_flag=True, help="Load less than half of the present lineages.")
@click.option("--dry-run", is_flag=True, help="Count what would change, store nothing.")
@json_option
@click.pass_obj
def lineages_command(
    app: App,
    pathogen: str,
    file: Path,
    alias_key: Path | None,
    allow_fewer: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Replace the known lineages of a pathogen by those of a file.

    FILE is Pango's lineage_notes.txt (withdrawn lineages are left out) or the lineages.json of
    mpox, whose aliases become rows of lineage_aliases. It may be compressed, or a pipe. Lineages
    that stay keep their ids, and aliases that exist stay unchanged. It can be run again at any
    time. With --alias-key, full names such as B.1.1.529.1 become aliases too, here of BA.1.

    \b
        control load lineages SC2 lineage_notes.txt --dry-run
        control load lineages SC2 lineage_notes.txt --alias-key alias_key.json
    """
    from control.reference.alias_key import add_full_names, read_alias_key
    from control.reference.differences import compared
    from control.reference.lineages import load_lineages, read_lineages

    lineages = read_lineages(file)
    if alias_key is not None:
        lineages = add_full_names(lineages, read_alias_key(alias_key))
    with (
        app.connect("load lineages") as conn,
        compared(conn, ["lineages", "lineage_aliases"], dry_run=dry_run) as changes,
    ):
        report = load_lineages(conn, pathogen, lineages, allow_fewer=allow_fewer)
    if as_json:
        others = {"withdrawn": lineages.withdrawn, "is_stored": not dry_run}
        echo_json(asdict(report) | others | listed_as_json(changes, dry_run))
        return
    verb = "would add" if dry_run else "added"
    click.echo(
        f"{verb} {report.added} lineages and {report.aliases} aliases,"
        f" {'would remove' if dry_run else 'removed'} {report.removed} lineages"
    )
    echo_changes(changes)
    if lineages.withdrawn:
        click.echo(f"{lineages.withdrawn} lineages of the file are withdrawn", err=True)


@load.command("repository-data")
@click.argument("sequences", type=stored_file)
@click.argument("metadata", type=stored_file)
@click.option("--pathogen", required=True, metavar="SLUG", help="Such as SC2.")
@click.option("--repository", required=True, metavar="NAME", help="Such as GenBank.")
@click.option("--software", type=Software(), multiple=True, help="Software that made the files.")
@click.option("--dry-run", is_flag=True, help="Check names and files, upload nothing.")
@json_option
@click.pass_obj
def repository_data_command(
    app: App,
    sequences: Path,
    metadata: Path,
    pathogen: str,
    repository: str,
    software: tuple[tuple[str, str], ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make an aligned data set the context of phylogenetic runs.

    SEQUENCES is an aligned FASTA of a public repository, METADATA its metadata as TSV; both may be
    compressed. They are uploaded and registered by a job of the platform, as those of the kind
    repository_alignment are. Runs that are requested from then on use this data set.

    \b
        control load repository-data aligned.fasta.xz metadata.tsv.xz --pathogen SC2 \\
            --repository GenBank
    """
    from control.outputs.by_hand import register_data_set

    with app.connect("load repository-data") as conn:
        done = register_data_set(
            conn,
            app.s3,
            app.settings.bucket,
            pathogen=pathogen,
            repository=repository,
            sequences=sequences,
            metadata=metadata,
            software_versions=dict(software),
            dry_run=dry_run,
        )
    if done is None:
        if as_json:
            echo_json({"job_id": None, "files": []})
        else:
            click.echo(f"would register an aligned data set of {pathogen} from {repository}")
        return
    if as_json:
        echo_json({"job_id": done.job_id, "files": [str(one.uri) for one in done.outputs]})
        return
    click.echo(
        f"registered the aligned data set of {pathogen} from {repository}, job {done.job_id}"
    )
    for one in done.outputs:
        click.echo(f"{one.kind}: {one.uri}")


@load.command("public-sequences")
@click.argument("file", type=input_file)
@click.option("--pathogen", required=True, metavar="SLUG", help="Such as SC2.")
@click.option("--repository", required=True, metavar="NAME", help="Such as GISAID.")
@click.option("--force", is_flag=True, help="Load a file that is much smaller, or mostly bad.")
@click.option("--dry-run", is_flag=True, help="Read and check the file, store nothing.")
@json_option
@click.pass_obj
def public_sequences_command(
    app: App,
    file: Path,
    pathogen: str,
    repository: str,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Replace the public sequences of a pathogen and repository by the metadata of a file.

    FILE is a table with a header, tab- or comma-separated, as GISAID, GenBank and Nextstrain
    publish it; it may be compressed, or a pipe. Readers see the old rows until the new ones are in
    their place. A date may be a year or a month, and counts as its first day; with X for unknown
    digits it is unknown. Rows without a strain, with an impossible date or with control characters
    are left out and named, and so is all but one of each strain. It can be run again at any time.

    \b
        control load public-sequences metadata.tsv.gz --pathogen SC2 --repository GISAID
    """
    from control.reference.public_sequences import load_public_sequences

    with app.connect("load public-sequences") as conn:
        report = load_public_sequences(
            conn,
            file,
            pathogen=pathogen,
            repository=repository,
            force=force,
            dry_run=dry_run,
            echo=say,
        )
    if as_json:
        echo_json(asdict(report) | {"is_stored": not dry_run})
        return
    verb = "would replace" if dry_run else "replaced"
    click.echo(f"{verb} {report.before} public sequences by {report.rows}")
    for count, said in (
        (report.duplicates, "rows named a strain that another row names, too"),
        (report.vague_dates, "dates are unknown"),
        (report.bad_rows, "bad rows were left out:"),
    ):
        if count:
            click.echo(f"{count} {said}", err=True)
    for problem in report.problems:
        click.echo(problem, err=True)


@load.command("demo")
@click.option("--dry-run", is_flag=True, help="Show whether there is anything to load.")
@json_option
@click.pass_obj
def demo_command(app: App, dry_run: bool, as_json: bool) -> None:
    """Load the demo into the local stack, and print what to try with it.

    Three groups with one user each: one owns the samples of an invented outbreak and their tree,
    one has viewer access to them, one has no access. Existing rows stay unchanged.

    \b
        control load demo
    """
    from control.demo import find_demo

    if not app.settings.is_local:
        raise ControlError(
            f"the demo creates users, so it is not loaded into {app.settings.environment}",
            "leave out --env for the local stack",
        )
    with app.connect("load demo") as conn:
        demo = find_demo(conn)
        if demo is None and not dry_run:
            from control.demo.loading import load_demo

            say("loading the demo")
            load_demo(conn, app.s3, app.settings)
            demo = find_demo(conn)
    if as_json:
        echo_json({"is_loaded": demo is not None, "tree_id": demo and demo.tree_id})
    elif demo is None:
        click.echo("the demo would be loaded")
    else:
        _echo_what_to_try(app.settings, demo)


def _echo_what_to_try(settings: Settings, demo: Demo) -> None:
    """Print three commands that work when pasted, and the other users of the demo."""
    from control.demo import OWNER, STRANGER, VIEWER

    click.echo(f"the demo is loaded: {demo.samples} samples of {OWNER.group} and their tree")
    if settings.api_url is None:
        return
    program = settings.root / ".venv" / "bin" / "control"
    control = os.path.relpath(program) if program.exists() else "control"
    bearer = '-H "Authorization: Bearer $T"'
    click.echo(
        f"""
Try it as {OWNER.subject}, who owns them:

T=$({control} token issue --sub '{OWNER.subject}')
curl -s {bearer} '{settings.api_url}/samples?limit=3'
curl -s {bearer} '{settings.api_url}/rpc/phylo_tree?id={demo.tree_id}' -o tree.json

{VIEWER.subject} can view them without private identifiers, {STRANGER.subject} sees nothing.
README.md continues with your own samples and a tree of them."""
    )
