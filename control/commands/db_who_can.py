"""`control db who-can`: who may do what with a row, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option, say, version_option
from control.terminal import one_line, screen_width, table

if TYPE_CHECKING:
    from control.rights.who_can import Answer


@click.command("who-can")
@click.argument("resource")
@click.argument("row_id", metavar="ID", type=click.IntRange(min=0))
@click.option(
    "--allow-writes",
    is_flag=True,
    help="Outside the local stack: try the writes as well, and roll them back.",
)
@version_option
@json_option
@click.pass_obj
def who_can(
    app: App, resource: str, row_id: int, allow_writes: bool, version: str, as_json: bool
) -> None:
    """Show who may select, insert, update and delete a row, and the rule that lets or stops each.

    Every kind of caller is tried as one of its people, in a transaction that is rolled back: those
    of the group of the row, those it grants access to, strangers, operators, jobs and nobody. It
    names people, so show its output to nobody else. To insert means to store such a row again.

    \b
        control db who-can samples 42
        control db who-can jobs 7 --json
        control db who-can samples 42 --version api_v1
    """
    from control.rights.who_can import who_can as ask

    tries_writes = app.settings.is_local or allow_writes
    with app.connect("db who-can") as conn:
        answer = ask(conn, resource, row_id, tries_writes=tries_writes, version=version)
    if as_json:
        echo_json(
            {
                "resource": answer.resource,
                "id": answer.id,
                "tried_writes": tries_writes,
                "callers": [
                    {
                        "kind": caller.kind,
                        "role": caller.role,
                        "people": caller.people,
                        "names": caller.names,
                        "commands": {
                            name: asdict(verdict)
                            for name, verdict in answer.verdicts[caller.kind].items()
                        },
                    }
                    for caller in answer.callers
                ],
            }
        )
        return
    _tell(answer)
    if not tries_writes:
        say("writes were not tried, what is said of them follows from the rules: --allow-writes")


def _tell(answer: Answer) -> None:
    commands = list(next(iter(answer.verdicts.values())))
    head = ["caller", *commands, "people"]
    rows = [
        [
            one_line(caller.kind),
            *(_word(answer, caller.kind, name) for name in commands),
            _people(caller.people, caller.names),
        ]
        for caller in answer.callers
    ]
    for line in table([head, *rows], screen_width()):
        click.echo(line.rstrip())
    reasons: dict[tuple[str, str], list[str]] = {}
    for kind, verdicts in answer.verdicts.items():
        for name, verdict in verdicts.items():
            word = "lets" if verdict.may else "stops"
            reasons.setdefault((name, f"{verdict.rule} {word}"), []).append(kind)
    for name in commands:
        click.echo(f"\n{name}:")
        for (command, reason), kinds in reasons.items():
            if command == name:
                click.echo(f"  {reason} {', '.join(map(one_line, kinds))}")
    masked = {kind: verdicts["select"].masked for kind, verdicts in answer.verdicts.items()}
    for kind, columns in masked.items():
        if columns:
            click.echo(f"\nread as null by {one_line(kind)}: {', '.join(columns)}")


def _word(answer: Answer, kind: str, command: str) -> str:
    verdict = answer.verdicts[kind][command]
    return ("masked" if verdict.masked else "yes") if verdict.may else "-"


def _people(count: int, names: tuple[str, ...]) -> str:
    shown = ", ".join(map(one_line, names))
    return f"{shown}, … ({count})" if count > len(names) > 0 else shown
