"""How many requests per second replicas bear, from what one request costs on each machine.

A machine is full when its cores are: the primary by writes and by what a read makes it do, a
replica by reads and by what it replays, which is the work of one process. `capacity` says when the
first is full; `slow` plays requests at this rate, to see that they do not pile up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

CORES = 4
REPLICAS = (1, 2, 4, 8, 16, 32)
MOST = 100
# Parts of the requests that read.
MIXES = (0.99, 0.95, 0.8)
# Nobody runs machines any fuller.
LOAD = 0.7
REQUESTS = 20_000


@dataclass(frozen=True)
class Costs:
    """Milliseconds of processor time, each with the PostgREST that is beside the PostgreSQL."""

    read: float  # on the replica that answers
    read_on_primary: float
    write: float  # on the primary, without what sends it
    send: float  # on the primary, a write to one replica
    replay: float  # on each replica, a write


# What `python -m tests.bench replicas` measured for docs/scaling.md, the larger of two runs: reads
# of 100 samples with lineages, writes of one sample by create_samples.
MEASURED = Costs(read=3.9, read_on_primary=0.05, write=3.6, send=0.08, replay=0.25)


def capacity(costs: Costs, replicas: int, reads: float, cores: int = CORES) -> tuple[float, str]:
    """Return requests per second when LOAD of the first machine is used, and which one that is."""
    on_primary = reads * costs.read_on_primary + (1 - reads) * (costs.write + replicas * costs.send)
    on_replica = reads / replicas * costs.read + (1 - reads) * costs.replay
    bounds = {
        "the primary": cores * 1000 / on_primary,
        "the replicas": cores * 1000 / on_replica,
        "replaying": 1000 / max((1 - reads) * costs.replay, 1e-9),
    }
    full = min(bounds, key=lambda name: bounds[name])
    return LOAD * bounds[full], full


def slow(costs: Costs, replicas: int, reads: float, seed: int, cores: int = CORES) -> float:
    """Return what 95 of 100 requests take at most, in milliseconds, at the rate of `capacity`."""
    rate, _ = capacity(costs, replicas, reads, cores)
    dice = random.Random(seed)
    primary = [0.0] * cores
    machines = [[0.0] * cores for _ in range(replicas)]
    replayed = [0.0] * replicas
    now, taken = 0.0, []
    for number in range(REQUESTS):
        now += dice.expovariate(rate) * 1000
        if dice.random() < reads:
            done = _work(machines[number % replicas], now, costs.read)
            _work(primary, now, costs.read_on_primary)
        else:
            done = _work(primary, now, costs.write + replicas * costs.send)
            for place, machine in enumerate(machines):
                # One process replays one write after the other.
                replayed[place] = _work(machine, max(done, replayed[place]), costs.replay)
        taken.append(done - now)
    return sorted(taken)[REQUESTS * 95 // 100]


def _work(cores: list[float], now: float, cost: float) -> float:
    """Return when the core that is free first has done the work."""
    done = max(heappop(cores), now) + cost
    heappush(cores, done)
    return done


def table(costs: Costs) -> Iterator[str]:
    """Yield the lines of a table of docs/scaling.md."""
    yield "| replicas | " + " | ".join(f"{reads:.0%} reads" for reads in MIXES) + " |"
    yield "|" + "---|" * (len(MIXES) + 1)
    for replicas in REPLICAS:
        yield f"| {replicas} | " + " | ".join(_cells(costs, replicas)) + " |"
    most = [
        max((capacity(costs, replicas, reads)[0], -replicas) for replicas in range(1, MOST))
        for reads in MIXES
    ]
    yield "| most | " + " | ".join(f"{rate:,.0f} with {-number}" for rate, number in most) + " |"


def _cells(costs: Costs, replicas: int) -> Sequence[str]:
    found = [capacity(costs, replicas, reads) for reads in MIXES]
    return [f"{rate:,.0f}{'' if full == 'the replicas' else f', {full}'}" for rate, full in found]
