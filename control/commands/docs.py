"""The reference of the command line, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from control.commands.options import echo_json, json_option

HEADER = """\
# The command line

Every command with its help. Written by `make docs` from the commands themselves; do not edit.

Exit codes: 0 done, 1 failed (what and what to do about it are on stderr), 2 wrong command line,
3 there is something to do.
"""


@click.command("docs")
@json_option
@click.pass_context
def docs(ctx: click.Context, as_json: bool) -> None:
    """Print the reference of all commands as Markdown.

    \b
        control docs > docs/cli.md
    """
    root = ctx.find_root().command
    if as_json:
        echo_json({found.command_path: _help(found) for found in _walk(_page(root))})
    else:
        click.echo(reference(root), nl=False)


def reference(command: click.Command) -> str:
    """The help of a command and of everything below it, at the width of a page."""
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
