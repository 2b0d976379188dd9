"""What docs/dba.md shows of differences and migrations is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from control.cli import cli
from tests.control.schema.checkout import Checkout
from tests.servers import SETTINGS, Database

BLOCK = re.compile(r"^```(?P<kind>sql|diff|sh|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = ("What would change", "Migrations")


def blocks() -> Iterator[tuple[str, str]]:
    """Yield kind and text of every block of our sections."""
    page = (SETTINGS.root / "docs/dba.md").read_text()
    for title in SECTIONS:
        section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
        yield from ((found["kind"], found["text"]) for found in BLOCK.finditer(section))


def run(checkout: Checkout, line: str) -> str:
    """Run one line, as in the checkout's folder; `control` in this process."""
    if line.startswith("control "):
        result = CliRunner().invoke(cli, shlex.split(line)[1:], env=checkout.environment)
        assert result.exit_code in (0, 3), result.output
        return result.stdout
    return subprocess.check_output(line, shell=True, cwd=checkout.root, text=True)


def test_the_page_shows_what_happens(
    tmp_path: Path, database: Database, on_one_server: None
) -> None:
    """Do what it says, by hand and in the files; `…` on the page stands for any text."""
    checkout = Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)
    shown, printed = [], []
    for kind, text in blocks():
        if kind == "sql":
            checkout.execute(text)
        elif kind == "diff":
            subprocess.run(
                ["git", "apply", "-"], cwd=checkout.root, input=text.encode(), check=True
            )
        elif kind == "sh":
            printed.append("".join(run(checkout, line) for line in text.splitlines()))
        else:
            shown.append(text)

    forms = [re.escape(text).replace("…", ".*") for text in shown]
    assert [
        form for form, text in zip(forms, printed, strict=True) if not re.fullmatch(form, text)
    ] == []
