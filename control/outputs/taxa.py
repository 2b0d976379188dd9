"""Match the taxa of a job's files with the job's inputs, each once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import psycopg

from control.outputs.malformed import Malformed

_SAMPLE_ID = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class JobInputs:
    """The samples of a job that still exist, and how many were deleted since."""

    job_id: int
    sample_ids: frozenset[int]
    deleted_count: int


@dataclass
class Taxa:
    """The samples in one file, with the line of those that are no longer inputs."""

    file: str
    inputs: JobInputs
    seen: set[int] = field(default_factory=set)
    missing: dict[int, int] = field(default_factory=dict)

    def admit(self, text: str, line: int) -> int:
        """Return the sample that a taxon names."""
        sample_id = sample_id_of(text)
        if sample_id is None:
            raise Malformed(self.file, line, f"the taxon {text[:100]!r} is not the id of a sample")
        if sample_id in self.seen:
            raise Malformed(self.file, line, f"the taxon {sample_id} is given twice")
        self.seen.add(sample_id)
        if sample_id not in self.inputs.sample_ids:
            self.missing[sample_id] = line
        return sample_id

    def check(self, conn: psycopg.Connection) -> None:
        """Reject a file without rows, or with a sample that is no input of the job."""
        if not self.seen:
            raise Malformed(self.file, None, "has no rows")
        existing = conn.execute(
            "select id from aspen.samples where id = any (%s)", [list(self.missing)]
        ).fetchall()
        strangers = [row[0] for row in existing]
        # A deleted input keeps its row in job_samples, without a sample; there cannot be more of
        # them.
        if not strangers and len(self.missing) > self.inputs.deleted_count:
            strangers = list(self.missing)
        if strangers:
            first = min(strangers, key=lambda sample_id: self.missing[sample_id])
            raise Malformed(
                self.file,
                self.missing[first],
                f"the taxon {first} is not an input of job {self.inputs.job_id}",
            )


def sample_id_of(text: str) -> int | None:
    """Return the id that a taxon spells, in the one way an id is written; None for other texts."""
    return int(text) if _SAMPLE_ID.fullmatch(text) else None


def job_inputs(conn: psycopg.Connection, group_id: int, job_id: int) -> JobInputs:
    """Return the inputs of a locked job; from now on they can only become fewer."""
    ids = conn.execute(
        "select sample_id from aspen.job_samples where group_id = %s and job_id = %s",
        [group_id, job_id],
    ).fetchall()
    living = frozenset(row[0] for row in ids if row[0] is not None)
    return JobInputs(job_id, living, len(ids) - len(living))
