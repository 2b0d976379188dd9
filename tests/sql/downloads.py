"""Downloads, called by SQL as PostgREST calls them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import psycopg
from psycopg import sql


def call(function: str, arguments: dict[str, Any]) -> tuple[sql.Composed, dict[str, Any]]:
    """Return the call of a function of the API by named arguments, as PostgREST writes it."""
    given = {"pathogen": "SC2"} | arguments
    named = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in given
    )
    query = sql.SQL("select * from api.{}({})").format(sql.Identifier(function), named)
    return query, {
        name: json.dumps(value) if isinstance(value, list) else value
        for name, value in given.items()
    }


def file_of(conn: psycopg.Connection, function: str, **arguments: Any) -> str:
    """Return the text of a file."""
    row = conn.execute(*call(function, arguments)).fetchone()
    assert row is not None
    return str(row[0])


def table_of(text: str, delimiter: str = "\t") -> list[list[str]]:
    """Return the cells of a file as spreadsheets and R read it, whose lines end with CR and LF."""
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def headers_of(conn: psycopg.Connection) -> dict[str, str]:
    """Return the headers that describe the file of the answer."""
    row = conn.execute("select current_setting('response.headers')").fetchone()
    assert row is not None
    headers = {name: value for header in json.loads(row[0]) for name, value in header.items()}
    return {name: value for name, value in headers.items() if not name.startswith("Aspen-")}


def left_out(conn: psycopg.Connection, **arguments: Any) -> list[tuple[str, str]]:
    """Return what the file leaves out."""
    return conn.execute(*call("samples_left_out", arguments)).fetchall()
