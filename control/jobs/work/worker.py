"""Follow jobs from the queue to their end.

One thread does everything but heartbeats. What it knows of a job is never more than a copy: each
step is a statement that names job and attempt, and changes nothing if the job has gone on without
this worker. So a worker that was cut off, stopped or taken for dead does no harm when it is back.
"""

from __future__ import annotations

import os
import platform
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.jobs.executors import CannotLaunch, Executor, make_executor
from control.jobs.programs import CONTROL, Programs
from control.jobs.queue import (
    CHANNEL,
    Claim,
    claim_jobs,
    end_attempt,
    hand_back_jobs,
    is_followed_by_another,
    note_handle,
    note_launch,
    status_of,
)
from control.jobs.work.chores import Chores
from control.jobs.work.heart import Attempt, Heart
from control.jobs.work.lost import (
    SteadyClock,
    adopt_attempts,
    sweep_attempts,
    take_back_attempts,
)
from control.jobs.work.runs import LOCAL, Options, Run, attempt_of, keep_log, storable
from control.jobs.work.tasks import make_task, make_token
from control.outputs.reports import register_reports
from control.tokens.keys import KeySet

if TYPE_CHECKING:
    import psycopg

    from control.app import App

# How often programs are looked at, and how often the queue without a notification.
TICK_SECONDS = 0.1
POLL_SECONDS = 2.0
SWEEP_SECONDS = 5.0
# A new worker, or one that was cut off, sweeps when others have had time to show that they live.
SETTLE_SECONDS = 30.0
# The front of the queue is read no more often, and so that it takes a twentieth of the time.
FRONT_SECONDS, FRONT_SHARE = 0.5, 20
RECONNECT_SECONDS = (0.5, 1, 2, 5, 10)


class Worker:
    """One worker, until it is stopped or, with `is_once`, until nothing is left to do."""

    def __init__(self, app: App, programs: Programs, keys: KeySet, options: Options) -> None:
        self._app = app
        self._programs = programs
        self._keys = keys
        self._options = options
        # Jobs of other kinds stay in the queue for a worker of the version that knows them.
        self._kinds = [kind for kind in programs.kinds if kind in (options.kinds or [kind])]
        self.name = f"{platform.node() or 'host'}:{os.getpid()}:{secrets.token_hex(4)}"
        self._executors: dict[str, Executor] = {}
        self._runs: dict[Attempt, Run] = {}
        self._stopping_since: float | None = None
        self._after: tuple[int, int] | None = None
        self._front_at = 0.0
        self._failed_registration_at = 0.0
        self._clock = SteadyClock()

    def stop(self) -> None:
        """Take no more jobs, and end when those that run have ended or the grace is over."""
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()

    def run(self) -> None:
        """Work until the end; a database that is away is waited for."""
        import psycopg

        options = self._options
        heart = Heart(self._app, self.name, lambda: {*self._runs})
        chores = Chores(self._app, options.say, is_schedule_kept=options.is_schedule_kept)
        failures = 0
        try:
            # At first an address that is wrong is an error like in any other command.
            with self._app.connect("job work") as conn:
                heart.start(conn)
                if options.is_once:
                    chores.do_all(conn)
            if not options.is_once:
                # In its thread from the first time on: jobs need not wait for a slow receiver.
                chores.start()
            while True:
                try:
                    with self._app.connect("job work") as conn:
                        failures = 0
                        self._work(conn, heart)
                        if options.is_once:
                            chores.do_all(conn)
                        return
                except psycopg.OperationalError as error:
                    if self._is_stopping and (not self._runs or self._is_grace_over):
                        return
                    options.say(f"the database is away: {str(error).splitlines()[0]}")
                    time.sleep(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])
                    failures += 1
        finally:
            heart.stop()
            chores.stop()
            for executor in self._executors.values():
                executor.close()

    @property
    def _is_stopping(self) -> bool:
        return self._stopping_since is not None

    @property
    def _is_grace_over(self) -> bool:
        since = self._stopping_since
        return since is not None and time.monotonic() - since >= self._options.grace_seconds

    def _work(self, conn: psycopg.Connection, heart: Heart) -> None:
        conn.execute(f"listen {CHANNEL}".encode())
        connected_at = time.monotonic()
        self._take_back(conn)
        swept_at = polled_at = 0.0
        is_woken = True
        while True:
            now = time.monotonic()
            self._look(conn, heart)
            self._register(conn)
            if now - swept_at >= SWEEP_SECONDS and now - connected_at >= SETTLE_SECONDS:
                swept_at = now
                if self._clock.has_jumped(conn):
                    # All workers seem to be silent, or none: let them show that they live.
                    self._options.say("the clock of the database has jumped")
                    connected_at = now
                else:
                    self._sweep(conn)
            is_due = is_woken or self._options.is_once or now - polled_at >= POLL_SECONDS
            taken = 0
            if is_due and not self._is_stopping:
                polled_at = now
                taken = self._claim(conn)
            if self._is_over(conn, heart, taken):
                return
            # A full hand means that more may wait.
            is_woken = bool(taken) or self._wait(conn, heart)

    def _take_back(self, conn: psycopg.Connection) -> None:
        """Follow or queue again what it was given when the database went away."""
        followed = [job_id for job_id, _ in self._runs]
        try:
            running, handed_back = take_back_attempts(conn, self.name, followed, self._executor)
        except ControlError as error:
            self._options.say(f"attempts that it does not follow wait: {error}")
            return
        for claim, name, handle in running:
            self._follow(claim, name, handle, "followed on")
        for claim in handed_back:
            self._say(*attempt_of(claim), "handed back: it was never started")

    def _follow(self, claim: Claim, name: str, handle: str, why: str) -> None:
        program = self._programs.of(claim.kind, claim.pathogen)
        # The token of its program is of the same attempt; no log here shows it.
        run = Run(claim, program, self._executor(name), handle, token="")
        self._runs[run.attempt] = run
        self._say(*run.attempt, why)

    def _sweep(self, conn: psycopg.Connection) -> None:
        """Follow what lost its worker and runs on, and end the rest."""
        name = self._options.executor
        self._take_back(conn)
        try:
            if not self._is_stopping:
                for claim, handle in adopt_attempts(conn, self.name, name, self._executor(name)):
                    self._follow(claim, name, handle, "followed on: its worker was lost")
            for swept in sweep_attempts(conn, self._executor):
                self._say(swept.job_id, swept.attempt, f"{swept.error}; it is {swept.status}")
        except ControlError as error:
            self._options.say(f"attempts without a worker wait: {error}")

    def _is_over(self, conn: psycopg.Connection, heart: Heart, taken: int) -> bool:
        """End when nothing runs and nothing more is taken; hand back what takes too long."""
        if self._is_stopping and self._runs:
            if not self._is_grace_over:
                return False
            for run in self._runs.values():
                run.executor.stop(run.handle)
        elif self._runs or taken or not (self._is_stopping or self._options.is_once):
            return False
        # A heartbeat that comes later would bring the worker back.
        heart.stop()
        for job_id in hand_back_jobs(conn, self.name):
            self._options.say(f"job {job_id}: handed back")
        return True

    def _wait(self, conn: psycopg.Connection, heart: Heart) -> bool:
        """Wait for a notification or the next tick; return whether the queue may have changed."""
        seconds = TICK_SECONDS if self._runs or self._is_stopping else POLL_SECONDS / 4
        heard = next(conn.notifies(timeout=seconds, stop_after=1), None)
        if heard is not None:
            heart.look()
        return heard is not None

    def _claim(self, conn: psycopg.Connection) -> int:
        """Take as many jobs as there is room for, and launch them."""
        room = self._options.concurrency - len(self._runs)
        if room <= 0:
            return 0
        started = time.monotonic()
        is_front = self._after is None or started >= self._front_at or self._options.is_once
        claims = claim_jobs(conn, self.name, room, self._kinds, None if is_front else self._after)
        if is_front:
            took = time.monotonic() - started
            self._front_at = started + max(FRONT_SECONDS, FRONT_SHARE * took)
        if claims:
            self._after = claims[-1].turn, claims[-1].job_id
        for claim in claims:
            self._launch(conn, claim)
        return len(claims)

    def _launch(self, conn: psycopg.Connection, claim: Claim) -> None:
        try:
            program = self._programs.of(claim.kind, claim.pathogen)
            name = LOCAL if program.runs_in == CONTROL else self._options.executor
            executor = self._executor(name)
            started_at = note_launch(
                conn,
                claim,
                name,
                seconds=program.time_limit_seconds,
                max_attempts=program.max_attempts,
            )
            if started_at is None:
                return
            token = (
                ""
                if program.runs_in == CONTROL
                else make_token(self._keys, claim, program, started_at)
            )
            handle = executor.launch(make_task(self._app.settings, claim, program, token))
        except CannotLaunch as error:
            self._end(conn, claim, "fail", f"{error.message}: {error.remedy}", is_final=True)
            return
        except (ControlError, OSError) as error:
            self._end(conn, claim, "fail", f"it could not be started: {error}")
            return
        self._runs[claim.job_id, claim.attempt] = Run(claim, program, executor, handle, token)
        note_handle(conn, claim, name, handle)
        self._say(*attempt_of(claim), f"started ({claim.kind})")

    def _executor(self, name: str) -> Executor:
        if name not in self._executors:
            self._executors[name] = make_executor(name, self._app.settings)
        return self._executors[name]

    def _look(self, conn: psycopg.Connection, heart: Heart) -> None:
        """Stop what is lost or overdue, and settle what has ended."""
        for run in list(self._runs.values()):
            if run.attempt in heart.lost:
                heart.lost.discard(run.attempt)
                if run.executor.outlives_worker and is_followed_by_another(
                    conn, self.name, *run.attempt
                ):
                    del self._runs[run.attempt]
                    continue
                run.executor.stop(run.handle)
            if run.attempt in heart.overdue and run.stopped is None:
                run.stopped = ("time_out", "it took longer than its time limit")
                run.executor.stop(run.handle)
            if run.outcome is None:
                run.outcome = run.executor.poll(run.handle)
            keep_log(self._app, run)
        ended = [run for run in self._runs.values() if run.outcome is not None]
        if ended:
            # One transaction, because many may end at the same time.
            with conn.transaction():
                settled = [run for run in ended if self._settle(conn, run)]
            for run in settled:
                del self._runs[run.attempt]
                run.executor.forget(run.handle)
        heart.overdue &= {*self._runs}

    def _settle(self, conn: psycopg.Connection, run: Run) -> bool:
        """End the attempt of a program that has ended; False if its report waits."""
        assert run.outcome is not None
        status, is_reported = status_of(conn, *run.attempt)
        if status == "running":
            # What it made may be registered though it did not end well afterwards.
            if is_reported:
                return False
            action, reason = run.stopped or (
                "fail",
                run.outcome.problem or "its program ended without a report",
            )
            self._end(conn, run.claim, action, reason)
        else:
            self._say(*run.attempt, (status or "stopped: the job has gone on").replace("_", " "))
        return True

    def _end(
        self,
        conn: psycopg.Connection,
        claim: Claim,
        action: str,
        reason: str,
        *,
        is_final: bool = False,
    ) -> None:
        reason = storable(reason)
        status = end_attempt(
            conn, *attempt_of(claim), action=action, error=reason, is_final=is_final
        )
        again = "; it is tried again" if status == "queued" else ""
        self._say(*attempt_of(claim), f"failed: {reason}{again}")

    def _register(self, conn: psycopg.Connection) -> None:
        """Register the reports that wait; those of workers that are gone, too."""
        import psycopg
        from botocore.exceptions import BotoCoreError, ClientError

        # One that S3 did not answer waits a while.
        if time.monotonic() - self._failed_registration_at < RECONNECT_SECONDS[2]:
            return
        if conn.execute(_ANY_REPORT).fetchone() is None:
            return
        try:
            for handled in register_reports(conn, self._app.s3, self._app.settings.bucket):
                self._say(handled.job_id, handled.attempt, handled.problem or "registered")
        except (
            *(BotoCoreError, ClientError, ControlError),
            *(psycopg.DataError, psycopg.IntegrityError),
        ) as error:
            # Heartbeats and programs go on: S3 may be back soon.
            self._failed_registration_at = time.monotonic()
            self._options.say(f"reports wait: {error}")

    def _say(self, job_id: int, attempt: int, what: str) -> None:
        self._options.say(f"job {job_id}, attempt {attempt}: {what}")


_ANY_REPORT = "select from aspen.job_reports where registered_at is null limit 1"


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Stop the worker at SIGTERM and at Ctrl-C."""
    before = {
        number: signal.signal(number, lambda *_: worker.stop())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
