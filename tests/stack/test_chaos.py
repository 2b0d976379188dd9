"""A short run of jobs whose processes are killed; `make chaos` runs ten long ones."""

from __future__ import annotations

import pytest

from tests.chaos.run import Size, run


@pytest.mark.timeout(600)
def test_nothing_is_lost_whatever_is_killed() -> None:
    """Kill each of several processes once: every job ends, and no file, row or event is lost."""
    said: list[str] = []

    wrong = run(1, Size(jobs=6, outputs=18, kills=5), said.append)

    assert wrong == [], "\n".join(said)
