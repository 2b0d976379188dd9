"""The group that the real clients look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.world import World
from tests.servers import Api


@pytest.fixture(scope="module")
def world(api: Api) -> Iterator[World]:
    """Store committed rows of this module's own."""
    with api.database.connect() as conn:
        yield World(api, conn)
