"""What docs/admin.md shows of people and tokens is what the commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.tokens.keys import KeySet
from tests.servers import SETTINGS, Database

BLOCK = re.compile(
    r"^```(?P<kind>csv|sh|text) ?(?P<name>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SECTIONS = ("Groups and people", "Machine tokens")


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield kind, file name and text of every block of our sections."""
    page = (SETTINGS.root / "docs/admin.md").read_text()
    for title in SECTIONS:
        section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
        yield from ((one["kind"], one["name"], one["text"]) for one in BLOCK.finditer(section))


def test_the_page_shows_what_the_commands_print(
    tmp_path: Path, database: Database, keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run every line in the order of the page; `…` on the page stands for any text."""
    monkeypatch.chdir(tmp_path)
    environment = database.environment | {"ASPEN_KEYS_DIR": str(keys.directory)}
    shown, printed = [], []
    for kind, name, text in blocks():
        if kind == "csv":
            (tmp_path / name).write_text(text)
        elif kind == "sh":
            runs = [
                CliRunner().invoke(cli, shlex.split(line)[1:], env=environment)
                for line in text.splitlines()
            ]
            printed.append("".join(run.output for run in runs))
        else:
            shown.append(text)

    forms = [re.escape(text).replace("…", ".*") for text in shown]
    assert [
        (form, text)
        for form, text in zip(forms, printed, strict=True)
        if not re.fullmatch(form, text)
    ] == []
