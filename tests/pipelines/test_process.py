"""What repositories publish comes into one form, and what is wrong with it is said."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from pipelines import unpacking
from pipelines.job import JobError
from pipelines.phylo.plan import RULES, Rules
from pipelines.repository.align import checked, keep_rows, reference_of
from pipelines.repository.download import check, fetch_source
from pipelines.repository.process import (
    lenient_date,
    name_of,
    process_metadata,
    process_sequences,
)

SC2, MPX = RULES["SC2"], RULES["MPX"]


def table(folder: Path, text: str, rules: Rules = SC2) -> list[dict[str, str]]:
    """Return the rows that metadata become, without empty cells."""
    source, target = folder / "raw", folder / "done"
    source.write_text(text)
    process_metadata(source, target, rules, Counter())
    header, *lines = gzip.decompress(target.read_bytes()).decode().splitlines()
    rows = [zip(header.split("\t"), line.split("\t"), strict=True) for line in lines]
    return [{name: value for name, value in row if value} for row in rows]


def test_columns_of_gisaid_become_those_of_ncov(tmp_path: Path) -> None:
    """Rename them, take the place apart, and leave out what stands for nothing."""
    text = (
        "Virus name\tAccession ID\tCollection date\tLocation\tPango lineage\tHost\tGender\n"
        "hCoV-19/Hong Kong/1/2024\tEPI_1\t2024-3\tAsia / Hong Kong\tB.1\tHuman\tunknown\n"
        "hCoV-19/Peru/2/2024\tEPI_2\t2024-03-02\tAsia\tN/A\t?\tFemale\n"
    )

    assert table(tmp_path, text) == [
        {
            "strain": "HongKong/1/2024",
            "gisaid_epi_isl": "EPI_1",
            "region": "Asia",
            "country": "Hong Kong",
            "pango_lineage": "B.1",
            "host": "Human",
        },
        {
            "strain": "Peru/2/2024",
            "gisaid_epi_isl": "EPI_2",
            "date": "2024-03-02",
            "location": "Asia",
            "sex": "Female",
        },
    ]


def test_table_of_genbank_is_known_by_accession(tmp_path: Path) -> None:
    """Read commas and quotation marks; keep the first row of an accession."""
    text = (
        "accession,genbank_accession_rev,strain,date,country,lineage\n"
        'OP1,OP1.1,"a, b",2022,Peru,B.1\nOP1,OP1.2,again,2022,Peru,B.1\n,,none,2022,Peru,B.1\n'
    )

    assert table(tmp_path, text, MPX) == [
        {
            "accession": "OP1",
            "genbank_accession_rev": "OP1.1",
            "strain": "a, b",
            "date": "2022",
            "country": "Peru",
            "lineage": "B.1",
        }
    ]


def test_characters_that_harm_readers_become_spaces(tmp_path: Path) -> None:
    """Escape every cell; a short row lacks its last cells."""
    [row] = table(tmp_path, "strain\tcountry\tdate\na\u202eb\tPe\u0007ru\n")

    assert row == {"strain": "ab", "country": "Pe ru"}


@pytest.mark.parametrize(
    ("given", "day"),
    [
        *(("2024-03-01", "2024-03-01"), ("2024/03/01", "2024-03-01"), ("2024-03", "2024-03")),
        *(("2024", "2024"), ("2024-XX-XX", "2024-XX-XX"), ("2024-03-xx", "2024-03-XX")),
        *(("2024-03-01T10:00:00", "2024-03-01"), ("2024-02-31", ""), ("2024-13", "")),
        *(("March 2024", ""), ("24-03-01", ""), ("", ""), ("XXXX-XX-XX", ""), ("2024-XX-03", "")),
    ],
)
def test_dates_are_as_exact_as_they_are_given(given: str, day: str) -> None:
    """Read days, months and years; what cannot be is unknown."""
    assert lenient_date(given) == day


def test_names_lose_prefix_blanks_and_what_follows() -> None:
    """Remove the prefix of the pathogen's repository only."""
    assert name_of("hcov-19/New Place/1|EPI_1|2024", SC2) == "NewPlace/1"
    assert name_of("hCoV-19/a", MPX) == "hCoV-19/a"


def test_sequences_with_metadata_are_kept_once(tmp_path: Path) -> None:
    """Write upper case, with N for what is no base; leave out one without a known base."""
    source, target = tmp_path / "raw", tmp_path / "done"
    source.write_text(
        ">a description\nacgt\nxA\n>a\nCCCC\n>b\nNN--\n>other\nACGT\n>c d\nAC\n>\nA\n"
    )
    known = {hash(name) for name in ("a", "b", "cd")}

    count = process_sequences(source, target, SC2, known, Counter())

    assert count == 2
    assert gzip.decompress(target.read_bytes()) == b">a\nACGTNA\n>cd\nAC\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\tday\na\tb\n", "the metadata have no column strain"),
        ("strain\tdate\n", "the metadata have no row with a name"),
        ("strain\tdate\n?\t2024\n", "the metadata have no row with a name"),
        ("", "the metadata have no column strain"),
        ('strain,date\n"a,2024\n', "the metadata cannot be read"),
    ],
)
def test_metadata_of_another_kind_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """Say what is missing."""
    with pytest.raises(JobError, match=message):
        table(tmp_path, text)


def test_metadata_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    """Guess no other encoding."""
    (tmp_path / "raw").write_bytes(b"strain\tcountry\na\tCura\xe7ao\n")

    with pytest.raises(JobError, match="not UTF-8"):
        process_metadata(tmp_path / "raw", tmp_path / "done", SC2, Counter())


@pytest.mark.parametrize(
    ("content", "what", "message"),
    [
        (b"<html>", "sequences", "the sequences are not FASTA"),
        (b"moved", "metadata", "the metadata are no table"),
        (lzma.compress(b">a\n" + bytes(5000))[:40], "sequences", "damaged or cut off"),
        (gzip.compress(b">a\n" + bytes(5000))[:12], "sequences", "damaged or cut off"),
    ],
)
def test_file_of_another_kind_is_not_stored(
    tmp_path: Path, content: bytes, what: str, message: str
) -> None:
    """Notice it before it is uploaded."""
    (tmp_path / "a").write_bytes(content)

    with pytest.raises(JobError, match=message):
        check(tmp_path / "a", what)


def test_job_without_a_source_says_so(tmp_path: Path) -> None:
    """Refuse one whose source has another checksum as well."""
    with pytest.raises(JobError, match="names no metadata_url"):
        fetch_source(None, tmp_path / "a", "metadata")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(JobError, match=f"not {'0' * 64}"):
        fetch_source((tmp_path / "b").as_uri(), tmp_path / "a", "metadata", "0" * 64)


def test_zstd_is_read_and_a_part_of_it_is_damage(tmp_path: Path) -> None:
    """Unpack it whatever it is called; whoever reads only its beginning is not told."""
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(b">a\n" + bytes(range(256)) * 4000)
    subprocess.run(["zstd", "--quiet", plain, "-o", packed], check=True)
    with unpacking.opened(packed) as file:
        whole = file.read()
    with unpacking.opened(packed) as file:
        beginning = file.readline()
    packed.write_bytes(packed.read_bytes()[:-20])

    assert (whole, beginning) == (plain.read_bytes(), b">a\n")
    with pytest.raises(JobError, match="damaged or cut off"), unpacking.opened(packed) as file:
        file.read()


def test_zstd_without_the_program_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Say what to install, or what to do instead."""
    (tmp_path / "a").write_bytes(b"\x28\xb5\x2f\xfd....")
    monkeypatch.setenv("PATH", "/nowhere")

    with (
        pytest.raises(JobError, match="apt-get install zstd"),
        unpacking.opened(tmp_path / "a"),
    ):
        pass


def test_sequences_of_several_lengths_are_no_alignment(tmp_path: Path) -> None:
    """Name the first that differs; those of one length are taken."""
    path = tmp_path / "a"
    path.write_text(">a\nACGT\n>b\nAC-T\n")
    assert [*checked(path)] == [("a", b"ACGT"), ("b", b"AC-T")]

    path.write_text(">a\nACGT\n>b\nACT\n")
    with pytest.raises(JobError, match="b has 3 bases, and others 4"):
        [*checked(path)]


def test_reference_is_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take a nearly complete genome of the data set otherwise."""
    monkeypatch.chdir(tmp_path)
    named, sequences = tmp_path / "named", tmp_path / "a"
    named.write_text(">r\nTTTT\n")
    sequences.write_text(">a\nANNN\n>b\nAC-GTN\n>c\nACGT\n")

    assert reference_of(named.as_uri(), sequences) == b"TTTT"
    assert reference_of(None, sequences) == b"ACGTN"
    named.write_text(">r\n")
    with pytest.raises(JobError, match="the reference has no sequence"):
        reference_of(named.as_uri(), sequences)


def test_metadata_of_what_was_not_aligned_are_left_out(tmp_path: Path) -> None:
    """Keep the others as they are, quotation marks included."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text('strain\tcountry\na\t"Peru\nb\tChile\n')

    keep_rows(source, target, "strain", {hash("a")})

    assert gzip.decompress(target.read_bytes()) == b'strain\tcountry\na\t"Peru\n'
