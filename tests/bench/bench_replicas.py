"""Reads in a cluster: what the primary has to do with them.

A read costs as much as without replicas, but on another machine. So their number grows with the
replicas as long as the primary, which all of them share, does next to nothing for each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from control.cluster.instance import Instance
from control.cluster.node import Node
from control.cluster.state import READERS, WRITER
from control.stack.components import Component
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests import factories
from tests.bench.processes import seconds_used
from tests.bench.report import Report, Side, at_most
from tests.bench.servers import Bench
from tests.calm.run import prepare
from tests.failover.stage import LocalCluster, run_local_cluster

PATH = "/samples?select=*,sample_lineages(*)&limit=100"
SAMPLES = 100
ROUNDS = 5
# Below what the edge lets one token ask in a second.
READS = 150


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
    costs: dict[str, list[float]] = {name: [] for name in servers}
    with httpx.Client(base_url=f"{local.settings.api_url}", timeout=60) as client:
        for _ in range(ROUNDS):
            before = {name: seconds_used(pids) for name, pids in servers.items()}
            for _ in range(READS):
                client.get(PATH, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
            for name, pids in servers.items():
                costs[name].append((seconds_used(pids) - before[name]) / READS * 1000)

    sides = {name: Side(name, tuple(values), "ms per read") for name, values in costs.items()}
    report.sides(list(sides.values()))
    report.ratio(
        "replicas: work of the primary by that of the replicas, per read",
        sides["primary"],
        sides["replicas"],
        at_most(0.15),
    )


def processes(local: LocalCluster, nodes: Sequence[int], instances: Sequence[int]) -> list[int]:
    """Return the processes of nodes and PostgREST; PostgreSQL is no child of its Patroni."""
    parts: list[Component] = [
        *(Node(local.settings, local.state, number) for number in nodes),
        *(Instance(local.settings, local.state, number) for number in instances),
    ]
    return [pid for part in parts for pid in part.server.writers()]
