"""What runs elsewhere goes on without its worker: the next one follows it, or it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control.errors import ControlError
from control.jobs.executors.stepfunctions import StepFunctionsExecutor
from control.jobs.work import worker as working
from control.jobs.work.lost import (
    NEVER_STARTED,
    adopt_attempts,
    sweep_attempts,
    take_back_attempts,
)
from control.tokens.keys import KeySet
from tests.control.jobs.executors.tasks import end_of, task, wait_for
from tests.control.jobs.executors.test_conformance import stepfunctions_bench
from tests.control.jobs.work.shop import Shop
from tests.servers import S3, Database

NAME = "stepfunctions"
FACTS = ("status", "attempt", "worker", "executor_handle", "error")


@pytest.fixture
def shop(
    conn: psycopg.Connection, database: Database, s3: S3, keys: KeySet, tmp_path: Path
) -> Shop:
    """Open a workshop whose programs are states of a machine."""
    shop = Shop(conn, database, s3, keys.directory, tmp_path)
    shop.program("wait")
    return shop


@pytest.fixture
def executor(emulator: S3) -> StepFunctionsExecutor:
    """Make a state machine."""
    executor = stepfunctions_bench(emulator).executor
    assert isinstance(executor, StepFunctionsExecutor)
    return executor


@pytest.fixture
def lost(shop: Shop, executor: StepFunctionsExecutor) -> Callable[..., int]:
    """Return what makes a job whose worker was killed, before it noted the handle."""

    def make(*, is_launched: bool = True, worker: str = "gone") -> int:
        job = shop.job(status="running", executor=NAME, worker=worker)
        if is_launched:
            executor.launch(task("wait", job_id=job))
        return job

    return make


def executions(executor: StepFunctionsExecutor) -> list[Any]:
    """Return status and name of each execution of the state machine."""
    answer = executor._client.list_executions(stateMachineArn=executor._arn)
    return sorted((one["name"], one["status"]) for one in answer["executions"])


def test_next_worker_follows_the_execution_of_a_killed_one(
    shop: Shop,
    lost: Callable[..., int],
    executor: StepFunctionsExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Find it by its name, start no other one, and end the attempt when it ends."""
    monkeypatch.setattr(working, "SETTLE_SECONDS", 0)
    job = lost()
    handle = executor.find(job, 1)
    assert handle is not None
    with shop.worker(executor=NAME, executors={NAME: executor}) as (worker, _):
        shop.wait_until(job, "executor_handle", handle)
        assert shop.row(job, *FACTS) == ("running", 1, worker.name, handle, None)
        assert executions(executor) == [(f"aspen-test-{job}-1", "RUNNING")]
        executor._client.stop_execution(executionArn=handle, cause="no such sample")
        shop.wait_until(job, "attempt", 2)

    assert shop.row(job, "status", "error") == ("queued", "no such sample")


def test_attempt_that_was_never_started_is_queued_again(
    shop: Shop, lost: Callable[..., int], executor: StepFunctionsExecutor
) -> None:
    """Follow nothing where nothing runs."""
    job = lost(is_launched=False)

    assert adopt_attempts(shop.conn, "new", NAME, executor) == []

    assert shop.row(job, *FACTS) == ("queued", 2, None, None, NEVER_STARTED)


@pytest.mark.parametrize("is_launched", [True, False])
def test_attempt_that_the_worker_does_not_know_of_comes_back(
    shop: Shop, lost: Callable[..., int], executor: StepFunctionsExecutor, is_launched: bool
) -> None:
    """Follow its execution where there is one, and else queue it again as if never taken."""
    unknown, known = lost(is_launched=is_launched, worker="self"), lost(worker="self")
    lost(worker="another")

    running, handed_back = take_back_attempts(shop.conn, "self", [known], lambda _: executor)

    handle = executor.find(unknown, 1)
    assert [(claim.job_id, name, found) for claim, name, found in running] == (
        [(unknown, NAME, handle)] if is_launched else []
    )
    assert [claim.job_id for claim in handed_back] == ([] if is_launched else [unknown])
    facts = ("status", "worker", "executor_handle", "attempt - first_attempt")
    assert shop.row(unknown, *facts) == (
        ("running", "self", handle, 0) if is_launched else ("queued", None, None, 0)
    )
    assert shop.row(known, *facts) == ("running", "self", None, 0)


def test_attempt_of_a_worker_that_lives_stays_its_own(
    shop: Shop, lost: Callable[..., int], executor: StepFunctionsExecutor
) -> None:
    """Take what a lost worker ran, and neither that nor what a person runs."""
    shop.conn.execute("insert into aspen.job_workers (name) values ('alive')")
    kept, by_hand = lost(worker="alive"), shop.job(status="running", executor=NAME)
    other_executor = shop.job(status="running", executor="local", worker="gone")
    taken = lost()

    adopted = adopt_attempts(shop.conn, "new", NAME, executor)

    assert [claim.job_id for claim, _ in adopted] == [taken]
    rows = {job: shop.row(job, "worker") for job in (kept, by_hand, other_executor, taken)}
    assert [*rows.values()] == [("alive",), (None,), ("gone",), ("new",)]


def test_attempt_waits_while_the_executor_cannot_be_asked(
    shop: Shop, lost: Callable[..., int], executor: StepFunctionsExecutor
) -> None:
    """Neither end nor keep what may run."""
    job = lost()
    executor._client.meta.events.register("before-send", _no_answer)

    with pytest.raises(ControlError, match="Step Functions does not answer"):
        adopt_attempts(shop.conn, "new", NAME, executor)

    assert shop.row(job, *FACTS) == ("running", 1, "gone", None, None)


def _no_answer(**_: object) -> None:
    from botocore.exceptions import EndpointConnectionError

    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


def test_sweep_stops_what_nobody_follows(
    shop: Shop, lost: Callable[..., int], executor: StepFunctionsExecutor
) -> None:
    """End the attempt and its execution; a dry run leaves both."""
    job = lost()
    handle = executor.find(job, 1)
    assert handle is not None

    sweep_attempts(shop.conn, lambda _: executor, dry_run=True)
    before = (executor.poll(handle), shop.row(job, "status", "attempt"))
    sweep_attempts(shop.conn, lambda _: executor)

    assert before == (None, ("running", 1))
    assert end_of(executor, handle).problem == "it was stopped"
    assert shop.row(job, "status", "attempt") == ("queued", 2)


def test_worker_that_was_taken_for_dead_lets_go_of_what_another_follows(
    shop: Shop, executor: StepFunctionsExecutor
) -> None:
    """Stop no execution of the same attempt; stop the one of an attempt that is over."""
    followed, ended = shop.job(), shop.job()
    with shop.worker(executor=NAME, executors={NAME: executor}) as (worker, _):
        handles = [_handle_of(shop, job) for job in (followed, ended)]
        shop.conn.execute("update aspen.jobs set worker = 'another' where id = %s", [followed])
        shop.conn.execute("select internal.cancel_jobs(array[%s::bigint])", [ended])
        wait_for(lambda: None if worker._runs else True)

    assert [executor.poll(handles[0]), end_of(executor, handles[1]).problem] == [
        None,
        "it was stopped",
    ]
    assert shop.row(followed, "status", "attempt", "worker") == ("running", 1, "another")


def _handle_of(shop: Shop, job: int) -> str:
    """Wait until the execution of a job is known, and return what it is called."""
    return str(wait_for(lambda: shop.row(job, "executor_handle")[0]))
