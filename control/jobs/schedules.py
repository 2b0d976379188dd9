"""Queue the runs that schedules want today, and the run that an operator asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from control.errors import ControlError

if TYPE_CHECKING:
    import psycopg

TREE_TYPES = ("OVERVIEW", "TARGETED", "NON_CONTEXTUALIZED")
NO_DATA = "there is neither a sample nor a public sequence of the last 24 months"


@dataclass(frozen=True)
class Scheduled:
    """What became of a schedule that was due: a job, or the reason why there is none."""

    schedule_id: int
    group_id: int
    name: str
    template_args: dict[str, Any] | None
    job_id: int | None
    problem: str | None


@dataclass(frozen=True)
class Launch:
    """The run that an operator asks for, on behalf of a group."""

    group_id: int
    pathogen: str
    name: str
    tree_type: str
    template_args: dict[str, Any]


class Refused(Exception):
    """A run that the rules of create_phylo_run refuse."""


def run_due_schedules(
    conn: psycopg.Connection, at: datetime | None = None, *, dry_run: bool = False
) -> list[Scheduled]:
    """Queue a run for every schedule that is due, each in a transaction of its own.

    The day is that of `at`, or of the database's clock. However often it runs, and in however many
    places at once, a schedule has one job per day.
    """
    due = conn.execute(
        "select due.* from internal.due_schedules(coalesce(%s, now())) as due", [at]
    ).fetchall()
    results = []
    for schedule_id, group_id, pathogen_id, day, name, tree_type, template_args in due:
        with conn.transaction(force_rollback=dry_run):
            claimed = conn.execute(
                "update aspen.job_schedules set last_run_on = %(day)s, last_run_at = now()"
                " where id = %(id)s and is_enabled"
                " and (last_run_on is null or last_run_on < %(day)s)",
                {"day": day, "id": schedule_id},
            ).rowcount
            if not claimed:
                continue
            row = conn.execute(
                "select recent.filters, pathogens.slug from aspen.pathogens as pathogens,"
                " internal.recent_filters(%s, pathogens.id, %s, %s) as recent (filters)"
                " where pathogens.id = %s",
                [group_id, json.dumps(template_args), day, pathogen_id],
            ).fetchone()
            assert row is not None
            filters, pathogen = row
            job_id: int | None = None
            problem: str | None = NO_DATA
            if filters is not None:
                try:
                    wanted = Launch(group_id, pathogen, name, tree_type, filters)
                    job_id, problem = _queue_run(conn, wanted), None
                except Refused as error:
                    problem = str(error)
            conn.execute(
                "update aspen.job_schedules set last_problem = %s,"
                " last_job_id = coalesce(%s, last_job_id) where id = %s",
                [problem, job_id, schedule_id],
            )
        job_id = None if dry_run else job_id
        results.append(Scheduled(schedule_id, group_id, name, filters, job_id, problem))
    return results


def launch_run(conn: psycopg.Connection, wanted: Launch, *, dry_run: bool = False) -> int | None:
    """Queue one run on behalf of a group, and return its id; none if nothing is to be changed."""
    with conn.transaction(force_rollback=dry_run):
        try:
            job_id = _queue_run(conn, wanted)
        except Refused as error:
            raise ControlError(f"the run is refused: {error}", "change what it names") from error
    return None if dry_run else job_id


def _queue_run(conn: psycopg.Connection, wanted: Launch) -> int:
    """Queue a run by the function of the API, with the rights of a member of the group."""
    import psycopg

    from control.queries import query

    try:
        with conn.transaction():
            conn.execute(query("jobs/act_as_group"), {"group_id": wanted.group_id})
            row = conn.execute(
                "select run.id from internal.create_phylo_run(%s, %s, %s, '{}', %s, %s) as run",
                [
                    wanted.group_id,
                    wanted.pathogen,
                    wanted.name,
                    wanted.tree_type,
                    json.dumps(wanted.template_args),
                ],
            ).fetchone()
            conn.execute(query("jobs/act_as_group"), {"group_id": None})
    except psycopg.Error as error:
        if error.sqlstate != "PGRST":
            raise
        raise Refused(_reason(error)) from error
    assert row is not None
    return int(row[0])


def _reason(error: psycopg.Error) -> str:
    """Return message and details of an error of the API on one line."""
    body = json.loads(error.diag.message_primary or "{}")
    words = f"{body.get('message')} {body.get('details') or ''}".strip()
    return "".join(letter if letter.isprintable() else " " for letter in words)[:1000]
