"""What tests of the control plane share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.keys import KeySet, ensure_keys, load_keys
from tests import factories
from tests.control.importer import Importer
from tests.servers import Database


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made once: an RSA pair takes longer than most tests."""
    return ensure_keys(tmp_path_factory.mktemp("made") / "keys").directory


@pytest.fixture
def keys(key_directory: Path, tmp_path: Path) -> KeySet:
    """A key directory of the test's own."""
    return load_keys(shutil.copytree(key_directory, tmp_path / "keys"))


@pytest.fixture
def importer(database: Database, tmp_path: Path) -> Importer:
    """Alice, member of a group, in a database with its reference data."""
    CliRunner().invoke(cli, ["load", "pathogens"], env=database.environment)
    with database.connect() as conn:
        group_id = factories.group(conn, "Alpha Lab", prefix="ALP")
        factories.user(conn, "alice", {group_id: "member"})
    return Importer(database, tmp_path, group_id)
