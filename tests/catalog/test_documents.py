"""The paths and links on the pages for people exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.documents import pages, wrong_links, wrong_paths
from tests.servers import SETTINGS

ROOT = SETTINGS.root
every_page = pytest.mark.parametrize(
    "page", pages(ROOT), ids=lambda page: f"{page.relative_to(ROOT)}"
)


@every_page
def test_paths_on_the_page_exist(page: Path) -> None:
    """Update the pages when a file moves, and mark a new file `(new)`."""
    assert list(wrong_paths(ROOT, page)) == []


@every_page
def test_links_on_the_page_lead_somewhere(page: Path) -> None:
    """Lead to a file, and to a heading that it has."""
    assert list(wrong_links(page)) == []


def test_wrong_paths_are_named(tmp_path: Path) -> None:
    """Name missing ones, patterns that match nothing, and new ones that exist."""
    (tmp_path / "sql/tables").mkdir(parents=True)
    (tmp_path / "sql/tables/users.sql").touch()
    page = tmp_path / "page.md"
    page.write_text(
        "`sql/tables/users.sql`, `sql/tables`, sql/tables/, sql/tables/*.sql,"
        " sql/tables/<table>.sql, `sql/tables/new.sql` (new), https://example.org/sql/x,"
        " `.aspen/sql/y`\n"
        "```sql sql/tables/new.sql\n-- sql/gone.sql\n```\n"
        "`sql/gone.sql`, sql/views/*.sql, sql/views/<view>.sql, `sql/tables/users.sql` (new)\n"
    )

    assert list(wrong_paths(tmp_path, page)) == [
        "sql/gone.sql",
        "sql/views/*.sql",
        "sql/views/<",
        "sql/tables/users.sql` (new)",
    ]


def test_wrong_links_are_named(tmp_path: Path) -> None:
    """Name files and headings; links to other hosts are not followed."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A new version, and `back`\n\n[a](#a-new-version-and-back) [b](page.md) [c](https://x.y)\n"
        "[d](#gone) [e](gone.md) [f](page.md#gone)\n\n```sh\n# [g](gone.md)\n```\n"
    )

    assert list(wrong_links(page)) == ["#gone", "gone.md", "page.md#gone"]
