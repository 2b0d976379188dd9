"""Import the samples of uploaded files, all of them or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from control.errors import ControlError
from control.jobs.states import Job, finish_job
from control.people.groups import find_group
from control.samples.importing import OnConflict, Target, import_samples
from control.samples.metadata import (
    STRAIN,
    IncompleteDates,
    MetadataOptions,
    Problem,
    StrainPrefix,
    read_metadata,
)
from control.storage.uploads import Upload, delete_uploads, fetch_upload, find_upload
from control.translation import refusal_in

if TYPE_CHECKING:
    from control.app import App

# Characters the database rejects in any text: they break a line or reorder text.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
LONGEST_VALUE = 200
# What an import that was requested from an earlier version does not say.
NEWER = {
    "private_identifier_column": STRAIN,
    "public_identifier_column": STRAIN,
    "strain_prefix": "keep",
}


@dataclass(frozen=True)
class Request:
    """What the requester of an import asked for."""

    subject: str | None
    pathogen: str
    metadata_upload_id: int
    sequences_upload_id: int | None
    on_conflict: OnConflict
    is_private: bool
    incomplete_dates: IncompleteDates
    is_sequence_optional: bool
    private_identifier_column: str
    public_identifier_column: str
    strain_prefix: StrainPrefix


@dataclass(frozen=True)
class Files:
    """The uploads that an import takes, and their content in a folder: the metadata first."""

    uploads: list[Upload]
    paths: list[Path]

    @property
    def sequences(self) -> Path | None:
        """Return the file of sequences, if there is one."""
        return self.paths[1] if len(self.paths) > 1 else None

    def named(self, problem: Problem) -> Problem:
        """Return a problem under the name that people gave the file."""
        for upload, path in zip(self.uploads, self.paths, strict=True):
            if problem.file == str(path):
                return replace(problem, file=upload.file_name)
        return problem


def run(app: App, job: Job) -> None:
    """Store the samples and end the job in one transaction, as the requester may do at this time.

    A file that is wrong fails the job. Every other exception leaves it open, to be tried again.
    """
    with app.connect(f"job run {job.id}") as conn, TemporaryDirectory() as folder:
        try:
            request = _request_of(conn, job)
            files = _fetch(app, conn, job, request, Path(folder))
            with _progress(app, job) as advance, conn.transaction():
                _import(conn, job, request, files, advance)
        except (ControlError, psycopg.Error) as error:
            refused = refusal_in(error)
            if refused is None:
                raise
            finish_job(conn, job, _printable(refused.message), {})


def _fetch(app: App, conn: psycopg.Connection, job: Job, request: Request, folder: Path) -> Files:
    """Fetch the files before the transaction begins, each under its number."""
    wanted = [request.metadata_upload_id]
    if request.sequences_upload_id is not None:
        wanted.append(request.sequences_upload_id)
    uploads = [find_upload(conn, job.group_id, one) for one in wanted]
    files = Files(uploads, [folder / str(upload.id) for upload in uploads])
    for upload, path in zip(files.uploads, files.paths, strict=True):
        fetch_upload(app.s3, upload, path)
    return files


def _import(
    conn: psycopg.Connection,
    job: Job,
    request: Request,
    files: Files,
    advance: Callable[[int, int], None],
) -> None:
    """Store everything and end the job, or end it with every problem."""
    if request.subject is None:
        raise ControlError("whoever requested the import was removed", "request it again")
    options = MetadataOptions(
        request.private_identifier_column,
        request.public_identifier_column,
        request.incomplete_dates,
        request.is_private,
    )
    table = read_metadata(files.paths[0], options)
    advance(0, table.total)
    report = import_samples(
        conn,
        Target(
            find_group(conn, str(job.group_id)),
            request.subject,
            request.pathogen,
            request.on_conflict,
            request.strain_prefix,
        ),
        table,
        files.sequences,
        allow_missing_sequences=request.is_sequence_optional,
        advance=lambda done: advance(done, table.total),
    )
    # The import leaves its role to the rest of the transaction.
    conn.execute("set local role none")
    _store_problems(conn, job, [files.named(problem) for problem in report.problems])
    if report.problems:
        rejected = f"{report.rejected} of {report.total} samples are rejected"
        finish_job(conn, job, f"{rejected}; import_problems says why", {})
    else:
        delete_uploads(conn, [upload.id for upload in files.uploads])
        finish_job(conn, job, None, {})


def _request_of(conn: psycopg.Connection, job: Job) -> Request:
    with conn.cursor(row_factory=class_row(Request)) as cursor:
        request = cursor.execute(
            "select users.subject, pathogens.slug as pathogen, asked.*"
            " from aspen.jobs as jobs"
            " inner join aspen.pathogens as pathogens on jobs.pathogen_id = pathogens.id"
            " left join aspen.users as users on jobs.requested_by_id = users.id"
            " cross join lateral jsonb_to_record(%s::jsonb || jobs.arguments) as asked("
            "metadata_upload_id bigint, sequences_upload_id bigint, on_conflict text,"
            " is_private boolean, incomplete_dates text, is_sequence_optional boolean,"
            " private_identifier_column text, public_identifier_column text, strain_prefix text)"
            " where jobs.id = %s",
            [Jsonb(NEWER), job.id],
        ).fetchone()
    assert request is not None
    return request


@contextmanager
def _progress(app: App, job: Job) -> Iterator[Callable[[int, int], None]]:
    """Note progress in a connection of its own, so that it is seen before the import commits."""
    done = 0
    with app.connect(f"job run {job.id}: progress") as conn:

        def advance(more: int, total: int) -> None:
            nonlocal done
            done = min(done + more, total)
            conn.execute(
                "update aspen.jobs set progress_done = %s, progress_total = %s,"
                " heartbeat_at = clock_timestamp() where id = %s and attempt = %s",
                [done, total, job.id, job.attempt],
            )

        yield advance


def _store_problems(conn: psycopg.Connection, job: Job, problems: list[Problem]) -> None:
    """Replace what an earlier attempt left."""
    conn.execute("delete from aspen.import_problems where job_id = %s", [job.id])
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "copy aspen.import_problems"
            " (group_id, job_id, file_name, line, strain, field, value, reason) from stdin"
        ) as copy,
    ):
        for one in problems:
            texts = (one.strain, one.field, one.value, one.reason)
            copy.write_row(
                (
                    job.group_id,
                    job.id,
                    _printable(one.file),
                    max(one.line, 1),
                    *(_printable(text[:LONGEST_VALUE]) for text in texts),
                )
            )


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
