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
    sections = [HEADER]
    for path, found in _walk(command, ("control",)):
        context = click.Context(
            found, info_name=" ".join(path), terminal_width=80, max_content_width=80
        )
        sections.append(f"\n## {' '.join(path)}\n\n```\n{found.get_help(context)}\n```\n")
    return "".join(sections)


def _walk(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _walk(below, (*path, name))
