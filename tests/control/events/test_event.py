"""`control event`: the feed has no gap, whoever else is writing, and is kept for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.events.numbering import number_events, trim_events
from control.partitions import extend_tables, month_name, partitions_of
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


def store_event(conn: psycopg.Connection, group: int, occurred_at: str) -> None:
    """Store an event of some day."""
    conn.execute(
        "insert into aspen.events (group_id, kind, row_id, disclosed_at, occurred_at)"
        " values (%s, 'tree.ready', 1, '1900-01-01', %s)",
        [group, occurred_at],
    )


@pytest.fixture
def months(conn: psycopg.Connection) -> int:
    """Give this month and January 2001 partitions with an event each; return their group."""
    extend_tables(conn, 0)
    conn.execute("set role aspen_owner")
    conn.execute(
        "create table control.events_2001_01 partition of aspen.events"
        " for values from ('2001-01-01Z') to ('2001-02-01Z')"
    )
    conn.execute("reset role")
    group = factories.group(conn)
    store_event(conn, group, "2001-01-31T23:59:59Z")
    store_event(conn, group, "now")
    return group


def names_of(conn: psycopg.Connection) -> list[str]:
    """Return the partitions of the feed but for this month's."""
    found = [partition.name for partition in partitions_of(conn, "events")]
    return [name for name in found if name != month_name("events", datetime.now(UTC))]


@pytest.mark.usefixtures("months")
def test_months_are_dropped_once_they_are_too_old(
    conn: psycopg.Connection, database: Database
) -> None:
    """Keep the month that is not over, whatever is asked for, and number on after the last one."""
    shown = run(database, "trim", "--keep-days", 0, "--dry-run").stdout
    before, all_names = rows_after(conn, 0), names_of(conn)

    result = run(database, "trim", "--keep-days", 0)

    assert (shown, result.stdout) == ("would delete 1 events\n", "deleted 1 events\n")
    assert (all_names, names_of(conn)) == (["events_2001_01", "events_default"], ["events_default"])
    assert rows_after(conn, 0) == before[1:]


def test_reader_who_does_not_end_keeps_a_month(
    conn: psycopg.Connection, database: Database, months: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give up instead of waiting, because whoever reads next would wait behind that."""
    monkeypatch.setattr("control.partitions._LOCK_ATTEMPTS", 2)
    monkeypatch.setattr("control.partitions._SECONDS_BETWEEN", 0)
    with database.connect() as reader, reader.transaction():
        rows_after(reader, 0)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            trim_events(conn, timedelta())

    assert names_of(conn) == ["events_2001_01", "events_default"]
    assert trim_events(conn, timedelta()) == 1


def test_event_of_a_month_without_a_partition_is_kept(
    conn: psycopg.Connection, months: int
) -> None:
    """Number it like others: it goes into the default partition."""
    store_event(conn, months, "2001-02-01T00:00:00Z")

    assert len(rows_after(conn, 0)) == 3
    assert conn.execute("select count(*) from aspen.events_default").fetchone() == (1,)
