"""What a worker knows of the attempts that it runs, and what it keeps of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from control.jobs.executors import Executor, Outcome
from control.jobs.logs import log_key
from control.jobs.programs import Program
from control.jobs.queue import Claim
from control.jobs.work.heart import Attempt

if TYPE_CHECKING:
    from control.app import App

LOCAL = "local"
LOG_SECONDS = 5.0
REASONS = 10_000


@dataclass
class Run:
    """One attempt that this worker runs."""

    claim: Claim
    program: Program
    executor: Executor
    handle: str
    token: str
    outcome: Outcome | None = None
    # Why the worker stopped it: the action and the reason that the attempt ends with.
    stopped: tuple[str, str] | None = None
    logged: bytes = b""
    logged_at: float = 0.0

    @property
    def attempt(self) -> Attempt:
        """Return job and attempt."""
        return self.claim.job_id, self.claim.attempt


@dataclass
class Options:
    """How a worker works."""

    concurrency: int
    kinds: Sequence[str] = ()
    is_once: bool = False
    executor: str = LOCAL
    # Whether it also does what is due besides jobs: schedules, webhooks, expired files.
    is_schedule_kept: bool = False
    # How long running jobs may go on after SIGTERM before they are handed back.
    grace_seconds: float = 30.0
    say: Callable[[str], None] = field(default=lambda line: None)


def attempt_of(claim: Claim) -> Attempt:
    """Return job and attempt of a claim."""
    return claim.job_id, claim.attempt


def keep_log(app: App, run: Run) -> None:
    """Store what the program has printed, at its end and now and then before."""
    from botocore.exceptions import BotoCoreError, ClientError

    now = time.monotonic()
    if run.outcome is None and now - run.logged_at < LOG_SECONDS:
        return
    run.logged_at = now
    log = run.executor.log(run.handle)
    if log is None or log == run.logged:
        return
    log = _without(log, run.token)
    with suppress(BotoCoreError, ClientError):
        app.s3.put_object(
            Bucket=app.settings.bucket,
            Key=log_key(*run.attempt),
            Body=log,
            ContentType="text/plain; charset=utf-8",
        )
        run.logged = log


def storable(reason: str) -> str:
    """Return a reason without the characters that the table refuses, of bounded length."""
    shown = "".join(c if c in "\t\n" or c.isprintable() else " " for c in reason)
    return shown.strip()[:REASONS]


def _without(log: bytes, token: str) -> bytes:
    """Hide the token: a log is read by more people than the program."""
    return log.replace(token.encode(), b"[token]") if token else log
