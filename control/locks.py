"""Changing a schema that is in use: one migrate at a time, and short waits for everyone else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.sql_code import query

T = TypeVar("T")
Echo = Callable[[str], None]

# The letters "aspen"; advisory locks are per database.
_MIGRATE_KEY = 0x617370656E
# Below deadlock_timeout (1 s), so that in a deadlock it is never a client that loses.
_LOCK_TIMEOUT = "500ms"
_GIVE_UP_SECONDS = 30.0


@contextmanager
def one_migrate_at_a_time(conn: psycopg.Connection, echo: Echo) -> Iterator[None]:
    """Hold the session lock that serialises migrates of one database; wait for it if need be.

    It asks again and again instead of waiting inside a statement: a waiting statement holds a
    snapshot, and `create index concurrently` in the other migrate would wait for that for ever.
    """
    _end_with_the_client(conn)
    told = False
    while not _succeeds(conn, "select pg_try_advisory_lock(%s)"):
        if not told:
            echo("another migrate of this database is running; waiting for it to finish")
        told = True
        time.sleep(0.2)
    try:
        yield
    finally:
        # A lost connection has given the lock back already.
        if not conn.broken:
            _succeeds(conn, "select pg_advisory_unlock(%s)")


def with_short_locks(conn: psycopg.Connection, work: Callable[[], T], echo: Echo) -> T:
    """Run `work` in one transaction that waits only briefly for any lock, again until it succeeds.

    Waiting for an exclusive lock holds up everyone who comes later, so it gives way and comes back.
    """
    give_up_at = time.monotonic() + _GIVE_UP_SECONDS
    pause = 0.1
    while True:
        try:
            with conn.transaction():
                conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
                return work()
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            blockers = _blockers(conn)
            if time.monotonic() > give_up_at:
                raise ControlError(
                    f"no lock on the tables within {_GIVE_UP_SECONDS:.0f} s; nothing was changed\n"
                    + "\n".join(blockers),
                    "wait for these to end, or end them with select pg_terminate_backend(pid),"
                    " and run the command again",
                ) from error
        if pause == 0.1:
            echo(f"the tables are in use; trying again for up to {_GIVE_UP_SECONDS:.0f} s")
        # Jitter, lest it keeps step with a periodic client.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, 2.0)


def _end_with_the_client(conn: psycopg.Connection) -> None:
    """Have the server stop when this process dies, instead of keeping the lock to the end."""
    # Some platforms cannot watch a connection; there the next migrate waits.
    with suppress(errors.InvalidParameterValue):
        conn.execute("set client_connection_check_interval = '1s'")


def _succeeds(conn: psycopg.Connection, lock_query: str) -> bool:
    row = conn.execute(lock_query.encode(), [_MIGRATE_KEY]).fetchone()
    return row == (True,)


def _blockers(conn: psycopg.Connection) -> list[str]:
    """Who holds locks on the tables, one sentence each."""
    return [
        f"  pid {pid} ({application_name or user_name}) is {state or 'busy'}"
        f" in a transaction of {age or 'unknown age'}"
        for pid, user_name, application_name, state, age in conn.execute(
            query("blockers")
        ).fetchall()
    ]
