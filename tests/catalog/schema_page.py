"""Write docs/schema.md: every table with its columns, keys and references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import psycopg

from tests.catalog.schema import Column, Domain, Reference, Table, read_domains, read_tables

_HEADER = """\
# The tables

Written by `make docs` from the catalogue of a migrated database; do not edit. Change
`sql/tables/<table>.sql` and add a migration instead ([CONTRIBUTING](../CONTRIBUTING.md)).

![Tables and what they refer to](schema.svg)

An arrow leads from a row to the row it refers to. Tables in blue belong to a group: they have a
`group_id` that refers to `groups`, which is not drawn, and row-level security keeps their rows to
those who may see them. Clients reach none of these tables, only the views and functions of
[schema `api`](../sql/api); where a column has no comment of its own, the one of the view is shown.

"""


def schema_page(conn: psycopg.Connection) -> str:
    """Return the whole page."""
    tables = read_tables(conn)
    index = ", ".join(f"[{table.name}](#{table.name})" for table in tables)
    sections = [*_domains(read_domains(conn)), *(_section(table, tables) for table in tables)]
    return _HEADER + index + "\n" + "".join(sections)


def _domains(domains: list[Domain]) -> Iterator[str]:
    rows = ((f"`aspen.{one.name}`", f"`{one.base}`", one.comment) for one in domains)
    yield "\n## Types of ours\n\n" + _grid(("type", "is a", "what"), rows)


def _section(table: Table, tables: list[Table]) -> str:
    parts = [f"\n## {table.name}\n\n{table.comment}\n\n", _columns(table.columns)]
    facts = [
        *(_sentence(key) for key in table.keys),
        *(_arrow(reference) for reference in table.references),
        *(f"Index: `{_shortened(index)}`" for index in table.indexes),
    ]
    if table.checks:
        facts.append("Checks: " + ", ".join(f"`{name}`" for name in table.checks))
    if users := sorted({o.name for o in tables for r in o.references if r.target == table.name}):
        facts.append("Referred to by " + ", ".join(f"[{name}](#{name})" for name in users))
    return "".join(parts) + "\n" + "".join(f"- {fact}\n" for fact in facts)


def _columns(columns: Iterable[Column]) -> str:
    rows = (
        (
            f"`{column.name}`",
            f"`{column.type}`",
            "yes" if column.is_nullable else "",
            f"`{column.default}`" if column.default else "",
            column.comment.splitlines()[0] if column.comment else "",
        )
        for column in columns
    )
    return _grid(("column", "type", "null", "default", "what"), rows)


def _sentence(key: str) -> str:
    """Return the definition of a key as the beginning of a sentence."""
    kind, _, columns = key.partition(" (")
    return f"{kind.capitalize()}: `({columns}`"


def _arrow(reference: Reference) -> str:
    columns = ", ".join(reference.columns)
    target = f"[{reference.target}](#{reference.target})"
    return f"`({columns})` refers to {target}; deleting that {reference.on_delete}"


def _shortened(index: str) -> str:
    """Return the definition of an index without what every index says."""
    return re.sub(r"^CREATE (UNIQUE )?INDEX (\S+) ON \S+ USING (btree )?", r"\1\2 ", index)


def _grid(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(
        "|" + "|".join(f" {cell.replace('|', chr(92) + '|')} " for cell in line) + "|\n"
        for line in lines
    )
