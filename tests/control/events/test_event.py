"""`control event`: the feed has no gap, whoever else is writing, and is kept for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.events.numbering import number_events
from tests import factories
from tests.servers import Database


def run(database: Database, *args: object) -> Result:
    """Run `control event …` in this process."""
    return CliRunner().invoke(cli, ["event", *map(str, args)], env=database.environment)


def rows_after(conn: psycopg.Connection, last: int) -> list[tuple[int, int]]:
    """Return id and row of the events that a client with this last id asks for."""
    return conn.execute(
        "select id, row_id from aspen.events where id > %s order by id", [last]
    ).fetchall()


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_reader_misses_no_event_of_interleaved_transactions(
    conn: psycopg.Connection, database: Database, first_to_end: int
) -> None:
    """Show what committed later behind what was read before, in whichever order they began."""
    group = factories.group(conn)
    factories.pathogen(conn)
    factories.location(conn)
    number_events(conn)
    with database.connect() as one, database.connect() as other:
        writers = (one, other)
        one.execute("begin")
        other.execute("begin")
        # Each writes before and after the other, so that neither comes first in any count.
        samples = [[factories.sample(writer, group) for writer in writers] for _ in range(2)]
        early, late = writers if first_to_end == 0 else writers[::-1]
        early.execute("commit")
        number_events(conn)
        first = rows_after(conn, 0)
        late.execute("commit")
        number_events(conn)
        second = rows_after(conn, first[-1][0])

    assert [row for _, row in first] == [pair[first_to_end] for pair in samples]
    assert [row for _, row in second] == [pair[1 - first_to_end] for pair in samples]


def test_two_who_number_take_turns(conn: psycopg.Connection, database: Database) -> None:
    """Let the second one wait until the ids of the first are there to be read."""
    group = factories.group(conn)
    number_events(conn)
    factories.sample(conn, group)
    with (
        database.connect() as first,
        database.connect() as second,
        ThreadPoolExecutor(1) as pool,
    ):
        with first.transaction():
            first.execute("select internal.number_events()")
            later = factories.sample(conn, group)
            waiting = pool.submit(number_events, second)
            while not conn.execute(
                "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                [second.info.backend_pid],
            ).fetchall():
                assert not waiting.done()
            seen_meanwhile = rows_after(conn, 0)
        numbered = waiting.result(60)

    assert (seen_meanwhile, numbered) == ([], 1)
    assert rows_after(conn, 0)[-1][1] == later


def test_events_are_published(conn: psycopg.Connection, database: Database) -> None:
    """Say how many; a second call finds none."""
    group = factories.group(conn)
    number_events(conn)
    factories.sample(conn, group)

    results = [run(database, "publish").stdout, run(database, "publish", "--json").stdout]

    assert results == ["published 1 events\n", '{\n  "published": 0\n}\n']


def test_more_than_a_call_takes_is_published(conn: psycopg.Connection) -> None:
    """Go on until nothing is left."""
    group = factories.group(conn)
    number_events(conn)
    for _ in range(205):
        conn.execute(
            "insert into aspen.event_notes (group_id, kind, row_ids, disclosed_at)"
            " values (%s, 'tree.ready', '{1}', '1900-01-01')",
            [group],
        )

    assert number_events(conn) == 205


@pytest.mark.parametrize(
    ("args", "words", "left"),
    [
        (["--keep-days", 90, "--dry-run"], "would delete 1 events\n", 2),
        (["--keep-days", 90], "deleted 1 events\n", 1),
    ],
)
def test_old_events_are_deleted(
    conn: psycopg.Connection, database: Database, args: list[object], words: str, left: int
) -> None:
    """Keep what is younger."""
    group = factories.group(conn)
    conn.execute("delete from aspen.event_notes")
    for age in ("91 days", "89 days"):
        conn.execute(
            "insert into aspen.events (group_id, kind, row_id, disclosed_at, occurred_at)"
            " values (%s, 'tree.ready', 1, '1900-01-01', now() - %s::interval)",
            [group, age],
        )

    result = run(database, "trim", *args)

    assert (result.exit_code, result.stdout) == (0, words)
    assert len(rows_after(conn, 0)) == left
