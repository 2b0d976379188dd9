"""The units of docs/systemd are accepted by systemd, and start existing commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from control.cli import cli
from tests.servers import SETTINGS

UNITS = sorted((SETTINGS.root / "docs" / "systemd").iterdir())
COMMAND = re.compile(
    r"/opt/aspen/\.venv/bin/control ([a-z -]*?[a-z])((?: --[a-z-]+)*)(?: |$)", re.M
)
# Where the programs are on the machine the units are for; systemd wants them to be here.
ELSEWHERE = re.compile(r"/(?:opt/aspen/\.venv|usr/local|usr/s?)/?bin/(?:control|postgrest|nginx)\b")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return systemd's messages about all units, in a folder where their programs exist."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = ELSEWHERE.sub("/bin/true", unit.read_text())
        (folder / unit.name).write_text(text.replace("User=aspen", "User=daemon"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(folder / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.returncode}\n{done.stderr}"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_accepted_by_systemd(checked: str, unit: Path) -> None:
    """Find no unknown key and no wrong value."""
    assert [line for line in checked.splitlines() if unit.name in line] == []


def test_check_of_units_finds_a_mistake(checked: str, tmp_path: Path) -> None:
    """Find a mistake, or the check would prove nothing."""
    wrong = tmp_path / "wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nRestartSecs=2\n")

    done = subprocess.run(
        ["systemd-analyze", "verify", str(wrong)], capture_output=True, text=True, check=False
    )

    assert "RestartSecs" in done.stderr


def commands() -> list[list[str]]:
    """Return every command of ours in the units."""
    return [
        [*words.split(), *options.split()]
        for unit in UNITS
        for words, options in COMMAND.findall(unit.read_text())
    ]


def test_units_name_our_commands() -> None:
    """Find at least one."""
    assert len(commands()) == 14


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_command_of_a_unit_exists(command: list[str]) -> None:
    """Find it with every option it is given."""
    words = [word for word in command if not word.startswith("--")]

    shown = CliRunner().invoke(cli, [*words, "--help"])

    assert shown.exit_code == 0, shown.output
    assert [each for each in command if each.startswith("--") and each not in shown.output] == []
