"""An export job writes what its requester sees of the group to one file, and describes it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib import import_module
from typing import Any

import psycopg
import pyarrow
import pyarrow.parquet as pq
import pytest

from control.app import App
from control.database import acting_as
from control.jobs.states import lock_job
from tests import factories
from tests.servers import S3, Database

CREATE = "select id from api.create_export(%s, 'SC2', %s, %s, samples => %s)"
GENOME = "ACGT" * 250


@dataclass
class Archive:
    """A group with three samples, one of them private, and the exports of alice."""

    conn: psycopg.Connection
    database: Database
    s3: S3

    def __post_init__(self) -> None:
        self.group = factories.group(self.conn)
        self.other = factories.group(self.conn)
        factories.user(self.conn, "alice", {self.group: "member", self.other: "admin"})
        self.samples = [
            factories.sample(self.conn, self.group, "a"),
            factories.sample(self.conn, self.group, "b", is_private=True),
            factories.sample(self.conn, self.group, "c"),
        ]
        foreign = factories.sample(self.conn, self.other, "foreign")
        for sample in (*self.samples[:2], foreign):
            factories.sequence(self.conn, sample, GENOME)
            factories.sample_lineage(self.conn, sample)

    def queue(self, resource: str, format: str, samples: list[str] | None = None) -> int:
        """Request an export as alice."""
        chosen = None if samples is None else json.dumps(samples)
        with acting_as(self.conn, role="member", subject="alice"):
            [(job,)] = self.conn.execute(CREATE, [self.group, resource, format, chosen]).fetchall()
        return int(job)

    def run(self, job_id: int) -> tuple[Any, ...]:
        """Run the job as a worker does, and return what became of it."""
        app = App()
        app.__dict__["settings"] = replace(self.s3.settings, database_url=self.database.url)
        with self.conn.transaction():
            job = lock_job(self.conn, job_id)
        import_module("control.jobs.kinds.export").run(app, job)
        [row] = self.conn.execute(
            "select status, error from aspen.jobs where id = %s", [job_id]
        ).fetchall()
        return row

    def outputs(self, job_id: int) -> dict[str, bytes]:
        """Return the content of the outputs by kind, as they are described."""
        found = {}
        for kind, key, size, checksum in self.conn.execute(
            "select kind, key, size_bytes, checksum_sha256 from aspen.job_outputs"
            " where job_id = %s",
            [job_id],
        ).fetchall():
            content = self.s3.client.get_object(Bucket=self.s3.bucket, Key=key)["Body"].read()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (size, checksum)
            found[kind] = content
        return found


@pytest.fixture
def archive(conn: psycopg.Connection, database: Database, s3: S3) -> Archive:
    """Return an archive in a database of its own."""
    return Archive(conn, database, s3)


def test_samples_are_exported_as_csv_with_a_manifest(archive: Archive) -> None:
    """Write the samples of the group only, and say how many and what the file must be."""
    job = archive.queue("samples", "csv")

    assert archive.run(job) == ("succeeded", None)
    found = archive.outputs(job)
    rows = list(csv.DictReader(io.StringIO(found["export_csv"].decode())))
    manifest = json.loads(found["export_manifest"])
    assert [row["private_identifier"] for row in rows] == ["a", "b", "c"]
    assert manifest["files"] == [
        {
            "name": "samples.csv",
            "rows": 3,
            "size_bytes": len(found["export_csv"]),
            "sha256": hashlib.sha256(found["export_csv"]).hexdigest(),
        }
    ]


def test_lineages_are_exported_as_one_object_a_line(archive: Archive) -> None:
    """Write what the resource shows."""
    job = archive.queue("sample_lineages", "ndjson")

    archive.run(job)

    lines = archive.outputs(job)["export_ndjson"].decode().splitlines()
    assert [json.loads(line)["sample_id"] for line in lines] == archive.samples[:2]


@pytest.mark.parametrize(
    "resource", ["samples", "sequences", "sample_lineages", "sample_qc_metrics"]
)
def test_rows_are_exported_as_parquet_with_their_types(archive: Archive, resource: str) -> None:
    """Read the same rows as from NDJSON, with numbers, days, times and lists as such."""
    factories.qc_metric(archive.conn, archive.samples[0])
    job, plain = archive.queue(resource, "parquet"), archive.queue(resource, "ndjson")

    assert [archive.run(one) for one in (job, plain)] == [("succeeded", None)] * 2
    found = archive.outputs(job)
    table = pq.read_table(io.BytesIO(found["export_parquet"]))
    lines = archive.outputs(plain)["export_ndjson"].decode().splitlines()
    expected = [json.loads(line) for line in lines]
    [file] = json.loads(found["export_manifest"])["files"]
    assert (file["name"], file["rows"]) == (f"{resource}.parquet", len(expected))
    assert [simple(row) for row in table.to_pylist()] == [simple(row) for row in expected]
    assert table.schema.field("id").type == pyarrow.int64()


def test_lists_days_and_times_have_types_in_parquet(archive: Archive) -> None:
    """Keep authors as a list, the collection date as a day and moments as such."""
    job = archive.queue("samples", "parquet")
    archive.run(job)

    schema = pq.read_schema(io.BytesIO(archive.outputs(job)["export_parquet"]))

    assert schema.field("authors").type == pyarrow.list_(pyarrow.string())
    assert schema.field("collection_date").type == pyarrow.date32()
    assert schema.field("is_private").type == pyarrow.bool_()
    assert schema.field("created_at").type == pyarrow.timestamp("us", tz="UTC")


def test_parquet_is_written_group_by_group(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold no more rows in memory than one group has."""
    monkeypatch.setattr(import_module("control.jobs.kinds.export"), "MOST_ROWS_AT_ONCE", 2)
    job = archive.queue("samples", "parquet")
    archive.run(job)

    file = pq.ParquetFile(io.BytesIO(archive.outputs(job)["export_parquet"]))

    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [2, 1]


def test_worker_without_pyarrow_fails_the_export_with_the_reason(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave no file."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    job = archive.queue("samples", "parquet")

    status, error = archive.run(job)

    assert (status, archive.outputs(job)) == ("failed", {})
    assert error == "this worker cannot write Parquet: it has no pyarrow"


def simple(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with times and days as texts of one form."""
    found = {}
    for name, value in row.items():
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
            value = datetime.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        # JSON is a text in Parquet.
        found[name] = json.dumps(value) if isinstance(value, dict) else value
    return found


def test_chosen_sequences_are_exported_as_fasta(archive: Archive) -> None:
    """Name them as export_sequences does."""
    [(name,)] = archive.conn.execute(
        "select public_identifier from aspen.samples where id = %s", [archive.samples[1]]
    ).fetchall()
    job = archive.queue("sequences", "fasta", ["b"])

    archive.run(job)

    assert archive.outputs(job)["export_fasta"].decode() == f">{name}\n{GENOME}\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete from aspen.memberships", "You cannot export the samples of this group"),
        ("update aspen.memberships set role = 'viewer'", "You cannot export the samples of"),
        ("update aspen.users set disabled_at = now()", "This user is disabled"),
        ("update aspen.jobs set requested_by_id = null", "whoever requested the export"),
    ],
)
def test_requester_who_may_not_any_more_gets_no_file(
    archive: Archive, change: str, reason: str
) -> None:
    """Decide by the rights of the time when the job runs."""
    job = archive.queue("samples", "csv")
    archive.conn.execute("alter table aspen.memberships disable trigger user")
    archive.conn.execute(change.encode())

    status, error = archive.run(job)

    assert (status, archive.outputs(job)) == ("failed", {})
    assert reason in error


def test_export_above_the_limit_of_the_group_fails_with_the_numbers(archive: Archive) -> None:
    """Store no file, and leave nothing to be tried again."""
    job = archive.queue("samples", "csv")
    factories.insert(
        archive.conn, "group_limits", {"group_id": archive.group, "most_output_bytes": 1}
    )

    status, error = archive.run(job)

    assert (status, archive.outputs(job)) == ("failed", {})
    assert '"of" : "output_bytes", "at_most" : 1, "stored" : 0' in error


def test_old_exports_are_deleted_with_their_files(archive: Archive) -> None:
    """Queue the objects of exports of eight days ago, and keep other outputs."""
    old = archive.queue("samples", "csv")
    archive.run(old)
    kept = factories.job_output(
        archive.conn, factories.job(archive.conn, archive.group), created_at="2024-01-01"
    )
    archive.conn.execute(
        "update aspen.job_outputs set created_at = now() - interval '8 days' where job_id = %s",
        [old],
    )

    archive.run(archive.queue("samples", "csv"))

    assert archive.outputs(old) == {}
    assert archive.conn.execute("select from aspen.job_outputs where id = %s", [kept]).rowcount == 1
    assert archive.conn.execute("select from aspen.object_prunes").rowcount == 2
