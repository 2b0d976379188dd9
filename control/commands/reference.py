"""`control reference`: write the reference page of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from control.commands.options import echo_json, json_option

HEADER = """\
# The command line

Every command with its help. `make docs` writes this page from the commands; do not edit it.

Exit codes: 0 done, 1 failed (stderr names the failure and the remedy), 2 invalid command line,
3 there is something to do.
"""


@click.command("reference")
@json_option
@click.pass_context
def reference_command(ctx: click.Context, as_json: bool) -> None:
    """Print the reference of all commands as Markdown.

    \b
        control reference > docs/cli.md
    """
    root = ctx.find_root().command
    if as_json:
        echo_json({found.command_path: _help(found) for found in _walk(_page(root))})
    else:
        click.echo(reference(root), nl=False)


def reference(command: click.Command) -> str:
    """Return the help of a command and its subcommands as Markdown, 80 columns wide."""
    sections = [
        f"\n## {context.command_path}\n\n```\n{_help(context)}\n```\n"
        for context in _walk(_page(command))
    ]
    return HEADER + "".join(sections)


def _page(command: click.Command) -> click.Context:
    return click.Context(
        command,
        info_name="control",
        terminal_width=80,
        max_content_width=80,
        help_option_names=["-h", "--help"],
    )


def _help(context: click.Context) -> str:
    return context.command.get_help(context)


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _walk(click.Context(below, info_name=name, parent=context))
