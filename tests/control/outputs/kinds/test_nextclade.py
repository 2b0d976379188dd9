"""Nextclade's table, dataset and aligned FASTA are stored or rejected."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from typing import Any

import pytest

from tests import factories
from tests.control.outputs.desk import (
    NEXTCLADE_HEADER,
    TAG,
    Desk,
    fasta,
    qc_row,
    table,
)

QC = (
    "select sample_id, qc_score, qc_status, qc_software_version from aspen.sample_qc_metrics"
    " order by sample_id"
)
LINEAGES = "select sample_id, lineage from aspen.sample_lineages order by sample_id"


def test_rows_become_quality_and_mutations(draft: Desk) -> None:
    """Store each with the dataset it was computed against."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])
    rows = table(NEXTCLADE_HEADER, qc_row(sample, substitutions="C241T,A23403G"))

    draft.store(job, draft.qc(job, rows, fasta((sample, "acgtn-"))))

    assert draft.rows(QC) == [(sample, 12.5, "good", "3.8.2")]
    assert draft.rows(
        "select sample_id, substitutions, deletions, aa_insertions from aspen.sample_mutations"
    ) == [(sample, ["C241T", "A23403G"], [], [])]
    assert draft.rows("select sample_id, sequence from aspen.aligned_sequences") == [
        (sample, "ACGTN-")
    ]
    dataset = draft.rows("select id from aspen.reference_datasets")
    assert len(dataset) == 1
    assert dataset == draft.rows("select reference_dataset_id from aspen.sample_qc_metrics")
    assert dataset == draft.rows("select reference_dataset_id from aspen.sample_mutations")
    assert dataset == draft.rows("select reference_dataset_id from aspen.aligned_sequences")


def test_raw_output_is_the_whole_row(draft: Desk) -> None:
    """Keep columns that have no column of their own, for exports."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample))))

    raw = draft.rows("select raw_output from aspen.sample_qc_metrics")[0]
    assert list(map(str, sorted(raw))) == sorted(NEXTCLADE_HEADER.split(";"))
    assert (raw["qc.overallScore"], raw["errors"]) == ("12.5", "")


@pytest.mark.parametrize(
    ("row", "quality"),
    [
        ({"errors": "cannot align"}, (None, "invalid")),
        ({"errors": "cannot align", "score": ""}, (None, "invalid")),
        ({"warnings": "gene failed", "score": "", "status": ""}, (None, "invalid")),
        ({"warnings": "gene failed"}, (12.5, "good")),
        ({"score": "0", "status": "bad"}, (0.0, "bad")),
    ],
    ids=["errors", "errors without score", "warnings without score", "warnings", "bad"],
)
def test_genome_that_could_not_be_analysed_is_invalid(
    draft: Desk, row: dict[str, str], quality: tuple[float | None, str]
) -> None:
    """Store no score, whatever the row says."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample, **row))))

    assert draft.rows(QC) == [(sample, *quality, "3.8.2")]


def test_lineage_is_nextclades_where_pangolin_is_not_the_caller(draft: Desk) -> None:
    """Take the column lineage, else the clade, else none, with dataset and version."""
    monkeypox = factories.pathogen(draft.conn, "MPX", lineage_caller="NEXTCLADE")
    lineage, clade, neither, invalid = samples = draft.samples(4, pathogen_id=monkeypox)
    job = draft.job("nextclade", samples, pathogen_id=monkeypox)
    rows = (
        qc_row(lineage, lineage="B.1.20", clade="IIb"),
        qc_row(clade, clade="IIb"),
        qc_row(neither, clade=""),
        qc_row(invalid, clade="IIb", errors="cannot align"),
    )

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, *rows)))

    assert draft.rows(LINEAGES) == [(lineage, "B.1.20"), (clade, "IIb")]
    assert draft.rows(
        "select distinct lineage_type, lineage_software_version, reference_dataset_id is not null"
        " from aspen.sample_lineages"
    ) == [("NEXTCLADE", "3.8.2", True)]


def test_lineage_is_left_to_pangolin_where_it_is_the_caller(draft: Desk) -> None:
    """Use one lineage caller per pathogen."""
    sample, *_ = draft.samples(1)
    factories.sample_lineage(draft.conn, sample, "BA.2")
    job = draft.job("nextclade", [sample])

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample))))

    assert draft.rows(LINEAGES) == [(sample, "BA.2")]


def test_later_result_replaces_the_former_as_a_whole(draft: Desk) -> None:
    """Remove lineage and alignment of a sample that became invalid."""
    monkeypox = factories.pathogen(draft.conn, "MPX", lineage_caller=None)
    sample, *_ = draft.samples(1, pathogen_id=monkeypox)
    first, second = (draft.job("nextclade", [sample], pathogen_id=monkeypox) for _ in range(2))
    row = qc_row(sample, lineage="B.1", substitutions="C1T")
    draft.store(first, draft.qc(first, table(NEXTCLADE_HEADER, row), fasta((sample, "ACGT"))))

    row = qc_row(sample, "", errors="cannot align")
    draft.store(second, draft.qc(second, table(NEXTCLADE_HEADER, row)))

    assert draft.rows(QC) == [(sample, None, "invalid", "3.8.2")]
    assert draft.rows("select substitutions from aspen.sample_mutations") == [[]]
    assert draft.rows(LINEAGES) == []
    assert draft.rows("select * from aspen.aligned_sequences") == []


def test_results_of_private_samples_are_private(draft: Desk) -> None:
    """Show them to those who see the sample."""
    monkeypox = factories.pathogen(draft.conn, "MPX", lineage_caller=None)
    sample, *_ = draft.samples(1, pathogen_id=monkeypox, is_private=True)
    job = draft.job("nextclade", [sample], pathogen_id=monkeypox)

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample))))

    assert draft.rows(
        "select disclosed_at = '9999-01-01 00:00:00+00' from aspen.sample_qc_metrics union all"
        " select disclosed_at = '9999-01-01 00:00:00+00' from aspen.sample_mutations union all"
        " select disclosed_at = '9999-01-01 00:00:00+00' from aspen.sample_lineages"
    ) == [True, True, True]


def test_same_dataset_is_one_row(draft: Desk) -> None:
    """Store it once, also without accession or tag."""
    samples = draft.samples(2)
    for sample in samples:
        job = draft.job("nextclade", [sample])
        rows = table(NEXTCLADE_HEADER, qc_row(sample))
        draft.store(job, draft.qc(job, rows, tag=json.dumps({"name": "custom"})))

    assert draft.rows("select name, accession, tag from aspen.reference_datasets") == [
        ("custom", None, None)
    ]


def test_valid_genome_without_alignment_is_reported(draft: Desk) -> None:
    """Report it, because Nextclade aligns what it can analyse."""
    aligned, missing, invalid = samples = draft.samples(3)
    job = draft.job("nextclade", samples)
    rows = (qc_row(aligned), qc_row(missing), qc_row(invalid, errors="cannot align"))

    result = draft.store(
        job, draft.qc(job, table(NEXTCLADE_HEADER, *rows), fasta((aligned, "ACGT")))
    )

    assert f"valid but not aligned: {missing}" in result.summary()


def test_sample_deleted_meanwhile_is_skipped_in_every_file(draft: Desk) -> None:
    """Store the results of the other samples."""
    kept, gone = samples = draft.samples(2)
    job = draft.job("nextclade", samples)
    draft.conn.execute("delete from aspen.samples where id = %s", [gone])
    rows = table(NEXTCLADE_HEADER, *map(qc_row, samples))

    result = draft.store(job, draft.qc(job, rows, fasta((kept, "ACGT"), (gone, "ACGT"))))

    assert f"deleted samples, skipped: {gone}" in result.summary()
    assert draft.rows("select sample_id from aspen.sample_qc_metrics") == [kept]
    assert draft.rows("select sample_id from aspen.aligned_sequences") == [kept]


def test_late_results_of_another_sequence_are_skipped_in_every_file(draft: Desk) -> None:
    """Store the results of the other samples."""
    same, replaced = samples = draft.samples(2)
    for sample in samples:
        factories.sequence(draft.conn, sample)
    job = draft.job("nextclade", samples, status="running")
    draft.conn.execute(
        "update aspen.sequences set sequence = %s where sample_id = %s", ["T" * 1000, replaced]
    )
    rows = table(NEXTCLADE_HEADER, *map(qc_row, samples))

    result = draft.store(job, draft.qc(job, rows, fasta((same, "ACGT"), (replaced, "ACGT"))))

    assert f"samples with a changed sequence or pathogen, skipped: {replaced}" in result.summary()
    assert draft.rows("select sample_id from aspen.sample_qc_metrics") == [same]
    assert draft.rows("select sample_id from aspen.sample_mutations") == [same]
    assert draft.rows("select sample_id from aspen.aligned_sequences") == [same]


def test_version_of_nextclade_must_be_said(draft: Desk) -> None:
    """Require it, because none of the files contains it."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])
    rows = table(NEXTCLADE_HEADER, qc_row(sample))

    manifest = draft.qc(job, rows, software_versions={})
    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal.startswith("the version of Nextclade is not given")


# As Nextclade 3 writes it for SARS-CoV-2, without some columns of partial scores.
NEXTCLADE_3_COLUMNS = (
    "index seqName clade Nextclade_pango partiallyAliased clade_nextstrain clade_who clade_display"
    " qc.overallScore qc.overallStatus totalSubstitutions totalDeletions totalInsertions"
    " totalFrameShifts totalMissing totalNonACGTNs totalAminoacidSubstitutions"
    " totalAminoacidDeletions totalAminoacidInsertions totalUnknownAa alignmentScore alignmentStart"
    " alignmentEnd coverage isReverseComplement substitutions deletions insertions frameShifts"
    " aaSubstitutions aaDeletions aaInsertions"
    " privateNucMutations.reversionSubstitutions privateNucMutations.labeledSubstitutions"
    " privateNucMutations.unlabeledSubstitutions missing unknownAaRanges nonACGTNs"
    " founderMuts['clade'].nodeName founderMuts['clade'].substitutions"
    " qc.missingData.missingDataThreshold qc.missingData.score qc.missingData.status"
    " qc.frameShifts.frameShifts qc.stopCodons.stopCodons failedCdses warnings errors"
).split()
# As `nextclade dataset get` stores it, without its rules.
PATHOGEN: dict[str, Any] = {
    "$schema": "https://example.org/input-pathogen-json.schema.json",
    "schemaVersion": "3.0.0",
    "alignmentParams": {"excessBandwidth": 12, "gapAlignmentSide": "right"},
    "attributes": {
        "name": "Mpox virus (All clades)",
        "reference accession": "NC_063383.1",
        "reference name": "MPXV-M5312_HM12_Rivers",
    },
    "compatibility": {"cli": "3.0.0-alpha.0", "web": "3.0.0-alpha.0"},
    "files": {"reference": "reference.fasta", "pathogenJson": "pathogen.json"},
    "qc": {"missingData": {"enabled": True, "missingDataThreshold": 50000}},
    "version": {"updatedAt": "2025-09-09T12:13:13Z", "tag": "2025-09-09--12-13-13Z"},
}


def nextclade_3(delimiter: str, *rows: dict[str, object]) -> str:
    """Return a table with CRLF, as Nextclade writes it."""
    written = io.StringIO()
    table = csv.DictWriter(written, NEXTCLADE_3_COLUMNS, restval="", delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("delimiter", [";", "\t"], ids=["CSV", "TSV"])
def test_tables_of_nextclade_3_are_read(draft: Desk, delimiter: str) -> None:
    """Read both tables, with quoted cells and rows of genomes that failed."""
    good, failed = samples = draft.samples(2)
    job = draft.job("nextclade", samples)
    content = nextclade_3(
        delimiter,
        {
            "index": 0,
            "seqName": good,
            "clade": "24A",
            "Nextclade_pango": "JN.1",
            "qc.overallScore": 23.515625,
            "qc.overallStatus": "good",
            "isReverseComplement": "false",
            "substitutions": "C241T,C2061T",
            "deletions": "201,28881-28882",
            "insertions": "248:G",
            "aaSubstitutions": "E:T9I",
            "warnings": 'gene "ORF1a"; failed\tpartly',
        },
        {"index": 1, "seqName": failed, "errors": "Unable to align: seed matching failed"},
    )

    draft.store(job, draft.qc(job, content, fasta((good, "ACGT")), json.dumps(PATHOGEN)))

    assert draft.rows(QC) == [
        (good, 23.515625, "good", "3.8.2"),
        (failed, None, "invalid", "3.8.2"),
    ]
    assert draft.rows(
        "select substitutions, deletions, insertions, aa_substitutions from aspen.sample_mutations"
        " where sample_id = %s",
        good,
    ) == [(["C241T", "C2061T"], ["201", "28881-28882"], ["248:G"], ["E:T9I"])]
    [raw] = draft.rows("select raw_output from aspen.sample_qc_metrics where sample_id = %s", good)
    assert raw["warnings"] == 'gene "ORF1a"; failed\tpartly'


@pytest.mark.parametrize(
    ("changes", "dataset"),
    [
        ({}, ("Mpox virus (All clades)", "NC_063383.1", "2025-09-09--12-13-13Z")),
        ({"version": None}, ("Mpox virus (All clades)", "NC_063383.1", None)),
        ({"attributes": {"name": "Mine"}}, ("Mine", None, "2025-09-09--12-13-13Z")),
    ],
    ids=["released", "not released", "without an accession"],
)
def test_datasets_of_nextclade_3_are_read(
    draft: Desk, changes: dict[str, object], dataset: tuple[str | None, ...]
) -> None:
    """Read them from pathogen.json, where only a release has a tag."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])
    rows = table(NEXTCLADE_HEADER, qc_row(sample))

    draft.store(job, draft.qc(job, rows, tag=json.dumps(PATHOGEN | changes)))

    assert draft.rows("select name, accession, tag from aspen.reference_datasets") == [dataset]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("C241T,S:D614*,28881-28882,248:G.+", ["C241T", "S:D614*", "28881-28882", "248:G.+"]),
        ("NULL,null", ["NULL", "null"]),
        ("a b,{c},d\\e", ["a b", "{c}", "d\\e"]),
        ("A1T,,A2T", ["A1T", "", "A2T"]),
        ("O'A1T,é", ["O'A1T", "é"]),
    ],
)
def test_mutations_are_stored_as_they_are_named(draft: Desk, text: str, names: list[str]) -> None:
    """Take names that look like a part of a list as names."""
    [sample] = draft.samples(1)
    job = draft.job("nextclade", [sample])

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample, substitutions=text))))

    assert draft.rows("select substitutions from aspen.sample_mutations") == [names]


GOOD_TABLE = table(NEXTCLADE_HEADER, qc_row("1"), qc_row("2"))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("seqName;clade\n", "line 1: the header lacks qc.overallScore"),
        (table(NEXTCLADE_HEADER.replace(";", ","), "1"), "line 1: the header lacks seqName"),
        (table(NEXTCLADE_HEADER, qc_row("1", "")), "line 2: qc.overallScore is '', not a number"),
        (table(NEXTCLADE_HEADER, qc_row("1", "inf")), "line 2: qc.overallScore is 'inf'"),
        (table(NEXTCLADE_HEADER, qc_row("1", "-1")), "line 2: qc.overallScore is '-1'"),
        (table(NEXTCLADE_HEADER, qc_row("1", status="fine")), "is 'fine', not one of good,"),
        (table(NEXTCLADE_HEADER, qc_row("1"), qc_row("1")), "line 3: the taxon 1 is given twice"),
        (table(NEXTCLADE_HEADER, qc_row("3")), "line 2: the taxon 3 is not an input of job"),
        (table(NEXTCLADE_HEADER), ": has no rows"),
        (
            table(NEXTCLADE_HEADER, qc_row("1"), qc_row("2", clade="20A\u2028")),
            r"line 3: clade is '20A\u2028",
        ),
    ],
)
def test_malformed_table_is_refused(draft: Desk, content: str, complaint: str) -> None:
    """Name file, line and reason; store nothing."""
    assert complaint in refusal(draft, "nextclade_csv", table=content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (fasta(("1", "ACGT"), ("2", "ACG")), "line 3: the sequence of taxon 2 has 3 sites, not 4"),
        (fasta(("1", "ACGT"), ("1", "ACGT")), "line 3: the taxon 1 is given twice"),
        (fasta(("1", "ACGT"), ("3", "ACGT")), "line 3: the taxon '3' has no row in the table"),
        (fasta(("1", "AC\nGXT")), "line 3: column 2 holds 'X', not a nucleotide"),
        (fasta(("1", "AC GT")), "line 2: column 3 holds ' ', not a nucleotide"),
        (b">1\nAC\xffGT\n", "line 2: column 3 holds '\\xff', not a nucleotide"),
        (b">1\nAC\0GT\n", "line 2: holds the character NUL"),
        (b">\xff\nACGT\n", "line 1: is not UTF-8"),
        (">1\n>2\nACGT\n", "line 1: the taxon '1' has no sequence"),
        (">1\nACGT\n>2\n", "line 3: the taxon '2' has no sequence"),
        (">\nACGT\n", "line 1: the header names no taxon"),
        ("ACGT\n", "line 1: expected a header that begins with '>'"),
        (b"\x1f\x8b\x08\x00", ": is compressed, and ends too early"),
    ],
)
def test_malformed_alignment_is_refused(draft: Desk, content: bytes | str, complaint: str) -> None:
    """Name file, line and reason; store nothing."""
    assert complaint in refusal(draft, "aligned_fasta", alignment=content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1 column 1: is not JSON"),
        ("[]", ": must be an object"),
        ("{}", ": name must be a non-empty string"),
        (
            '{"name": "x", "reference": "MN908947"}',
            ": must be an object, and so must its reference",
        ),
        ('{"name": "x", "tag": 5}', ": tag must be a non-empty string"),
        (
            '{"name": "x", "tag": "a\\u001b"}',
            r": tag is 'a\x1b', which holds the control character",
        ),
        ('{"name": "x", "reference": {"accession": []}}', ": reference.accession must be"),
        ('{"name": "' + "x" * (4 << 20) + '"}', ": is larger than 4194304 bytes"),
        ('{"schemaVersion": "3.0.0"}', ": attributes.name must be a non-empty string"),
        ('{"schemaVersion": "3.0.0", "attributes": []}', ": attributes.name must be"),
        ('{"schemaVersion": "3.0.0", "attributes": "x"}', ": its attributes and its version must"),
        ('{"schemaVersion": "3.0.0", "version": [1]}', ": its attributes and its version must"),
    ],
    ids=lambda value: value[:40],
)
def test_malformed_tag_is_refused(draft: Desk, content: str, complaint: str) -> None:
    """Name file, line and reason; store nothing."""
    assert complaint in refusal(draft, "nextclade_tag_json", tag=content)


def refusal(
    draft: Desk,
    file: str,
    table: bytes | str = GOOD_TABLE,
    alignment: bytes | str = "",
    tag: bytes | str = TAG,
) -> str:
    """Return the message when these files of two samples are rejected."""
    for sample_id in (1, 2):
        factories.sample(draft.conn, draft.group_id, id=sample_id)
    job = draft.job("nextclade", [1, 2])
    manifest = draft.qc(job, table, alignment, tag)

    message = draft.refusal(partial(draft.store, job, manifest))

    assert message.startswith(f"s3://{draft.s3.bucket}/{draft.home(job)}{file}")
    return message


def test_wrapped_alignment_with_crlf_is_joined(draft: Desk) -> None:
    """Join lines, because some tools wrap them."""
    sample, *_ = draft.samples(1)
    job = draft.job("nextclade", [sample])
    alignment = f">{sample} description\r\nACGT\r\n\r\nNN--\r\n"

    draft.store(job, draft.qc(job, table(NEXTCLADE_HEADER, qc_row(sample)), alignment))

    assert draft.rows("select sequence from aspen.aligned_sequences") == ["ACGTNN--"]
