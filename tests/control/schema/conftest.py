"""Checkouts whose database is up to date, for the tests that change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import SETTINGS, Database


@pytest.fixture
def real(tmp_path: Path, database: Database) -> Checkout:
    """Copy this checkout, and make a database that is up to date with it."""
    return Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout whose database is up to date."""
    checkout = Checkout.create(tmp_path, empty_database)
    assert checkout.migrate("up").exit_code == 0
    return checkout


@pytest.fixture
def small(checkout: Checkout) -> Checkout:
    """Call the small one so where there is a real one as well."""
    return checkout
