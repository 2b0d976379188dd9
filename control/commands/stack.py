"""The local stack: up, down, status, logs."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import chain

import click

from control import stack
from control.app import App
from control.settings import Settings
from control.stack.logs import follow, last_lines


def say(line: str) -> None:
    """Progress goes to stderr, so that stdout is only data."""
    click.echo(line, err=True)


@click.command("up")
@click.option("--watch", is_flag=True, help="Stay, and start again what dies, until Ctrl-C.")
@click.pass_obj
def up(app: App, watch: bool) -> None:
    """Start the local stack and bring its database up to date.

    Run it again at any time: it starts what is not running and changes nothing else. With --watch
    it stays in the foreground, says what died and why, starts it again, and stops everything when
    it is told to end (SIGINT, SIGTERM).

    \b
        control up
        control up --watch
    """

    def show(settings: Settings) -> None:
        for name, url in _addresses(settings):
            click.echo(f"{name:10} {url}")

    if watch:
        stack.watch(app.settings, say, show)
    else:
        show(stack.up(app.settings, say))


@click.command("down")
@click.pass_obj
def down(app: App) -> None:
    """Stop the local stack. Data, keys, passwords and ports stay.

    \b
        control down
    """
    stack.down(app.settings, say)


@click.command("status")
@click.option(
    "--json", "as_json", is_flag=True, help="For machines; database_url contains its password."
)
@click.pass_obj
def status(app: App, as_json: bool) -> None:
    """Show how each server of the local stack is, and where.

    \b
        control status
        psql "$(control status --json | jq -r .database_url)"
    """
    components = stack.status(app.settings)
    if as_json:
        shown = {
            "api_url": app.settings.api_url,
            "admin_url": app.settings.admin_url,
            "database_url": app.settings.database_url,
            "s3_endpoint_url": app.settings.s3_endpoint_url,
            "bucket": app.settings.bucket,
            "components": {name: asdict(component) for name, component in components.items()},
        }
        click.echo(json.dumps(shown, indent=2, default=str))
        return
    click.echo(f"{'server':12}{'state':16}{'pid':>8}{'port':>8}  log")
    for name, component in components.items():
        pid, port = component.pid or "-", component.port or "-"
        click.echo(f"{name:12}{component.state:16}{pid:>8}{port:>8}  {component.log}")
    for name, url in _addresses(app.settings):
        click.echo(f"{name:10} {url}")


@click.command("logs")
@click.argument("component", required=False)
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as they are written.")
@click.option("-n", "--lines", default=40, show_default=True, help="How many lines of each.")
@click.pass_obj
def logs(app: App, component: str | None, is_following: bool, lines: int) -> None:
    """Show what the servers of the local stack logged.

    \b
        control logs postgrest
        control logs -f
    """
    files = stack.log_files(app.settings)
    if component is not None and component not in files:
        raise click.BadParameter(f"one of {', '.join(files)}", param_hint="COMPONENT")
    chosen = files if component is None else {component: files[component]}
    # Begun before the last lines are read: better a line twice than a line lost.
    coming = follow(chosen) if is_following else ()
    for name, line in chain(last_lines(chosen, lines), coming):
        click.echo(f"{name:11} {line}")


def _addresses(settings: Settings) -> list[tuple[str, str]]:
    """What a user of the stack needs, without passwords; nothing before the first `control up`."""
    if settings.api_url is None:
        return []
    port = settings.database_url.rpartition(":")[2] if settings.database_url else ""
    return [
        ("API", f"{settings.api_url}"),
        ("Database", f"postgresql://control@127.0.0.1:{port}  (with its password: status --json)"),
        ("S3", f"{settings.s3_endpoint_url}  bucket {settings.bucket}"),
    ]
