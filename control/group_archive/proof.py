"""Prove that a group was erased: nothing is left of it, and the audit log says what there was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from control.errors import ControlError
from control.group_archive.copying import checksum_of, fix_forms, rows_of
from control.group_archive.exporting import count_rows
from control.group_archive.manifest import Manifest, table_file
from control.group_archive.tables import GROUPS, Table
from control.outputs.parallel import in_parallel
from control.people.groups import Group
from control.queries import query, run_query

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Proof:
    """How many rows of each table were erased, and all that the audit log keeps."""

    rows: Mapping[str, int]
    details: Mapping[str, object]


def check_archived(
    conn: psycopg.Connection, tables: Mapping[str, Table], group: Group, manifest: Manifest
) -> None:
    """Refuse to go on unless an archive holds the very rows of the group that an import stores."""
    if manifest.group != group:
        raise ControlError(
            f"the archive is of {manifest.group.name!r}, group {manifest.group.id}",
            "name the archive of the group to erase",
        )
    fix_forms(conn)
    for name, table in tables.items():
        if table.is_restored and checksum_of(conn, rows_of(table, group.id)) != manifest.files.get(
            table_file(name)
        ):
            raise ControlError(
                f"{name} has changed since the archive was made, {manifest.made_at}",
                "control group export again",
            )


def was_begun(conn: psycopg.Connection, group: Group) -> bool:
    """Return whether an earlier run erased rows of the group."""
    found = conn.execute(
        "select from aspen.audit_log where group_id = %s and table_name = %s"
        " and details ? 'erased' limit 1",
        [group.id, GROUPS],
    ).fetchone()
    return found is not None


def record_rows(
    conn: psycopg.Connection, group: Group, rows: Mapping[str, int], archive: str | None
) -> None:
    """Write to the audit log how many rows are erased, and the checksum of their archive."""
    _record(conn, group, {"erased": rows, "archive": archive})


def check_empty(s3: S3Client, bucket: str, prefixes: Iterable[str]) -> None:
    """Ask S3 for each folder that was emptied whether anything is there, in any version."""

    def left(prefix: str) -> list[str]:
        found = s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return [
            each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))
        ]

    for _, keys in in_parallel(left, prefixes):
        if keys:
            raise ControlError(
                f"s3://{bucket}/{keys[0]} is still there",
                "the rows are gone; run the command again",
            )


def prove(
    conn: psycopg.Connection,
    tables: Mapping[str, Table],
    group: Group,
    objects: Mapping[str, int],
) -> Proof:
    """Empty the values of the log, check that no row is left, and write what was erased."""
    values = {"group_id": group.id}
    conn.execute("set local aspen.trims_audit_log = 'on'")
    entries = run_query(conn, "group_archive/erase_log_values", values)
    left = count_rows(conn, tables.values(), group.id)
    del left["audit_log"]
    if remaining := {name: count for name, count in left.items() if count}:
        raise ControlError(f"rows are left: {remaining}", "run the command again, and report this")
    erased: dict[str, int] = dict(
        conn.execute(query("group_archive/sum_erased_rows"), values).fetchall()
    )
    archives = conn.execute(
        "select max(details ->> 'archive') from aspen.audit_log where group_id = %s"
        " and table_name = %s and details ? 'erased'",
        [group.id, GROUPS],
    ).fetchall()
    details = {
        "erased": {GROUPS: 1},
        "proof": {
            "name": group.name,
            "prefix": group.prefix,
            "rows": erased | {GROUPS: 1},
            "left": 0,
            "tables": len(left),
            "log_entries_without_values": entries,
            "objects": objects,
            "archive": archives[0][0],
        },
    }
    _record(conn, group, details)
    return Proof(erased | {GROUPS: 1}, details["proof"])


def _record(conn: psycopg.Connection, group: Group, details: Mapping[str, object]) -> None:
    conn.execute(
        "insert into aspen.audit_log (group_id, table_name, row_id, action, role_name, details)"
        " values (%s, %s, %s, 'delete', session_user, %s)",
        [group.id, GROUPS, group.id, Jsonb(details)],
    )
