"""A short run of the campaign of attacks; `make attack` runs all of it."""

from __future__ import annotations

from tests.attack.__main__ import ATTACKS, main

# These take minutes, or the whole machine.
LONG = {"queries", "bodies", "floods", "slow", "requests"}


def test_campaign_holds() -> None:
    """Find nothing with every quick attack."""
    assert main(["--seed", "1", *(name for name in ATTACKS if name not in LONG)]) == 0


def test_generated_requests_break_nothing() -> None:
    """Send a few requests of schemathesis for each operation."""
    assert main(["--seed", "1", "--examples", "1", "requests"]) == 0
