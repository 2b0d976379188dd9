"""`control load public-sequences`: a repository's metadata replaced while others read."""

from __future__ import annotations

import gzip
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from control.app import App
from control.cells import LONGEST_LINE_BYTES
from control.cli import cli
from control.errors import ControlError
from control.input_files import InputFile
from control.jobs.kinds import accessions, locations, public_metadata
from control.jobs.states import lock_job
from control.reference import public_sequences
from control.reference.public_rows import LoadReport, read_rows
from control.reference.public_sequences import load_public_sequences
from tests import factories
from tests.servers import S3, Database

HEADER = "strain\tgisaid_epi_isl\tpango_lineage\tdate\tregion\tcountry\tdivision\tlocation\n"
OF = ("--pathogen", "SC2", "--repository", "GISAID")


def row(strain: str, accession: str = "?", lineage: str = "B.1", date: str = "2021-01-02") -> str:
    """Return a row in GISAID's layout."""
    place = "Europe\tSpain\tAndalusia\t"
    return f"{strain}\t{accession}\t{lineage}\t{date}\t{place}\n"


@dataclass(frozen=True)
class Archive:
    """A database with SC2, and a file to load."""

    database: Database
    file: Path

    def load(self, content: str | bytes, *options: str) -> Result:
        """Write the file and load it."""
        self.file.write_bytes(content.encode() if isinstance(content, str) else content)
        command = ["load", "public-sequences", str(self.file), *OF, *options]
        return CliRunner().invoke(cli, command, env=self.database.environment)

    def rows(self, statement: str, *values: object) -> list[Any]:
        """Return the rows of a query; for a single column, the values alone."""
        with self.database.connect() as conn:
            found = conn.execute(statement.encode(), values).fetchall()
        return [one[0] if len(one) == 1 else one for one in found]

    def strains(self) -> list[str]:
        """Return the strains that are stored."""
        return self.rows("select strain from aspen.public_sequences order by 1")


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Archive:
    """Store SC2, and a sequence that was stored before there were partitions."""
    with database.connect() as conn:
        factories.public_sequence(conn, "OLD")
    return Archive(database, tmp_path / "metadata")


def test_rows_replace_those_of_pathogen_and_repository(archive: Archive) -> None:
    """Replace those of GISAID, each time by a job; other repositories keep theirs."""
    with archive.database.connect() as conn:
        genbank = factories.repository(conn, "GenBank")
        factories.public_sequence(conn, "KEPT", public_repository_id=genbank)

    first = archive.load(HEADER + row("A/1", "EPI_1") + row("A/2"))
    assert (first.exit_code, first.stdout) == (0, "replaced 1 public sequences by 2\n")
    assert archive.strains() == ["A/1", "A/2", "KEPT"]
    second = archive.load(gzip.compress((HEADER + row("B/1") + row("B/2")).encode()))

    assert (second.exit_code, archive.strains()) == (0, ["B/1", "B/2", "KEPT"])
    assert (
        archive.rows("select group_id, kind, status, software_versions ? 'aspen' from aspen.jobs")
        == [(0, "public_metadata", "succeeded", True)] * 2
    )
    assert archive.rows(
        "select relname ~ '^public_sequences_[0-9]+_[0-9]+_[0-9]+$' from pg_class"
        " where relnamespace = 'control'::regnamespace and relname ~ 'public' and relkind = 'r'"
    ) == [True]


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        (
            HEADER + row(" A/1 ", "EPI_1"),
            ("A/1", "EPI_1", "B.1", "2021-01-02", "Europe", "Spain", "Andalusia", None),
        ),
        (
            "accession\tstrain\tgenbank_accession_rev\tlineage\tdate\tcountry\n"
            "OP1\tother\tOP1.1\tA\t2022-05\t?\n",
            ("OP1", "OP1.1", "A", "2022-05-01", None, None, None, None),
        ),
        (
            'strain,date,country\n"A/1",2020,"Korea, South"\n',
            ("A/1", None, None, "2020-01-01", None, "Korea, South", None, None),
        ),
        (
            "strain\tgenbank_accession\tdate\r\nA\\N\tMN1\t2020-XX-XX\r\n",
            ("A\\N", "MN1", None, None, None, None, None, None),
        ),
    ],
)
def test_layouts_of_repositories_are_read(
    archive: Archive, content: str, stored: tuple[object, ...]
) -> None:
    """Read GISAID's, GenBank's (named by accession), a CSV, and Nextstrain's with CRLF."""
    assert archive.load(content).exit_code == 0

    assert archive.rows(
        "select strain, accession, lineage, collection_date::text, region, country, division,"
        " location from aspen.public_sequences"
    ) == [stored]


def test_bad_rows_are_left_out_named_and_counted(archive: Archive) -> None:
    """Leave out a few among many; of a strain that is named twice the first row counts."""
    good = "".join(row(f"A/{number}") for number in range(400))
    bad = row("") + row("X", date="2021-02-30") + row("Y\x07") + "short\n"
    done = archive.load(HEADER + row("A/1", "FIRST") + good + bad, "--json")

    report = json.loads(done.stdout)
    assert (report["rows"], report["bad_rows"], report["duplicates"]) == (400, 4, 1)
    assert [problem.partition(": ")[2] for problem in report["problems"]] == [
        "has no strain",
        "has the date '2021-02-30'",
        "holds a control character",
        "has 1 columns instead of 8",
    ]
    assert archive.rows("select accession from aspen.public_sequences where strain = 'A/1'") == [
        "FIRST"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (HEADER, "has no good row"),
        (HEADER + row(""), "has no good row"),
        (HEADER + row("A/1") + row(""), "1 of 2 rows"),
        ("a\tb\n1\t2\n", "names no column strain"),
        (HEADER.encode() + b"\xff\n", "is not UTF-8"),
        (HEADER + "x" * (LONGEST_LINE_BYTES + 1), "is longer than"),
    ],
)
def test_file_that_is_not_what_it_should_be_is_refused(
    archive: Archive, content: str | bytes, said: str
) -> None:
    """Keep what is stored, and leave no table behind."""
    refused = archive.load(content)

    assert (refused.exit_code, archive.strains()) == (1, ["OLD"])
    assert said in refused.stderr
    assert (
        archive.rows("select relname from pg_class where relname ~ '^public_sequences_[0-9]'") == []
    )


def test_shrinking_load_is_refused_unless_forced(archive: Archive) -> None:
    """Refuse a file that is smaller by more than a tenth: 9 of 10 rows are loaded, 8 are not."""
    content = [HEADER, *(row(f"A/{number}") for number in range(10))]
    archive.load("".join(content))

    refused = archive.load("".join(content[:9]))
    assert (refused.exit_code, len(archive.strains())) == (1, 10)
    assert "has 8 rows, and 10 are stored" in refused.stderr
    assert (archive.load("".join(content[:10])).exit_code, len(archive.strains())) == (0, 9)
    assert (archive.load("".join(content[:2]), "--force").exit_code, archive.strains()) == (
        0,
        ["A/0"],
    )


def test_dry_run_stores_nothing(archive: Archive) -> None:
    """Read and check all the same."""
    said = archive.load(HEADER + row("A/1"), "--dry-run").stdout

    assert said == "would replace 1 public sequences by 1\n"
    assert (archive.strains(), archive.rows("select id from aspen.jobs")) == (["OLD"], [])


def test_reader_with_a_snapshot_keeps_the_old_rows(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wait until it ends, and let others read in the meantime."""
    archive.load(HEADER + row("A/1"))
    archive.file.write_text(HEADER + row("B/1"))
    strains = "select strain from aspen.public_sequences"
    waits: list[str] = []
    seen: list[object] = []
    with archive.database.connect() as reader, archive.database.connect() as loader:
        reader.execute("begin isolation level repeatable read")
        before = reader.execute(strains).fetchall()

        def pause(_seconds: float) -> None:
            with archive.database.connect() as other:
                other.execute("set lock_timeout = '5s'")
                seen.append(other.execute(strains).fetchall())
            seen.append(reader.execute(strains).fetchall())
            reader.execute("commit")

        monkeypatch.setattr(time, "sleep", pause)
        load_public_sequences(
            loader,
            archive.file,
            pathogen="SC2",
            repository="GISAID",
            echo=waits.append,
        )

    assert "waiting for transactions that read the old rows" in waits
    assert seen == [before, before]
    assert archive.strains() == ["B/1"]


def test_reader_that_never_ends_stops_the_load(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State the remedy, and leave no table behind."""
    monkeypatch.setattr(public_sequences, "LOCK_ATTEMPTS", 2)
    with archive.database.connect() as reader:
        reader.execute("begin")
        reader.execute("select from aspen.public_sequences")
        refused = archive.load(HEADER + row("A/1"))
        reader.execute("rollback")

    assert "transactions that read the old rows did not end" in refused.stderr
    assert archive.strains() == ["OLD"]
    assert (
        archive.rows("select relname from pg_class where relname ~ '^public_sequences_[0-9]'") == []
    )


def test_second_load_at_once_is_refused(archive: Archive) -> None:
    """Drop the table that a load left which died."""
    with archive.database.connect() as conn:
        key = factories.pathogen(conn), factories.repository(conn)
        conn.execute(f"create table control.public_sequences_{key[0]}_{key[1]}_1 ()".encode())
        lock = f"public_sequences {key[0]} {key[1]}"
        conn.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [lock])
        refused = archive.load(HEADER + row("A/1"))
        conn.execute("select pg_advisory_unlock_all()")
    done = archive.load(HEADER + row("A/1"))

    assert "are being loaded by another command" in refused.stderr
    assert (done.exit_code, archive.strains()) == (0, ["A/1"])
    assert archive.rows(
        "select to_regclass(%s)::text", f"control.public_sequences_{key[0]}_{key[1]}_1"
    ) == [None]


def test_partition_is_put_in_use_without_reading_it(archive: Archive) -> None:
    """Prove by a check that every row fits; the foreign keys are those of the table."""
    archive.load(HEADER + row("A/1"))

    assert (
        archive.rows(
            "select conname, convalidated from pg_constraint where contype = 'f'"
            " and conrelid::regclass::text ~ '^control.public_sequences_' and conparentid = 0"
        )
        == []
    )
    [plan] = archive.rows(
        "explain (format json) select from aspen.public_sequences where pathogen_id = %s"
        " and public_repository_id = %s and strain = any(%s)",
        *archive.rows("select pathogen_id, public_repository_id from aspen.public_sequences")[0],
        ["A/1", "A/2"],
    )
    assert plan[0]["Plan"].get("Relation Name", "").startswith("public_sequences_")


def test_locations_and_accessions_follow_from_the_rows(archive: Archive) -> None:
    """Work on sets, and change nothing the second time."""
    place = "Europe\tSpain\tAndalusia\tCádiz\n"
    archive.load(
        HEADER
        + f"X/1\tEPI_1\tB.1\t2021\t{place}"
        + "hCoV-19/X/2\tEPI_2\tB.1\t2021\tEurope\tSpain\t=1+1\tnowhere\n"
        + "X/3\t?\tB.1\t2021\tEurope\t\t\t\n"
    )
    with archive.database.connect() as conn:
        group = factories.group(conn)
        for number in (1, 2, 3):
            factories.sample(conn, group, public_identifier=f"hCoV-19/X/{number}")
        conn.execute("delete from aspen.locations where country = 'Spain'")

    runs = [
        [
            CliRunner()
            .invoke(cli, ["load", *command, "--pathogen", "SC2"], env=archive.database.environment)
            .stdout
            for command in (["locations"], ["accessions", "--repository", "GISAID"])
        ]
        for _ in range(2)
    ]

    assert runs == [
        ["added 3 locations\n", "wrote 2 accessions\n"],
        ["added 0 locations\n", "wrote 0 accessions\n"],
    ]
    assert archive.rows(
        "select country, division, location from aspen.locations where country = 'Spain'"
        " order by id"
    ) == [("Spain", None, None), ("Spain", "Andalusia", None), ("Spain", "Andalusia", "Cádiz")]
    assert archive.rows(
        "select samples.public_identifier, accessions.accession from aspen.accessions"
        " inner join aspen.samples as samples on accessions.sample_id = samples.id order by 1"
    ) == [("hCoV-19/X/1", "EPI_1"), ("hCoV-19/X/2", "EPI_2")]


def test_jobs_of_the_platform_do_the_same(
    archive: Archive, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read the newest data set in S3; each ends its job with the versions of the software."""
    for name, value in (archive.database.environment | s3.environment).items():
        monkeypatch.setenv(name, value)
    key = f"{archive.file.parent.name}/metadata.tsv"
    s3.client.put_object(Bucket=s3.bucket, Key=key, Body=(HEADER + row("A/1", "EPI_1")).encode())
    app = App()
    with archive.database.connect() as conn:
        ids = {
            "pathogen_id": factories.pathogen(conn),
            "public_repository_id": factories.repository(conn),
        }
        run = {
            module: lock_job(
                conn, factories.platform_job(conn, module.__name__.split(".")[-1], **ids)
            )
            for module in (public_metadata, locations, accessions)
        }
        with pytest.raises(ControlError, match="finds no data set"):
            public_metadata.run(app, run[public_metadata])
        factories.repository_data(conn, **ids, bucket=s3.bucket, metadata_key=key)
        group = factories.group(conn)
        factories.sample(conn, group, public_identifier="hCoV-19/A/1")

    for module, job in run.items():
        module.run(app, job)

    assert archive.strains() == ["A/1"]
    assert archive.rows("select accession from aspen.accessions") == ["EPI_1"]
    assert archive.rows(
        "select kind, status, software_versions ? 'aspen' from aspen.jobs"
        " where kind <> 'repository_alignment' order by id"
    ) == [(kind, "succeeded", True) for kind in ("public_metadata", "locations", "accessions")]


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=30), max_size=20))
def test_no_text_breaks_the_reader(cells: Sequence[str]) -> None:
    """Take any line for a row of ten columns or a problem."""
    line = "\t".join(cells).replace("\n", "").replace("\r", "")
    content = f"{HEADER}{line}\n".encode()
    report = LoadReport()
    rows = list(read_rows(InputFile("f", io.BytesIO(content)), report))

    assert len(rows) + report.bad_rows == (1 if line.strip() else 0)
    assert all(found.count("\t") == 7 for found in rows)
