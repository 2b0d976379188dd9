"""Do what comes due besides jobs, in a thread of its own: a slow receiver must not hold up jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.jobs.kinds.export import delete_expired_exports
from control.jobs.platform_plan import queue_due, read_platform_jobs
from control.jobs.schedules import run_due_schedules
from control.jobs.work.token_uses import note_token_uses
from control.partitions import extend_tables
from control.retries import forget_old_keys
from control.storage.credentials import renew_credentials_if_needed
from control.storage.uploads import delete_uploads
from control.webhooks.sending import send_webhooks

if TYPE_CHECKING:
    import psycopg

    from control.app import App

RECONNECT_SECONDS = 5.0
LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class Chore:
    """What is done again after so many seconds."""

    name: str
    seconds: float
    do: Callable[[psycopg.Connection], object]


class Chores:
    """The chores of one worker: credentials always, the rest if it is asked for."""

    def __init__(self, app: App, say: Callable[[str], None], *, is_schedule_kept: bool) -> None:
        self._app = app
        self._say = say
        # Programs send their files by links, which these credentials sign.
        self._chores = [Chore("credentials", 60, self._renew_credentials)]
        if is_schedule_kept:
            self._chores += [
                Chore("schedules", 60, run_due_schedules),
                Chore("jobs of the platform", 60, self._queue_platform_jobs),
                Chore("webhooks", 2, send_webhooks),
                Chore("uses of machine tokens", 10, note_token_uses),
                Chore("expired files", 3600, _delete_expired),
                Chore("partitions", 3600, extend_tables),
                Chore("idempotency keys", 600, _forget_keys),
            ]
        self._due_at = dict.fromkeys(self._chores, 0.0)
        self._problems: dict[Chore, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._do_on, daemon=True)

    def do_all(self, conn: psycopg.Connection) -> None:
        """Do every chore now."""
        for chore in self._chores:
            self._do(conn, chore)

    def start(self) -> None:
        """Do each when it is due, until the end."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present chore."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _do_on(self) -> None:
        import psycopg

        while not self._over.is_set():
            try:
                with self._app.connect("job work: chores") as conn:
                    while not self._over.wait(LEAST_SECONDS):
                        for chore, due_at in self._due_at.items():
                            if time.monotonic() >= due_at and not self._over.is_set():
                                self._do(conn, chore)
            except psycopg.OperationalError:
                # The worker says so; here it only has to be tried again.
                self._over.wait(RECONNECT_SECONDS)

    def _do(self, conn: psycopg.Connection, chore: Chore) -> None:
        """Do one, and say what is wrong with it when that is new."""
        import psycopg
        from botocore.exceptions import BotoCoreError, ClientError

        problem = ""
        try:
            chore.do(conn)
        except psycopg.OperationalError:
            raise
        except (psycopg.Error, ControlError, BotoCoreError, ClientError) as error:
            problem = str(error)
        if problem and problem != self._problems.get(chore):
            self._say(f"{chore.name}: {problem}")
        self._problems[chore] = problem
        self._due_at[chore] = time.monotonic() + chore.seconds

    def _queue_platform_jobs(self, conn: psycopg.Connection) -> None:
        results = queue_due(conn, read_platform_jobs(self._app.settings.root))
        if problems := [f"{one.kind}: {one.problem}" for one in results if one.problem]:
            raise ControlError("; ".join(problems), "correct pipelines/platform.toml")

    def _renew_credentials(self, conn: psycopg.Connection) -> None:
        renew_credentials_if_needed(conn, self._app.settings, self._app.s3)


def _delete_expired(conn: psycopg.Connection) -> None:
    """Delete uploads and exports past their end; their objects are queued for deletion."""
    with conn.transaction():
        delete_uploads(conn, [])
        delete_expired_exports(conn)


def _forget_keys(conn: psycopg.Connection) -> None:
    """Delete them as fast as they come: the room that they leave is that of the next ones."""
    forget_old_keys(conn, lambda line: None)
