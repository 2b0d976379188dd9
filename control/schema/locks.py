"""Change a schema that is in use: one migrate at a time, and short waits for everyone else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg import errors

from control.errors import ControlError
from control.queries import query

T = TypeVar("T")
Echo = Callable[[str], None]

# The letters "aspen"; advisory locks are per database.
_MIGRATE_KEY = 0x617370656E
# Everybody waits behind whoever waits for an exclusive lock, so this is a part of the pause that
# requests feel. And below deadlock_timeout (1 s): in a deadlock it is never a client that loses.
_LOCK_TIMEOUT = "100ms"
_GIVE_UP_SECONDS = 30.0


class NoLockError(ControlError):
    """Say that others kept the tables busy all the time; nothing was changed."""


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

    def attempt() -> T:
        with conn.transaction():
            conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
            return work()

    return _until_free(conn, attempt, echo)


def lock_briefly(conn: psycopg.Connection, statements: Sequence[bytes], echo: Echo) -> None:
    """Run statements that take locks, all or none of them, again until they get them all.

    What the transaction did before is kept, and is not done again.
    """

    def attempt() -> None:
        with conn.transaction():
            conn.execute(b";".join(statements))

    if statements:
        _until_free(conn, attempt, echo)


def _until_free(conn: psycopg.Connection, attempt: Callable[[], T], echo: Echo) -> T:
    give_up_at = time.monotonic() + _GIVE_UP_SECONDS
    pause = 0.1
    while True:
        try:
            return attempt()
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            blockers = _blockers(conn)
            if time.monotonic() > give_up_at:
                raise NoLockError(
                    f"no lock on the tables within {_GIVE_UP_SECONDS:.0f} s; nothing was changed\n"
                    + "\n".join(blockers),
                    "wait for these to end, or end them with select pg_terminate_backend(pid),"
                    " and run the command again",
                ) from error
        if pause == 0.1:
            echo(f"the tables are in use; trying again for up to {_GIVE_UP_SECONDS:.0f} s")
        # Jitter, so that it does not keep step with a periodic client.
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
    """Say who holds locks on the tables and since when, one sentence each."""
    with conn.transaction(force_rollback=True):
        # What others do is shown to role control (pg_read_all_stats), not to the owner it acts as.
        conn.execute("set local role none")
        rows = conn.execute(query("schema/blockers")).fetchall()
    return [
        f"  pid {pid} ({', '.join(filter(None, (user_name, application_name, address)))}) is"
        f" {state or 'busy'} in a transaction since {since or 'a time it does not show us'}"
        for pid, user_name, application_name, address, state, since in rows
    ]
