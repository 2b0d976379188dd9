"""Read what groups use, and set what they may use at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from control.people.groups import find_group

LIMITS = (
    "most_samples",
    "most_sequence_bytes",
    "most_output_bytes",
    "most_upload_bytes",
    "most_jobs_per_day",
    "most_requests_per_day",
)


@dataclass(frozen=True)
class Usage:
    """What one group uses, as api.group_usage says."""

    group_id: int
    name: str
    samples: int
    sequence_bytes: int
    output_bytes: int
    upload_bytes: int
    jobs_requested: int
    job_minutes: int
    most_samples: int | None
    most_upload_bytes: int | None
    most_jobs_per_day: int | None
    most_sequence_bytes: int | None
    most_output_bytes: int | None
    requests_today: int
    most_requests_per_day: int | None


def read_usage(conn: psycopg.Connection, group: str | None) -> list[Usage]:
    """Return the usage of a group, named by id, name or prefix, or of all."""
    chosen = None if group is None else find_group(conn, group).id
    with conn.cursor(row_factory=class_row(Usage)) as cursor:
        return cursor.execute(
            "select groups.name, usage.* from aspen.groups as groups"
            " inner join internal.usage_of_groups((select array_agg(id) from aspen.groups"
            " where id <> 0 and (%(chosen)s::bigint is null or id = %(chosen)s))) as usage"
            " on groups.id = usage.group_id order by groups.id",
            {"chosen": chosen},
        ).fetchall()


def set_limits(
    conn: psycopg.Connection, group: str, limits: Mapping[str, int | None], *, dry_run: bool
) -> Usage:
    """Set the limits that are named, null for none, and return what the group uses."""
    columns = [name for name in LIMITS if name in limits]
    with conn.transaction(force_rollback=dry_run):
        statement = sql.SQL(
            "insert into aspen.group_limits (group_id, {columns}) values (%(group_id)s, {values})"
            " on conflict (group_id) do update set {changes}"
        ).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(map(sql.Placeholder, columns)),
            changes=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns
            ),
        )
        conn.execute(statement, {**limits, "group_id": find_group(conn, group).id})
        [usage] = read_usage(conn, group)
    return usage
