"""`control sample export`: the samples of a group in files that an import reads."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.control.samples.importer import GENOME, Importer

DUMP = (
    "select samples.private_identifier, samples.public_identifier, samples.is_private,"
    " samples.collection_date, samples.restricted_until, samples.authors, samples.organism,"
    " samples.host, samples.sample_collected_by, samples.sample_collector_contact_email,"
    " samples.sample_collector_contact_address, samples.purpose_of_sampling,"
    " samples.specimen_processing, samples.location_id, sequences.sequence,"
    " sequences.sequencing_date, sequences.sequencing_depth,"
    " array(select accession from aspen.accessions where sample_id = samples.id order by 1)"
    " from aspen.samples left join aspen.sequences on sequences.sample_id = samples.id"
    " order by samples.private_identifier"
)


def export(importer: Importer, *options: str) -> Result:
    """Run the command for the group of the importer."""
    given = ["sample", "export", "--group", str(importer.group_id), "--pathogen", "SC2"]
    return CliRunner().invoke(cli, [*given, *options], env=importer.database.environment)


def strains(importer: Importer, *options: str) -> list[str]:
    """Return the strains of an export to standard output, sorted."""
    result = export(importer, "--format", "ndjson", "--metadata", "-", *options)
    return sorted(json.loads(line)["strain"] for line in result.stdout.splitlines())


@pytest.fixture
def lab(importer: Importer) -> Importer:
    """Return a group with three samples: one of many values, one private, one without sequence."""
    importer.add(
        "A/1",
        division="Île, de France",
        location='L"Haÿ',
        authors="Smith, Anna; Lee, Bo",
        genbank_accession="MT1",
        gisaid_epi_isl="EPI_ISL_1",
        sequencing_date="2021-02-05",
        sequencing_depth="31.5",
        restricted_until="2035-01-01",
        host="Mustela lutreola",
        purpose_of_sampling='said "outbreak", twice',
        sample_collector_contact_address="1 rue X; Paris",
        lab_number="7001",
    )
    importer.add("A/2", GENOME[4:], is_private="true", authors="Smith, Anna;", lab_number="7002")
    importer.add("B/3", None, date="2022-01-01", authors="Ann", lab_number="7003")
    options = ("--allow-missing-sequences", "--private-identifier-column", "lab_number")
    imported = importer.run(*options)
    assert imported.exit_code == 0, imported.stderr
    return importer


def test_export_shows_its_rate_on_a_terminal(importer: Importer) -> None:
    """Tell how many rows are written while whoever reads them takes long."""
    pipe = importer.folder / "slow"
    os.mkfifo(pipe)
    with importer.database.connect() as conn:
        factories.numbered_samples(conn, importer.group_id, 3000, None)
    control, terminal = pty.openpty()
    given = ["--group", str(importer.group_id), "--pathogen", "SC2", "--metadata", str(pipe)]
    shown = ""

    with subprocess.Popen(
        [Path(sys.executable).with_name("control"), "sample", "export", *given],
        env={**os.environ, **importer.database.environment},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ) as running:
        os.close(terminal)
        with pipe.open("rb") as reader:
            while "… writing rows: " not in shown and running.poll() is None:
                shown += os.read(control, 65536).decode()
            lines = reader.read().count(b"\n")
        shown += os.read(control, 65536).decode()
    os.close(control)

    assert re.search(r"\r… writing rows: [0-9]+, [0-9.]+/s", shown)
    assert (running.returncode, lines) == (0, 3001)


@pytest.mark.parametrize("form", ["tsv", "csv"])
def test_export_is_imported_as_it_was(lab: Importer, form: str) -> None:
    """Delete the samples after exporting them, and find the same ones after importing the files."""
    before = lab.query(DUMP)
    metadata, sequences = lab.folder / f"out.{form}", lab.folder / "out.fasta"

    exported = export(lab, "--metadata", str(metadata), "--sequences", str(sequences))

    with lab.database.connect() as conn:
        conn.execute("delete from aspen.samples")
    given = ["sample", "import", "--group", str(lab.group_id), "--user", "alice"]
    given += ["--pathogen", "SC2", "--metadata", str(metadata), "--sequences", str(sequences)]
    given += ["--allow-missing-sequences", "--private-identifier-column", "private_identifier"]
    imported = CliRunner().invoke(cli, given, env=lab.database.environment)
    assert (exported.stdout, imported.exit_code) == ("wrote 3 samples and 2 sequences\n", 0)
    assert len(before) == 3
    assert lab.query(DUMP) == before


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), ["A/1", "A/2", "B/3"]),
        (("--collected-from", "2021-12-31"), ["B/3"]),
        (("--collected-to", "2021-12-31"), ["A/1", "A/2"]),
        (("--uploaded-from", "2999-01-01"), []),
        (("--uploaded-to", "2000-01-01"), []),
        (("--lineage", "BA.2"), ["A/2"]),
        (("--lineage", "BA.20"), []),
    ],
)
def test_filter_chooses_samples(lab: Importer, options: tuple[str, ...], found: list[str]) -> None:
    """Choose by days and by lineage, which includes those below it."""
    with lab.database.connect() as conn:
        [(sample_id,)] = lab.query("select id from aspen.samples where public_identifier = 'A/2'")
        factories.sample_lineage(conn, int(str(sample_id)), "BA.2.86")

    assert strains(lab, *options) == found


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("private_identifier\n7003\n", ["B/3"]),
        ("public_identifier,x\nA/1,1\nA/2,2\n", ["A/1", "A/2"]),
    ],
)
def test_table_chooses_samples(lab: Importer, table: str, found: list[str]) -> None:
    """Choose by either identifier."""
    path = lab.folder / "chosen.csv"
    path.write_text(table)

    assert strains(lab, "--samples", str(path)) == found


def test_lines_of_json_have_types(lab: Importer) -> None:
    """Write lists and flags as JSON has them, and null for what is unknown."""
    result = export(lab, "--format", "ndjson", "--metadata", "-")

    row = json.loads(result.stdout.splitlines()[0])
    assert (row["is_private"], row["authors"], row["genbank_accession"]) == (
        True,
        ["Smith, Anna"],
        None,
    )


def test_export_of_a_user_has_what_the_user_sees(lab: Importer) -> None:
    """Leave out private and restricted samples, and mask private identifiers of the others."""
    with lab.database.connect() as conn:
        factories.user(conn, "vic", {lab.group_id: "viewer"})

    result = export(lab, "--user", "vic", "--format", "ndjson", "--metadata", "-")
    everything = export(lab, "--user", "alice", "--format", "ndjson", "--metadata", "-")

    [seen] = map(json.loads, result.stdout.splitlines())
    assert (seen["strain"], seen["private_identifier"]) == ("B/3", None)
    assert len(everything.stdout.splitlines()) == 3


def test_export_of_a_stranger_is_empty(lab: Importer) -> None:
    """Answer as if the group had no samples."""
    with lab.database.connect() as conn:
        factories.user(conn, "bob", {factories.group(conn): "admin"})

    assert strains(lab, "--user", "bob") == []


def test_failed_export_leaves_no_file(lab: Importer) -> None:
    """Keep the file of an earlier export if a later one fails."""
    path = lab.folder / "out.tsv"
    path.write_text("earlier")

    result = export(lab, "--user", "nobody", "--metadata", str(path))

    assert result.exit_code == 1
    assert sorted(found.name for found in lab.folder.glob("*out.tsv*")) == ["out.tsv"]
    assert path.read_text() == "earlier"


def test_export_is_readable_by_its_owner_only(lab: Importer) -> None:
    """Make a file of mode 600: it contains private identifiers."""
    path = lab.folder / "out.tsv"

    export(lab, "--metadata", str(path))

    assert oct(Path(path).stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(
    "options",
    [(), ("--metadata", "-", "--json"), ("--metadata", "-", "--sequences", "-")],
)
def test_export_says_what_its_options_lack(lab: Importer, options: tuple[str, ...]) -> None:
    """Exit as for an invalid command line."""
    assert export(lab, *options).exit_code == 2
