"""Replicas that fall behind, and what is watched of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import psycopg

from control.stack.process import wait_for
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests import factories
from tests.failover.stage import LocalCluster
from tests.openmetrics import Metrics, parse

LAG = "aspen_replication_lag"


@dataclass(frozen=True)
class Watcher:
    """Prometheus at the edge, with the token of an operator."""

    local: LocalCluster
    token: str

    @classmethod
    def of(cls, local: LocalCluster) -> Watcher:
        """Store an operator."""
        with local.connect() as conn:
            factories.user(conn, "watcher", is_operator=True)
        keys = load_keys(local.settings.keys_dir)
        return cls(local, mint(keys, sub="watcher", role="operator", ttl=timedelta(hours=1)))

    def scrape(self) -> Metrics:
        """Read all metrics."""
        answer = httpx.get(
            f"{self.local.settings.api_url}/rpc/metrics",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return parse(answer.raise_for_status().text)

    def lags(self, unit: str) -> dict[str, float]:
        """Return how far each replica is behind, by its name."""
        return {
            dict(labels)["replica"]: value
            for (name, labels), value in self.scrape().samples.items()
            if name == f"{LAG}_{unit}"
        }

    def lag_after_a_write(self, node: str, unit: str) -> float:
        """Return how far a replica is behind, which it reports whenever it gets something."""
        with self.local.connect() as conn:
            conn.execute("select pg_logical_emit_message(true, 'test', repeat('x', 10000))")
        return self.lags(unit)[node]

    def is_further_behind(self, node: str, unit: str, lag: float) -> bool:
        """Tell whether a replica that got something more is behind by more than this."""
        return self.lag_after_a_write(node, unit) > lag


@contextmanager
def stuck(local: LocalCluster, *numbers: int) -> Iterator[list[str]]:
    """Keep replicas from replaying; yield their names.

    They wait for a lock that a query on each holds. Patroni ends a pause of the replay at once.
    """
    with local.connect() as primary, ExitStack() as stack:
        primary.execute("create table if not exists public.brake ()")
        wait_for(lambda: all(has_brake(local, number) for number in numbers), 10)
        for number in numbers:
            conn: psycopg.Connection = stack.enter_context(local.on(number))
            stack.enter_context(conn.transaction())
            conn.execute("select from public.brake")
        with primary.transaction():
            primary.execute("lock table public.brake in access exclusive mode")
        yield [f"node-{number}" for number in numbers]


def has_brake(local: LocalCluster, number: int) -> bool:
    """Tell whether a replica has the table."""
    with local.on(number) as conn:
        found = conn.execute("select to_regclass('public.brake') is not null").fetchone()
    return found == (True,)
