"""A short run of the campaign of attacks; `make attack` is the whole."""

from __future__ import annotations

from tests.attack.__main__ import ATTACKS, main

# These take minutes, or the whole machine.
LONG = {"queries", "bodies", "floods", "slow", "requests"}


def test_campaign_holds() -> None:
    """Every attack that is quick finds nothing."""
    assert main(["--seed", "1", *(name for name in ATTACKS if name not in LONG)]) == 0


def test_generated_requests_break_nothing() -> None:
    """Schemathesis' requests, a few for each operation."""
    assert main(["--seed", "1", "--examples", "2", "requests"]) == 0
