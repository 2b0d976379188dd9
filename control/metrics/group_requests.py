"""Count the requests of groups in the access log, each line once."""

from __future__ import annotations

import platform
import threading
from collections import Counter
from pathlib import Path

import psycopg

from control.database import connect
from control.errors import ControlError
from control.metrics.group_sizes import count_sizes
from control.metrics.log_reader import LogReader, Position
from control.metrics.requests import parse
from control.queries import query
from control.settings import Settings

EVERY_SECONDS = 10.0
# Longer than anybody bills or plans.
KEPT_DAYS = 400


def count_requests(conn: psycopg.Connection, log: Path, source: str) -> int:
    """Add what is new in a log to aspen.group_requests; return the number of requests.

    The counts of a chunk and its position are one transaction, which locks the position: nothing
    is counted twice, whenever this ends and however many do it.
    """
    conn.execute(
        "insert into aspen.log_positions (source) values (%s) on conflict do nothing", [source]
    )
    total = 0
    while (count := _count_chunk(conn, log, source)) is not None:
        total += count
    return total


def _count_chunk(conn: psycopg.Connection, log: Path, source: str) -> int | None:
    with conn.transaction():
        [row] = conn.execute(
            "select inode::bigint, byte_offset, line_bytes, line_hash from aspen.log_positions"
            " where source = %s for update",
            [source],
        ).fetchall()
        before = Position(*row)
        reader = LogReader(log, before if before.line_hash else None)
        lines = next(reader.chunks(), None)
        if lines is None or reader.position is None:
            return None
        requests = [request for line in lines if (request := parse(line)) is not None]
        counts = Counter(
            (group, request.day) for request in requests for group in set(request.groups)
        )
        conn.execute(
            query("metrics/count_requests"),
            {
                "group_ids": [group for group, _ in counts],
                "days": [day for _, day in counts],
                "counts": list(counts.values()),
            },
        )
        after = reader.position
        conn.execute(
            "update aspen.log_positions set inode = %s, byte_offset = %s, line_bytes = %s,"
            " line_hash = %s, counted_at = now() where source = %s",
            [after.inode, after.offset, after.line_bytes, after.line_hash, source],
        )
    return len(requests)


class GroupCounter:
    """A thread that counts what groups ask for and have; while the database is down, it waits."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._source = f"{platform.node()}:{log.absolute()}"[:500]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counting groups", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def close(self) -> None:
        """End once the chunk under way is counted, or with this process."""
        self._is_over.set()
        self._thread.join(EVERY_SECONDS)

    def _run(self) -> None:
        while True:
            try:
                with connect(self._settings, "metrics serve") as conn:
                    conn.execute(
                        "delete from aspen.group_requests where day < current_date - %s",
                        [KEPT_DAYS],
                    )
                    while not self._is_over.is_set():
                        count_requests(conn, self._log, self._source)
                        count_sizes(conn)
                        self._is_over.wait(EVERY_SECONDS)
            except (psycopg.Error, ControlError, OSError):
                # aspen_up says that the database is down; the log keeps the requests until then.
                pass
            if self._is_over.wait(EVERY_SECONDS):
                return
