"""The same lists from the FastAPI baseline: FastAPI, SQLAlchemy async, pydantic, two workers."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control.errors import ControlError
from tests.bench.bench_list import LARGE
from tests.bench.load import Load, Service, load, require_wrk
from tests.bench.report import Report, Side, Target, at_least
from tests.bench.servers import Bench

EMBED = "location:locations(*),lineages:sample_lineages(*),qc:sample_qc_metrics(*),accessions(*)"
# Both sides start again in each round: the work of a Python process differs by a quarter from start
# to start.
STARTS = 7
SECONDS = 3
WARM_UP_SECONDS = 1
TIMES = ("created_at", "updated_at", "disclosed_at")


@dataclass(frozen=True)
class List:
    """One list, in the form each side is asked for it."""

    name: str
    ours: str
    theirs: str
    target: Target


LISTS = (
    List(
        "100 samples",
        "/samples?order=id.desc&limit=100",
        "/samples?limit=100",
        at_least(2.5),
    ),
    List(
        "100 samples with everything embedded",
        f"/samples?select=*,{EMBED}&order=id.desc&limit=100",
        "/samples/embedded?limit=100",
        at_least(5),
    ),
    List(
        "1,000 samples",
        "/samples?order=id.desc&limit=1000",
        "/samples?limit=1000",
        at_least(5),
    ),
)


def run(bench: Bench, report: Report) -> None:
    """Request each list from both sides, after checking that they answer the same."""
    require_wrk()
    report.title(
        "fastapi_baseline: the same lists from FastAPI, SQLAlchemy and pydantic, 2 workers"
    )
    database = bench.database("large", LARGE)
    token = bench.token("bench|3", {3: "member"})
    measured: dict[str, tuple[list[Load], list[Load]]] = {wanted.name: ([], []) for wanted in LISTS}
    for _ in range(STARTS):
        with bench.postgrest(database) as ours, bench.fastapi_baseline(database) as theirs:
            for wanted in LISTS:
                sides = ((ours, wanted.ours), (theirs, wanted.theirs))
                require_same(*(fetch(service, path, token) for service, path in sides))
                for service, path in sides:
                    load(service, path, token, WARM_UP_SECONDS)
                for (service, path), loads in zip(sides, measured[wanted.name], strict=True):
                    loads.append(load(service, path, token, SECONDS))
    for wanted in LISTS:
        compare(report, wanted, *measured[wanted.name])


def compare(report: Report, wanted: List, ours: list[Load], theirs: list[Load]) -> None:
    """Report the rates of both sides."""
    our_rates, their_rates = (
        Side(f"{wanted.name}, {name}", tuple(one.requests_per_second for one in side), "requests/s")
        for name, side in (("PostgREST", ours), ("FastAPI baseline", theirs))
    )
    report.sides([our_rates, their_rates])
    report.ratio(
        f"{wanted.name}, requests/s of PostgREST by the baseline's", our_rates, their_rates
    )
    our_costs, their_costs = (
        Side(
            f"{wanted.name}, {name}",
            tuple(one.processor_ms_per_request for one in side),
            "ms of processor time",
        )
        for name, side in (("PostgREST", ours), ("FastAPI baseline", theirs))
    )
    report.sides([our_costs, their_costs])
    report.ratio(
        f"{wanted.name}, work of the baseline by that of PostgREST",
        their_costs,
        our_costs,
        wanted.target,
    )


def fetch(service: Service, path: str, token: str) -> list[dict[str, Any]]:
    """Return the rows one side answers with."""
    request = urllib.request.Request(
        service.url + path, headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as response:
        rows: list[dict[str, Any]] = json.load(response)
    return rows


def require_same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Require the same columns and values of both sides; only times may be spelt differently."""
    for our_row, their_row in zip(normalised(ours), normalised(theirs), strict=True):
        if our_row != their_row:
            columns = our_row.keys() | their_row.keys()
            other = sorted(name for name in columns if our_row.get(name) != their_row.get(name))
            raise ControlError(
                f"the two sides answer differently: {', '.join(other)}",
                "make tests/bench/fastapi_baseline.py agree",
            )


def normalised(value: Any) -> Any:
    """Return times as times, numbers as numbers, and embedded rows in the order of their keys."""
    if isinstance(value, list):
        items = [normalised(item) for item in value]
        embedded = all(isinstance(item, dict) for item in items)
        return sorted(items, key=lambda item: item["id"]) if embedded else items
    if isinstance(value, dict):
        return {
            key: datetime.fromisoformat(item) if key in TIMES else normalised(item)
            for key, item in value.items()
        }
    return value
