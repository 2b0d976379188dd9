"""Find here what the rows of an archive name and every platform has: reference data and users."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.group_archive.copying import USER_COLUMNS, names, read_rows
from control.group_archive.loading import archived
from control.group_archive.manifest import USERS, reference_file
from control.group_archive.tables import NATURAL_KEYS
from control.group_archive.tables import USERS as USERS_TABLE
from control.queries import query

# Rows that registration creates as well, when a job names them.
_CREATED = "reference_datasets"
_SHOWN = 20


@dataclass(frozen=True)
class Users:
    """How many users of an archive were found, and by subject who was created or is not here."""

    matched: int
    created: tuple[str, ...]
    unknown: tuple[str, ...]


def match_references(conn: psycopg.Connection, folder: Path) -> None:
    """Note the id that each row of reference data has here, found by what identifies it."""
    missing: list[str] = []
    for target, key in NATURAL_KEYS.items():
        _load(conn, folder / reference_file(target), target, ("id", *key))
        if target == _CREATED:
            conn.execute(
                sql.SQL(
                    "insert into aspen.{} ({}) select {} from {} on conflict do nothing"
                ).format(sql.Identifier(target), names(key), names(key), archived(target))
            )
        conn.execute(
            sql.SQL(
                "insert into pg_temp.moved (table_name, old_id, new_id)"
                " select {name}, old.id, here.id from {rows} as old"
                " inner join aspen.{table} as here"
                " on jsonb_build_array({old_key}) = jsonb_build_array({key})"
            ).format(
                name=sql.Literal(target),
                rows=archived(target),
                table=sql.Identifier(target),
                old_key=sql.SQL(", ").join(sql.Identifier("old", column) for column in key),
                key=sql.SQL(", ").join(sql.Identifier("here", column) for column in key),
            )
        )
        unknown = conn.execute(
            sql.SQL(
                "select concat_ws(' / ', {key}) from {rows} as old where not exists (select from"
                " pg_temp.moved as moved where moved.table_name = {name} and moved.old_id = old.id)"
                " order by 1"
            ).format(name=sql.Literal(target), rows=archived(target), key=names(key))
        ).fetchall()
        missing += [f"{target}: {text}" for (text,) in unknown]
    if missing:
        more = f"\n  and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise ControlError(
            "the archive names reference data that is not here:\n  "
            + "\n  ".join(missing[:_SHOWN])
            + more,
            "load it first: control load pathogens, locations, repositories",
        )


def match_users(conn: psycopg.Connection, folder: Path, *, creates: bool) -> Users:
    """Note the id that each user has here; users who are not here are created only if told."""
    _load(conn, folder / USERS, USERS_TABLE, USER_COLUMNS)
    conn.execute(query("group_archive/match_users"))
    unknown = [
        str(subject)
        for (subject,) in conn.execute(
            "select subject from pg_temp.archived_users as archived where not exists (select from"
            " pg_temp.moved as moved where moved.table_name = 'users'"
            " and moved.old_id = archived.id) order by subject"
        )
    ]
    row = conn.execute("select count(*) from pg_temp.moved where table_name = 'users'").fetchone()
    assert row is not None
    if not creates or not unknown:
        return Users(int(row[0]), (), tuple(unknown))
    conn.execute(query("group_archive/create_users"))
    conn.execute("delete from pg_temp.moved where table_name = 'users'")
    conn.execute(query("group_archive/match_users"))
    return Users(int(row[0]), tuple(unknown), ())


def _load(conn: psycopg.Connection, path: Path, target: str, columns: tuple[str, ...]) -> None:
    conn.execute(
        sql.SQL(
            "create temporary table {} on commit drop as select {} from aspen.{} with no data"
        ).format(sql.Identifier(f"archived_{target}"), names(columns), sql.Identifier(target))
    )
    try:
        read_rows(conn, path, archived(target), columns)
    except (psycopg.DataError, FileNotFoundError) as error:
        raise ControlError(
            f"{path} is missing or damaged", "use another copy of the archive"
        ) from error
