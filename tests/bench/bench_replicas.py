"""Reads in a cluster: what the primary has to do with them, and how far they grow with replicas.

A read costs as much as without replicas, but on another machine. So their number grows with the
replicas as long as the primary, which all of them share, does next to nothing for each. More
replicas than fit here are computed from what a read and a write cost on each machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import mean

import httpx

from control.cluster.instance import Instance
from control.cluster.node import Node
from control.cluster.state import READERS, WRITER
from control.stack.components import Component
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests import factories
from tests.bench.processes import seconds_of, seconds_used
from tests.bench.replica_model import CORES, LOAD, MIXES, REPLICAS, Costs, slow, table
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench
from tests.calm.run import prepare
from tests.failover.stage import LocalCluster, run_local_cluster

PATH = "/samples?select=*,sample_lineages(*)&limit=100"
SAMPLES = 100
ROUNDS = 5
# Below what the edge lets one token ask in a second.
READS = 150
WRITES = 60
SEED = 7


def run(_: Bench, report: Report) -> None:
    """Read through the edge, and add up who worked."""
    report.title(f"replicas: {READS} reads of {SAMPLES} samples with their lineages")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with run_local_cluster(Path(name) / "data") as local:
            measure(local, report)


def measure(local: LocalCluster, report: Report) -> None:
    """Compare the work of the primary, and its PostgREST, with that of the replicas and theirs."""
    group, location = prepare(local)
    with local.connect() as conn:
        for _ in range(SAMPLES):
            sample = factories.sample(conn, group, location_id=location)
            factories.sample_lineage(conn, sample)
    token = mint(load_keys(local.settings.keys_dir), sub="ada", role="member", ttl=timedelta(1))
    replicas = local.replicas()
    primary = int(local.primary().name.rpartition("-")[2])
    servers = {
        "primary": processes(local, [primary], [WRITER]),
        "replicas": processes(local, replicas, READERS),
    }
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{local.settings.api_url}", timeout=60, headers=headers) as client:
        numbers = count()

        def read() -> None:
            client.get(PATH).raise_for_status()

        def write() -> None:
            sample = {
                "private_identifier": f"written-{next(numbers)}",
                "collection_date": "2026-11-01",
                "location_id": location,
            }
            batch = {"group_id": group, "pathogen": "SC2", "samples": [sample]}
            client.post("/rpc/create_samples", json=batch).raise_for_status()

        reads, writes = Work(servers, senders(local)), Work(servers, senders(local))
        for _ in range(ROUNDS):
            reads.do(read, READS)
            writes.do(write, WRITES)

    sides = {name: Side(name, tuple(reads.costs[name]), "ms per read") for name in servers}
    report.sides(list(sides.values()))
    report.ratio(
        "replicas: work of the primary by that of the replicas, per read",
        sides["primary"],
        sides["replicas"],
        at_most(0.15),
    )
    project(report, reads, writes, len(replicas))


class Work:
    """What some requests cost the servers, and what these did in the same time when idle."""

    def __init__(self, servers: dict[str, list[int]], senders: list[int]) -> None:
        self.servers = servers
        self.senders = senders
        self.costs: dict[str, list[float]] = {name: [] for name in (*servers, "senders")}
        self.idle: dict[str, list[float]] = {name: [] for name in self.costs}

    def do(self, request: Callable[[], None], times: int) -> None:
        """Send so many requests, rest as long, and add up who worked."""
        began = time.monotonic()
        before = self._used()
        for _ in range(times):
            request()
        busy, seconds = self._used(), time.monotonic() - began
        time.sleep(seconds)
        idle = self._used()
        for name in self.costs:
            self.costs[name].append((busy[name] - before[name]) / times * 1000)
            self.idle[name].append((idle[name] - busy[name]) / times * 1000)

    def cost(self, name: str) -> float:
        """Return milliseconds of processor time that a request adds; a round alone is too short."""
        return max(mean(self.costs[name]) - mean(self.idle[name]), 0.0)

    def _used(self) -> dict[str, float]:
        used = {name: seconds_used(pids) for name, pids in self.servers.items()}
        return used | {"senders": sum(map(seconds_of, self.senders))}


def project(report: Report, reads: Work, writes: Work, replicas: int) -> None:
    """Print what the costs mean for more replicas, on machines of their own."""
    costs = Costs(
        read=reads.cost("replicas"),
        read_on_primary=reads.cost("primary"),
        write=writes.cost("primary") - writes.cost("senders"),
        send=writes.cost("senders") / replicas,
        replay=writes.cost("replicas") / replicas,
    )
    report.note(", ".join(f"{name} {ms:.2f} ms" for name, ms in asdict(costs).items()))
    report.note(f"requests/s that machines with {CORES} cores bear at {LOAD:.0%} of their cores")
    for line in table(costs):
        report.note(line)
    for number in REPLICAS:
        slowest = ", ".join(f"{slow(costs, number, mix, SEED):.1f}" for mix in MIXES)
        report.note(f"95 of 100 requests at this rate, {number} replicas: at most {slowest} ms")


def senders(local: LocalCluster) -> list[int]:
    """Return the processes of the primary that send its log."""
    with local.connect() as conn:
        rows = conn.execute("select pid from pg_catalog.pg_stat_replication").fetchall()
    return [pid for (pid,) in rows]


def processes(local: LocalCluster, nodes: Sequence[int], instances: Sequence[int]) -> list[int]:
    """Return the processes of nodes and PostgREST; PostgreSQL is no child of its Patroni."""
    parts: list[Component] = [
        *(Node(local.settings, local.state, number) for number in nodes),
        *(Instance(local.settings, local.state, number) for number in instances),
    ]
    return [pid for part in parts for pid in part.server.writers()]
