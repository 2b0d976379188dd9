"""What docs/scaling.md says about more replicas than anybody here can run."""

from __future__ import annotations

import pytest

from tests.bench.replica_model import MEASURED, MIXES, REPLICAS, capacity, slow, table
from tests.servers import SETTINGS

PAGE = (SETTINGS.root / "docs" / "scaling.md").read_text()


def test_page_has_the_table_of_the_model() -> None:
    """Say what follows from the costs that were measured."""
    assert "\n".join(table(MEASURED)) in PAGE


def test_reads_grow_with_replicas_until_the_primary_is_full() -> None:
    """Double with twice the replicas at first, and shrink once the primary sends to too many."""
    rates = {replicas: capacity(MEASURED, replicas, 0.95) for replicas in (1, 2, 16, 32)}

    assert rates[1][1] == rates[2][1] == "the replicas"
    assert rates[16][1] == rates[32][1] == "the primary"
    assert 1.9 < rates[2][0] / rates[1][0] <= 2
    assert rates[32][0] < rates[16][0]


@pytest.mark.parametrize("reads", MIXES)
@pytest.mark.parametrize("replicas", REPLICAS)
def test_requests_do_not_pile_up_at_the_rate_of_the_table(replicas: int, reads: float) -> None:
    """Answer 95 of 100 within three times the work of one, at any of the rates."""
    longest = max(MEASURED.read, MEASURED.write + replicas * MEASURED.send)

    assert slow(MEASURED, replicas, reads, seed=7) < 3 * longest
