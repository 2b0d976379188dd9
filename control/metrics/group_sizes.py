"""Count what groups have, from time to time, so that no scrape has to."""

from __future__ import annotations

import psycopg

from control.queries import query

EVERY_SECONDS = 600
_IS_DUE = (
    "select pg_try_advisory_xact_lock(hashtextextended('aspen.group_sizes', 0)) and not exists ("
    "select from aspen.group_sizes where counted_at > now() - make_interval(secs => %s))"
)


def count_sizes(conn: psycopg.Connection) -> bool:
    """Count again if the last count is old; tell whether it was.

    However many programs ask, one of them counts, and nobody waits for it.
    """
    with conn.transaction():
        [(is_due,)] = conn.execute(_IS_DUE, [EVERY_SECONDS]).fetchall()
        if is_due:
            conn.execute(query("metrics/count_sizes"))
    return bool(is_due)
