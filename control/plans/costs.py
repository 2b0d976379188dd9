"""Sum up what statements cost by the resource or function they are for.

PostgREST's statements have a form that says so; this reads the names in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import psycopg
from psycopg import errors, sql

from control.database import connect_as_administrator
from control.errors import ControlError
from control.queries import query
from control.settings import Settings

API_ROLES = ("anon", "member", "operator", "job", "authenticator")
# What is after "api" in the name of a previous version, and the resource or function.
_NAME = r'"api((?:_v[0-9]+)?)"\."((?:[^"]|"")+)"'
_CALL = re.compile(
    rf'(?:FROM|LATERAL)\s+{_NAME}\(|{_NAME}\([^()]*\)\s+(?:AS\s+)?"?pgrst_(?:call|scalar)'
)
_FORMS = (
    ("POST", re.compile(rf"INSERT INTO {_NAME}")),
    ("PATCH", re.compile(rf"UPDATE {_NAME}")),
    ("DELETE", re.compile(rf"DELETE FROM {_NAME}")),  # noqa: S608
    ("GET", re.compile(rf"FROM {_NAME}")),
)
_OTHERS = (
    ("the caller of each request", re.compile(r'"authz"\."pre_request"')),
    ("settings of each request", re.compile(r"^\s*select\s+set_config\(", re.IGNORECASE)),
    ("transactions", re.compile(r"^\s*(?:begin|commit|rollback|abort)\b", re.IGNORECASE)),
    ("the schema read by PostgREST", re.compile(r"\bpg_(?:catalog\.)?\w+")),
)
ENABLING = (
    "as administrator: shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart"
    " the server, then psql -f sql/extensions.sql in this database"
)


@dataclass(frozen=True)
class Cost:
    """What the statements for one purpose cost together."""

    name: str
    calls: int
    ms: float
    rows: int
    buffers: int
    buffers_read: int

    @property
    def mean_ms(self) -> float:
        """Return the time of one call."""
        return self.ms / self.calls if self.calls else 0.0


def read_costs(conn: psycopg.Connection) -> list[Cost]:
    """Return what was spent on what, the most expensive first."""
    schema = _schema_of_counters(conn)
    statement = query("plans/costs_of_statements").decode().format(schema=schema)
    try:
        rows = conn.execute(statement.encode()).fetchall()
    except errors.ObjectNotInPrerequisiteState as error:
        raise ControlError("the server does not count statements", ENABLING) from error
    return summed(
        Cost(purpose(role, text), calls, ms, many, buffers, read)
        for role, text, calls, ms, many, buffers, read in rows
    )


def reset_costs(settings: Settings) -> None:
    """Begin to count again for this database, which takes an administrator."""
    administrator = connect_as_administrator(settings, "db top")
    if administrator is None:
        raise ControlError(
            "only an administrator may begin to count again", "set ASPEN_ADMIN_DATABASE_URL"
        )
    with administrator as conn:
        conn.execute(
            sql.SQL(
                "select {}.pg_stat_statements_reset(0, databases.oid, 0) from"
                " pg_catalog.pg_database as databases"
                " where databases.datname = pg_catalog.current_database()"
            ).format(sql.Identifier(_schema_of_counters(conn)))
        )


def purpose(role: str | None, text: str) -> str:
    """Return what a statement is for: `GET /samples`, `/rpc/health`, `GET /samples (api_v1)` of a
    previous version, or a word for the rest."""
    if role not in API_ROLES:
        return f"role {role}" if role else "roles that are gone"
    if "pgrst_source" in text:
        if call := _CALL.search(text):
            return _named(f"/rpc/{call[2] or call[4]}", call[1] or call[3])
        for method, form in _FORMS:
            if found := form.search(text):
                return _named(f"{method} /{found[2]}", found[1])
    return next((name for name, form in _OTHERS if form.search(text)), "other statements")


def _named(what: str, version: str | None) -> str:
    return f"{what} (api{version})" if version else what


def summed(costs: Iterable[Cost]) -> list[Cost]:
    """Add up the costs of one purpose."""
    sums: dict[str, Cost] = {}
    for one in costs:
        if before := sums.get(one.name):
            one = replace(
                one,
                calls=before.calls + one.calls,
                ms=before.ms + one.ms,
                rows=before.rows + one.rows,
                buffers=before.buffers + one.buffers,
                buffers_read=before.buffers_read + one.buffers_read,
            )
        sums[one.name] = one
    return sorted(sums.values(), key=lambda one: (-one.ms, one.name))


def _schema_of_counters(conn: psycopg.Connection) -> str:
    found = conn.execute(
        "select extnamespace::regnamespace::text from pg_catalog.pg_extension"
        " where extname = 'pg_stat_statements'"
    ).fetchone()
    if found is None:
        raise ControlError("the database has no extension pg_stat_statements", ENABLING)
    return str(found[0])
