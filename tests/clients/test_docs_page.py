"""The page of `control docs` in a browser: it shows the API and calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from tests.clients.browser import Page
from tests.http.world import World
from tests.servers import SETTINGS

ANSWER = ".live-responses-table .response-col_description"


@dataclass(frozen=True)
class Visit:
    """A new page of a browser at a running `control docs`, and what the command printed."""

    page: Page
    url: str
    said: Path

    def authorize(self, token: str) -> None:
        """Type a token into the page, as people do."""
        self.page.click(".scheme-container .btn.authorize")
        self.page.type(".auth-container input", token)
        self.page.click(".auth-btn-wrapper .btn.authorize")
        self.page.click(".auth-btn-wrapper .btn-done")

    def open(self, tag: str) -> str:
        """Unfold the operations of a resource, and return the path of the first one."""
        self.page.click(f"#operations-tag-{tag}")
        return self.page.text(f"#operations-tag-{tag} ~ * .opblock-summary-path")

    def execute(self, operation: str) -> None:
        """Send the request of an operation as its form is, and wait for the answer."""
        self.page.click(f"{operation} .opblock-summary-control")
        self.page.click(f"{operation} .try-out__btn")
        self.page.click(f"{operation} .execute")
        self.page.text(f"{operation} {ANSWER}")


@pytest.fixture(scope="module")
def visit(
    world: World, browser: ClientConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Visit]]:
    """Run the command for all tests; each visit opens a page."""
    said = tmp_path_factory.mktemp("docs") / "said"
    with (
        open(said, "w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "control", "docs", "--json"],
            env={
                "PATH": os.environ["PATH"],
                "ASPEN_ROOT": str(SETTINGS.root),
                "ASPEN_DATA_DIR": str(SETTINGS.data_dir),
                "ASPEN_API_URL": world.api.url,
            },
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as command,
    ):
        try:
            assert command.stdout is not None
            url = json.loads(command.stdout.readline())["url"]

            def visit() -> Visit:
                page = Page(browser)
                page.open(url)
                return Visit(page, url, said)

            yield visit
        finally:
            command.kill()


@pytest.fixture(scope="module")
def called(world: World, visit: Callable[[], Visit]) -> Visit:
    """Send one request from a page as Alice."""
    called = visit()
    called.authorize(f"{world.alice.token}")
    assert called.open("samples") == "/samples"
    called.execute("#operations-samples-get_samples")
    return called


def test_page_shows_what_needs_no_token(visit: Callable[[], Visit]) -> None:
    """Show the API before a token is typed, and nothing that would be refused.

    Of a token that is refused, say why instead of showing an empty page, and keep what was shown.
    """
    visited = visit()
    first = visited.open("functions")
    has_samples = visited.page.run("document.body.textContent.includes('/samples')")

    visited.authorize("no.such.token")

    assert (first, has_samples) == ("/rpc/health", False)
    assert "(PGRST301)" in visited.page.text("#notice", "(")
    assert visited.page.text("#operations-tag-functions ~ * .opblock-summary-path") == "/rpc/health"


def test_call_from_the_page_succeeds(world: World, called: Visit) -> None:
    """Show the rows of a request that needs a token, sent from the page."""
    answer = json.loads(called.page.text(f"{ANSWER} .microlight"))

    assert {row["private_identifier"] for row in answer} == {
        f"open-{world.name}",
        f"hidden-{world.name}",
    }


def test_token_stays_in_the_page(world: World, called: Visit) -> None:
    """Print it nowhere, store it nowhere, and put it into no address."""
    stored = called.page.run("JSON.stringify([{...localStorage}, {...sessionStorage}])")

    assert stored == "[{},{}]"
    assert [one for one in called.page.requests if f"{world.alice.token}" in one] == []
    assert f"{world.alice.token}" not in called.said.read_text()


def test_page_keeps_its_own_policy(called: Visit) -> None:
    """Ask nobody but the page itself, and break none of the rules that it came with."""
    own = (called.url, "data:image/")

    assert [one for one in called.page.requests if not one.startswith(own)] == []
    assert called.page.complaints == []
