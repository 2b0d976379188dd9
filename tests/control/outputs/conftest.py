"""A job and what it hands in, over a database and an S3 that are real."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.control.outputs.desk import Desk
from tests.servers import S3, Database


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    """The test's own database as role control, in autocommit."""
    with database.connect() as conn:
        yield conn


@pytest.fixture
def draft(admin: psycopg.Connection, shared_database: Database, s3: S3) -> Desk:
    """A desk whose work is rolled back after the test: without the command line, but quick."""
    return Desk(admin, shared_database, s3)


@pytest.fixture
def desk(conn: psycopg.Connection, database: Database, s3: S3) -> Desk:
    """Where jobs hand in their files and an operator registers them."""
    return Desk(conn, database, s3)
