"""What the commands of groups, users, members and grants share: rows, problems and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from control.app import App
from control.commands.options import echo_json, input_file, json_option, say
from control.terminal import one_line, screen_width, table

if TYPE_CHECKING:
    from control.people.actions import Action
    from control.people.batch import Rejected, Row

# Of more rows only the number is printed; --json has all.
SHOWN_ROWS = 20


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --from, --dry-run and --json."""
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="List every problem, store nothing."),
        click.option(
            "--from",
            "file",
            type=input_file,
            metavar="FILE.csv",
            help="Do it for each line of a file, whose first line names the columns; - for stdin.",
        ),
    ):
        command = option(command)
    return command


yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
role_option = click.option("--role", help="admin, member or viewer.")


def rows_of(
    fields: Sequence[str],
    required: Sequence[str],
    file: Path | None,
    given: Mapping[str, str | Sequence[str] | None],
) -> list[Row]:
    """Return the rows of a file, or the one that arguments and options describe.

    An option that was not given is left out; an empty one stands for no value. Several values of an
    argument are several rows.
    """
    from control.people.batch import Row, read_rows

    cells = {name: value for name, value in given.items() if value is not None and value != ()}
    if file is not None:
        if cells:
            raise click.UsageError("Give either --from or what to store, not both.")
        return read_rows(file, fields, required)
    if missing := [name for name in required if name not in cells]:
        names = ", ".join(name.replace("_", "-") for name in missing)
        raise click.UsageError(f"Give {names}, or a file with --from.")
    several = next((name for name, value in cells.items() if not isinstance(value, str)), None)
    if several is None:
        return [Row(1, {name: f"{value}".strip() or None for name, value in cells.items()})]
    rest = {name: value for name, value in cells.items() if name != several}
    return [
        Row(
            place,
            {name: f"{text}".strip() or None for name, text in (rest | {several: one}).items()},
        )
        for place, one in enumerate(cells[several], 1)
    ]


def store(
    app: App,
    label: str,
    action: Action,
    what: str,
    rows: Sequence[Row],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Carry an action out and print what is stored now, or every problem."""
    from control.people.batch import Rejected
    from control.people.listing import list_rows
    from control.people.storing import carry_out

    with app.connect(label) as conn:
        try:
            ids = carry_out(conn, action, rows, dry_run=dry_run)
        except Rejected as error:
            show_problems(error, dry_run=dry_run, as_json=as_json)
            raise
        is_shown = not dry_run and action.does != "delete"
        found = list_rows(conn, what, {"ids": ids}) if is_shown else []
    if as_json:
        echo_json({"dry_run": dry_run, "ids": [] if dry_run else ids, what: found})
        return
    verb = {"insert": "create", "update": "change", "delete": "remove"}[action.does]
    said = f"would {verb}" if dry_run else f"{verb}d"
    click.echo(f"{said} {counted(len(ids), what)}")
    if len(found) <= SHOWN_ROWS:
        echo_table(found, what)


def show_problems(error: Rejected, *, dry_run: bool, as_json: bool) -> None:
    """Print every problem, on stdout for machines and on stderr for people."""
    if as_json:
        echo_json({"dry_run": dry_run, "problems": [asdict(one) for one in error.problems]})
        return
    for problem in error.problems:
        say(one_line(problem))


def confirm(question: str, *, yes: bool, dry_run: bool) -> None:
    """Ask before something is taken away."""
    if not yes and not dry_run:
        click.confirm(question, abort=True, err=True)


def counted(count: int, what: str) -> str:
    """Return `1 group`, `2 groups`."""
    return f"{count} {what.removesuffix('s') if count == 1 else what}"


# The columns of a table on the terminal; --json has all of them.
COLUMNS = {
    "groups": ("id", "name", "prefix", "member_count"),
    "users": ("id", "subject", "email", "state", "name"),
    "members": ("group_id", "group_name", "user_id", "email", "role"),
    "grants": ("id", "group_name", "grantee_name", "role", "ends_at", "status"),
    "invitations": ("id", "group_name", "email", "role", "status", "expires_at"),
    "tokens": ("id", "group_name", "user", "scope", "status", "expires_at", "last_used_at", "name"),
}


def echo_list(found: Sequence[Mapping[str, Any]], what: str, *, as_json: bool) -> None:
    """Print rows as a table, or all of their columns as JSON."""
    if as_json:
        echo_json(found)
    elif found:
        echo_table(found, what)
    else:
        say(f"no {what}")


def echo_table(found: Sequence[Mapping[str, Any]], what: str) -> None:
    """Print the main columns of rows, with their names in the first line."""
    columns = COLUMNS[what]
    rows = [[cell(row, column) for column in columns] for row in found]
    if rows:
        for line in table([columns, *rows], screen_width()):
            click.echo(line)


def echo_row(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print all columns of one row, one a line."""
    if as_json:
        echo_json(row)
        return
    for line in table([(name, cell(row, name)) for name in row], screen_width()):
        click.echo(line)


def cell(row: Mapping[str, Any], column: str) -> str:
    """Return a value as people read it; nothing is `-`."""
    if column == "state":
        role = "operator" if row["is_operator"] else "user"
        return "disabled" if row["disabled_at"] else role
    match row[column]:
        case None:
            return "-"
        case bool() as flag:
            return "yes" if flag else "no"
        case datetime() as moment:
            return f"{moment:%Y-%m-%d %H:%M}"
        case dict() as held:
            return ", ".join(f"{name}: {role}" for name, role in held.items()) or "-"
        case value:
            return f"{value}"
