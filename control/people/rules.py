"""Ask the rules of a table, as its catalogue states them, about rows that are not stored yet.

The rows are in the temporary table `given`: line, id of the stored row (null for a new one), and
cells, a JSON object of column and value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from control.queries import query

if TYPE_CHECKING:
    import psycopg

_NAME = (
    "must not begin with a blank, =, +, - or @, nor end with a blank, nor hold invisible characters"
)
# The end of the name of a check, and what it says; {} are the numbers in it.
_WORDS = (
    ("_role_check", "must be admin, member or viewer"),
    ("_another_group_check", "must be another group"),
    ("_ends_after_creation_check", "must be in the future"),
    ("_email_form_check", "must be an e-mail address of at most 254 characters"),
    ("_subject_form_check", "must not hold control characters"),
    ("_form_check", _NAME),
    ("_scope_check", "must be read or write"),
)
_BOUNDS = re.compile(r"([<>]=) (\d+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a table; what `expressions` holds depends on the kind."""

    kind: str
    name: str
    columns: list[str]
    expressions: list[str]


def read_rules(conn: psycopg.Connection, table: str) -> list[Rule]:
    """Return the rules of a table of schema aspen."""
    rows = conn.execute(query("people/table_rules"), {"table": f"aspen.{table}"}).fetchall()
    return [Rule(*row) for row in rows]


def broken_rules(
    conn: psycopg.Connection, table: str, given: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    """Yield line, column and reason of each cell that breaks a rule; `given` are the columns."""
    for rule in read_rules(conn, table):
        columns = [column for column in given if column in rule.columns]
        if not columns:
            continue
        match rule.kind:
            case "check":
                yield from _broken_check(conn, table, rule, given, columns)
            case "unique":
                yield from _taken(conn, table, rule, columns[-1])
            case "reference" if columns == rule.columns:
                yield from _without_target(conn, table, rule)
            case "required":
                yield from _empty(conn, rule)


def _broken_check(
    conn: psycopg.Connection, table: str, rule: Rule, given: Sequence[str], columns: list[str]
) -> Iterator[tuple[int, str, str]]:
    """Try each column alone, so that the one that breaks the rule is named, then all together."""
    reason = _in_words(rule)
    found: set[int] = set()
    tries = [(column, [one for one in given if one != column]) for column in columns]
    for column, left_out in [*tries, (columns[-1], [])]:
        statement = sql.SQL("select line from ({merged}) as rows where not ({rule})").format(
            merged=_merged(table),
            rule=sql.SQL(rule.expressions[0]),
        )
        for (line,) in conn.execute(statement, {"left_out": left_out}).fetchall():
            if left_out or line not in found:
                yield line, column, reason
            found.add(line)


def _taken(
    conn: psycopg.Connection, table: str, rule: Rule, column: str
) -> Iterator[tuple[int, str, str]]:
    """Find keys that another row has, stored or given."""
    keys = [sql.Identifier(f"key_{place}") for place, _ in enumerate(rule.expressions)]
    named = sql.SQL(", ").join(
        sql.SQL("({}) as {}").format(sql.SQL(text), key)
        for text, key in zip(rule.expressions, keys, strict=True)
    )
    listed = sql.SQL(", ").join(keys)
    statement = sql.SQL(
        "select line, count(*) over (partition by {keys}) > 1, exists (select from"
        " (select id, {named} from aspen.{table}) as stored where ({of_stored}) = ({of_rows})"
        " and stored.id is distinct from rows.id)"
        " from (select line, id, {named} from ({merged}) as merged) as rows"
        " where num_nulls({keys}) = 0"
    ).format(
        keys=listed,
        named=named,
        table=sql.Identifier(table),
        merged=_merged(table),
        of_stored=sql.SQL(", ").join(sql.SQL("stored.{}").format(key) for key in keys),
        of_rows=sql.SQL(", ").join(sql.SQL("rows.{}").format(key) for key in keys),
    )
    for line, is_twice, is_stored in conn.execute(statement, {"left_out": []}).fetchall():
        if is_stored:
            yield line, column, "is taken" if len(keys) == 1 else "is stored already"
        elif is_twice:
            yield line, column, "is given twice"


def _without_target(
    conn: psycopg.Connection, table: str, rule: Rule
) -> Iterator[tuple[int, str, str]]:
    column = rule.columns[0]
    statement = sql.SQL(
        "select line from ({merged}) as rows where {column} is not null"
        " and not exists (select from {target} as target where target.id = rows.{column})"
    ).format(
        merged=_merged(table),
        column=sql.Identifier(column),
        target=sql.SQL(rule.expressions[0]),
    )
    for (line,) in conn.execute(statement, {"left_out": []}).fetchall():
        yield line, column, "does not exist"


def _empty(conn: psycopg.Connection, rule: Rule) -> Iterator[tuple[int, str, str]]:
    column = rule.columns[0]
    for (line,) in conn.execute(
        "select line from given where cells ->> %s is null", [column]
    ).fetchall():
        yield line, column, "is required"


def _merged(table: str) -> sql.Composed:
    """Return a query of the rows as they would be; a new one is created now."""
    return sql.SQL(
        "select given.line, merged.* from given left join aspen.{table} as stored"
        " on given.id = stored.id cross join lateral jsonb_populate_record(stored,"
        " case when given.id is null then jsonb_build_object('created_at', now()) else '{{}}' end"
        " || (given.cells - %(left_out)s::text[])) as merged"
    ).format(table=sql.Identifier(table))


def _in_words(rule: Rule) -> str:
    if rule.name.endswith("_length_check"):
        bounds = dict(_BOUNDS.findall(rule.expressions[0]))
        low, high = bounds.get(">=", "0"), bounds.get("<=")
        return f"must have {low} to {high} characters"
    words = (words for end, words in _WORDS if rule.name.endswith(end))
    return next(words, f"breaks the rule {rule.name}")
