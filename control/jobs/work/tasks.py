"""Say what an executor starts for an attempt: command, limits, settings and token."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from control.errors import ControlError
from control.jobs.executors import Task
from control.jobs.programs import CONTROL, LONGEST_SECONDS, Program
from control.jobs.queue import Claim
from control.settings import Settings
from control.tokens.keys import KeySet
from control.tokens.minting import mint

# A token outlives the limit by this, so that a program that is just in time can report.
TOKEN_EXTRA_SECONDS = 300


def make_token(keys: KeySet, claim: Claim, program: Program, now: datetime) -> str:
    """Mint the token of an attempt, which no other attempt can use."""
    seconds = min(program.time_limit_seconds + TOKEN_EXTRA_SECONDS, LONGEST_SECONDS)
    return mint(
        keys,
        sub=f"job|{claim.job_id}",
        role="job",
        ttl=timedelta(seconds=seconds),
        now=now,
        job_id=claim.job_id,
        attempt=claim.attempt,
    )


def make_task(settings: Settings, claim: Claim, program: Program, token: str) -> Task:
    """Return the task of an attempt; a program gets none of the worker's own settings."""
    command: tuple[str, ...] = program.command
    environment: Mapping[str, str]
    traceparent = _span_of(claim)
    if program.runs_in == CONTROL:
        command = (
            *(sys.executable, "-m", "control", "--env", settings.environment),
            *("job", "run", str(claim.job_id), "--attempt", str(claim.attempt)),
        )
        environment = {**os.environ, "ASPEN_ROOT": str(settings.root), "TRACEPARENT": traceparent}
    else:
        if settings.api_url is None:
            raise ControlError(
                f"environment {settings.environment} has no API", "set ASPEN_API_URL"
            )
        prefix = f"jobs/{claim.job_id}/{claim.attempt}/"
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
            "ASPEN_JOB_ID": str(claim.job_id),
            "ASPEN_JOB_ATTEMPT": str(claim.attempt),
            "ASPEN_API_URL": settings.api_url,
            "ASPEN_JOB_TOKEN": token,
            "ASPEN_OUTPUT_PREFIX": f"s3://{settings.bucket}/{prefix}",
            "TRACEPARENT": traceparent,
        }
    return Task(
        claim.job_id,
        claim.attempt,
        claim.kind,
        command,
        program.image,
        program.memory_mb,
        program.vcpu,
        program.time_limit_seconds,
        environment,
    )


def _span_of(claim: Claim) -> str:
    """Return an attempt's own span in the trace of its request, or in a new trace without one."""
    version, trace, _, flags = (
        claim.traceparent.split("-")
        if claim.traceparent
        else ("00", secrets.token_hex(16), "", "01")
    )
    return f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"
