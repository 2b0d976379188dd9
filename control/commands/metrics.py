"""`control metrics`: show Prometheus what is to be watched."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from control.app import App
from control.commands.options import echo_json_line, json_option, say
from control.errors import ControlError
from control.terminal import leave_the_line


@click.group()
def metrics() -> None:
    """Show Prometheus what is to be watched."""


@metrics.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9464,
    show_default=True,
    help="Port to serve at; a free one if 0.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path),
    help="Access log of the edge; that of the local stack by default.",
)
@json_option
@click.pass_obj
def serve(app: App, host: str, port: int, log: Path | None, as_json: bool) -> None:
    """Serve metrics to Prometheus, until Ctrl-C: those of /rpc/metrics, and what only we know.

    These are requests and errors by route, how long they took, their bytes, all from the access log
    of the edge; whether edge, API, database and S3 answer; and the ages of certificate, keys and
    backup. Who reaches the port reads them without a token, so it is open to this machine only.

    \b
        control metrics serve
        control metrics serve --env production --log /var/log/aspen/access.log
    """
    from control.metrics.server import open_metrics

    if log is None and not app.settings.is_local:
        raise ControlError(
            f"environment {app.settings.environment} does not say where the access log is",
            "name it with --log",
        )
    chosen = log or app.settings.data_dir / "logs" / "nginx.log"
    with open_metrics(app.settings, host, port, chosen) as server, suppress(KeyboardInterrupt):
        if as_json:
            echo_json_line({"url": server.url, "log": f"{chosen}"})
        else:
            click.echo(server.url)
        say(f"the access log is {chosen}; Ctrl-C ends")
        leave_the_line()
        server.serve_forever()
