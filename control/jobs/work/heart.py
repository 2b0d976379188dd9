"""Tell the database every few seconds that the worker lives, in a thread of its own.

Registering a large file may take longer than a worker may be silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from control.jobs.queue import note_worker

if TYPE_CHECKING:
    import psycopg

    from control.app import App

BEAT_SECONDS = 5.0
# Notifications may come in hundreds per second; one look answers them all.
LEAST_SECONDS = 0.5

Attempt = tuple[int, int]


class Heart:
    """The heartbeats of one worker, and what they bring to light."""

    def __init__(self, app: App, worker: str, held: Callable[[], set[Attempt]]) -> None:
        self._app = app
        self._worker = worker
        self._held = held
        self._wake = threading.Event()
        self._is_over = False
        # Attempts that the worker runs but does not have any more, and those past their limit.
        self.lost: set[Attempt] = set()
        self.overdue: set[Attempt] = set()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)

    def start(self, conn: psycopg.Connection) -> None:
        """Beat once at once, so that nobody takes the worker for dead, and then go on."""
        self._beat(conn)
        self._thread.start()

    def look(self) -> None:
        """Beat soon, because something may have changed."""
        self._wake.set()

    def stop(self) -> None:
        """Beat no more."""
        self._is_over = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat_on(self) -> None:
        import psycopg

        while not self._is_over:
            try:
                with self._app.connect("job work: heartbeat") as conn:
                    while not self._is_over:
                        started = time.monotonic()
                        self._beat(conn)
                        self._wake.wait(BEAT_SECONDS)
                        self._wake.clear()
                        if not self._is_over:
                            time.sleep(max(0.0, started + LEAST_SECONDS - time.monotonic()))
            except psycopg.Error:
                # The worker says so; here it only has to be tried again.
                self._wake.wait(LEAST_SECONDS)

    def _beat(self, conn: psycopg.Connection) -> None:
        # Read first: what is claimed while the database answers is not in the answer.
        before = self._held()
        kept = note_worker(conn, self._worker)
        self.lost |= before - {(job.job_id, job.attempt) for job in kept}
        self.overdue |= {(job.job_id, job.attempt) for job in kept if job.is_overdue}
