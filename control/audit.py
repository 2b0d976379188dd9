"""What the control plane records in audit_log itself: changes that no trigger sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from control.database import connect
from control.errors import ControlError

if TYPE_CHECKING:
    from control.settings import Settings

KEYS = "token_keys"


def record_keys(
    settings: Settings, conn: psycopg.Connection | None, outcome: Mapping[str, str]
) -> str | None:
    """Record what became of the keys of tokens, by key id; why it could not be, or None.

    The keys are in files, and are changed whether or not a database can be reached.
    """
    try:
        if conn is not None:
            _record(conn, outcome)
        else:
            with connect(settings, "token keys") as own:
                _record(own, outcome)
    except (psycopg.Error, ControlError) as error:
        return f"{error}".strip().splitlines()[0]
    return None


def _record(conn: psycopg.Connection, outcome: Mapping[str, str]) -> None:
    conn.execute(
        "insert into aspen.audit_log (table_name, action, role_name, details)"
        " values (%s, 'update', session_user, %s)",
        [KEYS, Jsonb(dict(outcome))],
    )
