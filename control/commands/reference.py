"""`control reference`: write the reference page of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from control.commands.options import echo_json, json_option

HEADER = """\
# The command line

Every command with its help. `make docs` writes this page from the commands; do not edit it.

Exit codes: 0 done, 1 failed (stderr names the failure and the remedy), 2 invalid command line,
3 there is something to do, 130 interrupted.
"""


@click.command("reference")
@click.option(
    "--man",
    "man",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a man page for each command into this directory instead.",
)
@json_option
@click.pass_context
def reference_command(ctx: click.Context, man: Path | None, as_json: bool) -> None:
    """Print the reference of all commands as Markdown.

    \b
        control reference > docs/cli.md
        control reference --man ~/.local/share/man/man1 && man control-output-list
    """
    root = ctx.find_root().command
    if man is not None:
        written = write_man_pages(root, man)
        if as_json:
            echo_json([f"{path}" for path in written])
        else:
            click.echo(f"wrote {len(written)} pages into {man}")
    elif as_json:
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


def write_man_pages(command: click.Command, folder: Path) -> list[Path]:
    """Write a page for each command, and return their paths."""
    from importlib.metadata import version

    from control.docs.man import Page, man_page

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for context in _walk(_page(command)):
        found = context.command
        text = cleandoc(found.help or "")
        page = Page(
            name=context.command_path,
            summary=text.partition("\n")[0],
            usage=" ".join(found.collect_usage_pieces(context)),
            text=text,
            options=tuple(filter(None, (one.get_help_record(context) for one in found.params))),
            commands=tuple(_summaries(found, context)),
        )
        path = folder / page.file
        path.write_text(man_page(page, version("aspen")), encoding="utf-8")
        written.append(path)
    return written


def _summaries(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield name, f"{below.help}".partition("\n")[0]


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
