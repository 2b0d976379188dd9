"""Store the rows of an archive, with the ids that they and what they refer to have here."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.group_archive.loading import archived
from control.group_archive.tables import GROUPS, JSON_IDS, Column, Table
from control.queries import query

# Tables of which rows may stay behind: members who are not here, and sequences of deleted samples.
_PARTIAL = {"memberships", "replaced_sequences"}
# Where the number of a revision is noted that a sequence was given here.
_REVISIONS = "sequences.revision"


def store_rows(
    conn: psycopg.Connection,
    table: Table,
    columns: tuple[str, ...],
    ids: tuple[int, int],
    given: Mapping[str, object],
) -> tuple[int, int]:
    """Store the rows of one table; return how many were stored and how many were left out.

    `ids` are those that the group had and has; `given` replaces values of the group's own row.
    """
    statement = _Statement(table, ids, given)
    for column in table.columns:
        if column.name in columns:
            statement.add(column)
    try:
        stored = conn.execute(statement.text()).rowcount
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        # Its details would show the row.
        raise ControlError(
            f"rows of {table.name} break a rule of this database: {error.diag.message_primary}",
            "correct them where they come from, and export the group again",
        ) from error
    row = conn.execute(sql.SQL("select count(*) from {}").format(archived(table.name))).fetchone()
    assert row is not None
    left = int(row[0]) - stored
    if left and table.name not in _PARTIAL:
        raise ControlError(
            f"{left} rows of {table.name} refer to rows that are not in the archive",
            "use another copy of the archive, or export the group again",
        )
    if table.name == "sequences":
        conn.execute(query("group_archive/map_revisions"))
    return stored, left


class _Statement:
    """The statement that stores the rows of a table, column by column."""

    def __init__(self, table: Table, ids: tuple[int, int], given: Mapping[str, object]) -> None:
        self._table, self._given = table, given
        self._old, self._new = map(sql.Literal, ids)
        self._columns: list[sql.Composable] = []
        self._values: list[sql.Composable] = []
        self._joins: list[sql.Composable] = []
        self._conditions: list[sql.Composable] = []

    def add(self, column: Column) -> None:
        """Add a column and what is stored in it."""
        self._columns.append(sql.Identifier(column.name))
        self._values.append(self._value(column))

    def text(self) -> sql.Composed:
        """Return the statement."""
        return sql.SQL(
            "insert into aspen.{table} ({columns}) overriding system value"
            " select {values} from {rows} as old {joins} where true {conditions}"
        ).format(
            table=sql.Identifier(self._table.name),
            columns=sql.SQL(", ").join(self._columns),
            values=sql.SQL(", ").join(self._values),
            rows=archived(self._table.name),
            joins=sql.SQL(" ").join(self._joins),
            conditions=sql.SQL(" ").join(self._conditions),
        )

    def _value(self, column: Column) -> sql.Composable:
        name = sql.Identifier("old", column.name)
        if self._table.name == GROUPS and column.name in self._given:
            return sql.Literal(self._given[column.name])
        if column.name == "id":
            return self._joined(self._table.name, column)
        if column.name == "sequence_revision":
            # A revision that was replaced since is none that a sequence has here.
            return sql.SQL("case when {} is not null then coalesce({}, 0) end").format(
                name, self._joined(_REVISIONS, column)
            )
        if column.target == GROUPS:
            # What another group owned is not here, so its reference becomes empty.
            if column.is_required:
                return self._new
            return sql.SQL("case when {} = {} then {} end").format(name, self._old, self._new)
        if column.target is None:
            return self._with_json_ids(column.name, name)
        if column.type_name == "bigint[]":
            return sql.SQL(
                "array(select moved.new_id from unnest({}) as ids (id) inner join pg_temp.moved"
                " as moved on moved.table_name = {} and moved.old_id = ids.id order by 1)"
            ).format(name, sql.Literal(column.target))
        value = self._joined(column.target, column)
        if column.is_required:
            self._conditions.append(sql.SQL("and {} is not null").format(value))
        return value

    def _joined(self, target: str, column: Column) -> sql.Composable:
        """Return the id here of a row that a column refers to; null if there is none."""
        alias = f"moved_{len(self._joins)}"
        self._joins.append(
            sql.SQL(
                "left join pg_temp.moved as {alias}"
                " on {alias}.table_name = {target} and {alias}.old_id = {name}"
            ).format(
                alias=sql.Identifier(alias),
                target=sql.Literal(target),
                name=sql.Identifier("old", column.name),
            )
        )
        return sql.Identifier(alias, "new_id")

    def _with_json_ids(self, column: str, value: sql.Composable) -> sql.Composable:
        """Return a document with the ids that the rows it names have here."""
        for table, name, path, target in JSON_IDS:
            if (table, name) == (self._table.name, column):
                value = sql.SQL(
                    "case when ({value} #>> {path}) is null then {value} else jsonb_set({value},"
                    " {path}, coalesce((select to_jsonb(moved.new_id) from pg_temp.moved as moved"
                    " where moved.table_name = {target}"
                    " and moved.old_id = ({value} #>> {path})::bigint), 'null')) end"
                ).format(value=value, path=sql.Literal(list(path)), target=sql.Literal(target))
        return value
