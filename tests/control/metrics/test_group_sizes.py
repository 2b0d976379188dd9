"""What groups have is counted from time to time, by one program."""

from __future__ import annotations

import psycopg

from control.metrics import group_sizes
from control.metrics.group_sizes import count_sizes
from control.usage import read_usage
from tests import factories
from tests.servers import Database

COUNTED = (
    "select group_id, samples, sequence_bytes, output_bytes, upload_bytes, jobs_requested"
    " from aspen.group_sizes order by group_id"
)


def test_groups_are_counted_as_their_usage_says(conn: psycopg.Connection) -> None:
    """Count for all groups at once what `control group usage` counts for one, and 0 for none."""
    one, two = factories.group(conn, "One"), factories.group(conn, "Two")
    somebody = factories.user(conn, "somebody")
    sample = factories.sample(conn, one, is_private=True)
    factories.sample(conn, one)
    factories.sequence(conn, sample, sequence="ACGTA" * 200)
    job = factories.job(conn, one, "export", requested_by_id=somebody)
    factories.job(conn, one, "nextclade", requested_by_id=somebody)
    factories.job_output(conn, job, size_bytes=11)
    factories.upload(conn, one, size_bytes=13)

    count_sizes(conn)

    usage = [
        (
            of.group_id,
            of.samples,
            of.sequence_bytes,
            of.output_bytes,
            of.upload_bytes,
            of.jobs_requested,
        )
        for of in read_usage(conn, None)
    ]
    assert conn.execute(COUNTED).fetchall() == usage
    assert [row for row in usage if row[0] in (one, two)] == [
        (one, 2, 1000, 11, 13, 1),
        (two, 0, 0, 0, 0, 0),
    ]


def test_groups_are_counted_again_once_the_count_is_old(conn: psycopg.Connection) -> None:
    """Leave a new count alone, and replace an old one."""
    group = factories.group(conn, "One")
    first = count_sizes(conn)
    factories.sample(conn, group)
    at_once = count_sizes(conn)
    conn.execute(
        "update aspen.group_sizes set counted_at = counted_at - make_interval(secs => %s)",
        [group_sizes.EVERY_SECONDS + 1],
    )
    later = count_sizes(conn)

    [(samples,)] = conn.execute(
        "select samples from aspen.group_sizes where group_id = %s", [group]
    ).fetchall()
    assert (first, at_once, later, samples) == (True, False, True, 1)


def test_only_one_program_counts(database: Database) -> None:
    """Go on without a count while another program counts."""
    with database.connect("control") as one, database.connect("control") as other:
        factories.group(one, "One")
        with one.transaction():
            counts = count_sizes(one), count_sizes(other)

    assert counts == (True, False)
