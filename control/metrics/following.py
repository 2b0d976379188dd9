"""Follow the access log in the background, and count its requests."""

from __future__ import annotations

import threading

from control.metrics.families import Family, Sample
from control.metrics.log_reader import LogReader
from control.metrics.requests import RequestCounts, parse

EVERY_SECONDS = 5.0


class Follower:
    """The counts of an access log, kept up to date by a thread of its own."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._counts = RequestCounts()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """End once the chunk under way is counted."""
        self._is_over.set()
        self._thread.join()

    def families(self) -> list[Family]:
        """Return what was counted, the lines of this moment included."""
        with self._lock:
            self._read()
            unread = Family("aspen_access_log_unread_bytes", "gauge", "What was not counted yet")
            unread.samples.append(Sample({}, self._reader.unread_bytes))
            return [*self._counts.families(), unread]

    def _run(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            with self._lock:
                self._read()

    def _read(self) -> None:
        for lines in self._reader.chunks():
            self._counts.add(map(parse, lines))
            if self._is_over.is_set():
                return
