"""The table of idempotency keys after five days of use: as large as after two."""

from __future__ import annotations

import time

import psycopg

from control.retries import forget_old_keys
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import HERE, Bench

# An hour takes half a second: keys are made so old that they are forgotten 24 such hours later.
HOUR, HOURS, DAYS = 0.5, 24, 5
KEYS_AT_ONCE = 1_000
# PostgreSQL's autovacuum, which is off here, comes when a fifth of the rows are dead.
HOURS_BETWEEN_VACUUMS = 5
INSERT = """
insert into aspen.idempotency_keys (
    subject, key_hash, path, request_hash, role_name, any_groups, full_groups, status, headers,
    body, created_at
)
select
    'bench|' || numbers.n %% 100, sha256((%(hour)s || '-' || numbers.n)::bytea), '/samples',
    sha256('request'), 'member', '{2}', '{2}', 201, '[]', repeat('answer ', 100),
    clock_timestamp() - interval '24 hours' + %(left)s * interval '1 second'
from generate_series(1, %(keys)s) as numbers (n)
"""


def run(bench: Bench, report: Report) -> None:
    """Store keys every hour, forget those of yesterday as the worker does, and compare sizes."""
    report.title(f"retention: {KEYS_AT_ONCE:,} idempotency keys an hour, kept for a day")
    database = bench.database("retention", HERE / "import.sql")
    sizes: list[float] = []
    with bench.connect("control", database) as conn, bench.connect("postgres", database) as admin:
        admin.execute("truncate aspen.idempotency_keys")
        for hour in range(HOURS * DAYS):
            begun = time.monotonic()
            conn.execute(INSERT, {"hour": hour, "left": (HOURS - 0.5) * HOUR, "keys": KEYS_AT_ONCE})
            forget_old_keys(conn, lambda line: None)
            if hour % HOURS_BETWEEN_VACUUMS == 0:
                admin.execute("vacuum aspen.idempotency_keys")
            if (hour + 1) % HOURS == 0:
                sizes.append(size_of(conn))
            time.sleep(max(0.0, begun + HOUR - time.monotonic()))
        kept = conn.execute("select count(*) from aspen.idempotency_keys").fetchone()
    assert kept is not None
    report.note(f"{kept[0]:,} keys at the end; MB after each day: {sizes}")
    # On the second day the first keys go.
    second, last = (
        Side(name, (size,), "MB")
        for name, size in (("after two days", sizes[1]), ("after five", sizes[-1]))
    )
    report.sides([second, last])
    report.ratio("after five days by after two", last, second, at_most(1.1))


def size_of(conn: psycopg.Connection) -> float:
    """Return the size of the table with its indexes in MB."""
    row = conn.execute("select pg_total_relation_size('aspen.idempotency_keys') / 1e6").fetchone()
    assert row is not None
    return round(float(row[0]), 1)
