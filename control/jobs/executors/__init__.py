"""Run the program of a job somewhere: one module per executor, found by its name."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from control.errors import ControlError

if TYPE_CHECKING:
    from control.settings import Settings


@dataclass(frozen=True)
class Task:
    """One attempt of a job: what to run, with which environment, within which limits."""

    job_id: int
    attempt: int
    kind: str
    command: tuple[str, ...]
    image: str | None
    memory_mb: int
    vcpu: int
    time_limit_seconds: int
    # It contains the token of the attempt.
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """How a program ended: without a problem, or with the reason."""

    problem: str | None = None


class CannotLaunch(ControlError):
    """A program that could not be started; trying again would not help."""


class Executor(Protocol):
    """Where programs run; test_conformance.py says what is expected of it."""

    @property
    def outlives_worker(self) -> bool:
        """Return whether programs go on when this process ends, so that another may follow them."""

    def launch(self, task: Task) -> str:
        """Start the program and return its handle; launching the same attempt again starts nothing.

        CannotLaunch if it cannot work, any other error if it may work later.
        """

    def find(self, job_id: int, attempt: int) -> str | None:
        """Return the handle of an attempt that was launched, by anybody; None if it was not.

        ControlError if it cannot be told now.
        """

    def poll(self, handle: str) -> Outcome | None:
        """Return how the program ended; None while it runs."""

    def stop(self, handle: str) -> None:
        """Begin to end the program and all it has started; one that has ended stays as it is."""

    def log(self, handle: str) -> bytes | None:
        """Return what it printed, long output without its middle; None if others keep the log."""

    def forget(self, handle: str) -> None:
        """Remove what is kept here of a program that has ended."""

    def close(self) -> None:
        """Stop every program that would be lost with this process."""


def executor_names() -> list[str]:
    """Return the names of the executors that there are."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if hasattr(import_module(f"{__name__}.{module.name}"), "make")
    )


def make_executor(name: str, settings: Settings) -> Executor:
    """Return the executor of this name."""
    if name not in executor_names():
        raise ControlError(
            f"there is no executor {name!r}", f"there are: {', '.join(executor_names())}"
        )
    executor: Executor = import_module(f"{__name__}.{name}").make(settings)
    return executor
