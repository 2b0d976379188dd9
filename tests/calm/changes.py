"""What developers change in a platform in use: its code, and a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

# A policy that writes: fences are under a safety rule, and what is read has its plans.
POLICY = r"(for (?:insert|update|delete) to [\w, ]+\n(?:using|with check)) \("
COLUMN = (
    "alter table aspen.samples add column calm text;\n",
    "alter table aspen.samples drop column calm;\n",
)

FUNCTION = """\
create or replace function api.NAME()
returns text
language sql
stable
security invoker
begin atomic
    select 'calm';
end;

comment on function api.NAME() is 'Calm';

revoke all on function api.NAME() from public;
grant execute on function api.NAME() to member;
"""

Edit = Callable[[Path, int], None]


def body_of_a_function(root: Path, number: int) -> None:
    """Change a function that every request calls."""
    _edit(root / "sql/authz/identify_caller.sql", r"\nbegin\n", f"\nbegin\n    -- {number}\n")


def comment_of_a_function(root: Path, number: int) -> None:
    """Change what PostgREST reads of a function."""
    _edit(
        root / "sql/api/functions/service/health.sql",
        r"Whether the API[^\n]*",
        f"Whether the API and its database answer ({number})",
    )


def policy_of_a_table(root: Path, number: int) -> None:
    """Change a policy of the table that is used most."""
    _edit(root / "sql/policies/samples.sql", POLICY, rf"\1 ({number} = {number} and ")


def option_of_a_view(root: Path, number: int) -> None:
    """Change the view that is read most, and so all that depends on it."""
    option = str(number % 2 == 0).lower()
    _edit(
        root / "sql/api/views/samples.sql",
        r"security_invoker = true(, security_barrier = \w+)?",
        f"security_invoker = true, security_barrier = {option}",
    )


def new_function(root: Path, number: int) -> None:
    """Add a function that nobody calls yet."""
    name = f"calm_{number}"
    path = root / f"sql/api/functions/service/{name}.sql"
    path.write_text(FUNCTION.replace("NAME", name))
    with (root / "sql/load.sql").open("a") as contents:
        contents.write(f"\\ir api/functions/service/{name}.sql\n")


def parameter_of_a_function(root: Path, number: int) -> None:
    """Give a function one more parameter, which callers may leave out."""
    path = root / "sql/api/functions/locations/search_locations.sql"
    _edit(
        path,
        r"depth text default 'location'(?:,\n    calm_\d+ text default '')?",
        f"depth text default 'location',\n    calm_{number} text default ''",
    )
    _edit(path, r"\(text, text(?:, text)?\)", "(text, text, text)")


def column_of_a_view(root: Path, number: int) -> None:
    """Give a view one more column."""
    _edit(
        root / "sql/api/views/locations.sql",
        r"locations\.longitude(?:,\n    \d+ as calm_\d+)?\nfrom",
        f"locations.longitude,\n    {number} as calm_{number}\nfrom",
    )


def trigger_of_a_table(root: Path, number: int) -> None:
    """Give a table one more trigger."""
    with (root / "sql/policies/locations.sql").open("a") as rules:
        rules.write(
            f"\ncreate trigger locations_calm_{number} before insert on aspen.locations\n"
            "for each row when (false) execute function internal.tidy_location();\n"
        )


EDITS: tuple[Edit, ...] = (
    body_of_a_function,
    comment_of_a_function,
    policy_of_a_table,
    option_of_a_view,
    new_function,
    parameter_of_a_function,
    column_of_a_view,
    trigger_of_a_table,
)


def add_migration(root: Path) -> None:
    """Write a migration that adds a column to the table that is used most."""
    last = max(path.stem for path in (root / "migrations").glob("*.sql") if "." not in path.stem)
    number = int(last[:4]) + 1
    for suffix, statement in zip(("", ".rollback"), COLUMN, strict=True):
        head = f"-- Adds a column.\n-- depends: {last}\n\n" if not suffix else ""
        path = root / f"migrations/{number:04}_add_calm{suffix}.sql"
        path.write_text(head + statement)


def _edit(path: Path, pattern: str, replacement: str) -> None:
    text, changed = re.subn(pattern, replacement, path.read_text())
    assert changed, f"nothing to change in {path.name}"
    path.write_text(text)
