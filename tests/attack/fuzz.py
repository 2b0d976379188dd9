"""Requests that schemathesis makes from the API's own description: none may break a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase

from tests.attack.stage import Stage, Trial

CALLERS = ("nobody", "alice", "olga")


def requests(stage: Stage) -> Iterator[Trial]:
    """Try every operation as everyone who may call it; a status of 500 or more is a success."""
    operations: dict[tuple[str, str], Any] = {}
    callers: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for who in CALLERS:
        token = stage.world.caller(who).token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        schema: Any = schemathesis.openapi.from_url(f"{stage.edge}/", headers=headers)
        for found in schema.get_all_operations():
            operation = found.ok()
            key = (operation.method, operation.path)
            operations.setdefault(key, operation)
            callers.setdefault(key, {})[who] = headers
    for key, operation in operations.items():
        yield from trials(stage, operation, callers[key])


def trials(stage: Stage, operation: Any, callers: dict[str, dict[str, str]]) -> Iterator[Trial]:
    """Send each request that is made for an operation as all of its callers."""
    answers: list[Trial] = []

    @hypothesis.seed(stage.seed)
    @hypothesis.settings(
        max_examples=stage.examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        """Send the request as a dry run, and note the status."""
        for who, headers in callers.items():
            answer = case.call(
                base_url=stage.edge, headers={**headers, "Prefer": "tx=rollback"}, timeout=60
            )
            held = answer.status_code < 500
            answers.append((f"{case.method} {case.path} as {who}: {answer.status_code}", held))

    attempt()
    yield from answers
