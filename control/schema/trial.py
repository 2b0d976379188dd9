"""Trying migrations and code without anybody noticing: beside the schemas in use, then undone.

Inside one transaction the four schemas are renamed, which locks nothing and nobody else sees; under
their names everything is built from the first migration to the last file of sql/, on tables without
rows. The transaction is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.queries import query
from control.schema.code import AFTER_A_LOAD, Contents, read_scripts, refuse_dependents
from control.schema.code_objects import (
    CodeObject,
    Key,
    Needs,
    read_needs,
    read_objects,
    read_structures,
)
from control.schema.ledger import Migration
from control.schema.safety_rules import Breach, find_breaches, refuse_breaches
from control.schema.script import (
    Interrupted,
    Script,
    Statement,
    read_script,
    refuse_changed_session,
)

_SCHEMAS = ("aspen", "api", "authz", "internal")
_REVOKE = """
select
    pg_catalog.format(
        'revoke all on schema %%I from %%s', namespaces.nspname, entries.grantee::pg_catalog.regrole
    )
from pg_catalog.pg_namespace as namespaces
cross join lateral pg_catalog.aclexplode(namespaces.nspacl) as entries
where namespaces.nspname = any(%s)
and entries.grantee not in (0, namespaces.nspowner)
"""
_CONCURRENTLY = re.compile(
    r"(?P<what>create\s+(?:unique\s+)?index|drop\s+index|reindex\s+\w+)\s+concurrently\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Trial:
    """What came of building everything anew: what failed, or what was built."""

    failures: tuple[ControlError, ...] = ()
    untried: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    objects: dict[Key, CodeObject] = field(default_factory=dict)
    needs: Needs = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)
    # The file of sql/ that makes an object.
    files: dict[Key, str] = field(default_factory=dict)

    def refuse(self) -> None:
        """Say every file that fails, the first in full and the rest by their lines, or every breach
        of a safety rule.
        """
        if not self.failures:
            refuse_breaches(self.breaches, AFTER_A_LOAD)
            return
        first, *others = self.failures
        if not others:
            raise first
        listed = "\n".join(f"  {error.message.splitlines()[0]}" for error in others)
        raise ControlError(
            f"{first.message}\nand {len(others)} more, some perhaps only because of it:\n{listed}",
            "correct these files and run the command again",
        )


def try_everything(
    conn: psycopg.Connection, root: Path, contents: Contents, migrations: Sequence[Migration]
) -> Trial:
    """Apply these migrations to nothing and load the code; nothing is kept, nobody waits."""
    with conn.transaction(force_rollback=True):
        _put_schemas_aside(conn, root, contents)
        untried: list[str] = []
        for migration in migrations:
            name = f"migrations/{migration.id}.sql"
            try:
                with conn.transaction():
                    untried += run_inside(conn, read_script(migration.path, name))
                    refuse_changed_session(conn, name)
            except Interrupted:
                raise
            except ControlError as error:
                # What comes after it would only tell of what it left out.
                return Trial((error,), tuple(untried))
        return _load(conn, root, contents, tuple(untried))


def run_inside(conn: psycopg.Connection, script: Script) -> list[str]:
    """Run a script in this transaction, if need be without what cannot run in one; that is said."""
    untried = []
    for statement in script.statements:
        inside = Statement(_CONCURRENTLY.sub(r"\g<what>", statement.text, 1), statement.start)
        try:
            with conn.transaction():
                script.run_one(conn, inside)
        except ControlError as error:
            if not isinstance(error.__cause__, errors.ActiveSqlTransaction):
                raise
            line = script.text.count("\n", 0, statement.start) + 1
            untried.append(f"{script.name}, line {line}: cannot be tried in a transaction")
    return untried


def _put_schemas_aside(conn: psycopg.Connection, root: Path, contents: Contents) -> None:
    aside = [f"{schema}_in_use" for schema in _SCHEMAS]
    found_schemas = []
    for schema in _SCHEMAS:
        found = conn.execute("select to_regnamespace(%s) is not null", [schema]).fetchone()
        if found == (True,):
            found_schemas.append(schema)
            conn.execute(f"alter schema {schema} rename to {schema}_in_use".encode())
    # So that the safety rules find nobody in schemas they do not know.
    for (statement,) in conn.execute(_REVOKE, [aside]).fetchall():
        conn.execute(statement.encode())
    if "authz" in found_schemas:
        conn.execute("revoke all on all functions in schema authz_in_use from authenticator")
    conn.execute("set local role none")
    for script in read_scripts(root, contents.schemas):
        script.run(conn)
    conn.execute("set local role aspen_owner")
    conn.execute(query("schema/bookkeeping"))
    conn.execute("delete from control.loaded_files")


def _load(
    conn: psycopg.Connection, root: Path, contents: Contents, untried: tuple[str, ...]
) -> Trial:
    scripts, failures = [], []
    for path in contents.code:
        try:
            scripts.append((path, read_script(root / "sql" / path, f"sql/{path}")))
        except ControlError as error:
            failures.append(error)
    if failures:
        # What needs these files would fail for want of them.
        return Trial(tuple(failures), untried)
    for path, script in scripts:
        try:
            with conn.transaction():
                # Its xmin tells what this subtransaction makes.
                conn.execute(
                    "insert into control.loaded_files (path, sha256) values (%s, '')", [path]
                )
                script.run(conn)
                refuse_changed_session(conn, script.name)
        except Interrupted:
            raise
        except ControlError as error:
            failures.append(error)
            _run_what_can_be_run(conn, script)
    try:
        refuse_dependents(conn)
    except ControlError as error:
        failures.append(error)
    if failures:
        return Trial(tuple(failures), untried)
    objects = read_objects(conn)
    return Trial(
        untried=untried,
        breaches=tuple(find_breaches(conn)),
        objects=objects,
        needs=read_needs(conn, objects),
        structures=read_structures(conn),
        files=_files(conn, objects),
    )


def _run_what_can_be_run(conn: psycopg.Connection, script: Script) -> None:
    """Make what a failing file makes all the same, so that others do not fail for want of it."""
    for statement in script.statements:
        with suppress(ControlError), conn.transaction():
            script.run_one(conn, statement)


def _files(conn: psycopg.Connection, objects: dict[Key, CodeObject]) -> dict[Key, str]:
    """Which file made which object: the newest that began before it."""
    began = conn.execute(
        "select files.xmin::text::bigint, files.path from control.loaded_files as files order by 1"
    ).fetchall()
    made = {}
    for key, one in objects.items():
        before = [path for xid, path in began if xid <= one.made_by]
        if before and one.kind != "table":
            made[key] = before[-1]
    return made
