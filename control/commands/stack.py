"""`control up`, `down`, `status` and `logs`: run the local stack."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, echo_json_line, json_option, say
from control.errors import SOMETHING_TO_DO, ControlError
from control.settings import Settings
from control.terminal import leave_the_line, screen_width, table

if TYPE_CHECKING:
    from control.stack import ComponentStatus

RUNNING, ARCHIVE = "running", "archive"


@click.command("up")
@click.option(
    "--watch",
    is_flag=True,
    help="Stay in the foreground and restart servers that die, until Ctrl-C.",
)
@click.option(
    "--archive/--no-archive",
    "archives",
    default=None,
    help="Keep an archive in .aspen/archive from now on, or no more; as before by default.",
)
@json_option
@click.pass_obj
def up(app: App, watch: bool, archives: bool | None, as_json: bool) -> None:
    """Start the local stack and update its database.

    Run it again at any time: it starts what is not running and changes nothing else. With --watch
    it stays in the foreground, reports servers that die and why, restarts them, and stops
    everything at Ctrl-C (SIGINT) or SIGTERM.

    With --archive the stack also runs control db archive, from which it can go back to any moment;
    control status says how far behind it is.

    \b
        control up
        control up --watch
        control up --archive
    """
    from control import stack

    def show(settings: Settings) -> None:
        if as_json:
            echo_json(_addresses_for_machines(settings))
            return
        for line in _addresses(settings):
            click.echo(line)

    if watch:
        if archives is not None:
            raise click.UsageError("say --archive once without --watch; it is remembered")
        stack.watch(app.settings, say, show)
    else:
        show(stack.up(app.settings, say, archives=archives))


@click.command("down")
@json_option
@click.pass_obj
def down(app: App, as_json: bool) -> None:
    """Stop the local stack. Data, keys, passwords and ports stay.

    \b
        control down
    """
    from control import stack

    stack.down(app.settings, say)
    if as_json:
        found = stack.status(app.settings) if app.settings.data_dir.exists() else {}
        echo_json({"components": _for_machines(found)})


@click.command("restart")
@click.argument("component", type=click.Choice(["postgrest", "nginx"]))
@json_option
@click.pass_obj
def restart(app: App, component: str, as_json: bool) -> None:
    """Restart servers of the local stack while it is in use.

    postgrest: one after the other, each once the requests it has are answered; with
    ASPEN_POSTGRESTS=2 or more no client notices. nginx: reads its configuration again, and no
    client notices.

    \b
        ASPEN_POSTGRESTS=2 control up
        control restart postgrest
        control restart nginx
    """
    from control import stack

    change = stack.restart_api if component == "postgrest" else stack.reload_edge
    if not change(app.settings, say):
        raise ControlError(f"{component} is not running", "start it: control up")
    if as_json:
        echo_json({"components": _for_machines(stack.status(app.settings))})


@click.command("status")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; its database_url contains the password."
)
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show the state and address of each server of the local stack.

    Exits with 3 if a server is not running; control up starts it.

    \b
        control status
        psql "$(control status --json | jq -r .database_url)"
    """
    from control import stack

    app: App = ctx.obj
    components = stack.status(app.settings)
    is_whole = all(component.state == RUNNING for component in components.values())
    if as_json:
        shown = _addresses_for_machines(app.settings)
        if ARCHIVE in components:
            until = _archived_until(app.settings)
            shown["archive_complete_until"] = None if until is None else until.isoformat()
        echo_json(shown | {"components": _for_machines(components)})
    else:
        archive = [_archive_line(app.settings)] if ARCHIVE in components else []
        for line in (*_table(components), *_addresses(app.settings), *archive):
            click.echo(line)
        if not is_whole:
            click.echo("to do: control up")
    ctx.exit(0 if is_whole else SOMETHING_TO_DO)


@click.command("logs")
@click.argument("component", required=False)
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on printing new lines.")
@click.option("-n", "--lines", default=40, show_default=True, help="Number of lines per server.")
@json_option
@click.pass_obj
def logs(app: App, component: str | None, is_following: bool, lines: int, as_json: bool) -> None:
    """Show the logs of the local stack's servers.

    \b
        control logs postgrest
        control logs -f
    """
    from control import stack
    from control.stack.logs import follow, last_lines

    files = stack.log_files(app.settings)
    if component is not None and component not in files:
        raise click.BadParameter(f"one of {', '.join(files)}", param_hint="COMPONENT")
    chosen = files if component is None else {component: files[component]}
    leave_the_line()
    # Start following before printing the last lines: better a line twice than a line lost.
    coming = follow(chosen) if is_following else ()
    for name, line in chain(last_lines(chosen, lines), coming):
        if as_json:
            echo_json_line({"component": name, "line": line})
        else:
            click.echo(f"{name:11} {line}")


def _archived_until(settings: Settings) -> datetime | None:
    """Return until when the archive of the stack is complete."""
    from control.backups.archive import Archive

    noted = Archive(settings.data_dir / "archive").complete_until
    return None if noted is None else noted[0]


def _archive_line(settings: Settings) -> str:
    until = _archived_until(settings)
    if until is None:
        return "Archive   making its first base backup"
    behind = (datetime.now(UTC) - until).total_seconds()
    return f"Archive   complete until {until:%Y-%m-%d %H:%M:%S}Z, {behind:.0f} s behind"


def _addresses(settings: Settings) -> list[str]:
    """Return the addresses users need, without passwords; none before the first `control up`."""
    if settings.api_url is None:
        return []
    port = settings.database_url.rpartition(":")[2] if settings.database_url else ""
    return [
        f"API       {settings.api_url}",
        f"Database  postgresql://control@127.0.0.1:{port}",
        f"S3        {settings.s3_endpoint_url}  bucket {settings.bucket}",
    ]


def _addresses_for_machines(settings: Settings) -> dict[str, object]:
    return {
        "api_url": settings.api_url,
        "admin_url": settings.admin_url,
        "database_url": settings.database_url,
        "s3_endpoint_url": settings.s3_endpoint_url,
        "bucket": settings.bucket,
    }


def _for_machines(components: Mapping[str, ComponentStatus]) -> dict[str, object]:
    return {name: asdict(component) for name, component in components.items()}


def _table(components: Mapping[str, ComponentStatus]) -> list[str]:
    rows: list[tuple[object, ...]] = [("server", "state", "pid", "port", "log")]
    rows += [
        (name, found.state, found.pid or "-", found.port or "-", _near(found.log))
        for name, found in components.items()
    ]
    return list(table(rows, screen_width()))


def _near(path: Path) -> str:
    """Return a path relative to the current folder if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
