"""Load the pathogens and repositories that every installation starts with."""

from __future__ import annotations

import psycopg

from control.queries import query


def load_pathogens(conn: psycopg.Connection) -> int:
    """Add missing repositories, pathogens and prefixes; return the number of new rows."""
    with conn.transaction():
        cursor = conn.execute(query("reference/load_pathogens"))
        added = cursor.rowcount
        while cursor.nextset():
            added += cursor.rowcount
    return added
