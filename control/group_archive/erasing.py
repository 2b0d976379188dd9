"""`control group erase`: remove all of a group, and prove that nothing is left.

Rows go first, in one transaction that also queues their objects; then the objects; then the group
itself, with the proof, in a transaction that finds nothing left. A run that ends in between is run
again and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from control.database import connect
from control.errors import ControlError
from control.group_archive.exporting import count_rows
from control.group_archive.manifest import Manifest
from control.group_archive.proof import (
    check_archived,
    check_empty,
    prove,
    record_rows,
    was_begun,
)
from control.group_archive.tables import GROUPS, MOVES, Table, group_tables
from control.outputs.pruning import prune_objects
from control.people.groups import Group, find_group
from control.queries import query
from control.schema.locks import one_migrate_at_a_time
from control.settings import Settings
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]

# The queue is emptied by deleting objects, the group goes last, and the log keeps who and when.
_KEPT_AT_FIRST = {"object_prunes", GROUPS, "audit_log"}
# Deleting a sequence writes here.
_LAST = "replaced_sequences"
# Whoever has a token writes until it ends; then there is something to erase again.
_ROUNDS = 5


@dataclass(frozen=True)
class Plan:
    """What erasing a group would remove."""

    group: Group
    rows: dict[str, int]
    open_jobs: int
    # Rows of other groups that refer to samples of this one, by table.
    referring: dict[str, int]


@dataclass(frozen=True)
class Erased:
    """What was removed, and what the proof in the audit log says."""

    group: Group
    rows: Mapping[str, int]
    objects: int
    proof: Mapping[str, object]


@dataclass
class _Objects:
    """What became of the objects of a group."""

    deleted: int = 0
    # Objects that a row of another group names as well.
    kept: int = 0


def plan_erasing(conn: psycopg.Connection, text: str) -> Plan:
    """Return what erasing a group would remove now."""
    group = find_group(conn, text)
    rows = count_rows(conn, group_tables(conn).values(), group.id)
    open_jobs = conn.execute(
        "select count(*) from aspen.jobs where group_id = %s and status in ('queued', 'running')",
        [group.id],
    ).fetchone()
    assert open_jobs is not None
    referring = conn.execute(
        query("group_archive/count_lost_references"), {"group_id": group.id}
    ).fetchall()
    return Plan(group, rows, int(open_jobs[0]), {name: count for name, count in referring if count})


def erase_group(
    settings: Settings,
    s3: S3Client,
    group: Group,
    *,
    cancels_jobs: bool,
    archive: tuple[Manifest, str] | None,
    echo: Echo,
) -> Erased:
    """Erase a group; with an archive and its checksum, only if it holds all that is there."""
    with connect(settings, "group erase") as conn, one_migrate_at_a_time(conn, echo):
        tables = group_tables(conn)
        objects = _Objects()
        for _ in range(_ROUNDS):
            with conn.transaction():
                _lock(conn, group)
                if archive is not None and not was_begun(conn, group):
                    check_archived(conn, tables, group, archive[0])
                # Counted before, because the deletion of some rows writes others.
                rows = Counter(count_rows(conn, _going(tables), group.id))
                _end_jobs(conn, group, cancels=cancels_jobs)
                echo(f"erasing the rows of {group.name}")
                rows.update(_erase_rows(conn, settings.bucket, tables, group))
                record_rows(conn, group, +rows, archive[1] if archive else None)
            prefixes = _delete_objects(conn, s3, settings.bucket, group, objects)
            check_empty(s3, settings.bucket, prefixes)
            with conn.transaction():
                _lock(conn, group)
                if not _is_anything_left(conn, tables, group):
                    return _finish(conn, tables, group, objects)
    raise ControlError(
        f"rows are still added to {group.name!r}",
        "wait until the tokens of its members have ended, then run the command again",
    )


def _lock(conn: psycopg.Connection, group: Group) -> None:
    """Have everybody wait who adds a row to the group."""
    conn.execute(MOVES)
    found = conn.execute("select from aspen.groups where id = %s for update", [group.id]).fetchone()
    if found is None:
        raise ControlError(f"the group {group.name!r} is gone", "control group list")


def _end_jobs(conn: psycopg.Connection, group: Group, *, cancels: bool) -> None:
    ids = conn.execute(
        "select array_agg(id) from aspen.jobs"
        " where group_id = %s and status in ('queued', 'running')",
        [group.id],
    ).fetchall()[0][0]
    if ids and not cancels:
        raise ControlError(
            f"{len(ids)} jobs of {group.name!r} are queued or running",
            "wait until they have ended, or give --cancel-jobs",
        )
    conn.execute("select internal.cancel_jobs(%s::bigint[], 'its group was erased')", [ids or []])


def _going(tables: Mapping[str, Table]) -> list[Table]:
    """Return the tables to empty, each before those that it refers to."""
    going = [tables[name] for name in reversed([*tables]) if name not in _KEPT_AT_FIRST]
    return sorted(going, key=lambda table: table.name == _LAST)


def _erase_rows(
    conn: psycopg.Connection, bucket: str, tables: Mapping[str, Table], group: Group
) -> dict[str, int]:
    """Delete all rows but the group's own, those that refer to others first.

    The objects of deleted rows are queued by triggers, and the folders here. Returns how many rows
    are not counted as those of the group: access that others granted, and kept answers.
    """
    conn.execute(query("group_archive/queue_folders"), {"group_id": group.id, "bucket": bucket})
    going = _going(tables)
    for table in counted(going, "erasing tables", len(going)):
        statement = sql.SQL("delete from aspen.{} where group_id = %s").format(
            sql.Identifier(table.name)
        )
        conn.execute(statement, [group.id])
    # Access of the group to others, which they granted; a key of another table would cascade.
    granted = conn.execute(
        "delete from aspen.group_grants where grantee_group_id = %s", [group.id]
    ).rowcount
    answers = conn.execute(
        "delete from aspen.idempotency_keys where %s = any(any_groups || full_groups)", [group.id]
    ).rowcount
    return {"group_grants": granted, "idempotency_keys": answers}


def _delete_objects(
    conn: psycopg.Connection, s3: S3Client, bucket: str, group: Group, objects: _Objects
) -> list[str]:
    """Delete the objects that are queued for the group; return the folders that are empty now."""
    prefixes = [
        str(key)
        for (key,) in conn.execute(
            "select distinct key from aspen.object_prunes"
            " where group_id = %s and bucket = %s and key like '%%/'",
            [group.id, bucket],
        )
    ]
    for pruned in counted(
        prune_objects(conn, s3, bucket, group_id=group.id), "deleting objects", None
    ):
        if pruned.outcome == "failed":
            raise ControlError(
                f"{pruned.uri} was not deleted: {pruned.reason}",
                "the rows are gone; allow it, and run the command again",
            )
        objects.deleted += pruned.outcome == "deleted"
        objects.kept += pruned.outcome == "kept"
    return prefixes


def _is_anything_left(conn: psycopg.Connection, tables: Mapping[str, Table], group: Group) -> bool:
    counts = count_rows(conn, tables.values(), group.id)
    return any(count for name, count in counts.items() if name not in _KEPT_AT_FIRST)


def _finish(
    conn: psycopg.Connection, tables: Mapping[str, Table], group: Group, objects: _Objects
) -> Erased:
    """Delete the group itself, and write the proof, if nothing is left."""
    # Objects of another environment, from which this database was copied, are not ours to delete.
    elsewhere = conn.execute(
        "delete from aspen.object_prunes where group_id = %s", [group.id]
    ).rowcount
    conn.execute("delete from aspen.groups where id = %s", [group.id])
    found = {"deleted": objects.deleted, "kept": objects.kept, "elsewhere": elsewhere}
    proof = prove(conn, tables, group, found)
    return Erased(group, proof.rows, objects.deleted, proof.details)
