"""Fixtures for the tests of archives of groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.control.group_archive.estate import Estate
from tests.names import unique
from tests.servers import S3, Cluster, Database, database_names


@pytest.fixture(scope="module")
def estate(cluster: Cluster, template: Database, s3: S3) -> Iterator[Estate]:
    """Have a database and a bucket of the module's own."""
    settings = replace(s3.settings, bucket=f"own-{unique(32)}")
    s3.client.create_bucket(Bucket=settings.bucket)
    with (
        cluster.database(next(database_names), template.name) as database,
        database.connect() as conn,
    ):
        yield Estate(database, S3(s3.client, settings), conn)
