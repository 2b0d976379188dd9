"""`control sql apply` and `watch`: load the code of sql/, once or whenever a file is saved."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, echo_json_line, json_option, say
from control.errors import ControlError

if TYPE_CHECKING:
    from control.schema.watching import Load


@click.command()
@click.option("--dry-run", is_flag=True, help="Do everything, then roll it back.")
@json_option
@click.pass_obj
def apply(app: App, dry_run: bool, as_json: bool) -> None:
    """Load the files of sql/ that changed, and what depends on them.

    Everything or nothing, in one transaction that waits only briefly for locks and tries again for
    30 s. It fails where a migration is pending: control migrate up applies it and loads sql/ after
    it.

    \b
        control sql apply --dry-run
        control sql apply
    """
    from control.cluster.apis import running_apis
    from control.schema.api_reload import ApiState
    from control.schema.migrate import apply_code

    result = apply_code(app.settings, echo=say, dry_run=dry_run, running_apis=running_apis)
    if as_json:
        echo_json(
            {
                "dry_run": dry_run,
                "has_loaded_code": result.has_loaded_code,
                "api": result.api.name.lower(),
            }
        )
        return
    loaded = "would load the code of sql/" if dry_run else "loaded the code of sql/"
    click.echo(loaded if result.has_loaded_code else "nothing to do")
    if result.api is not ApiState.NOT_ASKED:
        click.echo(result.api.value)


@click.command()
@json_option
@click.pass_obj
def watch(app: App, as_json: bool) -> None:
    """Load a file of sql/ whenever it is saved, until interrupted with Ctrl-C.

    Only for the local stack and a database named by ASPEN_DATABASE_URL: where others work, load
    when you mean it, with control sql apply. A line says after how long the API answered with it.
    A mistake is shown with its file and line, and the database stays as it was. Tables are not
    changed: control migrate new writes the migration.

    \b
        control sql watch
    """
    from control.cluster.apis import running_apis
    from control.schema.watching import watch as watch_files
    from control.terminal import leave_the_line
    from control.translation import translate

    if not app.settings.is_local:
        raise ControlError(
            f"environment {app.settings.environment} is not watched: others use it",
            "try the edit on the local stack, then run control sql apply --env"
            f" {app.settings.environment}",
        )
    leave_the_line()
    say(f"watching {app.settings.sql_dir}; Ctrl-C ends it")
    with suppress(KeyboardInterrupt):
        for load in watch_files(
            app.settings,
            echo=lambda line: None,
            running_apis=running_apis,
            explain=partial(translate, is_ours=app.runs_its_database),
        ):
            if as_json:
                echo_json_line(_document(load))
            else:
                _show(load)


def _document(load: Load) -> dict[str, object]:
    error = load.error and {"message": load.error.message, "remedy": load.error.remedy}
    return asdict(load) | {"api": load.api.name.lower(), "error": error}


def _show(load: Load) -> None:
    from control.schema.api_reload import ApiState
    from control.terminal import listed

    files = listed([f"sql/{path}" for path in load.paths]) or "sql/"
    if load.is_loaded:
        seen = "live" if load.api is ApiState.CURRENT else f"loaded, {load.api.value};"
        click.echo(f"{files}: {seen} after {load.seconds:.2f} s")
    elif load.error is None:
        click.echo(f"{files}: as it is in the database")
    if load.error:
        say(f"Error: {load.error.message}")
        if load.error.remedy:
            say(f"Remedy: {load.error.remedy}")
