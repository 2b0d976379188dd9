"""Requests for lists, of whose callers the planner knows more (authz.note_plan)."""

from __future__ import annotations

import psycopg


def as_list(conn: psycopg.Connection, resource: str = "samples") -> None:
    """Let the requests of this transaction be GETs of a resource, as PostgREST sends them."""
    conn.execute(
        "select set_config('plan_cache_mode', 'force_custom_plan', true),"
        " set_config('request.method', 'GET', true), set_config('request.path', %s, true)",
        [f"/{resource}"],
    )
