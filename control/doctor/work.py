"""Check that jobs move, and that mails, events and webhooks go out."""

from __future__ import annotations

from dataclasses import dataclass

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, warn
from control.queries import query

LATE_SECONDS = 15 * 60
VERY_LATE_SECONDS = 60 * 60


@dataclass(frozen=True)
class Work:
    """What control/sql/doctor/work.sql counts."""

    workers: int
    waiting: int
    oldest_seconds: float | None
    lost: int
    failed: int
    rejected: int


@dataclass(frozen=True)
class Outbox:
    """What control/sql/doctor/outbox.sql counts."""

    mails_waiting: int
    mails_given_up: int
    webhooks_stopped: int
    webhooks_late: int
    notes_waiting: int


def workers(patient: Patient) -> Verdict:
    """Count the workers whose heart beats, and the jobs that lost theirs."""
    found = _work(patient)
    if found.lost:
        return fail(
            f"{found.lost} running jobs have lost their worker",
            "start control job work, which takes them over or ends them (control job sweep)",
        )
    if not found.workers and found.waiting:
        return fail(
            f"{found.waiting} jobs wait and no worker runs",
            "run control job work as a service (docs/operations.md, Workers)",
        )
    return ok(f"{found.workers} workers, {found.waiting} jobs wait")


def queue(patient: Patient) -> Verdict:
    """Tell how long the oldest job has been waiting."""
    found = _work(patient)
    if found.oldest_seconds is None:
        return ok("no job waits")
    said = f"{found.waiting} jobs wait, the oldest for {found.oldest_seconds / 60:.0f} min"
    remedy = "start more workers, or see which group fills the queue: control job list"
    if found.oldest_seconds > VERY_LATE_SECONDS:
        return fail(said, remedy)
    return warn(said, remedy) if found.oldest_seconds > LATE_SECONDS else ok(said)


def dead_letters(patient: Patient) -> Verdict:
    """Count notifications that nobody could make sense of, and jobs that failed since yesterday."""
    found = _work(patient)
    if found.rejected:
        return warn(
            f"{found.rejected} notifications of the bucket were set aside",
            "control output replay handles them again, and says what is wrong with each",
        )
    if found.failed:
        return warn(
            f"{found.failed} jobs failed since yesterday",
            "control job list --status failed names them; control job retry runs one again",
        )
    return ok("no job failed since yesterday, no notification was set aside")


def mails(patient: Patient) -> Verdict:
    """Count the mails that wait, and those that were given up."""
    found = _outbox(patient)
    if found.mails_waiting:
        return fail(
            f"{found.mails_waiting} mails wait for more than 15 min",
            "control mail send, every minute (docs/operations.md, Mails), says what is wrong",
        )
    if found.mails_given_up:
        return warn(
            f"{found.mails_given_up} mails were given up in the last 7 days",
            "select id, error from aspen.mails where given_up_at is not null; then invite again",
        )
    return ok("no mail waits")


def webhooks(patient: Patient) -> Verdict:
    """Count the webhooks that stopped, and events that nobody publishes."""
    found = _outbox(patient)
    if found.notes_waiting or found.webhooks_late:
        return fail(
            f"{found.notes_waiting} notes of events and {found.webhooks_late} webhooks wait for"
            " more than 10 min",
            "run control job work with schedules, or control webhook send every few seconds",
        )
    if found.webhooks_stopped:
        return warn(
            f"{found.webhooks_stopped} webhooks stopped, because their receivers failed for days",
            "select id, group_id, last_problem from aspen.webhooks where stopped_at is not null;"
            " the group enables it again when its receiver works",
        )
    return ok("events are published, and no webhook stopped")


def _work(patient: Patient) -> Work:
    patient.require_code()
    [row] = patient.rows(query("doctor/work"))
    return Work(*row)


def _outbox(patient: Patient) -> Outbox:
    patient.require_code()
    [row] = patient.rows(query("doctor/outbox"))
    return Outbox(*row)


CHECKS = (
    Check("workers", "Workers run, and no job has lost its own", workers),
    Check("queue", "No job waits for long", queue),
    Check(
        "dead-letters",
        "No job has failed since yesterday, and no notification was set aside",
        dead_letters,
    ),
    Check("mails", "Mails are sent", mails),
    Check("webhooks", "Events are published, and no webhook stopped", webhooks),
)
