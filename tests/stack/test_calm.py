"""A short run of clients while the platform is changed; `make calm` is a long one."""

from __future__ import annotations

import pytest

from tests.calm.run import prepare, run
from tests.calm.stages import STACK, open_stack


@pytest.mark.timeout(300)
def test_nobody_notices_that_the_platform_is_changed() -> None:
    """Load code, rotate keys, restart and migrate: none fails, every write is done once."""
    said: list[str] = []

    with open_stack() as local:
        result = run(local, *prepare(local), STACK.operations, seed=1, applies=1, echo=said.append)

    assert result.wrong == [], "\n".join(said)
    assert result.uploads > 0
    assert [line for line in said if line.startswith("apply")] != []
