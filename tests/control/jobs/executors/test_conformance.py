"""What every executor does: a new one gets a bench below and passes all of this."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from control.errors import ControlError
from control.jobs.executors import Executor, Outcome, Task, executor_names, make_executor
from control.jobs.executors.local import LocalExecutor
from control.jobs.executors.stepfunctions import StepFunctionsExecutor
from control.stack.state import S3_KEY
from tests.control.jobs.executors.tasks import end_of, task
from tests.names import unique
from tests.servers import S3, SETTINGS

# A state machine that does what the command of a task says, as a container would.
MACHINE: dict[str, Any] = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.command[0]", "StringEquals": "fail", "Next": "Fail"},
                {"Variable": "$.command[0]", "StringEquals": "wait", "Next": "Wait"},
            ],
            "Default": "Succeed",
        },
        "Fail": {"Type": "Fail", "Error": "exit code 3", "Cause": "no such sample"},
        "Wait": {"Type": "Wait", "Seconds": 600, "Next": "Succeed"},
        "Succeed": {"Type": "Succeed"},
    },
}


@dataclass
class Bench:
    """An executor, and the commands that do the same on each."""

    executor: Executor
    succeed: tuple[str, ...] = ("sh", "-c", "echo done")
    fail: tuple[str, ...] = ("sh", "-c", "echo no such sample >&2; exit 3")
    wait: tuple[str, ...] = ("sleep", "600")
    log: bytes | None = b"done\n"


def local_bench(s3: S3) -> Bench:
    """Run programs of this machine."""
    return Bench(LocalExecutor(grace_seconds=0.2))


def stepfunctions_bench(s3: S3) -> Bench:
    """Run executions of a state machine of its own."""
    session = boto3.Session(S3_KEY, S3_KEY, region_name=SETTINGS.region)
    client, iam = (
        session.client(name, endpoint_url=s3.settings.s3_endpoint_url)
        for name in ("stepfunctions", "iam")
    )
    role = iam.create_role(RoleName=unique(16), AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = client.create_state_machine(
        name=unique(16), definition=json.dumps(MACHINE), roleArn=role
    )
    executor = StepFunctionsExecutor(client, made["stateMachineArn"], "test")
    return Bench(executor, ("succeed",), ("fail",), ("wait",), None)


BENCHES = {"local": local_bench, "stepfunctions": stepfunctions_bench}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, emulator: S3) -> Iterator[Bench]:
    """Open the bench of each executor in turn."""
    bench = BENCHES[request.param](emulator)
    yield bench
    bench.executor.close()


def test_every_executor_is_tried_here() -> None:
    """Find a module without a bench."""
    assert executor_names() == sorted(BENCHES)


def test_program_that_succeeds_has_no_problem(bench: Bench) -> None:
    """Keep its log, or leave that to others, until it is forgotten."""
    handle = bench.executor.launch(task(*bench.succeed))

    assert end_of(bench.executor, handle) == Outcome()
    assert bench.executor.log(handle) == bench.log
    bench.executor.forget(handle)


def test_program_that_fails_says_why(bench: Bench) -> None:
    """Name exit code and reason."""
    handle = bench.executor.launch(task(*bench.fail))

    assert end_of(bench.executor, handle) == Outcome("exit code 3: no such sample")


def test_program_runs_until_it_is_stopped(bench: Bench) -> None:
    """Stop it twice, too, and one that has ended; it stays stopped."""
    handle = bench.executor.launch(task(*bench.wait))
    before = bench.executor.poll(handle)

    bench.executor.stop(handle)
    bench.executor.stop(handle)

    assert (before, end_of(bench.executor, handle)) == (None, Outcome("it was stopped"))
    bench.executor.stop(handle)
    assert bench.executor.poll(handle) == Outcome("it was stopped")


def test_attempt_is_launched_once(bench: Bench) -> None:
    """Return the same handle again, and another one for the next attempt."""
    first, again = (bench.executor.launch(task(*bench.wait)) for _ in "ab")
    other = bench.executor.launch(task(*bench.succeed, attempt=2))

    end_of(bench.executor, other)

    assert (first == again, first == other) == (True, False)
    assert bench.executor.poll(first) is None
    assert [bench.executor.find(1, 1), bench.executor.find(1, 3)] == [first, None]
    bench.executor.stop(first)
    end_of(bench.executor, first)


def test_command_line_of_nobody_shows_the_token(bench: Bench) -> None:
    """Let no list of processes have it while the program runs, nor the text of a task."""
    secret = task(*bench.wait, ASPEN_JOB_TOKEN="very-secret-token")
    handle = bench.executor.launch(secret)

    shown = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout

    assert "very-secret-token" not in shown + repr(secret)
    bench.executor.stop(handle)
    end_of(bench.executor, handle)


def test_execution_is_told_what_to_run(emulator: S3) -> None:
    """Name command, limits and environment in the input, and job and attempt in its name."""
    bench = stepfunctions_bench(emulator)
    given: Task = task(*bench.succeed, job_id=7, attempt=3, ASPEN_JOB_ID="7")
    assert isinstance(bench.executor, StepFunctionsExecutor)

    handle = bench.executor.launch(given)

    found = bench.executor._client.describe_execution(executionArn=handle)
    assert found["name"] == "aspen-test-7-3"
    assert json.loads(found["input"]) == {
        "job_id": 7,
        "attempt": 3,
        "kind": "pangolin",
        "command": ["succeed"],
        "image": None,
        "memory_mb": 1000,
        "vcpu": 1,
        "time_limit_seconds": 3600,
        "environment": dict(given.environment),
    }


def test_execution_that_is_gone_has_ended(emulator: S3) -> None:
    """Follow nothing for ever."""
    executor = stepfunctions_bench(emulator).executor
    handle = executor.launch(task("succeed"))

    assert executor.poll(f"{handle}-gone") == Outcome("its execution does not exist any more")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "there is no executor 'nowhere'"),
        ("stepfunctions", "environment local has no state machine"),
    ],
)
def test_executor_that_cannot_be_made_is_said(name: str, reason: str) -> None:
    """Refuse it before a job is taken."""
    with pytest.raises(ControlError, match=reason):
        make_executor(name, SETTINGS)
