"""Fixtures of the tests of a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests.control.directory.desk import Desk
from tests.control.directory.tenant import SECRET, Tenant, run_tenant
from tests.servers import Database


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    """Run an empty tenant."""
    with run_tenant() as tenant:
        yield tenant


@pytest.fixture
def desk(admin: psycopg.Connection, tenant: Tenant) -> Desk:
    """Return both sides, which agree; what is stored is rolled back."""
    return Desk(admin, tenant)


@pytest.fixture
def run(database: Database, tenant: Tenant) -> Callable[..., Result]:
    """Run `control user sync` with a database of its own, whose group has ada and max."""
    with database.connect() as conn:
        Desk(conn, tenant)
    environment = database.environment | {
        "ASPEN_DIRECTORY_URL": tenant.url,
        "ASPEN_DIRECTORY_CLIENT_ID": "client-1",
        "ASPEN_DIRECTORY_CLIENT_SECRET": SECRET,
        "ASPEN_OPERATOR": "grace",
    }

    def run(*arguments: str, **variables: str) -> Result:
        return CliRunner().invoke(cli, ["user", "sync", *arguments], env=environment | variables)

    return run
