"""What docs/admin.md shows of a login is what the commands print."""

from __future__ import annotations

import re
import shlex

from tests.control.login.conftest import Desk
from tests.http.api_pages import examples
from tests.servers import SETTINGS


def test_commands_of_the_section_print_what_it_shows(desk: Desk) -> None:
    """Run them one after the other, from the sign-in on."""
    page = (SETTINGS.root / "docs/admin.md").read_text("utf-8")
    [section] = re.findall(r"^## Sign in and call the API\n.*?(?=^## |\Z)", page, re.M | re.S)

    ran = [(one, desk.run(*shlex.split(one.command)[1:])) for one in examples(section)]

    printed = [(one, done.stdout or done.stderr) for one, done in ran]
    assert {one.command: text for one, text in printed if not one.is_shown(text)} == {}
    assert len(ran) == 5
