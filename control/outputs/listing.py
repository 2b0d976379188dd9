"""List registered outputs, page by page, so that neither memory nor a snapshot is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from control.errors import ControlError
from control.jobs.states import require_job
from control.outputs.job_files import StoredObject
from control.queries import query
from control.storage.s3 import S3Uri

PAGE = 1000


@dataclass(frozen=True)
class Output:
    """A registered output: the object as it was when it was verified."""

    id: int
    job_id: int
    stored: StoredObject


@dataclass(frozen=True)
class Choice:
    """Which outputs are meant; None leaves a column open."""

    job_id: int | None = None
    group_id: int | None = None
    kind: str | None = None
    bucket: str | None = None
    prefix: str | None = None


def list_outputs(conn: psycopg.Connection, job_id: int) -> list[StoredObject]:
    """Return the registered outputs of a job; fail if the job does not exist."""
    require_job(conn, job_id)
    # With the group, the key of the table finds them.
    row = conn.execute("select group_id from aspen.jobs where id = %s", [job_id]).fetchone()
    assert row is not None
    return [output.stored for output in find_outputs(conn, Choice(job_id, row[0]))]


def find_output(conn: psycopg.Connection, job_id: int, kind: str | None) -> StoredObject:
    """Return one output of a job; the kind may be left out if the job has one output."""
    outputs = list_outputs(conn, job_id)
    found = [output for output in outputs if kind in (None, output.kind)]
    if len(found) == 1:
        return found[0]
    has = ", ".join(output.kind for output in outputs) or "none"
    if kind is None and outputs:
        raise ControlError(f"job {job_id} has several outputs", f"name one of {has}")
    raise ControlError(
        f"job {job_id} has no registered output" + ("" if kind is None else f" {kind}"),
        f"outputs it has: {has}; an output is registered when its job ends",
    )


def find_outputs(
    conn: psycopg.Connection, choice: Choice, *, after: int = 0, limit: int | None = None
) -> Iterator[Output]:
    """Yield outputs in the order of their ids, after one of them; at most `limit`."""
    values: dict[str, Any] = vars(choice) | {"after": after, "limit": PAGE}
    left = limit
    while left is None or left > 0:
        values["limit"] = PAGE if left is None else min(PAGE, left)
        rows = conn.execute(query("outputs/list_outputs"), values).fetchall()
        for output_id, job_id, kind, bucket, key, size, etag, version_id, sha256 in rows:
            stored = StoredObject(kind, S3Uri(bucket, key), size, etag, version_id, sha256)
            yield Output(output_id, job_id, stored)
        if len(rows) < values["limit"]:
            return
        values["after"] = rows[-1][0]
        left = None if left is None else left - len(rows)
