"""Have plpgsql_check read the bodies of functions: what PostgreSQL itself sees only when they run.

The extension need not be installed: it is created in a transaction that is rolled back, where the
server has it and the login may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import errors

from control.lint.rules import Rule
from control.queries import query

RULE = Rule(
    name="functions_do_what_they_say",
    level="warning",
    description=(
        "plpgsql_check finds no error, unused variable or wrong volatility in a PL/pgSQL function"
    ),
    fix="correct the line; a false alarm is listed in control/lint/functions.py with its reason",
)


@dataclass(frozen=True)
class FalseAlarm:
    """An alarm of plpgsql_check that is none: where, what it says, and why it is wrong."""

    function: str
    says: str
    reason: str


_AVAILABLE = (
    "select exists (select from pg_catalog.pg_available_extensions where name = 'plpgsql_check')"
)

_OF_A_CONSTANT = "an empty list is written as text; PL/pgSQL converts it once, as a cast would"
FALSE_ALARMS: Sequence[FalseAlarm] = (
    *(
        FalseAlarm(function, 'cast "text" value to', _OF_A_CONSTANT)
        for function in (
            "internal.check_sequence",
            "internal.check_values",
            "internal.insert_sample",
            "internal.noted_problems",
            "internal.place_samples",
            "internal.store_noted_samples",
            "internal.update_sample",
        )
    ),
    FalseAlarm(
        "authz.current_setting",
        "unrecognized configuration parameter",
        "every request has the setting before PostgREST's statement calls this",
    ),
    FalseAlarm(
        "internal.note_events",
        "column changed_rows.",
        "samples, jobs and trees have other columns; each has a branch of its own",
    ),
    FalseAlarm(
        "internal.keep_output_limit",
        "column changed_rows.",
        "jobs and their files have other columns; each has a branch of its own",
    ),
    FalseAlarm(
        "internal.stored_by_group",
        "control reached end of function without RETURN",
        "its CASE fails on a kind that it does not name",
    ),
    *(
        FalseAlarm(
            function,
            'never read variable "done"',
            "every request runs it, and an assignment costs less than PERFORM",
        )
        for function in (
            "authz.admit_request",
            "authz.bound_request",
            "authz.identify_caller",
            "authz.identify_job",
            "authz.name_request",
            "authz.note_plan",
            "authz.note_version",
            "authz.set_caller",
            "authz.set_groups",
        )
    ),
    FalseAlarm(
        "internal.update_sample",
        'cast "bigint" value to "aspen.samples"',
        "the view has the columns of the table in the same order, which a rule checks",
    ),
)


@dataclass(frozen=True)
class Alarm:
    """What plpgsql_check says about a line of a function; the first line of the body is 1."""

    function: str
    line: int | None
    message: str
    hint: str | None

    @property
    def false(self) -> FalseAlarm | None:
        """Return why the alarm is false, if that is known."""
        name = self.function.partition("(")[0]
        known = (one for one in FALSE_ALARMS if one.function == name and one.says in self.message)
        return next(known, None)


def check_functions(conn: psycopg.Connection, *, with_false: bool = False) -> list[Alarm] | None:
    """Return the alarms, unless known to be false; None where there is no plpgsql_check."""
    try:
        with conn.transaction(force_rollback=True):
            found = conn.execute(_AVAILABLE).fetchone()
            if found == (False,):
                return None
            conn.execute("create extension if not exists plpgsql_check with schema ext")
            rows = conn.execute(query("functions/check")).fetchall()
    except errors.InsufficientPrivilege:
        return None
    alarms = [Alarm(*row) for row in rows]
    return [alarm for alarm in alarms if with_false or alarm.false is None]
