"""Find who may select, insert, update and delete a row: by trying, and by the rules that decide.

Each kind of caller is tried as one of its people, in a transaction that is rolled back. The rule is
what the catalogue says of the command: a grant that is missing, a fence or a policy, of which each
is asked about this very row; or the error of a function behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import errors, sql

from control.database import begin_request, request_claims
from control.errors import ControlError
from control.queries import query
from control.schema.versions import CURRENT, api_versions

# Name, letter in pg_policy, bit in pg_trigger.
COMMANDS = (("select", "r", 0), ("insert", "a", 4), ("update", "w", 16), ("delete", "d", 8))
_GRANTED_COLUMNS = """
select columns.name
from unnest(%s::text[]) as columns (name)
where has_column_privilege(%s, %s, columns.name, %s)
"""


@dataclass(frozen=True)
class Caller:
    """A kind of caller, and who stands for it."""

    kind: str
    role: str
    claims: dict[str, Any]
    people: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether a caller may run a command on the row, and the rule that says so."""

    may: bool
    rule: str
    # Columns that this caller reads as null although they have a value.
    masked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What each kind of caller may do."""

    resource: str
    id: int
    verdicts: dict[str, dict[str, Verdict]]
    callers: tuple[Caller, ...]


@dataclass
class _Row:
    resource: str
    id: int
    columns: list[str]
    table: str | None
    # The view of api that it is, or that a view of a previous version shows.
    current: str
    schema: str
    values: dict[str, Any]
    full: dict[str, Any] = field(default_factory=dict)

    @property
    def view(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.resource)

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.resource}"

    @property
    def group_id(self) -> int | None:
        found = (
            self.values["id" if self.resource == "groups" else "group_id"]
            if (self.resource == "groups" or "group_id" in self.values)
            else None
        )
        return None if found is None else int(found)


def who_can(
    conn: psycopg.Connection,
    resource: str,
    row_id: int,
    *,
    tries_writes: bool,
    version: str = CURRENT,
) -> Answer:
    """Answer for every kind of caller; without `tries_writes`, of writes the rules alone decide.

    `version` is api, or a previous version of it.
    """
    row = _find(conn, version, resource, row_id)
    callers = tuple(_callers(conn, row.group_id))
    seen = {caller.kind: _seen(conn, row, caller) for caller in callers}
    for values in seen.values():
        row.full |= {name: value for name, value in (values or {}).items() if value is not None}
    verdicts = {
        caller.kind: {
            name: _judge(conn, row, caller, name, code, event, seen[caller.kind], tries_writes)
            for name, code, event in COMMANDS
        }
        for caller in callers
    }
    return Answer(resource, row_id, verdicts, callers)


def _find(conn: psycopg.Connection, schema: str, resource: str, row_id: int) -> _Row:
    found = conn.execute(
        query("rights/resource"), {"schema": schema, "resource": resource}
    ).fetchone()
    if found is None:
        known = ", ".join(api_versions(conn))
        raise ControlError(
            f"there is no resource {resource} in {schema}",
            f"docs/api.md lists them; this database has {known}",
        )
    columns, table, current = found
    if "id" not in columns:
        raise ControlError(f"rows of {resource} have no id", "name another resource")
    values = _read(conn, sql.Identifier(schema, resource), row_id)
    if values is None:
        raise ControlError(f"there is no row {row_id} in {resource}", "ids are those of the API")
    return _Row(resource, row_id, columns, table, current, schema, values)


def _read(conn: psycopg.Connection, view: sql.Identifier, row_id: int) -> dict[str, Any] | None:
    statement = sql.SQL("select to_jsonb(shown) from {} as shown where shown.id = %s").format(view)
    row = conn.execute(statement, [row_id]).fetchone()
    return None if row is None else dict(row[0])


def _callers(conn: psycopg.Connection, group_id: int | None) -> Iterator[Caller]:
    rows = conn.execute(query("rights/callers"), {"group_id": group_id}).fetchall()
    for kind, role, subject, job_id, attempt, people, names, _ in rows:
        claims = request_claims(role, subject if role != "job" else f"job {job_id}")
        if role == "job":
            claims |= {"job_id": f"{job_id}", "attempt": attempt}
        if role == "anon":
            claims = {"role": "anon"}
        yield Caller(kind, role, claims, people, tuple(names))


def _seen(conn: psycopg.Connection, row: _Row, caller: Caller) -> dict[str, Any] | None:
    """Return the row as this caller reads it; None if it does not."""
    try:
        with conn.transaction(force_rollback=True):
            begin_request(conn, caller.role, caller.claims)
            return _read(conn, row.view, row.id)
    except psycopg.Error:
        return None


def _judge(
    conn: psycopg.Connection,
    row: _Row,
    caller: Caller,
    command: str,
    code: str,
    event: int,
    seen: Mapping[str, Any] | None,
    tries_writes: bool,
) -> Verdict:
    with conn.transaction(force_rollback=True):
        try:
            with conn.transaction():
                begin_request(conn, caller.role, caller.claims)
        except psycopg.Error as error:
            return Verdict(False, f"every request: {_said(error)}")
        conn.execute("set local role none")
        conn.execute("set local lock_timeout = '2s'")
        columns = _granted(conn, row, caller.role, command)
        if not columns:
            return Verdict(False, f"no grant: {command} on {row.name} to {caller.role}")
        may, rule = _by_policies(conn, row, caller.role, code, event)
        if command == "select":
            hidden = (
                ()
                if seen is None
                else tuple(name for name, value in row.full.items() if seen.get(name) is None)
            )
            return Verdict(seen is not None, rule, hidden)
        if tries_writes:
            return _try(conn, row, caller.role, command, columns, may, rule)
        return Verdict(may, rule)


def _granted(conn: psycopg.Connection, row: _Row, role: str, command: str) -> list[str]:
    """Return the columns for which the command is granted; of delete, all or none."""
    view = row.name
    if command == "delete":
        held = conn.execute("select has_table_privilege(%s, %s, 'delete')", [role, view]).fetchone()
        return row.columns if held == (True,) else []
    found = conn.execute(_GRANTED_COLUMNS.encode(), [row.columns, role, view, command]).fetchall()
    return [name for (name,) in found]


def _by_policies(
    conn: psycopg.Connection, row: _Row, role: str, code: str, event: int
) -> tuple[bool, str]:
    """Ask every policy of the table about the row; name the one that decides."""
    if row.table is None:
        return True, "no table of ours is behind it"
    names = {
        "view": f"api.{row.current}",
        "table": f"aspen.{row.table}",
        "role": role,
        "code": code,
        "event": event,
    }
    policies = conn.execute(query("rights/rules"), names).fetchall()
    as_role = "" if policies[0][3] == role else f" (written as {policies[0][3]})"
    allowing: list[str] = []
    refusing: list[str] = []
    for name, is_permissive, expression, _ in policies:
        if name is None:
            continue
        holds = _holds(conn, row, expression)
        if not is_permissive and not holds:
            return False, f"fence {name}{as_role}"
        if is_permissive:
            (allowing if holds else refusing).append(name)
    if allowing:
        return True, f"policy {', '.join(allowing)}{as_role}"
    if refusing:
        return False, f"policy {', '.join(refusing)}{as_role}"
    return False, f"no policy of aspen.{row.table} for it{as_role}"


def _holds(conn: psycopg.Connection, row: _Row, expression: str | None) -> bool:
    if expression is None:
        return True
    # The text of a policy, as PostgreSQL writes it.
    statement = sql.SQL("select ({}) from {} where id = {}").format(
        sql.SQL(expression),
        sql.Identifier("aspen", f"{row.table}"),
        row.id,
    )
    found = conn.execute(statement).fetchone()
    return found is not None and found[0] is True


def _try(
    conn: psycopg.Connection,
    row: _Row,
    role: str,
    command: str,
    columns: list[str],
    may: bool,
    rule: str,
) -> Verdict:
    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    try:
        with conn.transaction():
            changed = conn.execute(*_statement(row, command, columns)).rowcount
    except errors.InsufficientPrivilege as error:
        said = (error.diag.message_primary or "").replace("row-level security ", "")
        return Verdict(False, rule if not may else said)
    except psycopg.Error as error:
        status = _status(error)
        if status in (401, 403, 404) or (status is None and not may):
            return Verdict(False, rule if not may else _said(error))
        # A value is wrong, or taken: the rules let it pass.
        return Verdict(may, rule if may else f"{rule}; {_said(error)}")
    if changed:
        return Verdict(True, rule)
    return Verdict(False, rule if not may else "the row is not seen")


def _statement(row: _Row, command: str, columns: list[str]) -> tuple[sql.Composed, list[Any]]:
    names = [name for name in columns if name != "id"] or columns
    if command == "insert":
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        return sql.SQL(
            "insert into {0} ({1}) select {1} from jsonb_populate_record(null::{0}, %s)"
        ).format(row.view, listed), [json.dumps(row.values | row.full)]
    if command == "update":
        return sql.SQL("update {0} set {1} = {1} where id = %s").format(
            row.view, sql.Identifier(names[0])
        ), [row.id]
    return sql.SQL("delete from {} where id = %s").format(row.view), [row.id]


def _status(error: psycopg.Error) -> int | None:
    """Return the status of an error of ours; None of one of PostgreSQL's."""
    if error.sqlstate != "PGRST":
        return None
    return int(json.loads(error.diag.message_detail or "{}")["status"])


def _said(error: psycopg.Error) -> str:
    if error.sqlstate != "PGRST":
        return f"{error.diag.message_primary}"
    body = json.loads(error.diag.message_primary or "{}")
    return f"error {_status(error)} {body['code']}"
