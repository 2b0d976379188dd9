"""Genomes are named, read and compared as the pipelines of Nextstrain expect."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from pipelines.phylo import genomes, metadata
from pipelines.phylo.plan import RULES, Rules

FASTA = b">a first\nac\nGT\n>b\nNN-A\n"
SAMPLE = {
    "id": 1,
    "collection_date": "2024-02-01",
    "region": "Europe",
    "country": "France",
    "division": None,
    "location": None,
    "host": "Homo sapiens",
    "lineage": "B.1",
}


@pytest.mark.parametrize(
    ("identifier", "rules", "expected"),
    [
        ("hCoV-19/USA/LAB-1/2024", RULES["SC2"], "USA/LAB-1/2024"),
        ("HCOV-19/USA/LAB-1/2024", RULES["SC2"], "USA/LAB-1/2024"),
        ("USA/LAB-1/2024", RULES["MPX"], "USA_LAB-1_2024"),
        ("hcv/USA/LAB-1/2024", Rules(), "hcv/USA/LAB-1/2024"),
    ],
)
def test_strain_follows_the_rule_of_the_pathogen(
    identifier: str, rules: Rules, expected: str
) -> None:
    """Remove the prefix of SARS-CoV-2, and write _ for / in mpox."""
    assert metadata.strain_of(identifier, rules) == expected


def test_names_that_trees_cannot_have_are_replaced_and_kept() -> None:
    """Give two names that differ in such characters different names, and know what they mean."""
    names = metadata.Names()

    safe = [names.safe(strain) for strain in ("USA/1/2024", "a (1):b", "a [1]:b")]

    assert safe[0] == "USA/1/2024"
    assert len({*safe}) == 3
    assert [names.meant[name] for name in safe[1:]] == ["a (1):b", "a [1]:b"]
    assert not set("()[]: ") & {*"".join(safe)}


def test_layouts_have_the_columns_of_nextstrain() -> None:
    """Have 26 columns in ncov's and 29 in GenBank's, each once."""
    assert [(len(columns), len({*columns})) for columns in metadata.LAYOUTS.values()] == [
        (26, 26),
        (29, 29),
    ]


@pytest.mark.parametrize("layout", metadata.LAYOUTS)
def test_sample_fills_columns_of_its_layout_alone(layout: str) -> None:
    """Write nothing that the layout has no column for."""
    row = metadata.row_of_sample(SAMPLE, "USA/1", layout, "Lab", 4)

    assert {*row} <= {*metadata.LAYOUTS[layout]}
    assert row[{"ncov": "pango_lineage", "genbank": "lineage"}[layout]] == "B.1"
    assert (row["strain"], row["date"], row["country"]) == ("USA/1", "2024-02-01", "France")


def test_line_of_a_table_stays_one_line() -> None:
    """Write a space for what would end the cell or the line."""
    assert metadata.tsv_line(["a\tb", "c\r\nd"]) == "a b\tc d\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gz", "xz"])
def test_sequences_are_read_in_any_compression(tmp_path: Path, pack: type[bytes]) -> None:
    """Join the lines of a record, in upper case, under its first word."""
    path = tmp_path / "a"
    path.write_bytes(pack(FASTA))

    assert [*genomes.read(path)] == [("a", b"ACGT"), ("b", b"NN-A")]


def test_ends_are_trimmed_and_the_middle_stays() -> None:
    """Remove N at both ends only."""
    assert genomes.trimmed(b"NNACNNGTN") == b"ACNNGT"


def test_mutations_are_known_bases_that_differ() -> None:
    """Count neither gaps nor missing or mixed bases."""
    assert genomes.mutations(b"AGT-NRA", b"AACCCCC") == {
        (1, ord("G")),
        (2, ord("T")),
        (6, ord("A")),
    }


def test_closest_sequences_are_found() -> None:
    """Prefer the first of equals; skip other lengths, those left out and those mostly missing."""
    root = b"AAAAAAAAAA"
    data_set = [
        ("same", b"CAAAAAAAAA"),
        ("far", b"AAAAAAGGGG"),
        ("near", b"CCAAAAAAAA"),
        ("later", b"CGAAAAAAAA"),
        ("missing", b"CNNNNNNNNN"),
        ("short", b"CAAA"),
        ("own", b"CAAAAAAAAA"),
    ]
    focal = [genomes.mutations(b"CAAAAAAAAA", root)]

    found = genomes.closest(data_set, root, focal, 2, lambda name: name != "own")

    assert found == ["same", "near"]
