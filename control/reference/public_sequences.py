"""Load the metadata of a repository's public sequences: millions of rows, readers undisturbed.

The rows are copied into a new partition aside, which then takes the place of the old one in a short
transaction. The file is read once and never held in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.input_files import InputFile, open_input
from control.jobs.platform import end_platform_job, find_pathogen, find_repository, follow
from control.reference.public_rows import COLUMNS, LoadReport, read_rows
from control.terminal import progress

if TYPE_CHECKING:
    from control.jobs.states import Job

KIND = "public_metadata"
# What is derived from the rows when they are there.
FOLLOWERS = ("locations", "accessions")
LINES_AT_ONCE = 5_000
ROWS_BETWEEN_REPORTS = 100_000
# A file with more bad rows than this share is not what it should be.
BAD_SHARE = 0.01
LARGEST_SHRINK = 0.1
# Requests wait behind one that waits for a lock, so each attempt is short.
LOCK_TIMEOUT = "200ms"
LOCK_ATTEMPTS = 150
LOCK_PAUSE_SECONDS = 0.2


def load_public_sequences(
    conn: psycopg.Connection,
    path: Path,
    *,
    pathogen: str,
    repository: str,
    force: bool = False,
    dry_run: bool = False,
    echo: Callable[[str], None] = lambda _line: None,
    job: Job | None = None,
) -> LoadReport:
    """Replace all rows of a pathogen and repository by those of a file, and record it as a job.

    Bad rows are left out and counted. A file that is mostly bad, or has a tenth less rows than
    there are, is refused unless forced.
    """
    key = (find_pathogen(conn, pathogen), find_repository(conn, repository))
    report = LoadReport()
    with _alone(conn, key), open_input(path) as file:
        _drop_leftovers(conn, key)
        report.before = _count(conn, key)
        table = sql.Identifier("control", f"public_sequences_{key[0]}_{key[1]}_{time.time_ns()}")
        with conn.transaction(force_rollback=dry_run):
            _fill(conn, table, key, file, report, echo)
            _refuse_poor_file(path, report, force=force)
            if not dry_run:
                echo(f"indexing {report.rows} rows")
                _finish(conn, table, key, report)
        if not dry_run:
            _swap(conn, table, key, job, echo)
    return report


@contextmanager
def _alone(conn: psycopg.Connection, key: tuple[int, int]) -> Iterator[None]:
    """Refuse a second load of the same rows; the lock ends with the connection, too."""
    name = f"public_sequences {key[0]} {key[1]}"
    got = conn.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
    if got != (True,):
        raise ControlError(
            "these public sequences are being loaded by another command", "wait until it has ended"
        )
    try:
        yield
    finally:
        conn.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _partitions(conn: psycopg.Connection, key: tuple[int, int]) -> list[tuple[str, bool]]:
    """Return the tables of these rows, and whether each is in use."""
    return conn.execute(
        "select tables.relname, tables.relispartition from pg_catalog.pg_class as tables"
        " where tables.relnamespace = 'control'::regnamespace and tables.relkind = 'r'"
        " and tables.relname ~ %s order by tables.relname",
        [f"^public_sequences_{key[0]}_{key[1]}_[0-9]+$"],
    ).fetchall()


def _drop_leftovers(conn: psycopg.Connection, key: tuple[int, int]) -> None:
    """Drop what a load left that died before its rows were in use."""
    for name, is_used in _partitions(conn, key):
        if not is_used:
            conn.execute(sql.SQL("drop table {}").format(sql.Identifier("control", name)))


def _count(conn: psycopg.Connection, key: tuple[int, int]) -> int:
    row = conn.execute(
        "select count(*) from aspen.public_sequences"
        " where pathogen_id = %s and public_repository_id = %s",
        key,
    ).fetchone()
    assert row is not None
    return int(row[0])


def _fill(
    conn: psycopg.Connection,
    table: sql.Identifier,
    key: tuple[int, int],
    file: InputFile,
    report: LoadReport,
    echo: Callable[[str], None],
) -> None:
    """Copy the rows of the file into a new table, where every snapshot will see them."""
    conn.execute("set local role aspen_owner")
    conn.execute(
        sql.SQL(
            "create table {} (like aspen.public_sequences including constraints including defaults)"
        ).format(table)
    )
    conn.execute("set local role none")
    columns = sql.SQL(", ").join(
        map(sql.Identifier, ("pathogen_id", "public_repository_id", *COLUMNS))
    )
    copy_in = sql.SQL("copy {} ({}) from stdin (freeze)").format(table, columns)
    head = f"{key[0]}\t{key[1]}\t"
    reported = 0
    advance = progress("copying rows")
    with conn.cursor() as cursor, cursor.copy(copy_in) as copy:
        rows = read_rows(file, report)
        while lines := [f"{head}{row}\n" for row in islice(rows, LINES_AT_ONCE)]:
            copy.write("".join(lines))
            report.rows += len(lines)
            advance(len(lines))
            if report.rows - reported >= ROWS_BETWEEN_REPORTS:
                reported = report.rows
                echo(f"copying: {report.rows} rows")


def _refuse_poor_file(path: Path, report: LoadReport, *, force: bool) -> None:
    problem = None
    if report.rows == 0:
        problem = f"{path} has no good row"
    elif report.bad_rows > BAD_SHARE * (report.rows + report.bad_rows):
        problem = f"{report.bad_rows} of {report.rows + report.bad_rows} rows of {path} are bad"
    elif report.rows < (1 - LARGEST_SHRINK) * report.before:
        problem = f"{path} has {report.rows} rows, and {report.before} are stored"
    if problem is not None and not force:
        raise ControlError(
            "\n".join([f"nothing was stored: {problem}", *report.problems]),
            "check that the file is whole; --force loads it all the same",
        )


def _finish(
    conn: psycopg.Connection, table: sql.Identifier, key: tuple[int, int], report: LoadReport
) -> None:
    """Index and check the table aside, so that putting it in use reads none of its rows."""
    primary_key = sql.SQL(
        "alter table {} add primary key (pathogen_id, public_repository_id, strain)"
    ).format(table)
    try:
        with conn.transaction():
            conn.execute(primary_key)
    except psycopg.errors.UniqueViolation:
        report.duplicates = conn.execute(
            sql.SQL(
                "delete from {0} as doubles using (select ctid, row_number() over"
                " (partition by strain order by ctid) as place from {0}) as places"
                " where doubles.ctid = places.ctid and places.place > 1"
            ).format(table)
        ).rowcount
        report.rows -= report.duplicates
        conn.execute(primary_key)
    for statement in (
        "create index on {} (pathogen_id, public_repository_id, accession)",
        "create index on {} (public_repository_id)",
        "alter table {} add foreign key (pathogen_id) references aspen.pathogens (id)"
        " on delete cascade",
        "alter table {} add foreign key (public_repository_id)"
        " references aspen.public_repositories (id) on delete restrict",
    ):
        conn.execute(sql.SQL(statement).format(table))
    # From this check PostgreSQL concludes that every row fits the partition.
    conn.execute(
        sql.SQL(
            "alter table {} add constraint bounds"
            " check (pathogen_id = {} and public_repository_id = {})"
        ).format(table, *map(sql.Literal, key))
    )
    conn.execute(sql.SQL("analyze {}").format(table))


def _swap(
    conn: psycopg.Connection,
    table: sql.Identifier,
    key: tuple[int, int],
    job: Job | None,
    echo: Callable[[str], None],
) -> None:
    """Put the new partition in the place of the old one, as soon as no reader holds that.

    New readers never wait longer than one attempt.
    """
    for attempt in range(LOCK_ATTEMPTS):
        try:
            with conn.transaction():
                conn.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
                _swap_once(conn, table, key)
                end_platform_job(conn, KIND, job, pathogen_id=key[0], public_repository_id=key[1])
                if job is not None:
                    for kind in FOLLOWERS:
                        follow(conn, job, kind)
            return
        except psycopg.errors.LockNotAvailable as error:
            if attempt == 0:
                echo("waiting for transactions that read the old rows")
            if attempt == LOCK_ATTEMPTS - 1:
                conn.execute(sql.SQL("drop table {}").format(table))
                raise ControlError(
                    "nothing was stored: transactions that read the old rows did not end",
                    "control db top shows them; run the load again when they have ended",
                ) from error
            time.sleep(LOCK_PAUSE_SECONDS)


def _swap_once(conn: psycopg.Connection, table: sql.Identifier, key: tuple[int, int]) -> None:
    old = [sql.Identifier("control", name) for name, is_used in _partitions(conn, key) if is_used]
    for one in old:
        conn.execute(sql.SQL("alter table aspen.public_sequences detach partition {}").format(one))
    conn.execute(
        "delete from aspen.public_others where pathogen_id = %s and public_repository_id = %s", key
    )
    conn.execute(
        sql.SQL(
            "alter table aspen.public_sequences attach partition {}"
            " for values from ({}, {}) to ({}, {})"
        ).format(table, *map(sql.Literal, (*key, key[0], key[1] + 1)))
    )
    for one in old:
        conn.execute(sql.SQL("drop table {}").format(one))
