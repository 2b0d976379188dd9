"""The reference of the command line, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

HEADER = """\
# The command line

Every command with its help. Written by `make docs` from the commands themselves; do not edit.

Exit codes: 0 done, 1 failed (what and what to do about it are on stderr), 2 wrong command line,
3 there is something to do.
"""


@click.command("docs")
@click.pass_context
def docs(ctx: click.Context) -> None:
    """Print the reference of all commands as Markdown.

    \b
        control docs > docs/cli.md
    """
    root = ctx.find_root()
    click.echo(reference(root.command), nl=False)


def reference(command: click.Command) -> str:
    """The help of a command and of everything below it, at the width of a page."""
    root = click.Context(
        command,
        info_name="control",
        terminal_width=80,
        max_content_width=80,
        help_option_names=["-h", "--help"],
    )
    sections = [
        f"\n## {context.command_path}\n\n```\n{context.command.get_help(context)}\n```\n"
        for context in _walk(root)
    ]
    return HEADER + "".join(sections)


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _walk(click.Context(below, info_name=name, parent=context))
