"""Write the list of rules in docs/conventions.md: each by its name, with its first sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from control.lint.rules import comment_of
from tests.catalog import file_rules

BEGIN = "<!-- Written by make docs from the rules themselves; do not edit below. -->\n"
END = "<!-- End of what make docs writes. -->\n"
_FOLDERS = {
    "control/sql/rules": "Safety rules, which `control migrate up` asks as well",
    "control/sql/lint": "Rules of names, speed and form",
}


def conventions_page(root: Path) -> str:
    """Return docs/conventions.md with the list as the rules have it now."""
    text = (root / "docs/conventions.md").read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(_lists(root)) + "\n" + END + after


def _lists(root: Path) -> Iterator[str]:
    for folder, title in _FOLDERS.items():
        yield f"\n### {title}\n\nOne file each in [`{folder}`](../{folder}):\n\n"
        for path in sorted((root / folder).glob("*.sql")):
            yield f"- `{path.stem}`: {_first_sentence(comment_of(path.read_text('utf-8')))}\n"
    yield "\n### Rules of files\n\nFunctions of"
    yield " [`tests/catalog/file_rules.py`](../tests/catalog/file_rules.py):\n\n"
    for name, rule in sorted(file_rules.RULES.items()):
        yield f"- `{name}`: {_first_sentence(rule.__doc__ or '')}\n"


def _first_sentence(text: str) -> str:
    words = " ".join(text.split())
    sentence = re.match(r".*?\.(?= |$)", words)
    return (sentence[0] if sentence else words).replace("<", "\\<")
