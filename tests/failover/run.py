"""Kill the primary while clients read and write, and compare their answers with what is stored."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests.calm.load import Clients
from tests.calm.run import prepare, stored_otherwise
from tests.failover.stage import LocalCluster, run_local_cluster

Echo = Callable[[str], None]
WRITES_BACK_SECONDS = 30.0
# After so long a campaign is over.
LONGEST_SECONDS = 90.0


@dataclass
class Result:
    """What was wrong, and how long nothing could be written after each kill."""

    wrong: list[str] = field(default_factory=list)
    failed_reads: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    uploads: int = 0
    seconds: list[float] = field(default_factory=list)


@contextmanager
def open_cluster(pooling: str | None = None) -> Iterator[tuple[LocalCluster, int, int]]:
    """Start a cluster with a group and a location in a folder that is removed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with run_local_cluster(Path(name) / "data", pooling) as local:
            yield (local, *prepare(local))


def kill(
    local: LocalCluster, group: int, location: int, seed: int, echo: Echo, result: Result
) -> None:
    """Kill the primary once at a moment that the seed chooses, and wait until writes are back."""
    dice = random.Random(seed)
    with Clients(local, group, location, seed) as clients:
        time.sleep(dice.uniform(0.5, 3))
        name = local.kill_primary()
        began = time.monotonic()
        write(local, group, location, f"probe-{seed}")
        seconds = time.monotonic() - began
        time.sleep(dice.uniform(0.2, 1))
    note(local, clients, result, [f"probe-{seed}"])
    result.seconds.append(seconds)
    if seconds > WRITES_BACK_SECONDS:
        result.wrong.append(f"seed {seed}: writes were back after {seconds:.1f} s")
    echo(f"seed {seed}: {name} killed, writes back after {seconds:.1f} s")
    local.up()


def note(local: LocalCluster, clients: Clients, result: Result, besides: list[str]) -> None:
    """Add what clients were answered, compared with what is stored."""
    answers = clients.answers
    reads = {said: count for said, count in answers.wrong.items() if said.startswith("GET")}
    result.failed_reads.update(reads)
    result.wrong += [said for said in answers.wrong if said not in reads]
    result.wrong += stored_otherwise(local, answers.stored.keys() | set(besides))
    result.requests += len(answers.seconds)
    result.uploads += len(answers.stored)
    clear(local)


def clear(local: LocalCluster) -> None:
    """Delete all samples: the next clients use the same names."""
    with local.connect() as conn:
        conn.execute("delete from aspen.samples")
        conn.execute("delete from aspen.idempotency_keys")


def write(local: LocalCluster, group: int, location: int, name: str) -> None:
    """Upload one sample, however long that takes."""
    keys = load_keys(local.settings.keys_dir)
    token = mint(keys, sub="ada", role="member", ttl=timedelta(hours=1))
    give_up_at = time.monotonic() + LONGEST_SECONDS
    sample = {"private_identifier": name, "collection_date": "2026-11-01", "location_id": location}
    while time.monotonic() < give_up_at:
        try:
            answer = httpx.post(
                f"{local.settings.api_url}/rpc/create_samples",
                json={"group_id": group, "pathogen": "SC2", "samples": [sample]},
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": name},
                timeout=60,
            )
        except httpx.TransportError:
            continue
        if answer.status_code == 200:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{name} was not stored within {LONGEST_SECONDS:.0f} s")
