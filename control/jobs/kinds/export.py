"""Write chosen rows of a group to a file in the storage, as its requester may see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from control.database import acting_as
from control.errors import ControlError
from control.jobs.states import Job, finish_job
from control.queries import run_query
from control.storage.parquet import write_parquet
from control.translation import refusal_in

if TYPE_CHECKING:
    from control.app import App

ROLE = "member"
# Looks samples up, with the rights of the caller (docs/architecture.md).
FINDER = "api_writer"
KEPT = "7 days"
# The column by which a row of each resource belongs to a sample.
SAMPLE_OF = {
    "samples": "id",
    "sequences": "sample_id",
    "sample_lineages": "sample_id",
    "sample_qc_metrics": "sample_id",
}

_ROWS = (
    " from api.{resource} as rows where rows.group_id = {group} and rows.{key} = any({chosen})"
    " order by rows.{key}, rows.id"
)
# A row group of Parquet is in memory as a whole; genomes have up to 200,000 bases.
ROWS_AT_ONCE = {"sequences": 500}
MOST_ROWS_AT_ONCE = 20_000
QUERIES: dict[str, LiteralString] = {
    "csv": "select rows.*" + _ROWS,
    "parquet": "select rows.*" + _ROWS,
    "ndjson": "select to_json(rows)" + _ROWS,
    # The names are those of export_sequences.
    "fasta": (
        "select internal.fasta_header(samples.public_identifier, samples.restricted_until)"
        " || sequences.sequence from aspen.sequences as sequences"
        " inner join aspen.samples as samples"
        " on sequences.group_id = samples.group_id and sequences.sample_id = samples.id"
        " where sequences.group_id = {group} and sequences.sample_id = any({chosen})"
        " order by sequences.sample_id"
    ),
}


@dataclass(frozen=True)
class Request:
    """What the requester of an export asked for."""

    subject: str | None
    choice: Mapping[str, Any]
    resource: str
    format: str


@dataclass
class Written:
    """A file as it grows: its lines or records, length and checksum."""

    name: str
    path: Path
    lines: int = 0
    size_bytes: int = 0
    digest: Any = field(default_factory=sha256)

    def write(self, file: BinaryIO, content: bytes) -> None:
        """Append a line or a record."""
        file.write(content)
        self.lines += 1
        self.size_bytes += len(content)
        self.digest.update(content)

    def measure(self) -> None:
        """Take length and checksum of a file that something else wrote."""
        self.size_bytes = self.path.stat().st_size
        with self.path.open("rb") as file:
            self.digest = file_digest(file, "sha256")


def run(app: App, job: Job) -> None:
    """Write file and manifest, send them, and end the job with its outputs in one transaction."""
    with app.connect(f"job run {job.id}") as conn, TemporaryDirectory() as folder:
        try:
            request = _request_of(conn, job)
            written = _write(conn, job, request, Path(folder))
        except (ControlError, psycopg.Error) as error:
            _fail(conn, job, error)
            return
        manifest = _manifest(job, request, written, Path(folder))
        files = {f"export_{request.format}": written, "export_manifest": manifest}
        sent = {kind: _send(app, job, file) for kind, file in files.items()}
        try:
            with conn.transaction():
                for kind, values in sent.items():
                    run_query(
                        conn,
                        "outputs/store_output",
                        {"group_id": job.group_id, "job_id": job.id, "kind": kind} | values,
                    )
                delete_expired_exports(conn)
                finish_job(conn, job, None, {})
        except psycopg.Error as error:
            _fail(conn, job, error)


def _fail(conn: psycopg.Connection, job: Job, error: Exception) -> None:
    """End the job with the reason why it is refused; raise anything else, to be tried again."""
    refused = refusal_in(error)
    if refused is None:
        raise error
    finish_job(conn, job, refused.message, {})


def _request_of(conn: psycopg.Connection, job: Job) -> Request:
    with conn.cursor(row_factory=class_row(Request)) as cursor:
        request = cursor.execute(
            "select users.subject, asked.* from aspen.jobs as jobs"
            " left join aspen.users as users on jobs.requested_by_id = users.id"
            " cross join lateral jsonb_to_record(jobs.arguments) as asked("
            "choice jsonb, resource text, format text) where jobs.id = %s",
            [job.id],
        ).fetchone()
    assert request is not None
    return request


def _write(conn: psycopg.Connection, job: Job, request: Request, folder: Path) -> Written:
    """Stream the rows that the requester sees at this time, in the order of samples."""
    if request.subject is None:
        raise ControlError("whoever requested the export was removed", "request it again")
    name = f"{request.resource}.{request.format}"
    written = Written(name, folder / name)
    choice = Jsonb({**request.choice, "group_id": job.group_id})
    with acting_as(conn, role=ROLE, subject=request.subject):
        conn.execute(
            "select authz.require_member(%s, 'You cannot export the samples of this group')",
            [job.group_id],
        )
        _become(conn, FINDER)
        chosen = [
            sample_id
            for (sample_id,) in conn.execute(
                "select sample_id from internal.chosen_samples(%s, 'export') where reason is null",
                [choice],
            )
        ]
        query = sql.SQL(QUERIES[request.format]).format(
            resource=sql.Identifier(request.resource),
            key=sql.Identifier(SAMPLE_OF[request.resource]),
            group=sql.Literal(job.group_id),
            chosen=sql.Literal(chosen),
        )
        if request.format != "fasta":
            _become(conn, ROLE)
        if request.format == "parquet":
            rows = ROWS_AT_ONCE.get(request.resource, MOST_ROWS_AT_ONCE)
            written.lines = write_parquet(conn, query, written.path, rows)
            written.measure()
            return written
        with written.path.open("wb") as file:
            for line in _lines(conn, query, is_csv=request.format == "csv"):
                written.write(file, line)
    return written


def _become(conn: psycopg.Connection, role: str) -> None:
    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))


def _lines(conn: psycopg.Connection, query: sql.Composed, *, is_csv: bool) -> Iterator[bytes]:
    """Yield what COPY sends row by row, so that no row is kept on either side."""
    options = "format csv, header" if is_csv else "format text"
    statement = sql.SQL("copy ({}) to stdout (" + options + ")").format(query)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        if is_csv:
            yield from (bytes(piece) for piece in copy)
        else:
            yield from (f"{row[0]}\n".encode() for row in copy.rows())


def _manifest(job: Job, request: Request, written: Written, folder: Path) -> Written:
    """Write what was exported, and what the file must be."""
    manifest = Written("manifest.json", folder / "manifest.json")
    content = {
        "job_id": job.id,
        "resource": request.resource,
        "format": request.format,
        "choice": request.choice,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": [
            {
                "name": written.name,
                # The first line of CSV names the columns.
                "rows": written.lines - (request.format == "csv"),
                "size_bytes": written.size_bytes,
                "sha256": written.digest.hexdigest(),
            }
        ],
    }
    with manifest.path.open("wb") as file:
        manifest.write(file, json.dumps(content, indent=2).encode() + b"\n")
    return manifest


def _send(app: App, job: Job, file: Written) -> dict[str, Any]:
    """Send a file in as many parts as it needs, and return how the storage describes it."""
    bucket, key = app.settings.bucket, f"jobs/{job.id}/{job.attempt}/{file.name}"
    app.s3.upload_file(
        str(file.path), bucket, key, ExtraArgs={"ContentType": "application/octet-stream"}
    )
    found = app.s3.head_object(Bucket=bucket, Key=key)
    if found["ContentLength"] != file.size_bytes:
        raise ControlError(f"{file.name} was not stored whole", "retry the job")
    return {
        "bucket": bucket,
        "key": key,
        "version_id": found.get("VersionId"),
        "etag": found["ETag"].strip('"'),
        "size_bytes": file.size_bytes,
        "checksum_sha256": file.digest.hexdigest(),
    }


def delete_expired_exports(conn: psycopg.Connection) -> None:
    """Forget old exports of all groups; their objects are queued for deletion."""
    conn.execute(
        "delete from aspen.job_outputs as outputs using aspen.jobs as jobs"
        " where outputs.group_id = jobs.group_id and outputs.job_id = jobs.id"
        " and jobs.kind = 'export' and outputs.created_at < clock_timestamp() - %s::interval",
        [KEPT],
    )
