"""Record what a repository answered for a submission: all of a receipt, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from control.errors import ControlError
from control.queries import query, run_query
from control.submissions.creating import find_obstacles, lock_submissions
from control.submissions.receipts import Answer, Receipt, read_receipt

SHOWN_PROBLEMS = 100


@dataclass(frozen=True)
class Submission:
    """A submission, and how many of its samples are in each state."""

    id: int
    group_id: int
    repository_id: int
    group: str
    repository: str
    pathogen: str
    created_at: datetime
    sent: int
    accepted: int
    rejected: int


@dataclass(frozen=True)
class Submitted:
    """A sample of a submission, and the accession that is known of it."""

    id: int
    strain: str
    sample_id: int | None
    status: str
    accession: str | None
    message: str | None


@dataclass(frozen=True)
class Recorded:
    """What a receipt changed, or would change in a dry run."""

    accepted: int
    rejected: int
    unchanged: int
    waiting: int


def list_submissions(
    conn: psycopg.Connection, *, group_id: int | None = None, submission_id: int | None = None
) -> list[Submission]:
    """Return submissions, the newest first."""
    with conn.cursor(row_factory=class_row(Submission)) as cursor:
        return cursor.execute(
            query("submissions/list_submissions"), {"group_id": group_id, "id": submission_id}
        ).fetchall()


def find_submission(conn: psycopg.Connection, submission_id: int) -> Submission:
    """Return a submission, or refuse an id that does not exist."""
    found = list_submissions(conn, submission_id=submission_id)
    if not found:
        raise ControlError(f"there is no submission {submission_id}", "see control submission list")
    return found[0]


def samples_of(conn: psycopg.Connection, submission_id: int) -> list[Submitted]:
    """Return the samples of a submission in the order of its files, and lock them."""
    with conn.cursor(row_factory=class_row(Submitted)) as cursor:
        return cursor.execute(query("submissions/lock_samples"), {"id": submission_id}).fetchall()


def record_receipt(
    conn: psycopg.Connection, submission_id: int, path: Path, *, dry_run: bool = False
) -> Recorded:
    """Store accessions and rejections; reading the same receipt again changes nothing."""
    submission = find_submission(conn, submission_id)
    receipt = read_receipt(path, submission.repository)
    with conn.transaction(force_rollback=dry_run):
        lock_submissions(conn, submission.group_id, submission.repository_id)
        submitted = samples_of(conn, submission_id)
        known = {one.strain: one for one in submitted}
        _refuse(receipt, [*receipt.problems, *_problems(receipt, known)])
        changes = _changes(receipt, known)
        _refuse(receipt, _sent_again(conn, submission, changes))
        _store(conn, submission, changes)
    accepted = [one for one, answer in changes if answer.accession]
    settled = {one.id for one, _ in changes}
    return Recorded(
        accepted=len(accepted),
        rejected=len(changes) - len(accepted),
        unchanged=sum(one.status != "sent" and one.id not in settled for one in submitted),
        waiting=sum(one.status == "sent" and one.id not in settled for one in submitted),
    )


def _problems(receipt: Receipt, known: dict[str, Submitted]) -> list[tuple[int, str]]:
    """Return the lines about strains of others, and about accessions that are known otherwise."""
    problems = []
    owners = {one.accession: one.strain for one in known.values() if one.accession}
    for answer in receipt.answers:
        one = known.get(answer.strain)
        if one is None:
            problems.append((answer.line, f"{answer.strain} is not in this submission"))
        elif answer.accession and one.accession not in (None, answer.accession):
            problems.append(
                (
                    answer.line,
                    f"{answer.strain} has the accession {one.accession}, not {answer.accession}",
                )
            )
        elif answer.accession and owners.get(answer.accession, one.strain) != one.strain:
            problems.append(
                (answer.line, f"{answer.accession} belongs to {owners[answer.accession]}")
            )
    return problems


def _refuse(receipt: Receipt, problems: Sequence[tuple[int, str]]) -> None:
    if not problems:
        return
    lines = [f"{receipt.path}:{line}: {reason}" for line, reason in sorted(problems)]
    shown = lines[:SHOWN_PROBLEMS]
    if hidden := len(lines) - len(shown):
        shown.append(f"… and {hidden} more")
    raise ControlError(
        f"nothing was recorded: {len(lines)} lines are wrong\n" + "\n".join(shown),
        "check that this is the receipt of this submission, and ask the repository",
    )


def _changes(receipt: Receipt, known: dict[str, Submitted]) -> list[tuple[Submitted, Answer]]:
    """Return the samples whose row changes; an accession counts more than a later rejection."""
    last: dict[str, Answer] = {}
    for answer in receipt.answers:
        earlier = last.get(answer.strain)
        if earlier is None or earlier.accession is None:
            last[answer.strain] = answer
    return [
        (one, answer)
        for strain, answer in last.items()
        if (one := known[strain]).status != "accepted"
        and (answer.accession is not None or one.message != answer.message)
    ]


def _sent_again(
    conn: psycopg.Connection, submission: Submission, changes: Sequence[tuple[Submitted, Answer]]
) -> list[tuple[int, str]]:
    """Return the lines that accept a rejected sample although another submission has it."""
    lines = {
        one.sample_id: answer.line
        for one, answer in changes
        if one.status == "rejected" and one.accession is None and answer.accession
    }
    found = find_obstacles(conn, submission.group_id, submission.repository_id, [*lines])
    return [(lines[sample_id], f"the sample {reason}") for sample_id, reason in found]


def _store(
    conn: psycopg.Connection, submission: Submission, changes: Sequence[tuple[Submitted, Answer]]
) -> None:
    run_query(
        conn,
        "submissions/store_answers",
        {
            "ids": [one.id for one, _ in changes],
            "statuses": ["accepted" if answer.accession else "rejected" for _, answer in changes],
            "accessions": [answer.accession for _, answer in changes],
            "messages": [answer.message for _, answer in changes],
        },
    )
    stored = [
        (one.sample_id, answer.accession)
        for one, answer in changes
        if one.sample_id is not None and answer.accession
    ]
    run_query(
        conn,
        "samples/write_accessions",
        {
            "sample_ids": [sample_id for sample_id, _ in stored],
            "repositories": [submission.repository] * len(stored),
            "accessions": [accession for _, accession in stored],
        },
    )
