"""A short run of the campaign of attacks; `make attack` runs all of it."""

from __future__ import annotations

import pytest

# These take minutes, or the whole machine.
LONG = {"queries", "bodies", "floods", "slow"}


@pytest.mark.timeout(300)
def test_campaign_holds() -> None:
    """Find nothing with every quick attack, and a few generated requests for each operation."""
    # Schemathesis takes half a second that no other test needs.
    from tests.attack.__main__ import ATTACKS, main

    quick = (name for name in ATTACKS if name not in LONG)

    assert main(["--seed", "1", "--examples", "1", *quick]) == 0
