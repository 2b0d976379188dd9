"""Read the code of a database as objects: what they say, what they need, which file wrote them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg

from control.queries import query

# What an object is called in every database: its kind and its identity.
Key = tuple[str, str]
# Where the catalogue of one database has it: the catalogue's and the object's oid.
Address = tuple[int, int]
# What is dropped, in an order in which nothing goes along unasked that another line names.
_DROPS = {
    "policy": "drop policy if exists {}",
    "trigger": "drop trigger if exists {}",
    "view": "drop view if exists {} cascade",
    "aggregate": "drop routine if exists {} cascade",
    "operator": "drop operator if exists {}",
    "function": "drop routine if exists {} cascade",
    "cast": "drop cast if exists {}",
    "type": "drop type if exists {} cascade",
}


@dataclass(frozen=True)
class CodeObject:
    """Hold one piece of code, or a table with what its policies file says of its rights.

    `definition` is all there is to know; of functions of one `shape` one can replace the other.
    """

    kind: str
    identity: str
    address: Address
    definition: str | None
    shape: str | None
    grants: frozenset[str]

    @property
    def key(self) -> Key:
        """Return what it is called in every database."""
        return (self.kind, self.identity)


@dataclass(frozen=True)
class LoadedObject:
    """Hold an object after a load: the files that wrote it, its maker first, and its mark."""

    kind: str
    identity: str
    paths: tuple[str, ...]
    mark: str


Needs = Mapping[Key, frozenset[Key]]
# The files that wrote an object; the one that made it comes first.
Files = Mapping[Key, tuple[str, ...]]
# Later than every transaction: nothing is defined, all is named.
NAMES_ONLY = 1 << 62


def read_objects(conn: psycopg.Connection, made_since: int | None = None) -> dict[Key, CodeObject]:
    """Read all code of the database this transaction sees, with an empty search_path.

    What was made before transaction `made_since` comes without its definition, which takes longest.
    """
    conn.execute(f"set local control.made_since = '{made_since or 0}'".encode())
    rows = conn.execute(query("schema/code_objects")).fetchall()
    objects = [
        CodeObject(kind, identity, (classid, objid), said, shape, frozenset(grants or ()))
        for kind, identity, classid, objid, said, shape, grants in rows
    ]
    return {one.key: one for one in objects}


def read_needs(conn: psycopg.Connection, objects: Mapping[Key, CodeObject]) -> Needs:
    """Read what each of these objects needs of the others."""
    by_address = {one.address: key for key, one in objects.items()}
    needs: dict[Key, set[Key]] = {key: set() for key in objects}
    for classid, objid, needed_classid, needed_objid in conn.execute(
        query("schema/code_dependencies")
    ):
        key = by_address.get((classid, objid))
        needed = by_address.get((needed_classid, needed_objid))
        if key and needed:
            needs[key].add(needed)
    return {key: frozenset(needed) for key, needed in needs.items()}


def with_dependents(keys: Iterable[Key], needs: Needs) -> set[Key]:
    """Return these objects and all that would be dropped with them."""
    found = set(keys)
    while more := {key for key, needed in needs.items() if needed & found} - found:
        found |= more
    return found


def read_structures(conn: psycopg.Connection) -> dict[str, str]:
    """Read tables and schemas as the safety rules see them, with an empty search_path."""
    return dict(conn.execute(query("schema/table_structures")).fetchall())


def files_of_objects(
    conn: psycopg.Connection, objects: Mapping[Key, CodeObject]
) -> dict[Key, tuple[str, ...]]:
    """Tell which files wrote which object, after each was run in a savepoint that is noted."""
    began = conn.execute(
        "select files.xmin::text::bigint, files.path from control.loaded_files as files order by 1"
    ).fetchall()
    numbers = [number for number, _ in began]
    keys = {one.address: key for key, one in objects.items()}
    written: dict[Key, tuple[str, ...]] = {}
    for classid, objid, _, made_by, touched_by in conn.execute(query("schema/code_marks")):
        key = keys.get((classid, objid))
        if key is None or key[0] == "table":
            continue
        # A savepoint within a file has a number between that of the file and of the next.
        positions = [bisect_right(numbers, xid) for xid in (made_by, *touched_by)]
        paths = dict.fromkeys(began[position - 1][1] for position in positions if position)
        if paths:
            written[key] = tuple(paths)
    return written


def record_objects(conn: psycopg.Connection, files: Files) -> None:
    """Remember all objects as they are now, so that a load of few can trust the rest."""
    keys = {one.address: key for key, one in read_objects(conn, NAMES_ONLY).items()}
    objects = {}
    for address, mark in read_marks(conn).items():
        key = keys.get(address, ("", ""))
        objects[address] = LoadedObject(*key, files.get(key, ()), mark)
    write_loaded_objects(conn, objects)


def write_loaded_objects(conn: psycopg.Connection, objects: Mapping[Address, LoadedObject]) -> None:
    """Replace what is remembered of the last load."""
    conn.execute("delete from control.loaded_objects")
    with conn.cursor().copy(
        "copy control.loaded_objects (classid, objid, kind, identity, paths, mark) from stdin"
    ) as copy:
        for address, one in objects.items():
            copy.write_row((*address, one.kind, one.identity, list(one.paths), one.mark))


def loaded_objects(conn: psycopg.Connection) -> dict[Address, LoadedObject]:
    """Read what was remembered of the last load; nothing if that was an older version's."""
    exists = conn.execute("select to_regclass('control.loaded_objects') is not null").fetchone()
    if exists != (True,):
        return {}
    return {
        (classid, objid): LoadedObject(kind, identity, tuple(paths), mark)
        for classid, objid, kind, identity, paths, mark in conn.execute(
            "select classid, objid, kind, identity, paths, mark from control.loaded_objects"
        )
    }


def read_marks(conn: psycopg.Connection) -> dict[Address, str]:
    """Read the mark of every object, which is another one after any change of it."""
    return {
        (classid, objid): mark
        for classid, objid, mark, _, _ in conn.execute(query("schema/code_marks"))
    }


def changed_by_hand(conn: psycopg.Connection) -> list[str] | None:
    """Name what is not as the last load left it.

    Nothing can be said, None, where no load was remembered, or of a restored database: there no
    object has its mark.
    """
    loaded = loaded_objects(conn)
    marks = read_marks(conn)
    kept = {at for at, one in loaded.items() if marks.get(at) == one.mark}
    if not any(loaded[at].kind for at in kept):
        return None
    with conn.transaction():
        names = {one.address: key for key, one in read_objects(conn, NAMES_ONLY).items()}
    names |= {at: (one.kind, one.identity) for at, one in loaded.items() if one.kind}
    changed = (loaded.keys() | marks.keys()) - kept
    return sorted(" ".join(names.get(at, ("rights", "on a schema"))) for at in changed)


def relation_of(key: Key, objects: Mapping[Key, CodeObject]) -> Key | None:
    """Return the table or view that is locked when this object comes or goes, if any."""
    kind, identity = key
    if kind in ("policy", "trigger"):
        name = identity.rpartition(" on ")[2]
        return ("view", name) if ("view", name) in objects else ("table", name)
    return key if kind == "view" else None


def drop_statements(keys: Iterable[Key]) -> list[bytes]:
    """Return what drops these objects; the identities are quoted by the server."""
    kinds = list(_DROPS)
    ordered = sorted(keys, key=lambda key: (kinds.index(key[0]), key[1]))
    return [_DROPS[kind].format(identity).encode() for kind, identity in ordered]


def reset_statements(name: str, holders: Iterable[str]) -> list[bytes]:
    """Return what makes a function one that was just created, as far as its replacement would not.

    `holders` may execute it; `-` is everybody.
    """
    return [
        f"alter routine {name} owner to aspen_owner".encode(),
        f"comment on routine {name} is null".encode(),
        *(
            f"revoke all on routine {name} from {'public' if holder == '-' else holder}".encode()
            for holder in sorted(holders)
            if holder != "aspen_owner"
        ),
    ]


def right_statements(table: CodeObject, wanted: CodeObject) -> list[bytes]:
    """Return what gives a table the rights and the row-level security it is to have."""
    name = table.identity
    surplus = [grant.removesuffix(" with grant option") for grant in table.grants - wanted.grants]
    return [
        *(f"revoke {' from '.join(grant.rsplit(' to ', 1))}".encode() for grant in sorted(surplus)),
        *(f"grant {grant}".encode() for grant in sorted(wanted.grants - table.grants)),
        *(
            f"alter table {name} {action}".encode()
            for action in (wanted.shape or "").split(", ")
            if action and action not in (table.shape or "").split(", ")
        ),
    ]
