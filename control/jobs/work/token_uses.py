"""Note when machine tokens were used: a request that reads cannot write, so it tells listeners."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

CHANNEL = "machine_token_used"
# What each connection heard and nobody noted yet; a connection that is new begins to listen.
_heard: weakref.WeakKeyDictionary[psycopg.Connection, set[int]] = weakref.WeakKeyDictionary()


def note_token_uses(conn: psycopg.Connection) -> int:
    """Note the uses of which this connection heard since the last call; return of how many tokens.

    The first call only begins to listen.
    """
    if conn not in _heard:
        heard: set[int] = set()
        _heard[conn] = heard
        conn.add_notify_handler(lambda note: _hear(heard, note))
        conn.execute(f"listen {CHANNEL}".encode())
        return 0
    # An exchange with the server, which delivers what was sent since the last one.
    conn.execute("select")
    ids = [*_heard[conn]]
    if not ids:
        return 0
    _heard[conn].clear()
    return conn.execute(
        "update aspen.machine_tokens set last_used_at = now() where id = any(%s)"
        " and (last_used_at is null or last_used_at < now() - interval '50 seconds')",
        [ids],
    ).rowcount


def _hear(heard: set[int], note: psycopg.Notify) -> None:
    if note.channel == CHANNEL and note.payload.isascii() and note.payload.isdecimal():
        heard.add(int(note.payload))
