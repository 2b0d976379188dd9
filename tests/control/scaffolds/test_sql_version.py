"""`control sql version` refuses what would be no previous version.

What it writes is loaded and used in tests/http/test_versions.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests.control.schema.checkout import Checkout
from tests.servers import SETTINGS, Database

DAYS = ("--deprecated", "2027-01-01", "--sunset", "2027-07-01")


@pytest.fixture
def copy(shared_database: Database, tmp_path: Path) -> Checkout:
    """Copy the checkout; nothing is loaded from it."""
    checkout = Checkout.copy_of(SETTINGS.root, tmp_path / "copy", shared_database)
    checkout.write("postgrest.conf", (SETTINGS.root / "postgrest.conf").read_text("utf-8"))
    return checkout


def version(checkout: Checkout, *arguments: str) -> Result:
    """Run the command over a checkout."""
    return CliRunner().invoke(cli, ["sql", "version", *arguments], env=checkout.environment)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("v1", *DAYS), "'v1' is no name of a version"),
        (("api_v0", *DAYS), "'api_v0' is no name of a version"),
        (("../api_v1", *DAYS), "is no name of a version"),
        (
            ("api_v1", "--deprecated", "2027-07-01", "--sunset", "2027-07-01"),
            "api_v1 would end on 2027-07-01, and be deprecated only on 2027-07-01",
        ),
    ],
)
def test_what_is_no_version_is_refused(
    copy: Checkout, arguments: tuple[str, ...], reason: str
) -> None:
    """Say why, and write nothing."""
    result = version(copy, *arguments)

    assert result.exit_code == 1
    assert reason in result.stderr
    assert not (copy.root / "sql/api_v1").exists()


def test_versions_are_counted_up(copy: Checkout) -> None:
    """Write the next one only; a dry run writes nothing."""
    dry = version(copy, "api_v2", *DAYS, "--dry-run")
    was_written = (copy.root / "sql/api_v2").exists()
    results = [version(copy, name, *DAYS) for name in ("api_v2", "api_v1", "api_v2", "api_v3")]

    assert (dry.exit_code, was_written) == (0, False)
    assert [one.exit_code for one in results] == [0, 1, 1, 0]
    assert "api_v1 is not after api_v2" in results[1].stderr
    configuration = (copy.root / "postgrest.conf").read_text()
    assert 'db-schemas = "api, api_v2, api_v3"' in configuration
