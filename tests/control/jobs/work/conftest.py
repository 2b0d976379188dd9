"""The workshop of a test."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from control.tokens.keys import KeySet
from tests.control.jobs.work.shop import Shop
from tests.servers import S3, Database


@pytest.fixture
def shop(
    conn: psycopg.Connection, database: Database, s3: S3, keys: KeySet, tmp_path: Path
) -> Shop:
    """Open a workshop with a database of its own."""
    return Shop(conn, database, s3, keys.directory, tmp_path)
