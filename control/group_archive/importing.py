"""`control group import`: make a new group of an archive, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from control.database import connect
from control.errors import ControlError
from control.group_archive.copying import fix_forms
from control.group_archive.loading import check_version, give_ids, load_rows
from control.group_archive.manifest import Manifest
from control.group_archive.matching import Users, match_references, match_users
from control.group_archive.objects import place_objects, put_objects, rename_objects
from control.group_archive.storing import store_rows
from control.group_archive.tables import MOVES, group_tables
from control.outputs.pruning import delete_keys
from control.queries import query
from control.schema.ledger import applied_migrations
from control.schema.locks import one_migrate_at_a_time
from control.settings import Settings
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Choices:
    """What whoever imports decides: name and prefix, and whether users are created."""

    name: str | None = None
    prefix: str | None = None
    creates_users: bool = False


@dataclass(frozen=True)
class Imported:
    """What an import made of an archive."""

    group_id: int
    name: str
    prefix: str
    # Rows stored, and rows that stay behind, by table.
    rows: dict[str, int]
    left_out: dict[str, int]
    users: Users
    cancelled_jobs: int
    objects: int


def import_group(
    settings: Settings,
    s3: S3Client | None,
    folder: Path,
    manifest: Manifest,
    choices: Choices,
    *,
    echo: Echo,
) -> Imported:
    """Make a new group of a verified archive in one transaction.

    Without `s3` everything is tried, but nothing is stored. Objects are stored, and read back,
    before the transaction ends; if it fails, they are deleted again.
    """
    with connect(settings, "group import") as conn, one_migrate_at_a_time(conn, echo):
        _check_migrations(conn, manifest)
        put: list[str] = []
        with _removed_on_failure(settings, s3, put) as note_group:
            with conn.transaction(force_rollback=s3 is None):
                conn.execute(MOVES)
                fix_forms(conn)
                return _import(conn, settings, s3, folder, manifest, choices, put, note_group)
    raise AssertionError


def _import(
    conn: psycopg.Connection,
    settings: Settings,
    s3: S3Client | None,
    folder: Path,
    manifest: Manifest,
    choices: Choices,
    put: list[str],
    note_group: Callable[[int], None],
) -> Imported:
    everything = group_tables(conn)
    check_version(everything, manifest)
    tables = [table for table in everything.values() if table.name in manifest.restored_rows]
    load_rows(conn, folder, tables, manifest)
    group_id = give_ids(conn, tables)
    note_group(group_id)
    match_references(conn, folder)
    given = _given(conn, manifest, choices)
    users = match_users(conn, folder, creates=choices.creates_users)
    cancelled = conn.execute(query("group_archive/cancel_jobs")).rowcount
    outputs, uploads = place_objects(conn, folder, manifest, group_id)
    objects = manifest.objects or 0
    if s3 is not None:
        objects = put_objects(conn, s3, settings.bucket, folder, put)
    rename_objects(conn, settings.bucket, group_id)
    rows: dict[str, int] = {}
    left_out = {"job_outputs": outputs, "uploads": uploads}
    for table in counted(tables, "storing tables", len(tables)):
        columns = manifest.tables[table.name].columns
        ids = manifest.group.id, group_id
        stored, left = store_rows(conn, table, columns, ids, given)
        rows[table.name] = stored
        left_out[table.name] = left_out.get(table.name, 0) + left
    return Imported(
        group_id=group_id,
        name=given["name"],
        prefix=given["prefix"],
        rows=rows,
        left_out={name: count for name, count in left_out.items() if count},
        users=users,
        cancelled_jobs=cancelled,
        objects=objects,
    )


def _given(conn: psycopg.Connection, manifest: Manifest, choices: Choices) -> dict[str, Any]:
    """Return the values of the new group's row that are not those of the old one."""
    name = choices.name or manifest.group.name
    prefix = choices.prefix or manifest.group.prefix
    found = conn.execute(
        "select name, prefix from aspen.groups where name = %s or prefix = %s", [name, prefix]
    ).fetchone()
    if found is not None:
        raise ControlError(
            f"there is a group {found[0]} with the prefix {found[1]}",
            "give --name and --prefix that no group has",
        )
    # A group of the directory is one group here.
    return {"name": name, "prefix": prefix, "directory_id": None}


def _check_migrations(conn: psycopg.Connection, manifest: Manifest) -> None:
    """Refuse what a newer database exported: nobody here knows what its rows mean."""
    if unknown := sorted({*manifest.migrations} - applied_migrations(conn).keys()):
        raise ControlError(
            f"the archive is of a newer database: migration {unknown[-1]} is not applied here",
            "control migrate up, with the checkout that the archive was made with or a newer one",
        )


@contextmanager
def _removed_on_failure(
    settings: Settings, s3: S3Client | None, put: list[str]
) -> Iterator[Callable[[int], None]]:
    """Delete the objects that were stored, if the group was not."""
    groups: list[int] = []
    try:
        yield groups.append
    except BaseException as failure:
        if s3 is not None and put:
            # The connection may have been lost after the transaction ended.
            with connect(settings, "group import") as conn:
                found = conn.execute(
                    "select from aspen.groups where id = any(%s)", [groups]
                ).fetchone()
            if found is None and (kept := delete_keys(s3, settings.bucket, put)):
                failure.add_note(f"{len(kept)} objects were not deleted: {kept[0]} …")
        raise
