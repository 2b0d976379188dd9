"""Queue jobs for samples whose results are missing or stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.jobs.platform import find_pathogen
from control.queries import query
from control.terminal import working_on

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Wanted:
    """Whose results of which kind are looked at; None leaves a choice open."""

    kind: str
    group_id: int | None = None
    pathogen: str | None = None
    sample_ids: Sequence[int] | None = None
    software_version: str | None = None
    dataset_tag: str | None = None
    is_forced: bool = False


@dataclass(frozen=True)
class Renewed:
    """A job that was queued."""

    job_id: int
    group_id: int
    pathogen: str
    sample_count: int


def renew_results(
    conn: psycopg.Connection, wanted: Wanted, *, dry_run: bool = False
) -> list[Renewed]:
    """Queue the jobs, all or none."""
    pathogen_id = None if wanted.pathogen is None else find_pathogen(conn, wanted.pathogen)
    _check(conn, wanted)
    samples = None if wanted.sample_ids is None else [*wanted.sample_ids]
    values = vars(wanted) | {"pathogen_id": pathogen_id, "sample_ids": samples}
    working_on("queueing jobs")
    with conn.transaction(force_rollback=dry_run):
        rows = conn.execute(query("jobs/renew_stale_results"), values).fetchall()
    return [Renewed(*row) for row in rows]


def _check(conn: psycopg.Connection, wanted: Wanted) -> None:
    """Refuse what would find nothing whatever the samples are."""
    kinds = [
        name
        for (name,) in conn.execute(
            "select name from aspen.job_kinds where is_queued_for_sequences order by name"
        )
    ]
    if wanted.kind not in kinds:
        raise ControlError(
            f"a {wanted.kind} gives no results of single samples",
            f"name one of {', '.join(kinds)}",
        )
    version = wanted.software_version
    if version is not None and not any(character in "0123456789" for character in version):
        raise ControlError(f"the version {version!r} has no number", "give one such as 1.29")
