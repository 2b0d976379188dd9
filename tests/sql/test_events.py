"""What happens to samples, jobs and trees is told to whoever sees them."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

FEED = "select kind, row_id, status from api.events order by id"


@pytest.fixture
def feed(admin: psycopg.Connection, lab: Lab) -> psycopg.Connection:
    """Begin with an empty feed."""
    admin.execute("delete from aspen.event_notes")
    return admin


def number(conn: psycopg.Connection) -> int:
    """Give numbers to what happened."""
    return int(conn.execute("select internal.number_events(1000)").fetchall()[0][0])


def test_life_of_a_sample_is_told(
    feed: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Tell of its creation, its change and its end, in this order."""
    sample = factories.sample(feed, lab.group)
    feed.execute("update aspen.samples set host = 'cat' where id = %s", [sample])
    feed.execute("delete from aspen.samples where id = %s", [sample])
    numbered = number(feed)
    with request_as("member", sub="alice") as conn:
        told = conn.execute(FEED).fetchall()

    assert (numbered, told) == (
        3,
        [(f"sample.{what}", sample, None) for what in ("created", "changed", "deleted")],
    )


def test_batch_is_noted_once_and_told_sample_by_sample(
    feed: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Write one row while the caller waits, whatever the size of the batch."""
    batch = [
        {
            "private_identifier": f"a{number}",
            "collection_date": "2024-02-01",
            "location_id": lab.location,
        }
        for number in range(50)
    ]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(
            "select api.create_samples(%s, 'SC2', %s)", [lab.group, json.dumps(batch)]
        ).fetchall()

    notes = feed.execute("select kind, cardinality(row_ids) from aspen.event_notes").fetchall()
    assert (notes, number(feed)) == ([("sample.created", 50)], 50)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "timed_out"])
def test_end_of_a_job_is_told_once(
    feed: psycopg.Connection, request_as: RequestAs, lab: Lab, status: str
) -> None:
    """Say how it ended, and nothing of what happens before and after."""
    job = factories.job(feed, lab.group, status="running")
    feed.execute("update aspen.jobs set heartbeat_at = now() where id = %s", [job])
    feed.execute(
        "update aspen.jobs set status = %s, finished_at = clock_timestamp() where id = %s",
        [status, job],
    )
    feed.execute("update aspen.jobs set software_versions = '{}' where id = %s", [job])
    number(feed)
    with request_as("member", sub="vic") as conn:
        told = conn.execute(FEED).fetchall()

    assert told == [("job.ended", job, status)]


def test_tree_is_told_again_when_it_is_replaced(
    feed: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Tell everyone who sees the tree."""
    tree = factories.phylo_tree(feed, factories.phylo_run(feed, lab.group))
    feed.execute("update aspen.phylo_trees set tip_count = tip_count where id = %s", [tree])
    number(feed)
    with request_as("member", sub="vic") as conn:
        told = conn.execute(FEED).fetchall()

    assert told == [("tree.ready", tree, None)] * 2


@pytest.mark.parametrize(
    ("columns", "seen_by"),
    [
        ({"is_private": False}, {"alice", "vic"}),
        ({"is_private": True}, {"alice"}),
        ({"is_private": False, "restricted_until": "current_date + 1"}, {"alice"}),
    ],
    ids=["open", "private", "restricted"],
)
def test_event_is_seen_like_its_sample(
    feed: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    columns: dict[str, object],
    seen_by: set[str],
) -> None:
    """Tell no stranger, and no viewer of what is not disclosed; also not of its deletion."""
    sample = factories.sample(feed, lab.group, is_private=columns["is_private"])
    if "restricted_until" in columns:
        feed.execute("update aspen.samples set restricted_until = current_date + 1")
    feed.execute("delete from aspen.samples where id = %s", [sample])
    number(feed)
    told = set()
    for who in ("alice", "vic", "bob"):
        with request_as("member", sub=who) as conn:
            if conn.execute(FEED).fetchall():
                told.add(who)

    assert told == seen_by


@pytest.mark.parametrize("numbers_between", [True, False])
@pytest.mark.parametrize(("before", "after", "count"), [(False, True, 0), (True, False, 2)])
def test_events_of_a_sample_follow_its_disclosure(
    feed: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    before: bool,
    after: bool,
    count: int,
    numbers_between: bool,
) -> None:
    """Hide earlier events too when it becomes private, whenever they were numbered."""
    sample = factories.sample(feed, lab.group, is_private=before)
    number(feed) if numbers_between else None
    feed.execute("update aspen.samples set is_private = %s where id = %s", [after, sample])
    number(feed)
    with request_as("member", sub="vic") as conn:
        told = conn.execute(FEED).fetchall()

    assert len(told) == count


@pytest.mark.parametrize("table", ["events", "event_notes"])
def test_nobody_writes_the_feed(admin: psycopg.Connection, table: str) -> None:
    """Grant members no write of what is behind the view, and operators none either."""
    allowed = admin.execute(
        "select has_any_column_privilege('operator', %(table)s, 'insert, update, references'),"
        " has_table_privilege('operator', %(table)s, 'delete')",
        {"table": f"aspen.{table}"},
    ).fetchall()

    assert allowed == [(False, False)]
