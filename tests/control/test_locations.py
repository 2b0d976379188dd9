"""Places are found or made, whatever others do to them at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from control.locations import Place, ensure_locations
from tests.servers import Database

PARIS = Place("Europe", "France", "Ile de France", "Paris")


def waits_for_a_lock(watcher: psycopg.Connection, pid: int) -> bool:
    """Whether a backend is held up by another, polled for some seconds."""
    answer = watcher.execute(
        "select wait_event_type from pg_stat_activity where pid = %s", [pid]
    ).fetchone()
    return answer == ("Lock",)


def test_place_that_is_deleted_meanwhile_is_made_again(database: Database) -> None:
    """It existed when it was to be created, and no more when its id was needed."""
    with (
        psycopg.connect(database.url) as other,
        psycopg.connect(database.url) as conn,
        ThreadPoolExecutor() as pool,
    ):
        first = ensure_locations(other, {PARIS})
        other.commit()
        other.execute("delete from aspen.locations")

        found = pool.submit(ensure_locations, conn, {PARIS})
        with psycopg.connect(database.url, autocommit=True) as watcher:
            while not waits_for_a_lock(watcher, conn.info.backend_pid):
                pass
        other.commit()

        assert found.result().created == 1
        assert found.result().ids[PARIS] != first.ids[PARIS]
