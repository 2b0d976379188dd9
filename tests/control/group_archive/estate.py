"""A group that has rows in every table, files in S3, and a neighbour whom nothing may touch."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner, Result
from psycopg import sql
from psycopg.types.json import Jsonb

from control.cli import cli
from control.group_archive.tables import Table, group_tables
from tests import factories
from tests.servers import S3, Database

OUTPUT, PART = b'{"version": "v2"}', b"sample,date\n"


@dataclass
class Estate:
    """A database and a bucket with groups to move."""

    database: Database
    s3: S3
    conn: psycopg.Connection
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line here."""
        return {
            **self.database.environment,
            **self.s3.environment,
            "ASPEN_OPERATOR": "olga@example.org",
        }

    def control(
        self,
        *arguments: object,
        text: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        """Run `control group …`, whether it succeeds or not."""
        given = ["group", *map(str, arguments)]
        return CliRunner().invoke(cli, given, env=environment or self.environment, input=text)

    def run(self, *arguments: object) -> str:
        """Run a command that must succeed, and return what it printed."""
        result = self.control(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def exported(self, group_id: int, path: Path, *options: str) -> Path:
        """Export a group."""
        self.run("export", group_id, "--to", path, *options)
        return path

    def tables(self) -> dict[str, Table]:
        """Return all tables of groups."""
        return group_tables(self.conn)

    def count(self, group_id: int) -> dict[str, int]:
        """Count the rows of a group in each table."""
        return {
            name: self.conn.execute(
                sql.SQL("select count(*) from aspen.{} where {} = %s").format(
                    sql.Identifier(name), sql.Identifier(table.key)
                ),
                [group_id],
            ).fetchall()[0][0]
            for name, table in self.tables().items()
        }

    def checksums(self, group_id: int) -> dict[str, str]:
        """Return a checksum of all rows of a group in each table."""
        return {
            name: self.conn.execute(
                sql.SQL(
                    "select coalesce(md5(string_agg(all_rows::text, chr(10)"
                    " order by all_rows::text)), '') from aspen.{} as all_rows where {} = %s"
                ).format(sql.Identifier(name), sql.Identifier(table.key)),
                [group_id],
            ).fetchall()[0][0]
            for name, table in self.tables().items()
        }

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys in the bucket."""
        found = self.s3.client.list_objects_v2(Bucket=self.s3.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """Put an object, and return what its row says about it."""
        etag = self.s3.client.put_object(Bucket=self.s3.bucket, Key=key, Body=body)["ETag"]
        return {
            "bucket": self.s3.bucket,
            "key": key,
            "etag": etag,
            "size_bytes": len(body),
            "checksum_sha256": hashlib.sha256(body).hexdigest(),
        }

    def group(self) -> int:
        """Make a group with a row in every table, each with something that an import must map."""
        conn, number = self.conn, next(self.numbers)
        place = factories.location(conn, "France", "Bretagne")
        group_id = factories.group(
            conn, f"Lab {number}", default_tree_location_id=place, directory_id=f"org_{number}"
        )
        user_id = factories.user(conn, f"ann-{number}", {group_id: "admin"})
        samples = [
            factories.sample(conn, group_id, f"S-{each}", uploaded_by_id=user_id, location_id=place)
            for each in range(3)
        ]
        self._results(samples)
        self._jobs(group_id, user_id, samples, place)
        self._access(group_id, user_id)
        return group_id

    def _results(self, samples: list[int]) -> None:
        conn = self.conn
        dataset = conn.execute(
            "insert into aspen.reference_datasets (name, accession, tag) values"
            " ('sars-cov-2', null, '2024-01-16') on conflict (name, accession, tag)"
            " do update set name = excluded.name returning id"
        ).fetchall()[0][0]
        for sample_id in samples:
            factories.sequence(conn, sample_id)
        conn.execute(
            "update aspen.sequences set sequence = repeat('TTTT', 300) where sample_id = %s",
            [samples[0]],
        )
        conn.execute("update aspen.samples set is_private = true where id = %s", [samples[1]])
        factories.aligned_sequence(conn, samples[0])
        factories.sample_lineage(conn, samples[0], reference_dataset_id=dataset)
        factories.qc_metric(conn, samples[1], reference_dataset_id=dataset)
        factories.mutations(conn, samples[2])
        factories.accession(conn, samples[0])

    def _jobs(self, group_id: int, user_id: int, samples: list[int], place: int) -> None:
        conn = self.conn
        run = factories.phylo_run(
            conn,
            group_id,
            requested_by_id=user_id,
            started_at="2024-03-01",
            template_args=Jsonb({"location_id": place}),
        )
        for sample_id in samples[:2]:
            factories.job_sample(conn, run, sample_id)
        factories.job_background(conn, run, [samples[2], 999_999_999])
        factories.insert(
            conn,
            "job_public_sequences",
            {
                "group_id": group_id,
                "job_id": run,
                "public_repository_id": factories.repository(conn),
                "strain": "a strain",
            },
        )
        factories.insert(
            conn,
            "job_reports",
            {"group_id": group_id, "job_id": run, "attempt": 1, "manifest": "{}"},
        )
        factories.job_output(conn, run, **self.put(f"jobs/{run}/1/auspice.json", OUTPUT))
        tips = [factories.Tip("a", samples[0]), factories.Tip("b")]
        factories.phylo_tree(conn, run, tips)
        folder = f"group/{group_id}/uploads/00000000-0000-0000-0000-{group_id:012}/"
        facts = self.put(f"{folder}part-00001", PART)
        upload = factories.upload(
            conn,
            group_id,
            folder=folder,
            bucket=facts["bucket"],
            size_bytes=facts["size_bytes"],
            checksum_sha256=facts["checksum_sha256"],
            uploaded_by_id=user_id,
        )
        asked = {"metadata_upload_id": upload, "on_conflict": "skip"}
        loaded = factories.job(conn, group_id, "import", "succeeded", arguments=Jsonb(asked))
        factories.import_problem(conn, loaded)
        factories.job_schedule(conn, group_id, last_job_id=run)
        submission = factories.submission(conn, group_id, submitted_by_id=user_id)
        factories.submission_file(conn, submission)
        factories.submission_sample(conn, submission, sample_id=samples[0])

    def _access(self, group_id: int, user_id: int) -> None:
        conn = self.conn
        factories.insert(conn, "group_limits", {"group_id": group_id, "most_samples": 3})
        conn.execute(
            "insert into aspen.group_requests (group_id, day, request_count)"
            " values (%s, '2026-01-02', 4)",
            [group_id],
        )
        conn.execute("insert into aspen.group_sizes values (%s, 3, 0, 0, 0, 0)", [group_id])
        other = factories.group(conn)
        factories.grant(conn, group_id, other)
        factories.grant(conn, other, group_id)
        tree = conn.execute(
            "select id from aspen.phylo_trees where group_id = %s", [group_id]
        ).fetchall()[0][0]
        factories.share_link(conn, user_id, phylo_tree_id=tree)
        factories.machine_token(conn, group_id, user_id)
        factories.webhook(conn, group_id, user_id)
        invitation = factories.invitation(conn, group_id)
        factories.insert(
            conn,
            "mails",
            {
                "group_id": group_id,
                "invitation_id": invitation,
                "recipient": "ivy@example.org",
                "subject": "Invitation",
                "body": "the secret token",
            },
        )
        factories.object_prune(conn, group_id, "jobs/1/1/gone", bucket=self.s3.bucket)
        conn.execute("select internal.number_events()")
        [sample_id] = conn.execute(
            "select min(id) from aspen.samples where group_id = %s", [group_id]
        ).fetchall()[0]
        conn.execute("update aspen.samples set host = 'Human' where id = %s", [sample_id])
