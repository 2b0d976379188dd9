"""Tell what would change in a database, and what somebody changed in it by hand.

A clone on a server of its own shows what applied migrations and sql/ lead to. Pending migrations
are no difference of the tables: those are compared with what the applied ones make.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import psycopg

from control.changes import clones as cloning
from control.changes.clones import CloneServer, make_by_migrations, make_schemas
from control.database import connect
from control.errors import ControlError
from control.schema.code import Contents, FileChanges, load_code, read_contents
from control.schema.code_objects import changed_by_hand, loaded_objects
from control.schema.diff import (
    Action,
    Comparison,
    Difference,
    compare_databases,
    url_for_node,
)
from control.schema.ledger import migrations_of
from control.schema.migrate import migrate_status
from control.settings import Settings

_BY_HAND = {"add": "dropped by hand", "remove": "made by hand", "set": "changed by hand"}
_EDITED = {"add": "new", "remove": "gone", "set": "changed"}
# Kinds that a load remembers; the tables are the migrations'.
_CODE = ("function", "view", "policy", "trigger", "type", "cast", "operator")
_ROW_SECURITY = ("rowSecurity", "forceRowSecurity")


@dataclass(frozen=True)
class Change:
    """Hold one object that would change: how, and the files of sql/ that say so."""

    object: str
    how: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """Hold one statement that would bring it about."""

    sql: str
    loses_data: bool


@dataclass(frozen=True)
class SqlDiff:
    """Hold what would change in a database."""

    by_hand: tuple[Change, ...]
    edited: tuple[Change, ...]
    pending: tuple[str, ...]
    steps: tuple[Step, ...]

    def __bool__(self) -> bool:
        """Tell whether anything would change."""
        return bool(self.by_hand or self.edited or self.pending)


def sql_diff(settings: Settings) -> SqlDiff:
    """Compare the database of this environment with what migrations and sql/ lead to."""
    contents = read_contents(settings.root)
    with connect(settings, "sql diff") as conn, cloning.clone_server(settings) as clones:
        _refuse_other_version(conn, clones)
        return _diff(conn, contents, clones)


def _diff(conn: psycopg.Connection, contents: Contents, clones: CloneServer) -> SqlDiff:
    status = migrate_status(conn, contents.root, contents)
    known = migrations_of(contents.root)
    applied = [
        one for one in known if one.id in status.applied or (one.replaces and status.replaced)
    ]
    pending = [one for one in known if one not in applied]
    clones.create("applied")
    with clones.connect("applied") as clone:
        make_schemas(clone, contents)
        make_by_migrations(clone, applied)
    clones.create("target", of="applied")
    with clones.connect("target") as clone:
        make_by_migrations(clone, pending)
        with clone.transaction():
            load_code(clone, contents)
        target_files = _files(clone)
    urls = {"here": url_for_node(conn.info), "target": clones.url("target")}
    pairs = [("here", "target")]
    if pending:
        urls["applied"] = clones.url("applied")
        pairs.append(("here", "applied"))
    target, *rest = compare_databases(urls, pairs)
    ours = _roles(clones)
    differences, actions = _halves(target, *rest)
    files = _merged(_files(conn), target_files)
    say = partial(_said, files=files, changes=status.files, by_hand=changed_by_hand(conn))
    changes = [say(one) for one in _without_parts(differences) if _is_ours(one.id, ours)]
    return SqlDiff(
        by_hand=tuple(change for change in changes if change.how.endswith("by hand")),
        edited=tuple(change for change in changes if not change.how.endswith("by hand")),
        pending=tuple(one.id for one in pending),
        steps=tuple(Step(one.sql, one.loses) for one in actions if _is_ours(one.id, ours)),
    )


def _halves(
    target: Comparison, applied: Comparison | None = None
) -> tuple[list[Difference], list[Action]]:
    """Take the tables from the comparison without pending migrations, and the code from the other.

    Without pending migrations they are one.
    """
    if applied is None:
        return list(target.differences), list(target.actions)
    differences = [one for one in applied.differences if not _is_code(one.id, one.attribute)]
    differences += [one for one in target.differences if _is_code(one.id, one.attribute)]
    actions = [one for one in applied.actions if not _is_code(one.id, one.sql)]
    actions += [one for one in target.actions if _is_code(one.id, one.sql)]
    return differences, actions


def _is_code(name: str, said: str | None) -> bool:
    """Tell what sql/ makes beside tables from what migrations make.

    `said` is the attribute or statement: it tells row-level security from the rest of a table.
    """
    while name.startswith("comment:("):
        name = name.removeprefix("comment:(").removesuffix(")")
    kind, _, rest = name.partition(":")
    if kind == "table" and said:
        return said in _ROW_SECURITY or "row level security" in said
    return kind in ("acl", "policy", "trigger", "role", "membership") or not rest.startswith(
        "aspen."
    )


def _without_parts(differences: Iterable[Difference]) -> list[Difference]:
    """Leave out what comes or goes with something else, and name each thing once."""
    found = list(differences)
    whole = {one.name for one in found if one.verb != "set"}
    # Where a column comes or goes, those behind it move along.
    shifted = {one.object[1] for one in found if one.id.startswith("column:") and one.verb != "set"}
    named: dict[str, Difference] = {}
    for one in found:
        is_shifted = (
            one.id.startswith("column position:") and one.object[1].rpartition(".")[0] in shifted
        )
        if whole.isdisjoint(one.of) and not is_shifted:
            named.setdefault(one.name, one)
    return list(named.values())


def _said(
    one: Difference,
    *,
    files: Mapping[tuple[str, str], tuple[str, ...]],
    changes: FileChanges,
    by_hand: Collection[str] | None,
) -> Change:
    """Say how it comes that something differs: by an edit of a file, or by hand."""
    edited = {*changes.added, *changes.changed, *changes.removed}
    paths = files.get(one.object, ())
    if one.object[0] == "schema":
        paths = ("schemas.sql",)
    touched = tuple(path for path in paths if path in edited)
    is_code = one.object[0] in _CODE or _is_code(one.id, one.attribute)
    if by_hand is not None and one.object[0] in _CODE:
        # What it needs may have been edited, and not its own file.
        is_edited = " ".join(one.object) not in by_hand and bool(edited)
    else:
        is_edited = is_code and bool(touched)
    how = (_EDITED if is_edited else _BY_HAND)[one.verb]
    return Change(one.name, how, tuple(f"sql/{path}" for path in touched or paths))


def _files(conn: psycopg.Connection) -> dict[tuple[str, str], tuple[str, ...]]:
    """Tell which files made what, as the last load remembered it."""
    return {
        (one.kind, one.identity): one.paths for one in loaded_objects(conn).values() if one.kind
    }


def _merged(
    here: Mapping[tuple[str, str], tuple[str, ...]],
    target: Mapping[tuple[str, str], tuple[str, ...]],
) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        key: tuple(dict.fromkeys((*target.get(key, ()), *here.get(key, ()))))
        for key in here.keys() | target.keys()
    }


def _roles(clones: CloneServer) -> set[str]:
    """Name the roles that sql/roles.sql makes; others belong to people and other databases."""
    with clones.connect("applied") as clone:
        rows = clone.execute(
            "select rolname from pg_catalog.pg_roles"
            " where oid >= 16384 and not starts_with(rolname, 'pg_')"
        ).fetchall()
    return {str(name) for (name,) in rows}


def _is_ours(name: str, ours: Collection[str]) -> bool:
    """Tell whether a difference is about us: of roles and databases a cluster may have others."""
    while name.startswith("comment:("):
        name = name.removeprefix("comment:(").removesuffix(")")
    kind, _, rest = name.partition(":")
    if kind == "role":
        return rest in ours
    if kind == "membership":
        return all(role in ours for role in rest.split("."))
    return True


def _refuse_other_version(conn: psycopg.Connection, clones: CloneServer) -> None:
    """Refuse to compare versions of PostgreSQL, which say the same thing in different words."""
    with clones.server() as clone:
        here, there = (one.info.server_version // 10000 for one in (conn, clone))
    if here != there:
        raise ControlError(
            f"the database runs on PostgreSQL {here}, and this would compare it with a clone on"
            f" {there}",
            f"set ASPEN_POSTGRES_BIN to the directory of the programs of PostgreSQL {here}",
        )
