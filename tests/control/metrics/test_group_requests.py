"""Requests of groups are counted in the access log, each line once."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from control.metrics import group_requests
from control.metrics.group_requests import count_requests
from tests import factories

COUNTS = "select group_id, day::text, request_count from aspen.group_requests order by 1, 2"


NOON = "2026-11-26T12:00:00+00:00"


def write(log: Path, groups: str, *, time: str = NOON, times: int = 1) -> None:
    """Append lines of the access log."""
    entry: dict[str, object] = {"time": time, "groups": groups, "method": "GET", "route": "/me"}
    entry |= {"status": 200, "seconds": 0.1, "bytes": 7}
    with log.open("a") as file:
        file.writelines(json.dumps(entry | {"number": n}) + "\n" for n in range(times))


def test_requests_are_counted_by_group_and_day(conn: psycopg.Connection, tmp_path: Path) -> None:
    """Count a caller of two groups in both, days in UTC, and groups that are gone nowhere."""
    log = tmp_path / "access.log"
    one, two = factories.group(conn, "One"), factories.group(conn, "Two")
    write(log, f"{one},{two}", times=3)
    write(log, f"{one}", time="2026-11-27T01:00:00+02:00")
    write(log, f"{two}", time="2026-11-27T01:00:00+00:00")
    write(log, "-")
    write(log, "999999")

    counted = count_requests(conn, log, "here")

    assert counted == 7
    assert conn.execute(COUNTS).fetchall() == [
        (one, "2026-11-26", 4),
        (two, "2026-11-26", 3),
        (two, "2026-11-27", 1),
    ]


def test_each_line_is_counted_once(
    conn: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store counts and position together: go on after a crash, a restart and a rotation."""
    log = tmp_path / "access.log"
    group = factories.group(conn, "One")
    write(log, f"{group}", times=5)
    with monkeypatch.context() as crashing:
        crashing.setattr(group_requests, "query", lambda name: b"select 1 / 0")
        with pytest.raises(psycopg.Error):
            count_requests(conn, log, "here")
    count_requests(conn, log, "here")
    write(log, f"{group}", times=2)
    log.rename(tmp_path / "access.log.1")
    write(log, f"{group}", times=1)

    counted = [count_requests(conn, log, "here") for _ in range(2)]

    assert counted == [3, 0]
    assert conn.execute(COUNTS).fetchall() == [(group, "2026-11-26", 8)]
