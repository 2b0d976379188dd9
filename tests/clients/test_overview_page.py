"""The overview in a browser: it keeps its policy, and axe-core finds no barrier in it."""

from __future__ import annotations

import pytest
from websockets.sync.client import ClientConnection

from tests import factories
from tests.clients.browser import Page
from tests.http.world import World
from tests.servers import SETTINGS

AXE = SETTINGS.root / "node_modules/axe-core/axe.min.js"
# Opens the tables, so that what is in them is examined as well.
LOOK = """
for (const one of document.querySelectorAll("details")) one.open = true;
axe.run().then((found) => JSON.stringify(
    found.violations.flatMap((rule) => rule.nodes.map((node) => rule.id + " " + node.html))))
"""


@pytest.fixture(scope="module")
def page(world: World, browser: ClientConnection) -> Page:
    """Open the page of a member who has something to show in every chart."""
    factories.upload(world.conn, world.group)
    factories.job(world.conn, world.group, status="succeeded")
    factories.job(world.conn, world.group)
    page = Page(browser)
    page.authorize(f"{world.alice.token}")
    page.open(f"{world.api.url}/rpc/overview?collected_to=2024-02-04")
    page.text("h2", "wait or run")
    return page


def test_page_is_shown_in_its_style(world: World, page: Page) -> None:
    """Draw every chart, ask nobody but the API, and break no rule of the policy."""
    assert page.run("document.querySelectorAll('section > svg').length") == 6
    assert page.run("getComputedStyle(document.querySelector('main')).maxWidth") == "960px"
    assert (page.complaints, len(page.requests)) == ([], 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(page: Page, scheme: str) -> None:
    """Look at roles, names, tables and contrasts."""
    page.prefer(color_scheme=scheme)
    page.run(AXE.read_text(encoding="utf-8") + ";0")

    assert page.run(LOOK.strip()) == "[]"


def test_axe_finds_a_barrier(page: Page) -> None:
    """Prove that it looks: a chart without a name is found."""
    page.run(AXE.read_text(encoding="utf-8") + ";0")
    page.run("document.querySelector('svg').setAttribute('aria-labelledby', 'nothing'), 0")
    page.run("document.querySelector('svg > title').remove(), 0")

    assert "svg-img-alt" in page.run(LOOK.strip())
