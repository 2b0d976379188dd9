"""Have PostgreSQL explain the statement of a request, in a transaction like that of the request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import pq

from control.errors import ControlError
from control.plans.private_api import Answer, Request, ask, login_settings
from control.plans.recording import Statement
from control.schema.code import file_changes, load_code, read_contents
from control.schema.in_place import replace_in_place
from control.settings import Settings

READS = ("GET", "HEAD")
_EXPLAIN = "explain (analyze, buffers, verbose, format json) "
_TENANT_TABLES = """
select tables.relname
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attname = 'group_id'
where tables.relnamespace = 'aspen'::regnamespace and tables.relkind in ('r', 'p')
"""


@dataclass(frozen=True)
class Explained:
    """The answer to a request, the statement behind it and its plan.

    There is no plan where the request was refused before the statement, or by it; `changed` are
    the edited files with which `after` was planned.
    """

    status: int
    body: str
    statement: Statement | None
    plan: dict[str, Any] | None = None
    tenant_tables: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()
    after: dict[str, Any] | None = None


def explain(
    settings: Settings, conn: psycopg.Connection, request: Request, *, compares: bool = False
) -> Explained:
    """Send the request to an API of our own, and explain its statement; nothing of it is kept."""
    answer = ask(settings, conn, request)
    before, main = _transaction(answer)
    if main is None or answer.status >= 400:
        return Explained(answer.status, answer.body, main)
    tenants = frozenset(name for (name,) in conn.execute(_TENANT_TABLES.encode()).fetchall())
    reads = request.method in READS
    plan = after = None
    changed: tuple[str, ...] = ()
    with conn.transaction(force_rollback=True):
        plan = _plan(conn, before, main, reads=reads)
    if compares:
        with conn.transaction(force_rollback=True):
            changed = _load_edits(settings, conn)
            after = _plan(conn, before, main, reads=reads)
    return Explained(answer.status, answer.body, main, plan, tenants, changed, after)


def _transaction(answer: Answer) -> tuple[list[Statement], Statement | None]:
    """Split what PostgREST sent: what it does first in each request, and the statement itself."""
    sent = [one for one in answer.statements if not _ends_or_begins(one)]
    mains = [number for number, one in enumerate(sent) if "pgrst_source" in one.text]
    if not mains:
        return sent, None
    return sent[: mains[-1]], sent[mains[-1]]


def _ends_or_begins(statement: Statement) -> bool:
    word = statement.text.split(None, 1)[0].rstrip(";").upper() if statement.text.strip() else ""
    return word in ("", "BEGIN", "START", "COMMIT", "ROLLBACK", "ABORT", "SET")


def _plan(
    conn: psycopg.Connection, before: Sequence[Statement], main: Statement, *, reads: bool
) -> dict[str, Any]:
    for name, value in login_settings(conn).items():
        conn.execute("select set_config(%s, %s, true)", [name, value])
    with conn.transaction(force_rollback=True):
        if reads:
            conn.execute("set transaction read only")
        for statement in before:
            _run(conn, statement)
        shown = _run(conn, main, _EXPLAIN)
    plans = json.loads(shown or "[]")
    return dict(plans[0])


def _run(conn: psycopg.Connection, statement: Statement, prefix: str = "") -> str | None:
    """Send a statement with the very values, types and formats that were recorded."""
    count = len(statement.values)
    formats = statement.formats
    result = conn.pgconn.exec_params(
        (prefix + statement.text).encode(),
        list(statement.values),
        (list(statement.types) + [0] * count)[:count],
        list(formats) if len(formats) == count else list(formats or (0,)) * count,
    )
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        message = result.error_message.decode("utf-8", "replace").strip()
        raise ControlError(f"the statement cannot be explained: {message}")
    value = result.get_value(0, 0) if result.ntuples else None
    return None if value is None else value.decode()


def _load_edits(settings: Settings, conn: psycopg.Connection) -> tuple[str, ...]:
    """Load the files of sql/ as they are now; the caller holds the transaction and undoes it."""
    contents = read_contents(settings.root)
    changes = file_changes(conn, contents)
    if not changes:
        raise ControlError(
            "no file below sql/ differs from what is loaded", "edit one, or leave out --compare"
        )
    conn.execute("set local role aspen_owner")
    conn.execute("set local search_path = ''")
    if replace_in_place(conn, contents, changes) is None:
        load_code(conn, contents)
    conn.execute("set local role none")
    conn.execute("set local search_path to default")
    return (*changes.added, *changes.changed, *changes.removed)
