"""Carry an action out for many rows at once: all of them, or none if any has a problem."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.json import Jsonb

from control.errors import ControlError
from control.people.actions import Action, Field
from control.people.batch import Problem, Rejected, Row
from control.people.rules import broken_rules
from control.queries import query
from control.terminal import working_on

if TYPE_CHECKING:
    import psycopg

_FLAGS = {"true": True, "false": False}
_NUMBER = re.compile("[1-9][0-9]{0,17}", re.ASCII)
# No text of the database holds them.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass
class _Work:
    """The rows of a batch with their values, and the problems found so far."""

    conn: psycopg.Connection
    action: Action
    rows: Sequence[Row]
    values: list[dict[str, object]]
    problems: list[Problem]

    def reject(self, row: Row, field: str, reason: str) -> None:
        self.problems.append(Problem(row.line, field, row.cells.get(field), reason))


def carry_out(
    conn: psycopg.Connection, action: Action, rows: Sequence[Row], *, dry_run: bool = False
) -> list[int]:
    """Store, change or delete the rows and return their ids; raise Rejected with every problem."""
    import psycopg

    working_on(f"checking and storing {len(rows)} rows")
    work = _Work(conn, action, rows, [{} for _ in rows], [])
    try:
        with conn.transaction(force_rollback=dry_run):
            return _carry_out(work)
    except psycopg.errors.UniqueViolation as error:
        raise ControlError(
            "somebody else stored the same at the same time; nothing was stored", "run it again"
        ) from error
    except psycopg.Error as error:
        raise _of_last_admin(work, error) or error from error


def _carry_out(work: _Work) -> list[int]:
    for name, field in work.action.fields.items():
        if any(name in row.cells or field.default for row in work.rows):
            _read(work, name, field)
    ids = _stored_ids(work)
    _stage(work, ids)
    _check(work)
    if work.problems:
        raise Rejected(work.problems)
    return [found for (found,) in work.conn.execute(_statement(work.action, _columns(work)))]


def _read(work: _Work, name: str, field: Field) -> None:
    """Turn the texts of one column into values."""
    texts = [row.cells.get(name) or field.default for row in work.rows]
    unstorable = [bool(text and _UNSTORABLE.search(text)) for text in texts]
    usable = [None if bad else text for text, bad in zip(texts, unstorable, strict=True)]
    for row, bad, values, text in zip(work.rows, unstorable, work.values, usable, strict=True):
        values[field.column] = text
        if bad:
            work.reject(row, name, "holds characters that no text can hold")
    match field.kind:
        case "group" | "user":
            _look_up(work, name, field, usable)
        case "moment":
            _read_moments(work, name, field, usable)
        case "flag":
            _convert(work, name, field, "must be true or false", _FLAGS.get)
        case "number":
            _convert(work, name, field, "must be an id", _number)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _convert(work: _Work, name: str, field: Field, reason: str, convert: Any) -> None:
    for row, values in zip(work.rows, work.values, strict=True):
        text = values[field.column]
        values[field.column] = None if text is None else convert(text)
        if text is not None and values[field.column] is None:
            work.reject(row, name, reason)


def _look_up(work: _Work, name: str, field: Field, texts: Sequence[str | None]) -> None:
    wanted = {"texts": [text for text in texts if text]}
    statement = query("people/find_groups" if field.kind == "group" else "people/find_users")
    found: dict[str, list[int]] = dict(work.conn.execute(statement, wanted).fetchall())
    for row, values, text in zip(work.rows, work.values, texts, strict=True):
        ids = found.get(text, []) if text else []
        values[field.column] = ids[0] if len(ids) == 1 else None
        if len(ids) > 1:
            work.reject(row, name, f"names several {field.kind}s: {', '.join(map(str, ids))}")
        elif text and not ids:
            work.reject(row, name, f"is no {field.kind}")
        elif not text and row.cells.get(name) is None:
            work.reject(row, name, "is required")


def _read_moments(work: _Work, name: str, field: Field, texts: Sequence[str | None]) -> None:
    """Read times by the function that reads those of the API."""
    found = work.conn.execute(
        "select internal.parse_moment(given.text)::text from"
        " unnest(%s::text[]) with ordinality as given (text, place) order by given.place",
        [list(texts)],
    ).fetchall()
    for row, values, text, (moment,) in zip(work.rows, work.values, texts, found, strict=True):
        values[field.column] = moment
        if text is not None and moment is None:
            work.reject(row, name, "must be a time in ISO 8601, like 2026-01-31T12:00:00Z")


def _stored_ids(work: _Work) -> list[int | None]:
    """Return the ids of the rows that an action changes; of new ones, None."""
    if not work.action.key:
        return [None for _ in work.rows]
    keys = [work.action.fields[name].column for name in work.action.key]
    wanted = [tuple(values.pop(key) for key in keys) for values in work.values]
    listed = sql.SQL(", ").join(map(sql.Identifier, keys))
    found = {
        tuple(row[1:]): row[0]
        for row in work.conn.execute(
            sql.SQL("select id, {} from aspen.{} where {} = any(%s)").format(
                listed, sql.Identifier(work.action.table), sql.Identifier(keys[0])
            ),
            [list({key[0] for key in wanted if key[0] is not None})],
        )
    }
    counts = Counter(wanted)
    last = work.action.key[-1]
    for row, key in zip(work.rows, wanted, strict=True):
        if None in key:
            continue
        if key not in found:
            work.reject(row, last, "is not there")
        elif counts[key] > 1:
            work.reject(row, last, "is given twice")
    return [found.get(key) for key in wanted]


def _columns(work: _Work) -> list[str]:
    return list(work.values[0] if work.values else {})


def _stage(work: _Work, ids: Iterable[int | None]) -> None:
    for values in work.values:
        values.update(work.action.sets)
    work.conn.execute("drop table if exists pg_temp.given")
    work.conn.execute(
        "create temporary table given (line integer, id bigint, cells jsonb) on commit drop"
    )
    with work.conn.cursor().copy("copy given (line, id, cells) from stdin") as copy:
        for row, key, values in zip(work.rows, ids, work.values, strict=True):
            copy.write_row((row.line, key, Jsonb(values)))
    work.conn.execute("analyze given")


def _check(work: _Work) -> None:
    """Add what the table says, but one problem is enough for a cell that could not be read."""
    names = {field.column: name for name, field in work.action.fields.items()}
    rows = {row.line: row for row in work.rows}
    known = {(problem.line, problem.field) for problem in work.problems}
    if work.action.does == "delete":
        return
    for line, column, reason in broken_rules(work.conn, work.action.table, _columns(work)):
        name = names.get(column, column)
        if (line, name) not in known:
            work.reject(rows[line], name, reason)


def _statement(action: Action, columns: Sequence[str]) -> sql.Composed:
    names = [sql.Identifier(column) for column in columns]
    parts = {
        "table": sql.Identifier(action.table),
        "columns": sql.SQL(", ").join(names),
        "values": sql.SQL(", ").join(sql.SQL("new.{}").format(name) for name in names),
        "changes": sql.SQL(", ").join(sql.SQL("{0} = new.{0}").format(name) for name in names),
        "only_if": sql.SQL(action.only_if),
    }
    return sql.SQL(_STATEMENTS[action.does]).format(**parts)


_STATEMENTS = {
    "insert": (
        "insert into aspen.{table} ({columns}) select {values} from given"
        " cross join lateral jsonb_populate_record(null::aspen.{table}, given.cells) as new"
        " order by given.line returning id"
    ),
    "update": (
        "update aspen.{table} as stored set {changes} from given"
        " cross join lateral jsonb_populate_record(null::aspen.{table}, given.cells) as new"
        " where stored.id = given.id and {only_if} returning stored.id"
    ),
    "delete": (
        "delete from aspen.{table} as stored using given where stored.id = given.id"
        " returning stored.id"
    ),
}


def _of_last_admin(work: _Work, error: psycopg.Error) -> Rejected | None:
    """Say which lines would leave a group without an admin, as the trigger of the table found."""
    if error.sqlstate != "PGRST":
        return None
    body = json.loads(error.diag.message_primary or "{}")
    if body.get("code") != "last_admin":
        return None
    return Rejected(list(_of_groups(work, json.loads(body["details"])["group_ids"])))


def _of_groups(work: _Work, group_ids: Sequence[int]) -> Iterator[Problem]:
    texts = [row.cells.get("group") for row in work.rows]
    wanted = {"texts": [text for text in texts if text]}
    found: dict[str, list[int]] = dict(
        work.conn.execute(query("people/find_groups"), wanted).fetchall()
    )
    for row, text in zip(work.rows, texts, strict=True):
        if text and found.get(text, [0])[0] in group_ids:
            yield Problem(row.line, "group", text, "would have no admin left (last_admin)")
