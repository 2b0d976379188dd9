"""Find the module of each kind of job: the modules in this folder are the list of kinds.

A module is called like its kind. It states FILES, the kinds of files that a job submits, and
perhaps OPTIONAL_FILES, which a job need not submit, and defines `register`; a kind that leaves more
than files and results defines `discard` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from control.outputs.malformed import TryAgain

if TYPE_CHECKING:
    import psycopg

    from control.jobs.states import Job
    from control.outputs.job_files import JobFiles
    from control.outputs.kinds.phylo_run import StoredTree
    from control.outputs.manifest import Submission
    from control.outputs.results import StoredResults


@dataclass(frozen=True)
class Stored:
    """What `register` stored; `software_versions` are those that the files name."""

    tree: StoredTree | None = None
    results: StoredResults | None = None
    software_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobKind:
    """What registration needs to know of a kind of job."""

    name: str
    files: tuple[str, ...]
    optional_files: tuple[str, ...]
    register: Callable[[psycopg.Connection, Job, JobFiles, Submission], Stored]
    discard: Callable[[psycopg.Connection, Job], None]

    @property
    def all_files(self) -> tuple[str, ...]:
        """Return the kinds of files that a job may submit."""
        return self.files + self.optional_files


@cache
def job_kinds() -> Mapping[str, JobKind]:
    """Return every kind by its name, in the order in which messages list them."""
    names = sorted((found.name for found in iter_modules(__path__)), reverse=True)
    return {name: _load(name) for name in names}


def job_kind(name: str) -> JobKind:
    """Return one kind; the database may know a newer one."""
    if name not in job_kinds():
        raise TryAgain(
            f"no module of this version registers a {name}",
            "register it with the version that migrated the database",
        )
    return job_kinds()[name]


def file_kinds() -> tuple[str, ...]:
    """Return the kinds of files of all jobs."""
    return tuple(file for kind in job_kinds().values() for file in kind.all_files)


def _load(name: str) -> JobKind:
    module = import_module(f"{__name__}.{name}")
    return JobKind(
        name,
        module.FILES,
        getattr(module, "OPTIONAL_FILES", ()),
        module.register,
        getattr(module, "discard", _nothing),
    )


def _nothing(_conn: psycopg.Connection, _job: Job) -> None:
    """Discard nothing: a failed job has stored no results."""
