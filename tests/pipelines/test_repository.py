"""Data sets of a repository come from its server into the trees of groups, step by step."""

from __future__ import annotations

import gzip
import lzma
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from control.cli import cli
from control.jobs.platform_plan import find_platform_job, queue_due, queue_one, read_platform_jobs
from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.http.world import World, rows
from tests.pipelines.source import Source, published
from tests.servers import S3, SETTINGS

KINDS = (
    "repository_download",
    "repository_processing",
    "repository_alignment",
    "public_metadata",
    "locations",
    "accessions",
    "lineages",
)
needs_mafft = pytest.mark.skipif(not shutil.which("mafft"), reason="apt-get install mafft")
_DRAWING = random.Random(7)
REFERENCE = "".join(_DRAWING.choice("ACGT") for _ in range(1200))
METADATA = """\
Virus name\tAccession ID\tCollection date\tLocation\tPango lineage\tHost
hCoV-19/New Place/1/2024\tEPI_1\t2024/03/01\tEurope / France / Bretagne\tB.1\tHuman
hCoV-19/France/2/2024\tEPI_2\t2024-03\tEurope / France\tB.1.1\tHuman
hCoV-19/France/2/2024\tEPI_9\t2024-03-09\tEurope / France\tB.1.1\tHuman
France/3/2024\tEPI_3\t2024-02-31\tEurope / France\tunknown\tHuman
France/4/2024\tEPI_4\t2024-03-04\tEurope / France\tB.1\tHuman
"""
FASTA = f"""\
>hCoV-19/New Place/1/2024|EPI_1|2024-03-01
{REFERENCE[:600]}
{REFERENCE[600:].lower()}
>hCoV-19/France/2/2024
{REFERENCE[:300]}TTT{REFERENCE[300:]}
>France/3/2024 a description
NNNN{REFERENCE[4:1100]}
>France/3/2024
{REFERENCE}
>France/unknown/2024
{REFERENCE}
"""


@dataclass
class Archive:
    """A repository of a pathogen of the test's own, a server of files, and a worker."""

    world: World
    s3: S3
    source: Source
    root: Path
    slug: str
    pathogen: int

    def publish(self, **keys: object) -> None:
        """Say where the files are, in pipelines/platform.toml."""
        table = {
            "kind": "repository_download",
            "pathogen": self.slug,
            "repository": "GenBank",
            "sequences_url": f"{self.source.url}/s",
            "metadata_url": f"{self.source.url}/m",
        } | keys
        lines = [
            f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
            for name, value in table.items()
        ]
        (self.root / "pipelines/platform.toml").write_text("\n".join(["[[job]]", *lines]))

    def queue(self, kind: str = "repository_download", repository: str | None = "GenBank") -> int:
        """Queue a job as an operator does."""
        wanted = find_platform_job(self.root, kind, self.slug, repository)
        job_id = queue_one(self.world.conn, wanted).job_id
        assert job_id is not None
        return job_id

    def work(self) -> str:
        """Run a worker until nothing is left of these kinds; return what it said."""
        kinds = [part for kind in KINDS for part in ("--kind", kind)]
        database = self.world.api.database
        result = CliRunner().invoke(
            cli,
            ["job", "work", "--once", *kinds],
            env={
                **database.environment,
                **self.s3.environment,
                "ASPEN_ROOT": str(self.root),
                "ASPEN_KEYS_DIR": str(self.world.api.keys.directory),
                "ASPEN_API_URL": self.world.api.url,
            },
        )
        assert result.exit_code == 0, result.output
        return result.output

    def rows(self, statement: str) -> list[Any]:
        """Return rows about the pathogen."""
        return self.world.conn.execute(statement.encode(), {"pathogen": self.pathogen}).fetchall()

    def error(self) -> str:
        """Return why the last job failed."""
        [(status, error)] = self.rows(
            "select status, error from aspen.jobs where group_id = 0"
            " and pathogen_id = %(pathogen)s order by id desc limit 1"
        )
        assert status == "failed"
        return str(error)

    def content(self, stage: str, what: str) -> str:
        """Read a file of the newest data set of a stage."""
        column = {"sequences": "sequences_key", "metadata": "metadata_key"}[what]
        [(key,)] = self.rows(
            f"select {column} from aspen.repository_data where stage = '{stage}'"  # noqa: S608
            " and pathogen_id = %(pathogen)s order by id desc limit 1"
        )
        body = self.s3.client.get_object(Bucket=self.s3.bucket, Key=key)["Body"].read()
        return gzip.decompress(body).decode()


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    """Publish files."""
    with published() as source:
        yield source


@pytest.fixture
def archive(world: World, s3: S3, source: Source, tmp_path: Path) -> Archive:
    """Store a pathogen whose context is GenBank, and a checkout with the programs of this one."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))
    slug = f"A{tmp_path.parent.name[-8:]}{tmp_path.name[-12:]}".replace("_", "-")
    pathogen = factories.pathogen(
        world.conn,
        slug,
        contextual_repository_id=factories.repository(world.conn, "GenBank"),
    )
    (tmp_path / "pipelines").mkdir()
    programs = (SETTINGS.root / "pipelines/jobs.toml").read_text()
    (tmp_path / "pipelines/jobs.toml").write_text(
        programs.replace('"pipelines/', f'"{SETTINGS.root}/pipelines/')
    )
    archive = Archive(world, s3, source, tmp_path, slug, pathogen)
    source.files = {"/s": lzma.compress(FASTA.encode()), "/m": gzip.compress(METADATA.encode())}
    source.redirects, source.breaks, source.etag = {}, [], '"1"'
    archive.publish()
    return archive


@needs_mafft
@pytest.mark.timeout(300)
def test_data_set_becomes_the_context_of_runs(archive: Archive) -> None:
    """Fetch, process and align it, load its rows, and give samples what was published of them."""
    world = archive.world
    sample = factories.sample(
        world.conn,
        world.group,
        pathogen_id=archive.pathogen,
        public_identifier="France/4/2024",
    )
    factories.sequence(world.conn, sample)
    archive.publish(every_days=1)

    [queued] = queue_due(world.conn, read_platform_jobs(archive.root))
    again = queue_due(world.conn, read_platform_jobs(archive.root))
    said = archive.work()

    assert (queued.problem, again) == (None, [])
    jobs = archive.rows(
        "select kind, status, error, software_versions from aspen.jobs"
        " where group_id = 0 and pathogen_id = %(pathogen)s order by id"
    )
    assert [job[:3] for job in jobs] == [
        (kind, "succeeded", None) for kind in KINDS if kind != "lineages"
    ], said
    assert all("aspen" in versions for *_, versions in jobs)
    assert "mafft" in jobs[2][3]
    sets = archive.rows(
        "select id, source_id, stage from aspen.repository_data"
        " where pathogen_id = %(pathogen)s order by id"
    )
    assert [one[2] for one in sets] == ["raw", "processed", "aligned"]
    assert [one[1] for one in sets] == [None, sets[0][0], sets[1][0]]
    assert archive.rows(
        "select strain, accession, lineage, collection_date::text, country, division"
        " from aspen.public_sequences where pathogen_id = %(pathogen)s order by strain"
    ) == [
        ("France/3/2024", "EPI_3", None, None, "France", None),
        ("France/4/2024", "EPI_4", "B.1", "2024-03-04", "France", None),
        ("hCoV-19/France/2/2024", "EPI_2", "B.1.1", "2024-03-01", "France", None),
        ("hCoV-19/NewPlace/1/2024", "EPI_1", "B.1", "2024-03-01", "France", "Bretagne"),
    ]
    names = [">hCoV-19/NewPlace/1/2024", ">hCoV-19/France/2/2024", ">France/3/2024"]
    lines = archive.content("aligned", "sequences").splitlines()
    assert lines[::2] == names
    assert {len(bases) for bases in lines[1::2]} == {1200}

    run = world.alice.post(
        "/rpc/create_phylo_run",
        json=world.run_request(
            "France/4/2024", pathogen=archive.slug, name="All", tree_type="OVERVIEW"
        ),
    )
    [made] = rows(run)
    inputs = world.conn.execute(
        "select repository_data_id from aspen.job_backgrounds where job_id = %s", [made["id"]]
    ).fetchall()
    assert inputs == [(sets[2][0],)]
    accessions = world.conn.execute(
        "select accession from aspen.accessions where sample_id = %s", [sample]
    )
    assert accessions.fetchall() == [("EPI_4",)]


def test_alignment_in_the_storage_is_taken_as_it_is(archive: Archive) -> None:
    """Hand the program no keys but a link, align nothing again, and keep the rows of what is in."""
    key = f"{archive.slug}/a b.fasta"
    aligned = "".join(
        f">{name}\n{REFERENCE[:900]}\n" for name in ("France/3/2024", "France/4/2024")
    )
    archive.s3.client.put_object(Bucket=archive.s3.bucket, Key=key, Body=aligned.encode())
    archive.publish(sequences_url=f"s3://{archive.s3.bucket}/{key}", is_aligned=True)
    asked = len(archive.source.asked)
    archive.queue()

    archive.work()

    assert [path for path, _ in archive.source.asked[asked:]] == ["/m"]
    assert archive.content("aligned", "sequences") == aligned
    lines = archive.content("aligned", "metadata").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["strain", "France/3/2024", "France/4/2024"]


def test_source_that_is_gone_fails_the_job_with_the_reason(archive: Archive) -> None:
    """End the chain there, and keep the data sets of before."""
    del archive.source.files["/m"]
    archive.queue()

    archive.work()

    assert archive.error() == "the metadata cannot be fetched: 127.0.0.1 answers HTTP 404"
    assert (
        archive.rows("select id from aspen.repository_data where pathogen_id = %(pathogen)s") == []
    )


def test_lineages_are_fetched_and_stored(archive: Archive) -> None:
    """Keep the file, and refuse one that is no list."""
    archive.source.files["/l"] = b"Lineage\tDescription\nA\tfirst\n*A.1\twithdrawn\nB\tsecond\n"
    (archive.root / "pipelines/platform.toml").write_text(
        f"[[job]]\nkind = 'lineages'\npathogen = '{archive.slug}'\n"
        f"lineages_url = '{archive.source.url}/l'\n"
    )
    archive.queue("lineages", None)
    archive.work()
    stored = "select lineage from aspen.lineages where pathogen_id = %(pathogen)s order by lineage"
    first = archive.rows(stored)
    archive.source.files["/l"] = b"<html>"
    archive.queue("lineages", None)
    archive.work()

    assert first == archive.rows(stored) == [("A",), ("B",)]
    assert archive.error().endswith("/lineage_list: it is a web page")
    outputs = archive.rows(
        "select outputs.kind from aspen.job_outputs as outputs inner join aspen.jobs as jobs"
        " on outputs.group_id = jobs.group_id and outputs.job_id = jobs.id"
        " where jobs.pathogen_id = %(pathogen)s"
    )
    assert outputs == [("lineage_list",)]


def test_alias_key_is_fetched_and_kept_beside_the_lineages(archive: Archive) -> None:
    """Store full names as aliases, and fail the job if the key is none."""
    archive.source.files["/l"] = b"Lineage\tDescription\nBA.1\tfirst\n"
    archive.source.files["/k"] = b'{"B": "", "BA": "B.1.1.529"}'
    (archive.root / "pipelines/platform.toml").write_text(
        f"[[job]]\nkind = 'lineages'\npathogen = '{archive.slug}'\n"
        f"lineages_url = '{archive.source.url}/l'\nalias_key_url = '{archive.source.url}/k'\n"
    )
    archive.queue("lineages", None)
    archive.work()
    stored = "select alias, patterns from aspen.lineage_aliases where pathogen_id = %(pathogen)s"
    first = archive.rows(stored)
    archive.source.files["/k"] = b"{}"
    archive.queue("lineages", None)
    archive.work()

    assert first == archive.rows(stored) == [("B.1.1.529.1", ["BA.1"])]
    assert "/alias_key: it is not an alias key" in archive.error()


def test_jobs_of_the_platform_are_seen_by_operators_alone(archive: Archive) -> None:
    """Show a member of a group none of them, and nobody the source."""
    job = archive.queue()
    path = f"/jobs?id=eq.{job}"

    [seen] = rows(archive.world.olga.get(path))
    by_member = rows(archive.world.ada.get(path))
    retried = archive.world.ada.post("/rpc/cancel_job", json={"job_id": job})

    assert (seen["kind"], seen["status"]) == ("repository_download", "queued")
    assert archive.source.url not in str(seen)
    assert (by_member, retried.status_code) == ([], 404)
    assert archive.world.olga.post("/rpc/cancel_job", json={"job_id": job}).status_code == 200
