"""An edge that exempts no address from its limits, for the tests of limits and of its log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from control.stack.ports import any_free
from control.stack.process import wait_for
from tests.servers import Api, run_edge


@dataclass(frozen=True)
class Limited:
    """An edge that exempts no address from its limits, and its log."""

    url: str
    log: Path

    def line(self, request_id: str) -> dict[str, Any]:
        """Wait for the line of a request in the access log, and return it."""
        wait_for(lambda: request_id in self.log.read_text(), 10)
        [line] = [line for line in self.log.read_text().splitlines() if request_id in line]
        entry: dict[str, Any] = json.loads(line)
        return entry


@pytest.fixture(scope="module")
def limited(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    """Start an edge that exempts no address, before the same PostgREST."""
    port = urlsplit(api.direct_url).port
    assert port is not None
    directory = tmp_path_factory.mktemp("limited")
    with run_edge(directory, any_free(), port) as url:
        yield Limited(url, directory / "logs" / "nginx.log")
