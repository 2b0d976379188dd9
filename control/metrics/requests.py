"""Count the requests of the access log, in bounded memory whatever it says."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from control.metrics.families import Family, Sample

# In seconds. 0.25 and 1 are the limits of docs/service-levels.md.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# The API has about a hundred. Paths that nobody serves are "-" in the log, unless they were refused
# before anybody knew: such routes leave room for those that are served.
MOST_ROUTES = 250
MOST_REFUSED_ROUTES = 125
OTHER = "other"
METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
_ROUTE = re.compile(r"-|/[a-z_/]{0,80}")
_GROUPS = re.compile(r"[1-9][0-9]{0,17}(?:,[1-9][0-9]{0,17}){0,99}")


@dataclass(frozen=True)
class Request:
    """What a line of the access log says about one request; the day is in UTC."""

    day: str
    route: str
    method: str
    status: int
    seconds: float
    size: int
    groups: tuple[int, ...]


def parse(line: bytes) -> Request | None:
    """Return the request of a line; None for messages of nginx and whatever else is no request."""
    try:
        entry = json.loads(line)
        day = datetime.fromisoformat(entry["time"]).astimezone(UTC).date().isoformat()
        route = f"{entry['route']}"
        status, seconds, size = int(entry["status"]), float(entry["seconds"]), int(entry["bytes"])
        groups = f"{entry.get('groups', '-')}"
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    if not (
        100 <= status <= 599
        and 0 <= seconds < 1e6
        and 0 <= size < 1 << 50
        and _ROUTE.fullmatch(route)
    ):
        return None
    method = f"{entry.get('method')}"
    return Request(
        day,
        route,
        method if method in METHODS else "-",
        status,
        seconds,
        size,
        tuple(map(int, groups.split(","))) if _GROUPS.fullmatch(groups) else (),
    )


class RequestCounts:
    """Requests by route, method and status, how long they took, and their bytes."""

    def __init__(self) -> None:
        self._routes: set[str] = set()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._buckets: dict[tuple[str, str], list[int]] = {}
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._bytes: Counter[tuple[str, str]] = Counter()
        self.skipped = 0

    def add(self, requests: Iterable[Request | None]) -> None:
        """Count requests; None counts as a line that was skipped."""
        for request in requests:
            if request is None:
                self.skipped += 1
                continue
            key = (self._known(request.route, request.status < 400), request.method)
            self._requests[*key, f"{request.status // 100}xx"] += 1
            buckets = self._buckets.setdefault(key, [0] * (len(BUCKETS) + 1))
            buckets[bisect_left(BUCKETS, request.seconds)] += 1
            self._seconds[key] += request.seconds
            self._bytes[key] += request.size

    def _known(self, route: str, is_served: bool) -> str:
        if route not in self._routes:
            if len(self._routes) >= (MOST_ROUTES if is_served else MOST_REFUSED_ROUTES):
                return OTHER
            self._routes.add(route)
        return route

    def families(self) -> list[Family]:
        """Return the counts as metrics."""
        requests = Family("aspen_http_requests", "counter", "Requests that the edge answered")
        times = Family("aspen_http_request_seconds", "histogram", "How long requests took")
        sent = Family("aspen_http_response_bytes", "counter", "Bytes of answers")
        skipped = Family(
            "aspen_access_log_lines_skipped", "counter", "Lines of the log that are no request"
        )
        for (route, method, status), count in sorted(self._requests.items()):
            labels = {"route": route, "method": method, "status": status}
            requests.samples.append(Sample(labels, count, "_total"))
        for key, buckets in sorted(self._buckets.items()):
            labels = dict(zip(("route", "method"), key, strict=True))
            until = 0
            for limit, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
                until += count
                times.samples.append(Sample(labels | {"le": limit}, until, "_bucket"))
            times.samples.append(Sample(labels, until, "_count"))
            times.samples.append(Sample(labels, round(self._seconds[key], 6), "_sum"))
            sent.samples.append(Sample(labels, self._bytes[key], "_total"))
        skipped.samples.append(Sample({}, self.skipped, "_total"))
        return [requests, times, sent, skipped]
