"""`control docs`: show the description of the API in a browser."""

from __future__ import annotations

from contextlib import suppress

import click

from control.app import App
from control.commands.options import echo_json_line, json_option, say
from control.terminal import leave_the_line


@click.command("docs")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; a free one if 0."
)
@json_option
@click.pass_obj
def docs(app: App, port: int, as_json: bool) -> None:
    """Show the description of the API in a browser, and try it out.

    Serves a page to this machine only, until Ctrl-C: what the API offers, with a form for each
    request. Without a token it shows what needs none; after "Authorize" it shows what the token's
    role may do. The token stays in the page: it is not stored and appears in no log and no URL.

    \b
        control docs
        control token issue --sub 'demo|bay'
    """
    from control.docs.server import open_docs

    with open_docs(app.settings, port) as server, suppress(KeyboardInterrupt):
        if as_json:
            echo_json_line({"url": server.url, "api_url": app.settings.api_url})
        else:
            click.echo(server.url)
        say(f"the API at {app.settings.api_url}; Ctrl-C ends")
        leave_the_line()
        server.serve_forever()
