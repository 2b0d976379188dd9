"""An import job stores every sample of uploaded files, or none and says why."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import psycopg
import pytest
import zstandard

from control.app import App
from control.database import acting_as
from control.jobs.states import lock_job
from control.storage.credentials import current_credentials, store_credentials
from control.storage.uploads import Upload, fetch_upload
from tests import factories
from tests.control.samples.importer import Importer
from tests.servers import S3

CREATE = "select id from api.create_import(%s, 'SC2', %s, %s, {})"


@dataclass
class Bench:
    """An importer whose files go through the storage."""

    importer: Importer
    conn: psycopg.Connection
    s3: S3

    def send(self, name: str, content: bytes, **columns: Any) -> int:
        """Store a file in parts, as a client does by its links."""
        checksum = hashlib.sha256(content).hexdigest()
        values = {"file_name": name, "size_bytes": len(content), "checksum_sha256": checksum}
        upload = factories.upload(
            self.conn, self.importer.group_id, bucket=self.s3.bucket, **(values | columns)
        )
        [(folder,)] = self.conn.execute(
            "select folder from aspen.uploads where id = %s", [upload]
        ).fetchall()
        self.s3.client.put_object(Bucket=self.s3.bucket, Key=f"{folder}part-00001", Body=content)
        return upload

    def send_files(self) -> tuple[int, int]:
        """Send what the importer wrote, the sequences compressed."""
        self.importer.write()
        metadata = (self.importer.folder / "metadata.tsv").read_bytes()
        sequences = gzip.compress((self.importer.folder / "sequences.fasta").read_bytes())
        return self.send("meta.tsv", metadata), self.send("seq.fasta.gz", sequences)

    def queue(self, *uploads: int, options: str = "'error'") -> int:
        """Request the import as alice."""
        with acting_as(self.conn, role="member", subject="alice"):
            [(job,)] = self.conn.execute(
                CREATE.format(options).encode(), [self.importer.group_id, *uploads]
            ).fetchall()
        return int(job)

    def run(self, job_id: int) -> tuple[Any, ...]:
        """Run the job as a worker does, and return what became of it."""
        app = App()
        app.__dict__["settings"] = replace(
            self.s3.settings, database_url=self.importer.database.url
        )
        with self.conn.transaction():
            job = lock_job(self.conn, job_id)
        import_module("control.jobs.kinds.import").run(app, job)
        [row] = self.conn.execute(
            "select status, error, progress_done, progress_total from aspen.jobs where id = %s",
            [job_id],
        ).fetchall()
        return row

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Query the database."""
        return self.conn.execute(query.encode()).fetchall()


@pytest.fixture
def bench(importer: Importer, s3: S3) -> Iterator[Bench]:
    """Return a bench with credentials of the storage."""
    with importer.database.connect() as conn:
        store_credentials(conn, current_credentials(s3.settings, s3.client))
        yield Bench(importer, conn, s3)


def test_import_stores_all_samples_of_its_files(bench: Bench) -> None:
    """Store them as the requester's, delete the uploads with their files, and end the job."""
    bench.importer.add("a")
    bench.importer.add("b")
    job = bench.queue(*bench.send_files())

    assert bench.run(job) == ("succeeded", None, 2, 2)
    assert bench.rows(
        "select samples.private_identifier, users.subject, length(sequences.sequence)"
        " from aspen.samples inner join aspen.users on samples.uploaded_by_id = users.id"
        " inner join aspen.sequences on samples.id = sequences.sample_id order by 1"
    ) == [("a", "alice", 1200), ("b", "alice", 1200)]
    assert bench.rows("select from aspen.uploads") == []
    assert len(bench.rows("select from aspen.object_prunes")) == 2


def test_import_of_csv_takes_identifiers_from_columns(bench: Bench) -> None:
    """Read them as asked, without the prefix of a repository, from a file of commas in zstd."""
    content = b"strain,id,date,region\nhCoV-19/a,hCoV-19/1,2021-02-03,Europe\n"
    upload = bench.send("meta.csv.zst", zstandard.compress(content))
    options = (
        "null, is_sequence_optional => true, private_identifier_column => 'id',"
        " strain_prefix => 'remove'"
    )
    statement = CREATE.replace("%s, %s, {}", "%s, {}")
    with acting_as(bench.conn, role="member", subject="alice"):
        [(job,)] = bench.conn.execute(
            statement.format(options).encode(), [bench.importer.group_id, upload]
        ).fetchall()

    assert bench.run(job)[:2] == ("succeeded", None)
    assert bench.importer.stored() == [("1", "a", False)]


def test_import_names_the_columns_that_are_missing(bench: Bench) -> None:
    """Say which there are."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files(), options="'error', private_identifier_column => 'id'")

    status, error, *_ = bench.run(job)

    assert status == "failed"
    assert "has no column id; its columns are strain, date, region" in error


def test_import_that_an_earlier_version_requested_is_run(bench: Bench) -> None:
    """Take the strain for both identifiers, as it did."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files())
    bench.conn.execute(
        "update aspen.jobs set arguments = arguments - 'private_identifier_column'"
        " - 'public_identifier_column' - 'strain_prefix'"
    )

    assert bench.run(job)[:2] == ("succeeded", None)
    assert bench.importer.stored() == [("a", "a", True)]


def test_one_bad_row_stores_nothing_and_every_bad_row_is_named(bench: Bench) -> None:
    """List the problems for the group, under the names of its files, and keep the uploads."""
    bench.importer.add("good")
    bench.importer.add("late", date="2999-01-01")
    bench.importer.add("a\u202eb", host="=1")
    bench.importer.add("bad", sequence="ACGTX!")
    job = bench.queue(*bench.send_files())

    status, error, _, total = bench.run(job)

    with acting_as(bench.conn, role="member", subject="alice"):
        listed = bench.rows(
            "select file_name, line, strain, field, value from api.import_problems"
            " order by file_name, line"
        )
    assert (status, total) == ("failed", 4)
    assert error == "3 of 4 samples are rejected; import_problems says why"
    assert ("meta.tsv", 3, "late", "date", "2999-01-01") in listed
    assert {(name, strain) for name, _, strain, _, _ in listed} == {
        ("meta.tsv", "late"),
        ("meta.tsv", "a\ufffdb"),
        ("seq.fasta.gz", "bad"),
    }
    assert bench.rows("select from aspen.samples") == []
    assert len(bench.rows("select from aspen.uploads")) == 2


def test_corrected_import_leaves_no_problem_of_the_attempt_before(bench: Bench) -> None:
    """Replace the problems when the job is retried."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files())
    factories.import_problem(bench.conn, job)

    assert bench.run(job)[0] == "succeeded"
    assert bench.rows("select from aspen.import_problems") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete from aspen.memberships", "You cannot create samples in this group"),
        ("update aspen.users set disabled_at = now()", "This user is disabled"),
        (
            "update aspen.jobs set requested_by_id = null",
            "whoever requested the import was removed",
        ),
        ("delete from aspen.uploads", "was deleted or has expired"),
        (
            "update aspen.uploads set created_at = '2024-01-01', expires_at = '2024-01-02'",
            "was deleted or has expired",
        ),
        (
            "update aspen.uploads set checksum_sha256 = repeat('0', 64)",
            "is not the file that was announced",
        ),
        (
            "update aspen.uploads set size_bytes = size_bytes + 1",
            "is not the file that was announced",
        ),
        ("update aspen.uploads set folder = replace(folder, '-0', '-1')", "was not sent"),
    ],
)
def test_what_changed_since_the_request_fails_the_import(
    bench: Bench, change: str, reason: str
) -> None:
    """Decide by the rights and the files of the time when it runs, and store nothing."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files())
    bench.conn.execute("alter table aspen.memberships disable trigger user")
    bench.conn.execute(change.encode())

    status, error, *_ = bench.run(job)

    assert status == "failed"
    assert reason in error
    assert bench.rows("select from aspen.samples") == []


def test_upload_of_another_group_is_not_imported(bench: Bench) -> None:
    """Look for the file in the group of the job, whatever its arguments say."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files())
    other = factories.group(bench.conn)
    foreign = factories.upload(bench.conn, other)
    bench.conn.execute(
        "update aspen.jobs set arguments = arguments || jsonb_build_object("
        "'metadata_upload_id', %s::bigint)",
        [foreign],
    )

    assert bench.run(job)[:2] == ("failed", f"upload {foreign} was deleted or has expired")


def test_parts_are_joined_in_their_order(bench: Bench, tmp_path: Any) -> None:
    """Compare the checksum of the whole."""
    keys = [f"group/1/parts/{number:05}" for number in range(1, 12)]
    for number, key in enumerate(keys):
        body = f"{number},".encode()
        bench.s3.client.put_object(Bucket=bench.s3.bucket, Key=key, Body=body)
    content = b"0,1,2,3,4,5,6,7,8,9,10,"
    checksum = hashlib.sha256(content).hexdigest()
    upload = Upload(1, "a", bench.s3.bucket, keys, len(content), checksum)

    fetch_upload(bench.s3.client, upload, tmp_path / "whole")

    assert (tmp_path / "whole").read_bytes() == content


def test_progress_is_seen_before_the_import_commits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write it through another connection."""
    bench.importer.add("a")
    job = bench.queue(*bench.send_files())
    seen: list[tuple[Any, ...]] = []
    module = import_module("control.jobs.kinds.import")
    finish = module.finish_job

    def look(*arguments: Any) -> Any:
        with bench.importer.database.connect() as other:
            seen.extend(
                other.execute(
                    "select status, progress_done, progress_total,"
                    " (select count(*) from aspen.samples) from aspen.jobs where id = %s",
                    [job],
                ).fetchall()
            )
        return finish(*arguments)

    monkeypatch.setattr(module, "finish_job", look)
    bench.run(job)

    assert seen == [("queued", 1, 1, 0)]
