"""Results of samples: what the files of a lineage or QC job say, staged and then stored at once."""

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


@dataclass(frozen=True)
class StoredResults:
    """What became of the rows of a job's files."""

    written: dict[str, int]
    deleted_samples: list[int]
    replaced_samples: list[int]
    samples_without_result: list[int]
    samples_without_alignment: list[int]
    samples_without_lineage: list[int]


@dataclass(frozen=True)
class HeldSamples:
    """The samples of a job that still exist: those results are stored of, and the others."""

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
    """Keep the job's samples and their sequences from being changed until the end.

    Samples whose sequence is not the one the job was for any more are let go.
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
    """What is to be reported: samples whose results went nowhere, and those with few or none."""
    return StoredResults(
        dict(written),
        sorted(taxa.seen - held.current - held.replaced),
        sorted(taxa.seen & held.replaced),
        sorted((inputs.sample_ids & held.current) - taxa.seen),
        sorted(unaligned),
        sorted(unplaced),
    )


def as_jsonb(values: Mapping[str, str]) -> str:
    """The text form of a row, for COPY."""
    return json.dumps(values, ensure_ascii=False)


def number(text: str, *, at_most: float = math.inf) -> float | None:
    """A number from 0; ValueError for anything else, None for nothing."""
    if not text.strip():
        return None
    value = float(text)
    if not 0 <= value <= at_most or math.isinf(value):
        raise ValueError(text)
    return value
