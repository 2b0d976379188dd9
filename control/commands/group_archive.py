"""`control group export`, `import` and `erase`: a whole group as one archive."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from control.app import App
from control.commands.options import echo_json, json_option, say, tell_incomplete
from control.commands.places import scratch_option
from control.errors import ControlError
from control.terminal import screen_width, table

if TYPE_CHECKING:
    from control.group_archive.erasing import Plan
    from control.group_archive.importing import Imported
    from control.group_archive.manifest import Manifest


@click.command("export")
@click.argument("group")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="New folder, or file that ends with .tar, .tar.zst or .tar.zst.age.",
)
@click.option("--no-objects", is_flag=True, help="Leave out the files in S3.")
@click.option("--dry-run", is_flag=True, help="Count what would be in the archive.")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    group: str,
    target: Path | None,
    no_objects: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write all of GROUP (id, name or prefix), as it is at one moment, to an archive.

    It holds the rows of every table that belong to the group, its members, the names of the
    reference data it uses, and its files in S3, each with a checksum. Tokens, links, webhooks,
    invitations and mails stay behind: they are secrets of this platform. A file that ends with
    .tar.zst.age is encrypted for backup_recipient (control db backup-key).

    Exit code 3: an object is missing, or is not what its row describes; everything else is in the
    archive.

    \b
        control group export HUM --to humboldt.tar.zst
        control group export HUM --dry-run
    """
    from control.group_archive.exporting import export_group, preview

    app = ctx.find_object(App)
    assert app is not None
    if dry_run:
        _show_archive(preview(app.settings, group), "would export", as_json=as_json)
        return
    if target is None:
        raise click.UsageError("give --to, a new folder or file")
    s3 = None if no_objects else app.s3
    made = export_group(app.settings, s3, group, target.absolute(), echo=say)
    manifest = made.manifest
    _show_archive(
        manifest, "exported", as_json=as_json, more={"path": str(target), "sha256": made.sha256}
    )
    say(f"sha256 of its manifest: {made.sha256}")
    tell_incomplete(ctx, manifest.missing_objects, manifest.wrong_objects)


@click.command("import")
@click.argument("archive", type=click.Path(path_type=Path, exists=True))
@click.option("--name", help="Name of the new group; the one in the archive by default.")
@click.option("--prefix", help="Prefix of the new group; the one in the archive by default.")
@click.option("--create-users", is_flag=True, help="Create the users who are not here.")
@click.option("--sha256", help="Checksum of the manifest, as control group export printed it.")
@scratch_option
@click.option("--dry-run", is_flag=True, help="Verify and try everything, store nothing.")
@json_option
@click.pass_obj
def import_command(
    app: App,
    archive: Path,
    name: str | None,
    prefix: str | None,
    create_users: bool,
    sha256: str | None,
    scratch: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a new group of ARCHIVE, all of it or nothing.

    Every checksum and number is verified first. Rows and files get new ids and keys; users are
    found by subject, otherwise by an e-mail address that only one of them has. Jobs that had not
    ended are cancelled. Grants, links, tokens and webhooks are made again by the group.

    \b
        control group import humboldt.tar.zst --dry-run
        control group import humboldt.tar.zst --name 'Humboldt County 2' --prefix HUM2
    """
    from control.backups.manifest import sha256_of
    from control.group_archive.importing import Choices, import_group
    from control.group_archive.manifest import MANIFEST, verified_manifest
    from control.group_archive.packing import unpacked

    with unpacked(app.settings, archive, scratch) as folder:
        manifest = verified_manifest(folder)
        if sha256 is not None and sha256_of(folder / MANIFEST) != sha256.lower():
            raise ControlError(
                f"the manifest of {archive} has another checksum", "use another copy of the archive"
            )
        imported = import_group(
            app.settings,
            None if dry_run else app.s3,
            folder,
            manifest,
            Choices(name, prefix, create_users),
            echo=say,
        )
    _show_import(imported, dry_run=dry_run, as_json=as_json)


@click.command("erase")
@click.argument("group")
@click.option("--cancel-jobs", is_flag=True, help="Cancel its jobs that are queued or running.")
@click.option(
    "--after-export",
    "archive",
    type=click.Path(path_type=Path, exists=True),
    metavar="ARCHIVE",
    help="Only if this archive, or manifest.json of one, holds the rows as they are.",
)
@scratch_option
@click.option("--dry-run", is_flag=True, help="Count what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask for the name of the group.")
@json_option
@click.pass_obj
def erase(
    app: App,
    group: str,
    cancel_jobs: bool,
    archive: Path | None,
    scratch: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase all of GROUP (id, name or prefix), and prove that nothing is left.

    Its rows of every table go, its files in S3, its access to other groups and theirs to it, kept
    answers, and what the audit log knows about its rows except who changed which one when. Then
    each table is counted and each folder in S3 is listed, and what was erased is written to the
    audit log. Users stay, and so do rows of other groups that used its samples, without them.
    If S3 cannot delete something, run the command again: it goes on.

    \b
        control group erase HUM --dry-run
        control group erase HUM --after-export humboldt.tar.zst
    """
    from control.group_archive.erasing import erase_group, plan_erasing

    with app.connect("group erase") as conn:
        plan = plan_erasing(conn, group)
    if dry_run:
        _show_plan(plan, as_json=as_json)
        return
    compared = None if archive is None else _archive_of(app, archive, scratch)
    if not yes:
        rows = sum(count for name, count in plan.rows.items() if name != "audit_log")
        say(f"this erases {plan.group.name} for ever: {rows} rows and all of its files")
        if click.prompt("Its name", err=True) != plan.group.name:
            raise ControlError("this is not the name of the group", "nothing was erased")
    erased = erase_group(
        app.settings, app.s3, plan.group, cancels_jobs=cancel_jobs, archive=compared, echo=say
    )
    if as_json:
        echo_json(asdict(erased))
        return
    for line in table([["table", "rows"], *sorted(erased.rows.items())], screen_width()):
        click.echo(line)
    click.echo(
        f"erased {erased.group.name}: {sum(erased.rows.values())} rows, {erased.objects} objects;"
        " nothing is left"
    )


def _archive_of(app: App, archive: Path, scratch: Path | None) -> tuple[Manifest, str]:
    """Return the manifest of an archive and its checksum; a whole archive is verified."""
    from control.backups.manifest import sha256_of
    from control.group_archive.manifest import MANIFEST, read_manifest, verified_manifest
    from control.group_archive.packing import unpacked

    if archive.name == MANIFEST:
        return read_manifest(archive), sha256_of(archive)
    with unpacked(app.settings, archive, scratch) as folder:
        return verified_manifest(folder), sha256_of(folder / MANIFEST)


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(plan))
        return
    rows = [[name, count] for name, count in sorted(plan.rows.items()) if count]
    for line in table([["table", "rows"], *rows], screen_width()):
        click.echo(line)
    click.echo(f"would erase {plan.group.name}; of audit_log the values only")
    if plan.open_jobs:
        say(f"{plan.open_jobs} jobs are queued or running: give --cancel-jobs")
    for name, count in plan.referring.items():
        say(f"{count} rows of other groups in {name} use its samples: they stay, without them")


def _show_archive(
    manifest: Manifest, verb: str, *, as_json: bool, more: dict[str, Any] | None = None
) -> None:
    if as_json:
        document = asdict(manifest)
        del document["files"]
        echo_json(document | (more or {}))
        return
    rows: list[list[Any]] = [
        [name, each.rows, "stores them" if each.is_restored else "for the record"]
        for name, each in sorted(manifest.tables.items())
        if each.rows
    ]
    rows += [[name, each["rows"], "not exported"] for name, each in manifest.withheld.items()]
    for line in table([["table", "rows", "import"], *rows], screen_width()):
        click.echo(line)
    objects = "no objects" if manifest.objects is None else f"{manifest.objects} objects"
    click.echo(f"{verb} {manifest.group.name}: {manifest.row_count} rows, {objects}")


def _show_import(imported: Imported, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(imported) | {"group_id": None if dry_run else imported.group_id})
        return
    names = sorted(name for name in imported.rows if imported.rows[name])
    rows = [[name, imported.rows[name], imported.left_out.get(name, 0)] for name in names]
    for line in table([["table", "rows", "left out"], *rows], screen_width()):
        click.echo(line)
    place = "" if dry_run else f" as group {imported.group_id}"
    click.echo(
        f"{'would import' if dry_run else 'imported'} {imported.name} ({imported.prefix}){place}:"
        f" {sum(imported.rows.values())} rows, {imported.objects} objects"
    )
    if imported.cancelled_jobs:
        say(f"{imported.cancelled_jobs} jobs had not ended and are cancelled")
    for subject in imported.users.created:
        say(f"created the user {subject}")
    for subject in imported.users.unknown:
        say(f"not here: the user {subject}; --create-users creates them")
    if not imported.rows.get("memberships"):
        say("nobody is in the group: control member create adds members")
