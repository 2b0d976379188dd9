"""The command line: which noun lives where, and the one translation of errors to exit codes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import click

from control.app import App
from control.errors import FAILED, ControlError, translate
from control.settings import load_settings
from control.terminal import make_streams_safe, safe_streams

# Loaded when used, so that every command starts fast: noun → where its click command is.
COMMANDS = {
    "up": "control.commands.stack:up",
    "down": "control.commands.stack:down",
    "status": "control.commands.stack:status",
    "logs": "control.commands.stack:logs",
    "docs": "control.commands.docs:docs",
    "migrate": "control.commands.migrate:migrate",
    "token": "control.commands.token:token",
    "sample": "control.commands.sample:sample",
    "job": "control.commands.job:job",
    "output": "control.commands.output:output",
    "load": "control.commands.load:load",
}


class Failure(click.ClickException):
    """A ControlError on its way to the terminal."""

    exit_code = FAILED

    def __init__(self, error: ControlError) -> None:
        super().__init__(error.message)
        self.remedy = error.remedy

    def show(self, file: Any = None) -> None:
        """Say what failed and, on a line of its own, what to do about it."""
        click.echo(f"Error: {self.message}", file=file, err=True)
        if self.remedy:
            click.echo(f"Remedy: {self.remedy}", file=file, err=True)


class Commands(click.Group):
    """The nouns, in the order they are met, each imported when first asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        return cast(click.Command, getattr(import_module(module), name))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with safe_streams():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            known = translate(error)
            if known is None:
                raise
            raise Failure(known) from error


# color: what looks like a colour came from a stranger, and is shown rather than taken out.
@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "color": True})
@click.option("--env", "environment", metavar="NAME", help="Profile to use; local by default.")
@click.version_option(package_name="aspen", prog_name="control")
@click.pass_context
def cli(ctx: click.Context, environment: str | None) -> None:
    """Run Aspen: its local stack, its migrations, its tokens, its jobs' outputs.

    \b
        control up
        control status --json
    """
    ctx.obj = App(load_settings(environment))


def main() -> None:
    """The console script."""
    # To the very end: the traceback of a bug shows texts of strangers, too.
    make_streams_safe()
    cli(prog_name="control")
