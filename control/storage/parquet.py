"""Write the rows of a query to a Parquet file, group by group, with the types of the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

# Types without an own form in Parquet become texts.
_JSON_TYPES = frozenset({"json", "jsonb"})


def write_parquet(
    conn: psycopg.Connection, query: sql.Composed, path: Path, rows_at_once: int
) -> int:
    """Write a row group for so many rows, and return the number of rows; never more in memory."""
    arrow = _arrow()
    count = 0
    with conn.cursor("export") as cursor:
        cursor.itersize = rows_at_once
        cursor.execute(query)
        assert cursor.description is not None
        types = [_name_of(conn, column.type_code) for column in cursor.description]
        fields = [
            arrow.field(column.name, _type(arrow, name))
            for column, name in zip(cursor.description, types, strict=True)
        ]
        schema = arrow.schema(fields)
        change = [_change(name) for name in types]
        with arrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            while rows := cursor.fetchmany(rows_at_once):
                columns = zip(*rows, strict=True)
                writer.write_batch(
                    arrow.record_batch(
                        [
                            arrow.array([*map(one, values)], type=field.type)
                            for one, values, field in zip(change, columns, schema, strict=True)
                        ],
                        schema=schema,
                    )
                )
                count += len(rows)
    return count


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ControlError(
            "this worker cannot write Parquet: it has no pyarrow",
            "install aspen[parquet] on the worker, or ask for csv or ndjson",
        ) from error
    return pyarrow


def _name_of(conn: psycopg.Connection, type_code: int) -> str:
    """Return the name of a type as PostgreSQL has it, with [] for a list; domains are resolved."""
    info = conn.adapters.types.get(type_code)
    if info is None:
        return "text"
    return f"{info.name}[]" if type_code == info.array_oid else info.name


def _type(arrow: Any, name: str) -> Any:
    if name.endswith("[]"):
        return arrow.list_(_type(arrow, name.removesuffix("[]")))
    known = {
        "bool": arrow.bool_(),
        "int2": arrow.int16(),
        "int4": arrow.int32(),
        "int8": arrow.int64(),
        "float4": arrow.float32(),
        "float8": arrow.float64(),
        "numeric": arrow.float64(),
        "date": arrow.date32(),
        "timestamptz": arrow.timestamp("us", tz="UTC"),
    }
    return known.get(name, arrow.string())


def _change(name: str) -> Callable[[Any], Any]:
    """Return how a value of Python becomes one that Arrow takes for this type."""
    if name in _JSON_TYPES:
        return lambda value: None if value is None else json.dumps(value, ensure_ascii=False)
    if name == "numeric":
        return lambda value: None if value is None else float(value)
    return lambda value: value
