"""Queue jobs of the platform: those that belong to no group of people."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from control.errors import ControlError
from control.jobs.starting import BY_HAND
from control.jobs.states import finish_job, lock_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg.types.json import Jsonb

    from control.jobs.states import Job

# The reserved group that owns them.
PLATFORM = 0
# What a job hands on to the one that follows it.
CARRIED = ("is_aligned", "reference_url")


def queue_platform_job(
    conn: psycopg.Connection,
    kind: str,
    *,
    pathogen_id: int | None = None,
    public_repository_id: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> int:
    """Queue a job and return its id."""
    row = conn.execute(
        "select internal.queue_job(%s, %s, %s, public_repository_id => %s)",
        [PLATFORM, pathogen_id, kind, public_repository_id],
    ).fetchone()
    assert row is not None
    if arguments is not None:
        conn.execute(
            "update aspen.jobs set arguments = %s where id = %s", [_json(arguments), row[0]]
        )
    return int(row[0])


def lock_work(
    conn: psycopg.Connection, kind: str, pathogen_id: int | None, public_repository_id: int | None
) -> None:
    """Let one transaction at a time decide whether a job of the platform is to be queued."""
    name = f"platform {kind} {pathogen_id} {public_repository_id}"
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def follow(
    conn: psycopg.Connection, job: Job, kind: str, *, data_set_id: int | None = None
) -> None:
    """Queue the job that goes on with what this one made, in the transaction of its end.

    A job that still waits takes the newer data set instead. What an operator did by hand, without
    arguments, is not gone on with.
    """
    if job.arguments is None:
        return
    arguments = {name: job.arguments[name] for name in CARRIED if name in job.arguments}
    if data_set_id is not None:
        arguments["data_set_id"] = data_set_id
    lock_work(conn, kind, job.pathogen_id, job.public_repository_id)
    waiting = conn.execute(
        "update aspen.jobs set arguments = %s where group_id = %s and kind = %s"
        " and status = 'queued' and pathogen_id = %s"
        " and public_repository_id is not distinct from %s",
        [_json(arguments), PLATFORM, kind, job.pathogen_id, job.public_repository_id],
    ).rowcount
    if not waiting:
        queue_platform_job(
            conn,
            kind,
            pathogen_id=job.pathogen_id,
            public_repository_id=job.public_repository_id,
            arguments=arguments,
        )


def _json(arguments: Mapping[str, Any]) -> Jsonb:
    from psycopg.types.json import Jsonb

    return Jsonb(dict(arguments))


def end_platform_job(
    conn: psycopg.Connection,
    kind: str,
    job: Job | None,
    *,
    pathogen_id: int | None = None,
    public_repository_id: int | None = None,
) -> int:
    """Let the job succeed in the transaction of what it stored, and return its id.

    Without a job, an operator did its work by a command, which leaves a job of its own.
    """
    if job is None:
        job_id = queue_platform_job(
            conn, kind, pathogen_id=pathogen_id, public_repository_id=public_repository_id
        )
        job = lock_job(conn, job_id)
        conn.execute("update aspen.jobs set executor = %s where id = %s", [BY_HAND, job_id])
    finish_job(conn, job, None, {"aspen": version("aspen")})
    return job.id


def find_pathogen(conn: psycopg.Connection, slug: str) -> int:
    """Return the id of a pathogen, or refuse a slug that does not exist."""
    row = conn.execute("select id from aspen.pathogens where slug = %s", [slug]).fetchone()
    if row is None:
        raise ControlError(
            f"there is no pathogen {slug!r}", "use the slug of one that exists, such as SC2"
        )
    return int(row[0])


def find_repository(conn: psycopg.Connection, name: str) -> int:
    """Return the id of a public repository, or refuse a name that does not exist."""
    row = conn.execute(
        "select id from aspen.public_repositories where name = %s", [name]
    ).fetchone()
    if row is None:
        raise ControlError(
            f"there is no repository {name!r}", "use the name of one that exists, such as GenBank"
        )
    return int(row[0])
