"""Find the manifests that jobs left below a prefix of the bucket, and register them.

A scan may be stopped and run again: manifests of jobs that have ended are not even fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import psycopg

from control.outputs.arrivals import Arrival, Handled, arrival_at, look, settle, wanted
from control.outputs.manifest import MANIFEST_NAME
from control.outputs.parallel import in_parallel
from control.storage.s3 import S3Uri
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Manifests whose jobs are asked for with one statement.
BATCH = 1000


def scan(
    conn: psycopg.Connection,
    s3: S3Client,
    place: S3Uri,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Handled]:
    """Register every manifest below a place whose job waits for it, each in one transaction.

    Manifests and the headers of their files are fetched several at a time. `progress` is told how
    many manifests were found so far.
    """
    arrivals = _arrivals(s3, place)
    count = 0
    while batch := [*islice(arrivals, BATCH)]:
        count += len(batch)
        progress(count)
        waiting = wanted(conn, batch)
        looked_at = in_parallel(lambda one: look(s3, one), waiting)
        for arrival, looked in counted(looked_at, "registering manifests", len(waiting)):
            yield settle(conn, s3, arrival, looked, dry_run=dry_run)


def _arrivals(s3: S3Client, place: S3Uri) -> Iterator[Arrival]:
    """Yield the manifests below a place, as S3 lists them."""
    root = _root(place.key)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for found in page.get("Contents", []):
            if found["Key"].endswith(f"/{MANIFEST_NAME}"):
                arrival = arrival_at(S3Uri(place.bucket, found["Key"]), root)
                if arrival is not None:
                    yield arrival


def _root(prefix: str) -> str:
    """Return the folder that contains the folder jobs/ which a prefix names or contains."""
    before, found, _ = f"/{prefix}".partition("/jobs/")
    if found:
        return f"{before}/".removeprefix("/")
    folder, slash, _ = prefix.rpartition("/")
    return folder + slash
