"""Programs of the field are found, and what they say is kept."""

from __future__ import annotations

import sys

import pytest

from pipelines import tools
from pipelines.job import JobError
from pipelines.phylo.build import Tools


def test_missing_program_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say which is missing and how to install it."""
    monkeypatch.setattr(tools, "VENV", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(JobError, match=r"augur is not installed on the worker: make pipelines"):
        Tools.installed()


def test_first_of_several_programs_is_found() -> None:
    """Return the path of the first that is installed."""
    assert tools.find(["no-such-program", "sh"], "").endswith("/sh")


def test_failure_says_what_the_program_said_last(capfd: pytest.CaptureFixture[str]) -> None:
    """Name the program and its last lines; all of them are in the log."""
    script = "import sys; print('first'); print(*range(9), sep='\\n'); sys.exit(3)"

    with pytest.raises(JobError) as raised:
        tools.run([sys.executable, "-c", script])

    assert str(raised.value).endswith("ended with exit code 3: 4 / 5 / 6 / 7 / 8")
    assert "first" in capfd.readouterr().err


def test_version_is_the_first_number_with_a_dot() -> None:
    """Read it from either stream."""
    script = "import sys; print('Tool v7.505 (2022/Apr/10)', file=sys.stderr)"

    assert tools.version([sys.executable, "-c", script]) == "7.505"
