"""Submit and register: put files into S3 as a job does, and run `control output` on them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.cli import cli
from control.errors import ControlError
from control.outputs.manifest import NamedFile, Submission, read_manifest
from control.outputs.register import Registration, register_outputs
from control.storage.s3 import S3Uri
from tests import factories
from tests.names import unique
from tests.servers import S3, Database

RUN = "from control.cli import main; main()"
TAG = json.dumps(
    {"name": "sars-cov-2", "reference": {"accession": "MN908947"}, "tag": "2024-01-16"}
)
PANGOLIN_HEADER = (
    "taxon,lineage,conflict,ambiguity_score,scorpio_call,scorpio_support,version,"
    "pangolin_version,note"
)
NEXTCLADE_HEADER = (
    "seqName;clade;lineage;qc.overallScore;qc.overallStatus;substitutions;deletions;insertions;"
    "aaSubstitutions;aaDeletions;aaInsertions;warnings;errors"
)


@dataclass
class Desk:
    """One group's jobs, in a folder of the bucket that no other test uses."""

    conn: psycopg.Connection
    database: Database
    s3: S3
    folder: str = field(default_factory=lambda: unique(32))

    def __post_init__(self) -> None:
        self.group_id = factories.group(self.conn)

    def with_bucket(self, *, is_versioned: bool = False) -> Desk:
        """Return a desk for the same group with a bucket of its own, where jobs/ is at the top."""
        settings = replace(self.s3.settings, bucket=f"own-{unique(32)}")
        self.s3.client.create_bucket(Bucket=settings.bucket)
        if is_versioned:
            self.s3.client.put_bucket_versioning(
                Bucket=settings.bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        own = Desk(self.conn, self.database, S3(self.s3.client, settings), folder="")
        own.group_id = self.group_id
        return own

    def samples(self, count: int, **columns: Any) -> list[int]:
        """Create that many samples of the group."""
        return [factories.sample(self.conn, self.group_id, **columns) for _ in range(count)]

    def job(self, kind: str, samples: Sequence[int] = (), **columns: Any) -> int:
        """Create a queued job over these samples."""
        if kind == "phylo_run":
            job_id = factories.phylo_run(self.conn, self.group_id, status="queued", **columns)
        else:
            job_id = factories.job(self.conn, self.group_id, kind, **columns)
        for sample_id in samples:
            factories.job_sample(self.conn, job_id, sample_id)
        return job_id

    def put(self, key: str, content: bytes | str) -> S3Uri:
        """Put an object into the bucket."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.client.put_object(Bucket=self.s3.bucket, Key=key, Body=body)
        return S3Uri(self.s3.bucket, key)

    def home(self, job_id: int, attempt: int = 1) -> str:
        """Return the folder of the job's files."""
        return f"{self.folder}/jobs/{job_id}/{attempt}/".removeprefix("/")

    def submit(
        self,
        job_id: int,
        kind: str,
        files: Mapping[str, bytes | str],
        /,
        *,
        attempt: int = 1,
        **overrides: object,
    ) -> S3Uri:
        """Store the files of a job and the manifest that names them."""
        home = self.home(job_id, attempt)
        for name, content in files.items():
            self.put(home + name, content)
        named = [{"kind": name, "key": name} for name in files]
        manifest: dict[str, Any] = {"kind": kind, "attempt": attempt, "status": "succeeded"}
        return self.put(f"{home}manifest.json", json.dumps(manifest | {"files": named} | overrides))

    def tree(self, job_id: int, dataset: bytes | str, **overrides: Any) -> S3Uri:
        """Submit what a phylo run submits."""
        return self.submit(job_id, "phylo_run", {"auspice_json": dataset}, **overrides)

    def report(self, job_id: int, content: bytes | str, **overrides: Any) -> S3Uri:
        """Submit what a pangolin job submits."""
        return self.submit(job_id, "pangolin", {"lineage_report_csv": content}, **overrides)

    def qc(
        self,
        job_id: int,
        table: bytes | str,
        alignment: bytes | str = "",
        tag: bytes | str = TAG,
        **overrides: Any,
    ) -> S3Uri:
        """Submit what a nextclade job submits."""
        files = {"nextclade_csv": table, "nextclade_tag_json": tag, "aligned_fasta": alignment}
        versions = {"software_versions": {"nextclade": "3.8.2"}}
        return self.submit(job_id, "nextclade", files, **(versions | overrides))

    def store(self, job_id: int, manifest: S3Uri) -> Registration:
        """Register a manifest in the desk's own transaction."""
        submission = read_manifest(self.s3.client, manifest, job_id)
        return register_outputs(self.conn, self.s3.client, job_id, submission)

    def register_tree(self, job_id: int, file: S3Uri) -> Registration:
        """Register a tree that an operator names."""
        submission = Submission("the files named", (NamedFile("auspice_json", file),))
        return register_outputs(self.conn, self.s3.client, job_id, submission)

    def refusal(self, register: Callable[[], object]) -> str:
        """Return the message of a rejection, after which nothing may have changed."""
        before = self.state()
        with pytest.raises(ControlError) as caught:
            register()
        assert caught.value.remedy
        assert self.state() == before
        return caught.value.message

    def run(self, *args: object, environment: Mapping[str, str] | None = None) -> Result:
        """Run `control output …` in this process; `environment` overrides the settings."""
        return CliRunner().invoke(
            cli,
            ["output", *map(str, args)],
            env=self.environment | dict(environment or {}),
            catch_exceptions=False,
        )

    def register(
        self,
        job_id: int,
        manifest: S3Uri,
        *options: object,
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        """Run `control output register` on a manifest."""
        return self.run("register", job_id, manifest, *options, environment=environment)

    def start(self, *args: object, prelude: str = "") -> subprocess.Popen[str]:
        """Run `control output …` in a process of its own; `prelude` is Python that runs first."""
        return subprocess.Popen(
            [sys.executable, "-c", prelude + RUN, "output", *map(str, args)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of this database and this S3."""
        return self.database.environment | self.s3.environment

    def rows(self, statement: str, *values: object) -> list[Any]:
        """Return the rows of a query; for a single column, the values alone."""
        found = self.conn.execute(statement.encode(), values).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def state(self) -> dict[str, list[Any]]:
        """Return everything a registration could change."""
        statement = sql.SQL("select to_jsonb(stored) from aspen.{} as stored order by id")
        return {
            table: [row[0] for row in self.conn.execute(statement.format(sql.Identifier(table)))]
            for table in (
                "jobs",
                "job_outputs",
                "phylo_trees",
                "phylo_tree_tips",
                "sample_lineages",
                "sample_qc_metrics",
                "sample_mutations",
                "aligned_sequences",
                "reference_datasets",
                "audit_log",
            )
        }


def lineage_row(sample_id: object, lineage: str = "BA.2", score: str = "0.95", **more: str) -> str:
    """Return a row of lineage_report.csv."""
    values = {"call": "", "support": "", "version": "v1.29", "note": ""} | more
    return (
        f"{sample_id},{lineage},0.0,{score},{values['call']},{values['support']},"
        f"{values['version']},4.3.1,{values['note']}"
    )


def qc_row(sample_id: object, score: str = "12.5", status: str = "good", **more: str) -> str:
    """Return a row of nextclade.csv."""
    values = {
        "clade": "21L",
        "lineage": "",
        "substitutions": "",
        "warnings": "",
        "errors": "",
    } | more
    return (
        f"{sample_id};{values['clade']};{values['lineage']};{score};{status};"
        f"{values['substitutions']};;;;;;{values['warnings']};{values['errors']}"
    )


def table(header: str, *rows: str) -> str:
    """Return a file of a header and rows."""
    return "".join(f"{line}\n" for line in (header, *rows))


def fasta(*records: tuple[object, str]) -> str:
    """Return an aligned FASTA file."""
    return "".join(f">{name}\n{sequence}\n" for name, sequence in records)


def tip(name: object, **attrs: object) -> dict[str, Any]:
    """Return a tip of an Auspice tree; attributes become node_attrs."""
    return {"name": name, "node_attrs": {key: {"value": held} for key, held in attrs.items()}}


def dataset(*children: Any, **members: object) -> str:
    """Return an Auspice dataset: a root with these children."""
    document: dict[str, object] = {
        "version": "v2",
        "meta": {"title": "A tree", "panels": ["tree"]},
        "tree": {"name": "root", "children": list(children)},
    }
    return json.dumps(document | members)
