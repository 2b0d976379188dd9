"""Do the checks one after the other; none can stop or hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, State, Unknown, Verdict, fail, skip
from control.errors import ControlError
from control.terminal import working_on
from control.translation import translate

LOOK_AT_IT = "look at it yourself; control --help names the commands"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    about: str
    state: State
    said: str
    remedy: str | None


def examine(patient: Patient, checks: Iterable[Check]) -> Iterator[Finding]:
    """Yield what each check found, as soon as it is known."""
    for check in checks:
        working_on(f"checking {check.name}")
        found = _look(patient, check)
        yield Finding(check.name, check.about, found.state, found.said, found.remedy)


def _look(patient: Patient, check: Check) -> Verdict:
    """Look in a thread of its own: a server that hangs holds up only that."""
    found: list[Verdict] = []
    thread = threading.Thread(target=lambda: found.append(_ask(patient, check)), daemon=True)
    thread.start()
    thread.join(check.seconds)
    if thread.is_alive():
        patient.give_up()
        return fail(
            f"no answer within {check.seconds} s", "look at the server, its log and its load"
        )
    return found[0]


def _ask(patient: Patient, check: Check) -> Verdict:
    try:
        return check.look(patient)
    except Unknown as unknown:
        return skip(unknown.reason, unknown.remedy)
    # Whatever it is, the other checks are done as well.
    except Exception as error:
        known = translate(error, is_ours=patient.settings.is_local)
        known = known or ControlError(f"{type(error).__name__}: {error}")
        return fail(" ".join(known.message.split()), known.remedy or LOOK_AT_IT)
