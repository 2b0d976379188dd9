"""What tests of the control plane share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from control.keys import KeySet, ensure_keys, load_keys


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made once: an RSA pair takes longer than most tests."""
    return ensure_keys(tmp_path_factory.mktemp("made") / "keys").directory


@pytest.fixture
def keys(key_directory: Path, tmp_path: Path) -> KeySet:
    """A key directory of the test's own."""
    return load_keys(shutil.copytree(key_directory, tmp_path / "keys"))
