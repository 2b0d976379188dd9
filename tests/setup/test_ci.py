"""The workflow of a public host runs the checks of .ci/run, and may only read."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.servers import SETTINGS

ROOT = SETTINGS.root


@pytest.fixture
def workflow() -> Any:
    """Parse the file; YAML reads its key `on` as true."""
    return yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))


@pytest.fixture
def steps(workflow: Any) -> list[dict[str, Any]]:
    """Return the steps of its one job."""
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


def test_workflow_runs_the_checks_of_this_repository(steps: list[dict[str, Any]]) -> None:
    """Run .ci/run, so that there is one list of what must pass."""
    assert steps[-1]["run"] == ".ci/run"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111 != 0


def test_workflow_uses_actions_of_one_version(steps: list[dict[str, Any]]) -> None:
    """Name exact versions: a moving tag would change what runs without a commit."""
    used = [step["uses"] for step in steps if "uses" in step]

    assert [one for one in used if not re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", one)] == []
    assert used != []


def test_workflow_runs_for_every_change_and_may_only_read(workflow: Any) -> None:
    """Bound its rights, because a pull request runs code of strangers."""
    assert set(workflow[True]) == {"push", "pull_request"}
    assert workflow["permissions"] == {"contents": "read"}


def test_workflow_installs_what_the_check_of_the_machine_asks_for(
    steps: list[dict[str, Any]],
) -> None:
    """Install Debian's packages that setup/check names, and a newer Node.js by an action."""
    text = (ROOT / "setup/check").read_text("utf-8")
    asked = set(re.findall(r"^has \w+ \|\| lack '\w+' '([\w-]+)'", text, re.MULTILINE)) - {"npm"}

    assert asked - set(steps[0]["run"].split()) == set()
    assert {"git", "curl", "procps"} <= asked
