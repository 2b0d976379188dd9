"""Load the code of sql/: views, functions, policies and triggers. What was loaded is remembered."""

from __future__ import annotations

import codecs
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import errors, sql

from control.errors import ControlError
from control.queries import query
from control.schema.code_objects import NAMES_ONLY, files_of_objects, read_objects, record_objects
from control.schema.safety_rules import check_safety
from control.schema.script import (
    Script,
    raise_interrupted,
    read_script,
    refuse_changed_session,
)
from control.schema.versions import SCHEMA_FILE, check_served, drop_gone_versions
from control.text_files import read_text

_ENTRY = re.compile(r"\\ir\s+(?P<path>\S+)")
_IGNORED = re.compile(r"\s*$|--|\\set\s|\\echo\s", re.IGNORECASE)
# An administrator runs these, before everything else; load.sql is the contents page itself.
_APART = frozenset(("load.sql", "roles.sql", "extensions.sql"))
# Run before everything else, by every migrate that changes anything.
_SCHEMAS = "schemas.sql"
# The migrations make these; here is their present form.
_TABLES = ("domains/", "tables/")
_PROBE_PREFIX = "loaded_"
_PROBE = (
    sql.SQL(
        "create function {}() returns void language sql stable set search_path = ''"
        " begin atomic select; end"
    ),
    sql.SQL("comment on function {}() is 'Tells whether the API has read the last load'"),
    sql.SQL("revoke all on function {}() from public"),
)
_LOADED_FILES = """
select files.path, files.sha256, (pg_catalog.to_jsonb(files.*) ->> 'position')::integer as position
from control.loaded_files as files
order by position
"""

AFTER_A_LOAD = (
    "nothing was loaded, the API is as before: correct sql/ or the migration and run the command"
    " again; the rules are in control/sql/rules/"
)


@dataclass(frozen=True)
class Contents:
    """Hold what sql/load.sql lists, in its order; paths are relative to sql/."""

    root: Path
    schemas: tuple[str, ...]
    tables: tuple[str, ...]
    code: tuple[str, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """Name the previous versions of the API."""
        return tuple(path.partition("/")[0] for path in self.schemas if path != _SCHEMAS)

    @property
    def loaded(self) -> tuple[str, ...]:
        """List the files every migrate loads; the tables are the migrations' to change."""
        return self.schemas + self.code

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Hash the text of the files a database is loaded from.

        A file that changes after this moment differs from what is remembered.
        """
        return {path: sha256_of(self.root / "sql" / path) for path in self.loaded}

    @cached_property
    def scripts(self) -> dict[str, Script]:
        """Read the files with code, once."""
        # First, see above.
        hashes = self.hashes
        return {path: _read(self.root, path) for path in self.code if path in hashes}


@dataclass(frozen=True)
class FileChanges:
    """Hold how the files of sql/ differ from those a database was loaded from."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    # load.sql, when it lists files that were loaded already in another order.
    reordered: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.added or self.changed or self.removed or self.reordered)


def read_contents(root: Path) -> Contents:
    """Parse sql/load.sql, the contents page that psql can run as well.

    It lists every file of sql/ once: a file that it leaves out would be edited in vain.
    """
    page = root / "sql" / "load.sql"
    if not page.is_file():
        raise ControlError(f"{page} is missing", "run the command inside a checkout of Aspen")
    present = _sql_files(root)
    lines: dict[str, int] = {}
    for number, line in enumerate(read_text(page, "sql/load.sql").splitlines(), start=1):
        if entry := _ENTRY.fullmatch(line.strip()):
            path = entry["path"]
            if path not in present:
                raise ControlError(
                    f"sql/load.sql, line {number}: sql/{path} is not there",
                    "restore the file or take its line out of sql/load.sql",
                )
            if path in lines:
                raise ControlError(
                    f"sql/load.sql, line {number}: sql/{path} is listed on line {lines[path]}"
                    " already",
                    "keep one of the two lines; every file is loaded once",
                )
            lines[path] = number
        elif not _IGNORED.match(line):
            raise ControlError(
                f"sql/load.sql, line {number}: {line!r} is neither `\\ir path` nor a comment",
                "keep statements in files of their own; this page only lists them",
            )
    if unlisted := sorted(present - _APART - lines.keys()):
        raise ControlError(
            f"sql/load.sql does not list {', '.join(f'sql/{path}' for path in unlisted)}",
            f"add a line such as `\\ir {unlisted[0]}` after what it needs, or remove the file",
        )
    check_served(root)
    return Contents(
        root=root,
        schemas=tuple(filter(_makes_schema, lines)),
        tables=tuple(path for path in lines if path.startswith(_TABLES)),
        code=tuple(
            path for path in lines if not _makes_schema(path) and not path.startswith(_TABLES)
        ),
    )


def _makes_schema(path: str) -> bool:
    return path == _SCHEMAS or SCHEMA_FILE.fullmatch(path) is not None


def sha256_of(path: Path) -> str:
    """Return the content hash that files are remembered by: of the text as read_text() reads it.

    Line ends do not count, because a checkout on Windows has others.
    """
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    return hashlib.sha256(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def run_files(conn: psycopg.Connection, root: Path, paths: Iterable[str]) -> None:
    """Run files of sql/ in the given order; the caller holds the transaction."""
    for script in read_files(root, paths):
        script.run(conn)


def read_files(root: Path, paths: Iterable[str]) -> list[Script]:
    """Read files of sql/, and refuse what none of them may say."""
    return [read_script(root / "sql" / path, f"sql/{path}") for path in paths]


def check_scripts(contents: Contents, changes: FileChanges | None = None) -> list[ControlError]:
    """Read all code and find what no file may say; return what fails.

    With `changes`, files that were loaded as they are now are not searched again.
    """
    failures = []
    unsearched = set(contents.code)
    if changes:
        unsearched &= {*changes.added, *changes.changed}
    for path in contents.code:
        try:
            script = _read(contents.root, path)
            if path in unsearched:
                script.refuse_forbidden()
        except ControlError as error:
            failures.append(error)
    return failures


def file_changes(conn: psycopg.Connection, contents: Contents) -> FileChanges:
    """Compare the files of sql/ with those this database was loaded from."""
    files = contents.hashes
    exists = conn.execute("select to_regclass('control.loaded_files') is not null").fetchone()
    rows = conn.execute(_LOADED_FILES).fetchall() if exists == (True,) else []
    loaded = {path: sha256 for path, sha256, _ in rows}
    # A database that an older version loaded has no positions.
    in_order = [path for path, _, position in rows if position is not None and path in files]
    return FileChanges(
        added=tuple(sorted(files.keys() - loaded.keys())),
        changed=tuple(
            sorted(path for path in files.keys() & loaded.keys() if files[path] != loaded[path])
        ),
        removed=tuple(sorted(loaded.keys() - files.keys())),
        reordered=()
        if in_order == [path for path in contents.loaded if path in in_order]
        else ("load.sql",),
    )


def loaded_probe(conn: psycopg.Connection) -> str | None:
    """Return the name of the probe function of the last load, if the api schema still has it."""
    row = conn.execute(
        "select functions.proname from pg_catalog.pg_proc as functions"
        " where functions.pronamespace = to_regnamespace('api')"
        " and starts_with(functions.proname, %s)",
        [_PROBE_PREFIX],
    ).fetchone()
    return None if row is None else str(row[0])


def refuse_dependents(conn: psycopg.Connection) -> None:
    """Refuse when something that is not code, a default say, needs code and would go along."""
    dependents = conn.execute(query("schema/code_dependents")).fetchall()
    if dependents:
        listed = "\n".join(f"  {dependent} needs {code}" for dependent, code in dependents)
        raise ControlError(
            f"loading sql/ again would drop parts of tables, because they need code:\n{listed}",
            "write a migration that makes these tables do without authz, internal and api;"
            " a trigger can do what a default or a check may not",
        )


def drop_code(conn: psycopg.Connection) -> None:
    """Drop all code and forget its files; tables keep their data. The caller holds the transaction.

    Refuses when something that is not code would go along.
    """
    refuse_dependents(conn)
    conn.execute(query("schema/drop_code"))
    _forget_load(conn)
    ask_for_reload(conn)


def load_code(conn: psycopg.Connection, contents: Contents) -> str:
    """Replace all code by the files of sql/; the caller holds the transaction. Returns the probe.

    Refuses when the safety rules do not hold afterwards, whatever broke them.
    """
    scripts = contents.scripts
    for script in scripts.values():
        script.refuse_forbidden()
    drop_code(conn)
    drop_gone_versions(conn, contents.versions)
    if not run_together(conn, scripts):
        for path, script in scripts.items():
            run_in_savepoint(conn, path, script)
    files = files_of_objects(conn, read_objects(conn, NAMES_ONLY))
    probe = remember_load(conn, contents)
    record_objects(conn, files)
    check_safety(conn, AFTER_A_LOAD)
    return probe


def run_together(conn: psycopg.Connection, scripts: Mapping[str, Script]) -> bool:
    """Run files in one message, each in a savepoint that is noted; return whether all succeeded.

    If not, nothing of it is kept: run them one at a time to learn which failed.
    """
    message = b"".join(
        b"savepoint file; %s;\n%s\n;\nrelease savepoint file;\n"
        % (_note_of(conn, path), script.text.encode())
        for path, script in scripts.items()
    )
    try:
        with conn.transaction():
            conn.execute(message, prepare=False)
            noted = conn.execute("select count(*) from control.loaded_files").fetchone()
            # A comment that one file does not end could have swallowed others.
            if noted != (len(scripts),):
                raise psycopg.ProgrammingError("not every file was run")
            refuse_changed_session(conn, "sql/")
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        raise
    except psycopg.Error as error:
        if error.sqlstate or conn.broken:
            raise_interrupted(conn, error, "the load")
        return False
    except ControlError:
        return False
    return True


def run_in_savepoint(conn: psycopg.Connection, path: str, script: Script) -> None:
    """Run one file in a savepoint that is noted."""
    with conn.transaction():
        conn.execute(_note_of(conn, path))
        script.run(conn)
        refuse_changed_session(conn, script.name)


def _note_of(conn: psycopg.Connection, path: str) -> bytes:
    """Return the statement whose row has the number of the savepoint."""
    return (
        sql.SQL("insert into control.loaded_files (path, sha256) values ({}, '')")
        .format(sql.Literal(path))
        .as_bytes(conn)
    )


def remember_load(
    conn: psycopg.Connection, contents: Contents, *, is_seen_by_api: bool = True
) -> str:
    """Remember the files and tell the API, at the end of the transaction; returns the probe.

    The probe is a function nobody may call. PostgREST answers 404 for its name until it has read
    the new schema, and something else from then on; its name never comes twice. Where PostgREST
    would read what it has read already, the probe stays and it is not told: it would close all its
    connections, and requests would wait for new ones.
    """
    probe = loaded_probe(conn)
    if is_seen_by_api or probe is None:
        probe = _replace_probe(conn, probe)
        ask_for_reload(conn)
    else:
        conn.execute("notify pgrst, 'reload config'")
    _forget_load(conn)
    conn.execute(
        "insert into control.loaded_files (path, sha256, position)"
        " select * from unnest(%s::text[], %s::text[]) with ordinality",
        [list(contents.hashes), list(contents.hashes.values())],
    )
    return probe


def ask_for_reload(conn: psycopg.Connection) -> None:
    """Have PostgREST read its file, which names the versions it serves, and then the schema.

    With the schema it reads the settings that sql/roles.sql changes.
    """
    conn.execute("notify pgrst, 'reload config'; notify pgrst, 'reload schema'")


def _replace_probe(conn: psycopg.Connection, old: str | None) -> str:
    if old:
        conn.execute(sql.SQL("drop function {}()").format(sql.Identifier("api", old)))
    probe = _PROBE_PREFIX + secrets.token_hex(6)
    name = sql.Identifier("api", probe)
    conn.execute(sql.SQL("; ").join(statement.format(name) for statement in _PROBE))
    return probe


def _forget_load(conn: psycopg.Connection) -> None:
    conn.execute("delete from control.loaded_files; delete from control.loaded_objects")


def _read(root: Path, path: str) -> Script:
    return Script(f"sql/{path}", read_text(root / "sql" / path, f"sql/{path}"))


def _sql_files(root: Path) -> set[str]:
    """Find every SQL file under sql/, but not what editors hide there."""
    folder = root / "sql"
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.sql")
        if not path.name.startswith(".")
    }
