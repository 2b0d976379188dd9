"""The command line: which noun lives where, and the one translation of errors to exit codes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import click

from control.app import App
from control.errors import FAILED, ControlError
from control.terminal import heartbeat, make_streams_safe, safe_streams
from control.translation import translate

# Loaded when used, so that every command starts fast: noun → where its click command is.
COMMANDS = {
    "up": "control.commands.stack:up",
    "down": "control.commands.stack:down",
    "status": "control.commands.stack:status",
    "logs": "control.commands.stack:logs",
    "reference": "control.commands.reference:reference_command",
    "migrate": "control.commands.migrate:migrate",
    "db": "control.commands.db:db",
    "token": "control.commands.token:token",
    "sample": "control.commands.sample:sample",
    "job": "control.commands.job:job",
    "output": "control.commands.output:output",
    "load": "control.commands.load:load",
}
# The first line of each one's help, so that `control --help` loads none of them.
SUMMARIES = {
    "up": "Start the local stack and bring its database up to date.",
    "down": "Stop the local stack. Data, keys, passwords and ports stay.",
    "status": "Show how each server of the local stack is, and where.",
    "logs": "Show what the servers of the local stack logged.",
    "reference": "Print the reference of all commands as Markdown.",
    "migrate": "Change the tables of a database and load the code of sql/.",
    "db": "Back up the database with its files, and restore it.",
    "token": "Mint and read tokens, and look after the keys that sign them.",
    "job": "Look at the queue of jobs, and cancel one.",
    "sample": "Bring samples and their sequences in.",
    "output": "Register the files that jobs left in S3.",
    "load": "Load reference data, or the demo.",
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
        command = cast(click.Command, getattr(import_module(module), name))
        _take_environment(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        is_word = not args[0].startswith("-") and not ctx.resilient_parsing
        if is_word and self.get_command(ctx, args[0]) is None:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in COMMANDS])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with safe_streams(), heartbeat():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            app = ctx.find_object(App)
            known = translate(error, is_ours=app is not None and app.runs_its_database)
            if known is None:
                raise
            raise Failure(known) from error


def _choose_environment(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    if name is None:
        return
    app = ctx.ensure_object(App)
    if app.environment not in (None, name):
        raise click.BadParameter(f"two are named, {app.environment} and {name}", ctx, param)
    app.environment = name


def _environment_option() -> click.Option:
    return click.Option(
        ["--env", "environment"],
        metavar="NAME",
        help="Profile to use; local by default.",
        expose_value=False,
        callback=_choose_environment,
    )


def _take_environment(command: click.Command) -> None:
    """Let a command and all below it take --env as well, for it is often remembered last."""
    if all(param.name != "environment" for param in command.params):
        command.params.append(_environment_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _take_environment(below)


# color: what looks like a colour came from a stranger, and is shown rather than taken out.
@click.group(
    cls=Commands,
    params=[_environment_option()],
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
    epilog="""\b
Completion, for bash (zsh, fish: their names instead):
    eval "$(_CONTROL_COMPLETE=bash_source control)\"""",
)
@click.version_option(package_name="aspen", prog_name="control")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run Aspen: its local stack, its migrations, its tokens, its jobs' outputs.

    \b
        control up
        control status --json
    """
    app = ctx.ensure_object(App)
    app.passes_damage = ctx.invoked_subcommand in ("up", "down")


def main() -> None:
    """The console script."""
    # To the very end: the traceback of a bug shows texts of strangers, too.
    make_streams_safe()
    cli(prog_name="control")
