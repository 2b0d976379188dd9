"""Run programs as executions of a state machine of AWS Step Functions.

The input names command, image, limits and environment; the state machine hands them to what runs
containers, such as AWS Batch. The environment contains the token of the attempt, which the API
refuses as soon as the attempt has ended: what the history of an execution keeps is of no use. While
it runs, whoever may read executions could use it, so the state machine must not log execution data.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from control.errors import ControlError
from control.jobs.executors import Outcome, Task
from control.local import is_ours
from control.settings import Settings

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

STOPPED = "it was stopped"


class StepFunctionsExecutor:
    """Executions of one state machine; they go on when the worker ends."""

    outlives_worker = True

    def __init__(self, client: Any, state_machine_arn: str, environment: str) -> None:
        self._client = client
        self._arn = state_machine_arn
        self._environment = environment

    def launch(self, task: Task) -> str:
        """Start the execution of an attempt; its name makes sure that there is one."""
        name = self._name(task.job_id, task.attempt)
        given = {
            "job_id": task.job_id,
            "attempt": task.attempt,
            "kind": task.kind,
            "command": list(task.command),
            "image": task.image,
            "memory_mb": task.memory_mb,
            "vcpu": task.vcpu,
            "time_limit_seconds": task.time_limit_seconds,
            "environment": dict(task.environment),
        }
        try:
            started = self._client.start_execution(
                stateMachineArn=self._arn, name=name, input=json.dumps(given)
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return self._handle(name)
        except _errors() as error:
            raise ControlError(
                f"Step Functions starts no execution: {error}", "docs/operations.md, Workers"
            ) from error
        return str(started["executionArn"])

    def find(self, job_id: int, attempt: int) -> str | None:
        """Ask for the execution by its name, which follows from job and attempt."""
        handle = self._handle(self._name(job_id, attempt))
        try:
            self._client.describe_execution(executionArn=handle)
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        except _errors() as error:
            raise ControlError(
                f"Step Functions does not answer: {error}", "docs/operations.md, Workers"
            ) from error
        return handle

    def poll(self, handle: str) -> Outcome | None:
        """Ask how the execution is; one that cannot be asked counts as running."""
        try:
            found = self._client.describe_execution(executionArn=handle)
        except self._client.exceptions.ExecutionDoesNotExist:
            return Outcome("its execution does not exist any more")
        except _errors():
            return None
        match found["status"]:
            case "RUNNING" | "PENDING_REDRIVE":
                return None
            case "SUCCEEDED":
                return Outcome()
            case "ABORTED":
                return Outcome(found.get("cause") or STOPPED)
            case status:
                reasons = [found.get("error"), found.get("cause")]
                return Outcome(": ".join(one for one in reasons if one) or status.lower())

    def stop(self, handle: str) -> None:
        """Abort the execution; one that has ended stays as it is."""
        try:
            self._client.stop_execution(executionArn=handle, cause=STOPPED)
        except _errors():
            # It has ended, or is asked again: its token does not work any more in any case.
            return

    def log(self, handle: str) -> bytes | None:
        """Return nothing: CloudWatch keeps the log of a container."""
        return None

    def forget(self, handle: str) -> None:
        """Keep nothing here."""

    def close(self) -> None:
        """Leave the executions, which do not need this process."""

    def _name(self, job_id: int, attempt: int) -> str:
        return f"aspen-{self._environment}-{job_id}-{attempt}"

    def _handle(self, name: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def make(settings: Settings) -> StepFunctionsExecutor:
    """Return the executor of the environment's state machine."""
    import boto3

    from control.storage.s3 import patience

    if settings.state_machine_arn is None:
        raise ControlError(
            f"environment {settings.environment} has no state machine",
            "set ASPEN_STATE_MACHINE_ARN, or use --executor local",
        )
    is_emulated = is_ours(settings, "s3_endpoint_url")
    client = boto3.Session().client(
        "stepfunctions",
        region_name=settings.region,
        # The emulator of the local stack serves S3 and Step Functions at one address.
        endpoint_url=settings.s3_endpoint_url if is_emulated else None,
        aws_access_key_id=settings.s3_access_key if is_emulated else None,
        aws_secret_access_key=settings.s3_secret_key if is_emulated else None,
        config=patience(),
    )
    return StepFunctionsExecutor(client, settings.state_machine_arn, settings.environment)


def _errors() -> tuple[type[BotoCoreError], type[ClientError]]:
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError
