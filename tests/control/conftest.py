"""Fixtures shared by the tests of the control plane."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from control.cli import cli
from control.tokens.keys import KeySet, ensure_keys, load_keys
from tests import factories
from tests.control.outputs.desk import Desk
from tests.control.samples.importer import Importer
from tests.servers import S3, Cluster, Database, database_names


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection]:
    """Connect to the test's own database as role control, in autocommit."""
    with database.connect() as conn:
        yield conn


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create keys once: an RSA pair takes longer than most tests."""
    return ensure_keys(tmp_path_factory.mktemp("made") / "keys").directory


@pytest.fixture
def keys(key_directory: Path, tmp_path: Path) -> KeySet:
    """Return a key directory of the test's own."""
    return load_keys(shutil.copytree(key_directory, tmp_path / "keys"))


@pytest.fixture(scope="session")
def before_imports(cluster: Cluster, template: Database) -> Iterator[tuple[Database, int]]:
    """Store alice, a member of a group, and reference data in a database to be cloned."""
    with cluster.database("aspen_before_imports", template.name) as database:
        CliRunner().invoke(cli, ["load", "pathogens"], env=database.environment)
        with database.connect() as conn:
            group_id = factories.group(conn, "Alpha Lab", prefix="ALP")
            factories.user(conn, "alice", {group_id: "member"})
        yield database, group_id


@pytest.fixture
def importer(
    cluster: Cluster, before_imports: tuple[Database, int], tmp_path: Path
) -> Iterator[Importer]:
    """Return alice, a member of a group, in a database with reference data."""
    original, group_id = before_imports
    with cluster.database(next(database_names), original.name) as database:
        yield Importer(database, tmp_path, group_id)


@pytest.fixture
def draft(admin: psycopg.Connection, shared_database: Database, s3: S3) -> Desk:
    """Return a desk whose work is rolled back after the test: quick, without the command line."""
    return Desk(admin, shared_database, s3)


@pytest.fixture
def desk(conn: psycopg.Connection, database: Database, s3: S3) -> Desk:
    """Return the desk where jobs submit files and an operator registers them."""
    return Desk(conn, database, s3)
