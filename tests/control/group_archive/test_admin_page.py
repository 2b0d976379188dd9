"""What docs/admin.md shows of moving and erasing groups is what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests import factories
from tests.control.group_archive.estate import OUTPUT, Estate
from tests.servers import SETTINGS

BLOCK = re.compile(r"^```(?P<kind>sh|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_the_commands_print(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run every line in the order of the page; `…` stands for any text, spaces for any number."""
    monkeypatch.chdir(tmp_path)
    group_id = factories.group(estate.conn, "Humboldt County", prefix="HUM")
    factories.user(estate.conn, "hal", {group_id: "admin"})
    factories.sample(estate.conn, group_id)
    run = factories.phylo_run(estate.conn, group_id)
    factories.job_output(estate.conn, run, **estate.put(f"jobs/{run}/1/auspice.json", OUTPUT))
    page = (SETTINGS.root / "docs/admin.md").read_text("utf-8")
    section = page.partition("## Moving and erasing groups\n")[2].partition("\n## ")[0]
    shown, printed = [], []
    for one in BLOCK.finditer(section):
        if one["kind"] == "sh":
            runs = [estate.control(*shlex.split(line)[2:]) for line in one["text"].splitlines()]
            outputs = [run.stdout for run in runs] + [run.stderr for run in runs]
            printed.append("".join(outputs))
        else:
            shown.append(one["text"])

    forms = [re.sub(r"(\\ )+", " +", re.escape(text)).replace("…", "(?s:.*)") for text in shown]
    assert [
        (form, text)
        for form, text in zip(forms, printed, strict=True)
        if not re.fullmatch(form, text)
    ] == []
