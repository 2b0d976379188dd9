"""One scrape of the metrics: it counts nothing, so it costs as much for any number of samples.

Beside it what counting costs, which `control metrics serve` does every ten minutes instead.
"""

from __future__ import annotations

import psycopg

from control.queries import query
from tests.bench.bench_list import LARGE
from tests.bench.processes import costs
from tests.bench.report import Report, Side, below
from tests.bench.servers import Bench

ROUNDS = 5
SCRAPE = "select internal.metrics()"
LIMIT_ALL = (
    "insert into aspen.group_limits (group_id, most_samples, most_sequence_bytes)"
    " select group_id, samples + 1, sequence_bytes + 1 from aspen.group_sizes"
)
# 10,000 groups in all, each as large as one that is there.
MORE = (
    "with made as (insert into aspen.groups (name, prefix) select 'More ' || n, 'MORE-' || n"
    " from generate_series(1, 9000) as n returning id)"
    " insert into aspen.group_sizes select made.id, sizes.samples, sizes.sequence_bytes, 0, 0, 1"
    " from made inner join aspen.group_sizes as sizes on made.id % 1000 + 1 = sizes.group_id"
)
# Long enough to be stored beside their rows, as genomes are; the counts are of the bases alone.
GENOMES = (
    "insert into aspen.sequences (group_id, sample_id, sequence)"
    " select group_id, id, repeat('ACGT', 700) from aspen.samples order by id limit 100000"
)


def run(bench: Bench, report: Report) -> None:
    """Count, then scrape with 1,000 groups and with 10,000, all of them near a limit."""
    report.title("metrics: 1,000,000 samples in 1,000 groups, every group near its limits")
    database = bench.database("large", LARGE)
    with bench.connect("control", database) as conn:
        counting = query("metrics/count_sizes")
        count = measure(conn, "counting all groups", counting)
        with conn.transaction(force_rollback=True):
            conn.execute(LIMIT_ALL)
            few = measure(conn, "a scrape, 1,000 groups", SCRAPE)
        with conn.transaction(force_rollback=True):
            conn.execute("alter table aspen.groups disable trigger user")
            conn.execute(MORE)
            conn.execute(LIMIT_ALL)
            conn.execute("analyze aspen.group_sizes, aspen.group_limits")
            many = measure(conn, "a scrape, 10,000 groups", SCRAPE)
            lines = str(conn.execute(SCRAPE).fetchall()[0][0]).count("\naspen_group_")
    with bench.connect("postgres", database) as conn, conn.transaction(force_rollback=True):
        conn.execute("set local session_replication_role = replica")
        conn.execute(GENOMES)
        with_genomes = measure(conn, "counting, 100,000 of the samples with a genome", counting)
    report.sides([count, with_genomes, few, many])
    report.note(f"lines about groups, of 10,000: {lines}")
    report.bound("metrics: a scrape, 1,000 groups", few, below(50))
    report.ratio("metrics: counting by a scrape", count, few)


def measure(conn: psycopg.Connection, name: str, statement: str | bytes) -> Side:
    """Return the processor time of a statement, once it has been run before."""
    pid = conn.info.backend_pid
    rounds = [costs(pid, lambda: conn.execute(statement)) for _ in range(ROUNDS + 1)]
    return Side(name, tuple(rounds[1:]), "ms of processor time")
