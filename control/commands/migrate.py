"""`control migrate`: apply and roll back migrations, and load the code of sql/."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.migrate_check import check
from control.commands.migrate_new import new
from control.commands.options import echo_json, json_option, say
from control.errors import SOMETHING_TO_DO
from control.text_files import read_text

if TYPE_CHECKING:
    from control.schema.migrate import MigrateStatus
    from control.schema.rollback import RollbackPlan


@click.group()
def migrate() -> None:
    """Apply migrations and load the code of sql/."""


migrate.add_command(new)
migrate.add_command(check)


@migrate.command("up")
@click.option(
    "--dry-run", is_flag=True, help="Print the SQL of migrations; do everything and roll it back."
)
@click.option(
    "--to", "last", type=click.IntRange(min=1), metavar="NNNN", help="Apply up to NNNN only."
)
@json_option
@click.pass_obj
def up(app: App, dry_run: bool, last: int | None, as_json: bool) -> None:
    """Apply pending migrations, then load the code of sql/ if anything changed.

    Everything or nothing. First everything is tried beside the objects in use, without affecting
    requests; every file that fails is named. The dry run then also runs it on the rows, which it
    locks until it ends. With --to, the code of sql/ must fit the tables of that migration.

    A lock is waited for 0.1 s at a time and for 30 s in all, a statement of a migration may take
    60 s; more is written in its head (`-- statement-timeout: 10min`). Killed at any moment, run it
    again.

    \b
        control migrate up --dry-run
        control migrate up --to 0021
        control migrate up
    """
    from control.cluster.apis import running_apis
    from control.schema.api_reload import ApiState
    from control.schema.freeze import migration_files
    from control.schema.migrate import migrate_up

    result = migrate_up(
        app.settings, echo=say, dry_run=dry_run, last=last, running_apis=running_apis
    )
    files = migration_files(app.settings.root) if dry_run else {}
    texts = {name: read_text(files[name], f"{files[name]}") for name in result.applied if dry_run}
    if as_json:
        document = {"dry_run": dry_run} | asdict(result) | {"api": result.api.name.lower()}
        echo_json(document | ({"sql": texts} if dry_run else {}))
        return
    for name in result.applied:
        click.echo(f"would apply {name}" if dry_run else f"applied {name}")
        if dry_run:
            click.echo(texts[name])
    if result.has_loaded_code:
        click.echo("would load the code of sql/" if dry_run else "loaded the code of sql/")
    if not result.applied and not result.has_loaded_code:
        click.echo("nothing to do")
    if result.api is not ApiState.NOT_ASKED:
        click.echo(result.api.value)


@migrate.command("down")
@click.option("--to", "keep", type=click.IntRange(min=0), metavar="NNNN", help="Keep up to NNNN.")
@click.option("--all", "everything", is_flag=True, help="Roll back every migration.")
@click.option(
    "--code",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Load the code of this older checkout instead.",
)
@click.option("--without-code", is_flag=True, help="Load no code; the API stops working.")
@click.option("--dry-run", is_flag=True, help="Show what would be rolled back.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def down(
    app: App,
    keep: int | None,
    everything: bool,
    code: Path | None,
    without_code: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Roll back the last migration, or all after --to, and drop the tables they created.

    The code of sql/ is loaded again in the same transaction. If it does not fit the older tables,
    name an older checkout to load it from, or stop the API.

    \b
        control migrate down --to 0003 --dry-run
        control migrate down --to 0003 --code ../aspen-1.2
    """
    from control.cluster.apis import running_apis
    from control.schema.api_reload import ApiState
    from control.schema.rollback import migrate_down, plan_rollback

    if everything and keep is not None:
        raise click.UsageError("--to and --all exclude each other")
    if without_code and code:
        raise click.UsageError("--code and --without-code exclude each other")
    with app.connect("migrate down") as conn:
        plan = plan_rollback(
            conn,
            app.settings.root,
            0 if everything else keep,
            code_root=None if without_code else code or app.settings.root,
            echo=say,
        )
    _show_plan(plan, err=as_json)
    if plan.migrations and not dry_run:
        if not yes:
            click.confirm("Roll back?", abort=True, err=True)
        api = migrate_down(app.settings, plan, echo=say, running_apis=running_apis)
        click.echo(
            "rolled back" if api else "rolled back; control migrate up loads code again",
            err=as_json,
        )
        if api not in (None, ApiState.NOT_ASKED):
            click.echo(api.value, err=as_json)
    if as_json:
        echo_json(
            {
                "dry_run": dry_run,
                "migrations": plan.migrations,
                "tables": plan.tables,
                "code_root": plan.code_root,
            }
        )


@migrate.command("status")
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show what is applied and what is pending; exit with 3 if anything is pending.

    \b
        control migrate status --json
    """
    from control.schema.migrate import migrate_status

    app: App = ctx.obj
    with app.connect("migrate status") as conn:
        found = migrate_status(conn, app.settings.root)
    if as_json:
        echo_json(asdict(found) | {"is_current": found.is_current})
    else:
        _show_status(found)
    if not found.is_current:
        ctx.exit(SOMETHING_TO_DO)


def _show_plan(plan: RollbackPlan, *, err: bool) -> None:
    for name in plan.migrations:
        click.echo(f"roll back {name}", err=err)
    for table, rows in plan.tables.items():
        click.echo(
            f"drop {table} ({'rows not counted yet' if rows < 0 else f'about {rows} rows'})",
            err=err,
        )
    if not plan.migrations:
        said = "nothing to do: no migration after that is applied"
    elif plan.code_root is None:
        said = "unload the code: the API answers nothing but errors until control migrate up"
    else:
        said = "load the code again: requests may wait until all is done"
    click.echo(said, err=err)


def _show_status(status: MigrateStatus) -> None:
    for name in status.applied:
        click.echo(f"applied  {name}")
    for name in status.replaced:
        click.echo(f"applied  {name}, of an older checkout")
    for name in status.pending:
        click.echo(f"pending  {name}")
    if status.replaced:
        many = len(status.replaced)
        click.echo(f"control migrate up records {status.pending[0]} in place of these {many}")
    for breach in status.breaches:
        click.echo(f"unsafe   {breach.object}: {breach.problem}")
    for change, paths in asdict(status.files).items():
        for path in paths:
            click.echo(f"{change:<8} sql/{path}")
    if not status.is_code_loaded:
        click.echo("the code of sql/ is not loaded")
    click.echo("up to date" if status.is_current else "to do: control migrate up")
