"""Prove that every statement of the control plane is in its file, and every file is used."""

from __future__ import annotations

import re

from tests.servers import SETTINGS

FILE = re.compile(r"sql/([a-z_]+/[a-z_]+)\.sql")
NAMED = re.compile(r"""query\(\s*(?:conn,\s*)?f?"([a-z_]+/[a-z_]+)""")


def test_every_statement_is_read_under_its_name() -> None:
    """Compare the names in the code with the files below control/sql/, both ways.

    Rules and lints are run by their folder, and not by their names.
    """
    control = SETTINGS.root / "control"
    named = {name for path in control.rglob("*.py") for name in NAMED.findall(path.read_text())}
    named |= {name for path in control.rglob("*.mjs") for name in FILE.findall(path.read_text())}
    files = {
        f"{path.parent.name}/{path.stem}"
        for path in (control / "sql").glob("*/*.sql")
        if path.parent.name not in ("rules", "lint")
    }

    assert named == files
