"""Read pipelines/platform.toml, and queue the jobs of the platform that are due or asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.errors import ControlError
from control.jobs.platform import find_pathogen, find_repository, lock_work, queue_platform_job

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

FILE = "pipelines/platform.toml"
KEYS = ("kind", "pathogen", "repository", "every_days")
# What a job of each kind is told, and whether it must be; what other kinds need, they find.
SOURCES: Mapping[str, Mapping[str, bool]] = {
    "repository_download": {
        "sequences_url": True,
        "metadata_url": True,
        "sequences_sha256": False,
        "metadata_sha256": False,
        "is_aligned": False,
        "reference_url": False,
    },
    "lineages": {
        "lineages_url": True,
        "alias_key_url": False,
        "lineages_sha256": False,
        "alias_key_sha256": False,
    },
}
# Kinds about what one repository publishes.
OF_REPOSITORY = ("repository_download", "public_metadata", "accessions")
KINDS = (*OF_REPOSITORY, "lineages", "locations")
# What is made of a data set follows from its download, and is not asked for.
URL = re.compile(r"(?:https?://[^/@\s]+/|file:///)[!-~]+|s3://[^/\s]+/[^\x00-\x1f\x7f]+")
SHA256 = re.compile("[0-9a-fA-F]{64}")
MOST_DAYS = 366


@dataclass(frozen=True)
class PlatformJob:
    """A job of the platform: its kind, what it is about, what it is told, and how often it runs."""

    kind: str
    pathogen: str
    repository: str | None = None
    every_days: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return its name for people."""
        return " ".join(part for part in (self.kind, self.pathogen, self.repository) if part)


@dataclass(frozen=True)
class Queued:
    """What became of one: a job, or the reason why there is none."""

    kind: str
    pathogen: str
    repository: str | None
    job_id: int | None
    problem: str | None = None


def read_platform_jobs(root: Path) -> list[PlatformJob]:
    """Read and check the file; an error names every fault in it. Without a file there are none."""
    path = root / FILE
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError) as error:
        raise ControlError(f"{path} is not TOML: {error}", "correct the file") from error
    tables = document.get("job", [])
    if {*document} - {"job"} or not isinstance(tables, list):
        raise ControlError(f"{path} has more than tables [[job]]", "correct the file")
    faults = [
        f"job {number} {fault}" for number, one in enumerate(tables, 1) for fault in _faults(one)
    ]
    if not faults:
        titles = [_job(one).title for one in tables]
        faults = [
            f"{title} is there twice" for title in sorted({*titles}) if titles.count(title) > 1
        ]
    if faults:
        raise ControlError(f"{path}: {'; '.join(faults)}", "correct the file; docs/jobs.md has it")
    return [_job(one) for one in tables]


def _job(table: Mapping[str, Any]) -> PlatformJob:
    return PlatformJob(
        table["kind"],
        table["pathogen"],
        table.get("repository"),
        table.get("every_days"),
        {name: value for name, value in table.items() if name not in KEYS},
    )


def _faults(table: object) -> Iterator[str]:
    if not isinstance(table, dict):
        yield "is no table"
        return
    kind = table.get("kind")
    if kind not in KINDS:
        yield f"has a kind that is none of {', '.join(KINDS)}"
        return
    for name in ("pathogen", *(["repository"] if kind in OF_REPOSITORY else [])):
        if not isinstance(table.get(name), str):
            yield f"({kind}) lacks {name}"
    if kind not in OF_REPOSITORY and "repository" in table:
        yield f"({kind}) must name no repository"
    days = table.get("every_days", 1)
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        yield f"({kind}) has an every_days that is not a number from 1 to {MOST_DAYS}"
    known = SOURCES.get(kind, {})
    for name in table:
        if name not in KEYS and name not in known:
            yield f"({kind}) has an unknown key {name}"
    for name, is_required in known.items():
        if name in table or is_required:
            yield from _faults_of(kind, name, table.get(name))


def _faults_of(kind: str, name: str, value: object) -> Iterator[str]:
    if value is None:
        yield f"({kind}) lacks {name}"
    elif name.startswith("is_"):
        if not isinstance(value, bool):
            yield f"({kind}) has a {name} that is neither true nor false"
    elif name.endswith("_sha256"):
        if not isinstance(value, str) or not SHA256.fullmatch(value):
            yield f"({kind}) has a {name} that is not 64 hexadecimal digits"
    elif not isinstance(value, str) or not URL.fullmatch(value):
        # A password would be stored with every job, and shown to whoever sees the file.
        yield f"({kind}) has a {name} that is no URL of https, http, s3 or file without a password"


def find_platform_job(root: Path, kind: str, pathogen: str, repository: str | None) -> PlatformJob:
    """Return one job of the file, or a job that needs no source."""
    if kind not in KINDS:
        raise ControlError(
            f"a {kind} is no job that an operator queues", f"name one of {', '.join(KINDS)}"
        )
    if (repository is None) is (kind in OF_REPOSITORY):
        raise ControlError(
            f"a {kind} {'needs a' if repository is None else 'has no'} repository",
            "add --repository" if repository is None else "leave out --repository",
        )
    for one in read_platform_jobs(root):
        if (one.kind, one.pathogen, one.repository) == (kind, pathogen, repository):
            return one
    if kind in SOURCES:
        raise ControlError(
            f"{FILE} has no source for {kind} {pathogen} {repository or ''}".rstrip(),
            "add a table [[job]] with its URLs",
        )
    return PlatformJob(kind, pathogen, repository)


def queue_one(conn: psycopg.Connection, wanted: PlatformJob, *, dry_run: bool = False) -> Queued:
    """Queue a job unless one of its kind about the same is open."""
    result = _queue(conn, wanted, None, dry_run=dry_run)
    assert result is not None
    return result


def queue_due(
    conn: psycopg.Connection,
    jobs: list[PlatformJob],
    at: datetime | None = None,
    *,
    dry_run: bool = False,
) -> list[Queued]:
    """Queue what is due, each in a transaction of its own: never two that are open at once.

    A job is due when the last of its kind about the same was queued every_days days ago, by the
    calendar of UTC. What cannot be queued is reported, and the others are queued all the same.
    """
    results = []
    for wanted in jobs:
        if wanted.every_days is None:
            continue
        try:
            result = _queue(conn, wanted, at, is_due_only=True, dry_run=dry_run)
        except ControlError as error:
            result = Queued(wanted.kind, wanted.pathogen, wanted.repository, None, error.message)
        if result is not None:
            results.append(result)
    return results


def _queue(
    conn: psycopg.Connection,
    wanted: PlatformJob,
    at: datetime | None,
    *,
    is_due_only: bool = False,
    dry_run: bool,
) -> Queued | None:
    with conn.transaction(force_rollback=dry_run):
        pathogen_id = find_pathogen(conn, wanted.pathogen)
        repository_id = wanted.repository and find_repository(conn, wanted.repository)
        about = (wanted.kind, pathogen_id, repository_id or None)
        # Whoever comes second sees what the first one queued.
        lock_work(conn, *about)
        row = conn.execute(
            "select max(id) filter (where finished_at is null),"
            " (coalesce(%s, now()) at time zone 'UTC')::date"
            " - (max(created_at) at time zone 'UTC')::date"
            " from aspen.jobs where group_id = 0 and kind = %s and pathogen_id = %s"
            " and public_repository_id is not distinct from %s",
            [at, *about],
        ).fetchone()
        assert row is not None
        open_job, days = row
        if is_due_only:
            assert wanted.every_days is not None
            if open_job is not None or (days is not None and days < wanted.every_days):
                return None
        elif open_job is not None:
            raise ControlError(
                f"job {open_job} does this already: {wanted.title}",
                f"wait until it has ended, or control job cancel {open_job}",
            )
        # An object, even if it is empty, says that the job is gone on with.
        job_id = queue_platform_job(
            conn,
            wanted.kind,
            pathogen_id=pathogen_id,
            public_repository_id=repository_id or None,
            arguments=wanted.arguments,
        )
    return Queued(wanted.kind, wanted.pathogen, wanted.repository, None if dry_run else job_id)
