"""Try migrations and code without anybody noticing: beside the schemas in use, then undone.

Inside one transaction our schemas are renamed, which locks nothing and nobody else sees; under
their names everything is built again on tables without rows: those the migrations make, or copies
of those that are there. The transaction is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.queries import query
from control.schema.code import (
    AFTER_A_LOAD,
    Contents,
    FileChanges,
    check_scripts,
    refuse_dependents,
    run_files,
    run_in_savepoint,
    run_together,
)
from control.schema.code_objects import (
    CodeObject,
    Files,
    Key,
    Needs,
    files_of_objects,
    read_needs,
    read_objects,
    read_structures,
)
from control.schema.ledger import Migration
from control.schema.located import Statement
from control.schema.safety_rules import Breach, find_breaches, refuse_breaches
from control.schema.script import (
    Interrupted,
    Script,
    raise_interrupted,
    refuse_changed_session,
)
from control.schema.steps import PythonStep, read_migration

_SCHEMAS = "^(aspen|api(_v[0-9]+)?|authz|internal)$"
_ASIDE = "_in_use"
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
    """Hold what came of building everything again: what failed, or what was built."""

    failures: tuple[ControlError, ...] = ()
    untried: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    objects: dict[Key, CodeObject] = field(default_factory=dict)
    needs: Needs = field(default_factory=dict)
    # The tables that the safety rules were asked of, here or before.
    structures: dict[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Tell whether nothing failed and no rule is broken."""
        return not self.failures and not self.breaches

    def refuse(self) -> None:
        """Raise what failed: every file, the first in full and the rest by their lines, or every
        breach of a safety rule.
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


def try_code(conn: psycopg.Connection, contents: Contents, changes: FileChanges) -> Trial:
    """Load the code over copies of the tables that are there; nothing is kept, nobody waits.

    The copies have no constraints but primary keys: try everything for what fails on them.
    Rules that look at those alone were asked of the tables themselves.
    """
    if failures := check_scripts(contents, changes):
        return Trial(tuple(failures))
    structures = read_structures(conn)
    with conn.transaction(force_rollback=True):
        aside = _put_schemas_aside(conn, contents)
        try:
            copies = conn.execute(query("schema/table_copies"), [aside]).fetchall()
            conn.execute(";".join(statement for _, _, statement in copies).encode())
            if not run_together(conn, contents.scripts):
                raise ControlError("a file fails", "try everything")
            refuse_dependents(conn)
        except (errors.LockNotAvailable, errors.DeadlockDetected, Interrupted):
            raise
        except (psycopg.Error, ControlError) as error:
            if isinstance(error, psycopg.Error):
                raise_interrupted(conn, error, "the load")
            return Trial((ControlError(f"the copies of the tables do not do: {error}", ""),))
        return _result(conn, structures)


def try_everything(
    conn: psycopg.Connection, contents: Contents, migrations: Sequence[Migration]
) -> Trial:
    """Apply these migrations to nothing and load the code; nothing is kept, nobody waits."""
    with conn.transaction(force_rollback=True):
        _put_schemas_aside(conn, contents)
        untried: list[str] = []
        for migration in migrations:
            try:
                with conn.transaction():
                    step = read_migration(migration)
                    timeout = f"set local statement_timeout = '{migration.statement_timeout}'"
                    conn.execute(timeout.encode())
                    if isinstance(step, PythonStep):
                        step.run(conn)
                    else:
                        untried += run_inside(conn, step)
                    refuse_changed_session(conn, step.name)
            except Interrupted:
                raise
            except ControlError as error:
                # What comes after it would only tell of what it left out.
                return Trial((error,), tuple(untried))
        conn.execute("set local statement_timeout to default")
        return _load(conn, contents, tuple(untried))


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


def _put_schemas_aside(conn: psycopg.Connection, contents: Contents) -> list[str]:
    """Rename our schemas and return their new names."""
    found = conn.execute(
        "select nspname from pg_catalog.pg_namespace where nspname ~ %s order by nspname",
        [_SCHEMAS],
    ).fetchall()
    found_schemas = [name for (name,) in found]
    for schema in found_schemas:
        conn.execute(f"alter schema {schema} rename to {schema}{_ASIDE}".encode())
    aside = [f"{schema}{_ASIDE}" for schema in found_schemas]
    # So that the safety rules find nobody in schemas they do not know.
    for (statement,) in conn.execute(_REVOKE, [aside]).fetchall():
        conn.execute(statement.encode())
    if "authz" in found_schemas:
        conn.execute(
            f"revoke all on all functions in schema authz{_ASIDE} from authenticator".encode()
        )
    conn.execute("set local role none")
    run_files(conn, contents.root, contents.schemas)
    conn.execute("set local role aspen_owner")
    conn.execute(query("schema/bookkeeping"))
    conn.execute("delete from control.loaded_files")
    return aside


def _load(conn: psycopg.Connection, contents: Contents, untried: tuple[str, ...]) -> Trial:
    """Load the code, and if that fails again, file by file, to name all that fail."""
    if failures := check_scripts(contents):
        # What needs these files would fail without them.
        return Trial(tuple(failures), untried)
    if not run_together(conn, contents.scripts):
        for path, script in contents.scripts.items():
            try:
                run_in_savepoint(conn, path, script)
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
    return _result(conn, read_structures(conn), untried)


def _result(
    conn: psycopg.Connection, structures: dict[str, str], untried: tuple[str, ...] = ()
) -> Trial:
    """Read what was built."""
    objects = read_objects(conn)
    return Trial(
        untried=untried,
        # What was put aside is not what was built.
        breaches=tuple(one for one in find_breaches(conn) if f"{_ASIDE}." not in one.object),
        objects=objects,
        needs=read_needs(conn, objects),
        structures=structures,
        files=files_of_objects(conn, objects),
    )


def _run_what_can_be_run(conn: psycopg.Connection, script: Script) -> None:
    """Make what a failing file makes all the same, so that others do not fail without it."""
    for statement in script.statements:
        with suppress(ControlError), conn.transaction():
            script.run_one(conn, statement)
