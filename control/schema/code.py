"""The code in sql/: views, functions, policies and triggers, dropped and loaded again as one."""

from __future__ import annotations

import codecs
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.queries import query
from control.schema.safety_rules import check_safety
from control.schema.script import Script, read_script
from control.text_files import read_text

_ENTRY = re.compile(r"\\ir\s+(?P<path>\S+)")
_IGNORED = re.compile(r"\s*$|--|\\set\s|\\echo\s", re.IGNORECASE)
# An administrator runs these, before everything else; load.sql is the contents page itself.
_APART = frozenset(("load.sql", "roles.sql", "extensions.sql"))
# Run before everything else, code or not.
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

AFTER_A_LOAD = (
    "nothing was loaded, the API is as before: correct sql/ or the migration and run the command"
    " again; the rules are in control/sql/rules/"
)


@dataclass(frozen=True)
class Contents:
    """What sql/load.sql lists, in its order; paths are relative to sql/."""

    schemas: tuple[str, ...]
    tables: tuple[str, ...]
    code: tuple[str, ...]

    @property
    def loaded(self) -> tuple[str, ...]:
        """The files every migrate loads; the tables are the migrations' to change."""
        return self.schemas + self.code


@dataclass(frozen=True)
class FileChanges:
    """How the files of sql/ differ from those a database was loaded from."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


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
    return Contents(
        schemas=tuple(path for path in lines if path == _SCHEMAS),
        tables=tuple(path for path in lines if path.startswith(_TABLES)),
        code=tuple(path for path in lines if path != _SCHEMAS and not path.startswith(_TABLES)),
    )


def sha256_of(path: Path) -> str:
    """The content hash that files are remembered by: of the text, as read_text() reads it.

    A checkout on Windows ends its lines otherwise, and the file is the same all the same.
    """
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    return hashlib.sha256(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def read_scripts(root: Path, paths: Iterable[str]) -> list[Script]:
    """Read files of sql/, in the given order."""
    return [read_script(root / "sql" / path, f"sql/{path}") for path in paths]


def run_files(conn: psycopg.Connection, root: Path, paths: tuple[str, ...]) -> None:
    """Run files of sql/ in the given order; the caller holds the transaction."""
    for script in read_scripts(root, paths):
        script.run(conn)


def file_changes(conn: psycopg.Connection, root: Path, contents: Contents) -> FileChanges:
    """Compare the files of sql/ with those this database was loaded from."""
    files = file_hashes(root, contents)
    exists = conn.execute("select to_regclass('control.loaded_files') is not null").fetchone()
    loaded: dict[str, str] = {}
    if exists == (True,):
        loaded = dict(conn.execute("select path, sha256 from control.loaded_files").fetchall())
    return FileChanges(
        added=tuple(sorted(files.keys() - loaded.keys())),
        changed=tuple(
            sorted(path for path in files.keys() & loaded.keys() if files[path] != loaded[path])
        ),
        removed=tuple(sorted(loaded.keys() - files.keys())),
    )


def loaded_probe(conn: psycopg.Connection) -> str | None:
    """The name of the probe function of the last load, if the api schema still has it."""
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
    conn.execute("delete from control.loaded_files")
    ask_for_reload(conn)


def load_code(conn: psycopg.Connection, root: Path, contents: Contents) -> str:
    """Replace all code by the files of sql/; the caller holds the transaction. Returns the probe.

    Refuses when the safety rules do not hold afterwards, whatever broke them.
    """
    # Read first: a file that changes from here on differs from what is remembered.
    files = file_hashes(root, contents)
    scripts = read_scripts(root, contents.code)
    drop_code(conn)
    for script in scripts:
        script.run(conn)
    probe = remember_load(conn, files)
    check_safety(conn, AFTER_A_LOAD)
    return probe


def remember_load(conn: psycopg.Connection, files: dict[str, str]) -> str:
    """Remember the files and tell the API, at the end of the transaction; returns the probe.

    The probe is a function nobody may call. PostgREST answers 404 for its name until it has read
    the new schema, and something else from then on; its name never comes twice.
    """
    if old := loaded_probe(conn):
        conn.execute(sql.SQL("drop function {}()").format(sql.Identifier("api", old)))
    probe = _PROBE_PREFIX + secrets.token_hex(6)
    for statement in _PROBE:
        conn.execute(statement.format(sql.Identifier("api", probe)))
    conn.execute("delete from control.loaded_files")
    conn.execute(
        "insert into control.loaded_files (path, sha256)"
        " select * from unnest(%s::text[], %s::text[])",
        [list(files), list(files.values())],
    )
    ask_for_reload(conn)
    return probe


def ask_for_reload(conn: psycopg.Connection) -> None:
    """Have PostgREST read the schema, and the settings of roles, which sql/roles.sql changes."""
    conn.execute("notify pgrst, 'reload schema'")
    conn.execute("notify pgrst, 'reload config'")


def _sql_files(root: Path) -> set[str]:
    """Every SQL file under sql/, but not what editors hide there."""
    folder = root / "sql"
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.sql")
        if not path.name.startswith(".")
    }


def file_hashes(root: Path, contents: Contents) -> dict[str, str]:
    """The files a database is loaded from, with the hash of their text."""
    return {path: sha256_of(root / "sql" / path) for path in contents.loaded}
