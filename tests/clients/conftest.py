"""One browser for all pages that are tested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection

from tests.clients.browser import PROGRAM, run_browser


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    """Start a browser; each of its pages has storage of its own."""
    if PROGRAM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with run_browser(PROGRAM, tmp_path_factory.mktemp("browser")) as browser:
        yield browser
