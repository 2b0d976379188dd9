"""Requests are counted in bounded memory, whatever the access log says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from control.metrics.families import END, write
from control.metrics.requests import MOST_ROUTES, OTHER, RequestCounts, parse
from tests.openmetrics import Metrics
from tests.openmetrics import parse as parse_metrics

ENTRY = {
    "time": "2026-11-26T09:00:00+00:00",
    "address": "127.0.0.1",
    "user": "4",
    "groups": "3,12",
    "method": "GET",
    "route": "/samples",
    "version": "api",
    "status": 200,
    "seconds": 0.02,
    "bytes": 1322,
    "request_id": "a",
}


def line(**values: Any) -> bytes:
    """Return a line of the access log."""
    return json.dumps(ENTRY | values).encode()


def counted(*lines: bytes) -> Metrics:
    """Return the metrics of lines."""
    counts = RequestCounts()
    counts.add(map(parse, lines))
    return parse_metrics(write(counts.families()) + END)


def test_requests_are_counted_by_route_method_and_status() -> None:
    """Add up times and bytes of each route, and sort times into buckets."""
    metrics = counted(line(), line(seconds=3, bytes=8), line(status=503), line(route="/jobs"))
    samples = {"route": "/samples", "method": "GET"}

    assert [
        metrics.value("aspen_http_requests_total", **samples, status=status)
        for status in ("2xx", "5xx", "4xx")
    ] == [2, 1, None]
    assert [
        metrics.value("aspen_http_request_seconds_bucket", **samples, le=limit)
        for limit in ("0.01", "0.025", "2.5", "5.0", "+Inf")
    ] == [0, 2, 2, 3, 3]
    assert metrics.value("aspen_http_request_seconds_sum", **samples) == 3.04
    assert metrics.value("aspen_http_response_bytes_total", **samples) == 1322 * 2 + 8


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nginx: [warn] something",
        b"[1]",
        b"null",
        b"\xff",
        b"[" * 60_000,
        line(status=0),
        line(status="x"),
        line(seconds=-1),
        line(seconds=float("nan")),
        line(seconds=float("inf")),
        line(bytes=1e30),
        line(bytes=-1),
        line(route="/samples?private_identifier=eq.x"),
        line(route="/" + "a" * 82),
        line(time="yesterday"),
        line(route='/a"b'),
    ],
)
def test_line_that_is_no_request_is_skipped(text: bytes) -> None:
    """Count that it was, and nothing of it."""
    metrics = counted(text)

    assert metrics.value("aspen_access_log_lines_skipped_total") == 1
    assert metrics.names() == {"aspen_access_log_lines_skipped_total"}


def test_methods_and_routes_are_few() -> None:
    """Put what is beyond the most routes together, and methods that nobody knows."""
    numbers = ["".join("abcdefghij"[int(digit)] for digit in f"{n}") for n in range(1000)]
    metrics = counted(*(line(route=f"/{name}", method=name) for name in numbers))
    routes = {dict(labels).get("route") for _, labels in metrics.samples} - {None}

    assert (len(routes), OTHER in routes) == (MOST_ROUTES + 1, True)
    assert {dict(labels).get("method") for _, labels in metrics.samples} == {"-", None}


def test_routes_that_were_only_refused_leave_room_for_others() -> None:
    """Keep who asks for paths that do not exist from hiding those that do."""
    made_up = ["".join("abcdefghij"[int(digit)] for digit in f"{n}") for n in range(1000)]
    lines = [line(route=f"/{name}", status=400) for name in made_up]

    metrics = counted(*lines, line())

    served = {"route": "/samples", "method": "GET", "status": "2xx"}
    assert metrics.value("aspen_http_requests_total", **served) == 1


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        ("3,12", (3, 12)),
        ("7", (7,)),
        ("-", ()),
        ("", ()),
        ("3,,4", ()),
        ("x", ()),
        ("0", ()),
        ("9" * 19, ()),
    ],
)
def test_groups_of_a_request_are_read(given: str, groups: tuple[int, ...]) -> None:
    """Take what is not a list of ids for no group."""
    request = parse(line(groups=given))

    assert request is not None and request.groups == groups
