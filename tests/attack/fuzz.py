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
    """Try every operation as several callers; the attack succeeds with a status of 500 or more."""
    for who in CALLERS:
        token = stage.world.caller(who).token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        schema: Any = schemathesis.openapi.from_url(f"{stage.edge}/", headers=headers)
        for operation in schema.get_all_operations():
            yield from trials(stage, operation.ok(), who, headers)


def trials(stage: Stage, operation: Any, who: str, headers: dict[str, str]) -> Iterator[Trial]:
    """Try one operation as one caller."""
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
        answer = case.call(
            base_url=stage.edge, headers={**headers, "Prefer": "tx=rollback"}, timeout=60
        )
        answers.append(
            (f"{case.method} {case.path} as {who}: {answer.status_code}", answer.status_code < 500)
        )

    attempt()
    yield from answers
