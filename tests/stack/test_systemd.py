"""The units of docs/systemd are accepted by systemd; test_parts.py compares what they start."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stack import parts

UNITS = sorted(parts.UNITS.iterdir())
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


@pytest.mark.parametrize("moment", ["ExecStartPre", "ExecReload"])
def test_edge_forgets_what_is_no_longer_configured(tmp_path: Path, moment: str) -> None:
    """Take over what changed in local/ at a start and at a reload, and remove what is gone."""
    of_unit = {"/opt/aspen": "opt", "/etc/aspen/edge": "etc", "/var/lib/aspen-edge": "state"}
    kept, given = (tmp_path / name / "local" for name in ("state", "etc"))
    for folder in (tmp_path / "opt", kept, given):
        folder.mkdir(parents=True)
    for name in ("nginx.conf", "nginx.js"):
        (tmp_path / "opt" / name).touch()
    (kept / "unlimited.conf").touch()
    (given / "listen.conf").touch()

    unit = (parts.UNITS / "aspen-edge.service").read_text()
    for command in re.findall(f"^{moment}=(/bin/(?:rm|cp) .*)$", unit, re.MULTILINE):
        for path, name in of_unit.items():
            command = command.replace(path, str(tmp_path / name))
        subprocess.run(command.split(), check=True)

    assert [path.name for path in kept.iterdir()] == ["listen.conf"]
