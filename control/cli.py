"""Define the command line: where each command lives, and how errors become exit codes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import click

from control.app import App
from control.errors import FAILED, INTERRUPTED, ControlError
from control.terminal import echo_painted, heartbeat, make_streams_safe, safe_streams
from control.translation import translate

# Command → module and name of its click object, imported on use, so that every command starts fast.
COMMANDS = {
    "up": "control.commands.stack:up",
    "down": "control.commands.stack:down",
    "restart": "control.commands.stack:restart",
    "status": "control.commands.stack:status",
    "logs": "control.commands.stack:logs",
    "cluster": "control.commands.cluster:cluster",
    "doctor": "control.commands.doctor:doctor",
    "env": "control.commands.env:env",
    "docs": "control.commands.docs:docs",
    "login": "control.commands.login:login",
    "logout": "control.commands.login:logout",
    "whoami": "control.commands.login:whoami",
    "api": "control.commands.api:api",
    "reference": "control.commands.reference:reference_command",
    "migrate": "control.commands.migrate:migrate",
    "sql": "control.commands.sql:sql",
    "db": "control.commands.db:db",
    "group": "control.commands.group:group",
    "user": "control.commands.user:user",
    "member": "control.commands.member:member",
    "grant": "control.commands.grant:grant",
    "invitation": "control.commands.invitation:invitation",
    "token": "control.commands.token:token",
    "sample": "control.commands.sample:sample",
    "submission": "control.commands.submission:submission",
    "usher": "control.commands.usher:usher",
    "job": "control.commands.job:job",
    "output": "control.commands.output:output",
    "mail": "control.commands.mail:mail",
    "event": "control.commands.event:event",
    "webhook": "control.commands.webhook:webhook",
    "metrics": "control.commands.metrics:metrics",
    "load": "control.commands.load:load",
    "report": "control.commands.report:report",
}
# The first line of each command's help, so that `control --help` imports none of them.
SUMMARIES = {
    "up": "Start the local stack and update its database.",
    "down": "Stop the local stack. Data, keys, passwords and ports stay.",
    "restart": "Restart servers of the local stack while it is in use.",
    "status": "Show the state and address of each server of the local stack.",
    "logs": "Show the logs of the local stack's servers.",
    "cluster": "Run a primary, two replicas and the API before them.",
    "doctor": "Check an environment from end to end, and say what to do about each fault.",
    "env": "List the environments and show where their settings come from.",
    "docs": "Show the description of the API in a browser, and try it out.",
    "login": "Sign in to the API by a code that you confirm in a browser.",
    "logout": "Forget the login, and have the provider end it.",
    "whoami": "Show as whom the API knows you, and in which groups you are.",
    "api": "Call any endpoint of the API as whoever is signed in.",
    "reference": "Print the reference of all commands as Markdown.",
    "migrate": "Apply migrations and load the code of sql/.",
    "sql": "Edit, apply and check the SQL under sql/.",
    "db": "Back up and restore the database, and delete what is old.",
    "group": "Create, list, show and edit groups, and export, import and erase them.",
    "user": "Create, list, show, edit, disable, enable, sign out and sync users.",
    "member": "Put users into groups, list, show and remove them, and set their roles.",
    "grant": "Give groups access to the data of other groups; list, show, change and revoke it.",
    "invitation": "Invite people to groups; list, show and revoke invitations.",
    "token": "Mint and inspect tokens, and manage the keys that sign them.",
    "job": "Run jobs, and list, schedule, pause, retry and cancel them.",
    "sample": "Import, export and rename samples.",
    "submission": "Make files for GISAID and GenBank, and record what they answer.",
    "usher": "Place samples on the trees of UShER, a service of UCSC.",
    "output": "Register, verify, fetch and delete the files that jobs wrote to S3.",
    "mail": "Send the mails of invitations.",
    "event": "Publish the events of the feed, and delete old ones.",
    "webhook": "Send the events of groups to their webhooks.",
    "metrics": "Show Prometheus what is to be watched.",
    "load": "Load reference data, or the demo.",
    "report": "Write the overview: samples, turnaround, jobs, storage, queue.",
}


class Failure(click.ClickException):
    """A ControlError that click shows on the terminal."""

    exit_code = FAILED

    def __init__(self, error: ControlError) -> None:
        super().__init__(error.message)
        self.remedy = error.remedy

    def show(self, file: Any = None) -> None:
        """Print the failure and, on a line of its own, the remedy."""
        if file is None:
            echo_painted("Error:", "red", f" {self.message}", err=True)
        else:
            click.echo(f"Error: {self.message}", file=file)
        if self.remedy:
            click.echo(f"Remedy: {self.remedy}", file=file, err=True)


class Commands(click.Group):
    """The top-level commands in the order of COMMANDS, each imported on first use."""

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
        except KeyboardInterrupt:
            # What was under way is rolled back or removed by now.
            click.echo("Interrupted; nothing goes on.", err=True)
            ctx.exit(INTERRUPTED)
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
        raise click.BadParameter(f"it is given twice, as {app.environment} and {name}", ctx, param)
    app.environment = name


def _environment_option() -> click.Option:
    return click.Option(
        ["--env", "environment"],
        metavar="NAME",
        help="Environment to use; local by default.",
        expose_value=False,
        callback=_choose_environment,
    )


def _take_environment(command: click.Command) -> None:
    """Let a command and its subcommands accept --env too, because people often add it last."""
    if all(param.name != "environment" for param in command.params):
        command.params.append(_environment_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _take_environment(below)


# color: show escape sequences, which come from strangers' data, instead of stripping them.
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
    """Run Aspen: its local stack, migrations, samples, jobs, outputs and tokens.

    \b
        control up
        control status --json
    """
    app = ctx.ensure_object(App)
    app.passes_damage = ctx.invoked_subcommand in ("up", "down")


def main() -> None:
    """Run the console script."""
    # Until the process ends: even the traceback of a bug contains strangers' texts.
    make_streams_safe()
    cli(prog_name="control")
