"""Fixtures of clones: databases of the tests' own server instead of one for each command."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from control.changes import clones
from control.settings import Settings
from tests.control.schema.checkout import Checkout
from tests.servers import SQL_DIR, Cluster, Database

_numbers = itertools.count(1)


@pytest.fixture
def on_one_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make clones on the server that runs already: to start another takes a second each time."""

    @contextmanager
    def here(settings: Settings) -> Iterator[clones.CloneServer]:
        prefix = f"aspen_clones_{next(_numbers)}_"
        server = clones.CloneServer(cluster.port, cluster.passwords, SQL_DIR, prefix)
        try:
            yield server
        finally:
            with server.server() as conn:
                names = conn.execute(
                    "select datname from pg_catalog.pg_database where starts_with(datname, %s)",
                    [prefix],
                ).fetchall()
            for (name,) in names:
                server.drop(name.removeprefix(prefix))

    monkeypatch.setattr(clones, "clone_server", here)


@pytest.fixture
def small(tmp_path: Path, empty_database: Database, on_one_server: None) -> Checkout:
    """Make a small checkout whose database is up to date."""
    checkout = Checkout.create(tmp_path, empty_database)
    assert checkout.migrate("up").exit_code == 0
    return checkout
