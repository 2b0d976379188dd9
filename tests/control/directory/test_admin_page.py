"""What docs/admin.md shows of a directory is what the commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from click.testing import Result

from tests.control.directory.tenant import Tenant
from tests.http.api_pages import examples
from tests.servers import SETTINGS


def test_commands_of_the_section_print_what_it_shows(
    run: Callable[..., Result], tenant: Tenant
) -> None:
    """Run them one after the other, with the people of the page."""
    page = (SETTINGS.root / "docs/admin.md").read_text("utf-8")
    [section] = re.findall(r"^## Identity provider\n.*?(?=^## |\Z)", page, re.M | re.S)
    tenant.person("eve", {"org_alpha": "viewer"})
    tenant.person("gil", {"org_alpha": "viewer"}, email_verified=False)
    del tenant.members["org_alpha"]["auth0|max"]

    ran = [(one, run(*shlex.split(one.command)[3:])) for one in examples(section)]

    printed = [(one, done.stdout or done.stderr) for one, done in ran]
    assert {one.command: text for one, text in printed if not one.is_shown(text)} == {}
    assert len(ran) == 3
