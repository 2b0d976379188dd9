"""Store the results of samples: copy a file's rows to staging tables, then store them set-based."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from control.jobs.states import Job
from control.outputs.taxa import JobInputs, Taxa
from control.queries import query
from control.terminal import listed


@dataclass(frozen=True)
class StoredResults:
    """What happened to the rows of a job's files."""

    written: dict[str, int]
    deleted_samples: list[int]
    replaced_samples: list[int]
    samples_without_result: list[int]
    samples_without_alignment: list[int]
    samples_without_lineage: list[int]

    def summary(self) -> list[str]:
        """Return what was written and what was not, as sentences."""
        lines = [f"{table}: {count} rows" for table, count in self.written.items()]
        left_out = {
            "deleted samples, skipped": self.deleted_samples,
            "samples with a changed sequence or pathogen, skipped": self.replaced_samples,
            "inputs without a row": self.samples_without_result,
            "without a lineage": self.samples_without_lineage,
            "valid but not aligned": self.samples_without_alignment,
        }
        return lines + [
            f"{reason}: {listed([str(sample_id) for sample_id in sample_ids])}"
            for reason, sample_ids in left_out.items()
            if sample_ids
        ]


@dataclass(frozen=True)
class HeldSamples:
    """The existing samples of a job: those whose results are stored, and those replaced since."""

    current: frozenset[int]
    replaced: frozenset[int]


def copy_rows(
    conn: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Stream rows into one of the tables of stage_results.sql."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def hold_samples(conn: psycopg.Connection, job: Job) -> HeldSamples:
    """Lock the job's samples and their sequences until the end of the transaction.

    Samples whose sequence changed since the job was queued are excluded.
    """
    key = {"group_id": job.group_id, "job_id": job.id}
    conn.execute(query("outputs/hold_samples"), key)
    replaced = frozenset(
        row[0] for row in conn.execute(query("outputs/drop_replaced_samples"), key)
    )
    current = frozenset(row[0] for row in conn.execute("select id from held_samples"))
    return HeldSamples(current, replaced)


def summarise(
    written: Mapping[str, int],
    inputs: JobInputs,
    taxa: Taxa,
    held: HeldSamples,
    *,
    unaligned: Iterable[int] = (),
    unplaced: Iterable[int] = (),
) -> StoredResults:
    """Summarise: samples deleted or replaced since the job was queued, or without a result."""
    return StoredResults(
        dict(written),
        sorted(taxa.seen - held.current - held.replaced),
        sorted(taxa.seen & held.replaced),
        sorted((inputs.sample_ids & held.current) - taxa.seen),
        sorted(unaligned),
        sorted(unplaced),
    )


def as_jsonb(values: Mapping[str, str]) -> str:
    """Return a row as JSON text, for COPY."""
    return json.dumps(values, ensure_ascii=False)


def number(text: str, *, at_most: float = math.inf) -> float | None:
    """Parse a number from 0; None if blank, ValueError for anything else."""
    if not text.strip():
        return None
    value = float(text)
    if not 0 <= value <= at_most or math.isinf(value):
        raise ValueError(text)
    return value
