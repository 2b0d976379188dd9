"""Register the manifests that running jobs submitted through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg

from control.outputs.arrivals import Arrival, Handled, look_at, settle
from control.outputs.manifest import MANIFEST_NAME
from control.storage.s3 import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Other commands that register the same report wait for its row and then find it registered.
_OPEN = (
    "select id, job_id, attempt, manifest from aspen.job_reports"
    " where registered_at is null and id > %s order by id limit 1 for update skip locked"
)


def register_reports(conn: psycopg.Connection, s3: S3Client, bucket: str) -> Iterator[Handled]:
    """Register every report that waits, the oldest first, each in one transaction.

    A wrong file fails its job with the reason. If S3 does not answer, the report waits on.
    """
    last = 0
    while True:
        with conn.transaction():
            row = conn.execute(_OPEN, [last]).fetchone()
            if row is None:
                return
            last, job_id, attempt, manifest = row
            home = S3Uri(bucket, f"jobs/{job_id}/{attempt}/{MANIFEST_NAME}")
            arrival = Arrival(job_id, attempt, home)
            looked = look_at(s3, arrival, json.dumps(manifest).encode())
            handled = settle(conn, s3, arrival, looked)
            if handled.outcome != "postponed":
                conn.execute(
                    "update aspen.job_reports set registered_at = now() where id = %s", [last]
                )
        yield handled
