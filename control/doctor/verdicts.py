"""Define the one shape of a check and of its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from control.doctor.patient import Patient

State = Literal["ok", "warn", "fail", "skip"]
# A check that takes longer is given up; the next one goes on.
SECONDS = 15


@dataclass(frozen=True)
class Verdict:
    """What a check found, and what to do if it is not well."""

    state: State
    said: str
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """One thing to look at; `about` is a sentence that holds where all is well."""

    name: str
    about: str
    look: Callable[[Patient], Verdict]
    seconds: int = SECONDS


class Unknown(Exception):
    """The reason why a check cannot tell: something that another check names is down or unset."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def ok(said: str) -> Verdict:
    """Return that all is well."""
    return Verdict("ok", said)


def warn(said: str, remedy: str) -> Verdict:
    """Return that something becomes a fault if nobody does anything."""
    return Verdict("warn", said, remedy)


def fail(said: str, remedy: str) -> Verdict:
    """Return that something is wrong now."""
    return Verdict("fail", said, remedy)


def skip(said: str, remedy: str | None = None) -> Verdict:
    """Return that it cannot be told, and why."""
    return Verdict("skip", said, remedy)
