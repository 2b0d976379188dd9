"""lineage_report.csv is stored or rejected."""

from __future__ import annotations

from functools import partial

import pytest

from tests import factories
from tests.control.outputs.desk import PANGOLIN_HEADER, Desk, lineage_row, table

LINEAGES = (
    "select sample_id, lineage_type, lineage, lineage_software_version, lineage_probability,"
    " scorpio_call, scorpio_support from aspen.sample_lineages order by sample_id"
)


def test_rows_become_lineages_of_the_samples(draft: Desk) -> None:
    """Compute percent from the ambiguity score; a designated genome has 100."""
    scored, designated = samples = draft.samples(2)
    job = draft.job("pangolin", samples)
    rows = (
        lineage_row(scored, "BA.2", "0.957", call="Omicron (BA.2-like)", support="0.98"),
        lineage_row(designated, "B", "", note="Assigned from designation hash."),
    )

    draft.store(job, draft.report(job, table(PANGOLIN_HEADER, *rows)))

    assert draft.rows(LINEAGES) == [
        (scored, "PANGOLIN", "BA.2", "v1.29", 96.0, "Omicron (BA.2-like)", 0.98),
        (designated, "PANGOLIN", "B", "v1.29", 100.0, None, None),
    ]


FAILURES = "select lineage, failure, lineage_probability from aspen.sample_lineages"
QC_HEADER = PANGOLIN_HEADER.replace(",note", ",qc_status,qc_notes,note")


def qc_lineage_row(sample_id: object, lineage: str, *qc: str) -> str:
    """Return a row of pangolin 4, which says whether the genome passed QC."""
    return f"{sample_id},{lineage},0.0,0.9,,,v1.29,4.3.1,{','.join(qc)}"


@pytest.mark.parametrize(
    ("lineage", "qc", "failure"),
    [
        ("Unassigned", ("fail", "Ambiguous_content:0.9", ""), "Ambiguous_content:0.9"),
        ("B.1", ("fail", "", ""), "no lineage was assigned"),
        ("", ("FAIL", "", "too short"), "too short"),
        ("unassigned", ("pass", "", ""), "no lineage was assigned"),
        ("None", ("", "", "scorpio disagrees"), "scorpio disagrees"),
    ],
)
def test_failure_is_no_lineage(
    draft: Desk, lineage: str, qc: tuple[str, ...], failure: str
) -> None:
    """Store and report the reason; remove an older lineage of the sample."""
    sample, *_ = draft.samples(1)
    factories.sample_lineage(draft.conn, sample)
    job = draft.job("pangolin", [sample])
    row = qc_lineage_row(sample, lineage, *qc)

    result = draft.store(job, draft.report(job, table(QC_HEADER, row)))

    assert draft.rows(FAILURES) == [(None, failure, None)]
    assert f"without a lineage: {sample}" in result.summary()


def test_genome_that_passes_has_its_lineage(draft: Desk) -> None:
    """Treat notes of a passing genome as no failure, and remove an older failure."""
    sample, *_ = draft.samples(1)
    factories.sample_lineage(draft.conn, sample, lineage=None, failure="too short")
    job = draft.job("pangolin", [sample])
    row = qc_lineage_row(sample, "BA.2", "pass", "Ambiguous_content:0.02", "")

    draft.store(job, draft.report(job, table(QC_HEADER, row)))

    assert draft.rows(FAILURES) == [("BA.2", None, 90.0)]


def test_late_lineage_of_another_sequence_is_skipped_and_reported(draft: Desk) -> None:
    """Skip the sample whose sequence changed since; store the result of the other one."""
    same, replaced, deleted, moved = samples = draft.samples(4)
    for sample in samples:
        factories.sequence(draft.conn, sample)
    job = draft.job("pangolin", samples, status="running")
    draft.conn.execute(
        "update aspen.sequences set sequence = %s where sample_id = %s", ["T" * 1000, replaced]
    )
    draft.conn.execute("delete from aspen.sequences where sample_id = %s", [deleted])
    draft.conn.execute(
        "update aspen.samples set pathogen_id = %s where id = %s",
        [factories.pathogen(draft.conn, "MPX"), moved],
    )
    report = table(PANGOLIN_HEADER, *map(lineage_row, samples))

    result = draft.store(job, draft.report(job, report))

    assert draft.rows("select sample_id from aspen.sample_lineages") == [same]
    skipped = f"{replaced}, {deleted}, {moved}"
    assert f"samples with a changed sequence or pathogen, skipped: {skipped}" in result.summary()


def test_lineage_of_a_sequence_put_back_unchanged_is_stored(draft: Desk) -> None:
    """Store it, because the sequence is the one that the job was for."""
    sample, *_ = draft.samples(1)
    factories.sequence(draft.conn, sample)
    job = draft.job("pangolin", [sample], status="running")
    draft.conn.execute("update aspen.sequences set sequence = lower(sequence)")

    draft.store(job, draft.report(job, table(PANGOLIN_HEADER, lineage_row(sample))))

    assert draft.rows("select lineage from aspen.sample_lineages") == ["BA.2"]


def test_cancelled_job_takes_no_lineages(draft: Desk) -> None:
    """Reject the results of a cancelled job."""
    sample, *_ = draft.samples(1)
    job = draft.job("pangolin", [sample], status="cancelled")
    manifest = draft.report(job, table(PANGOLIN_HEADER, lineage_row(sample)))

    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal == f"job {job} is cancelled; nothing more can be registered for it"


def test_raw_output_is_the_row_without_empty_fields(draft: Desk) -> None:
    """Keep the columns that have no column of their own."""
    sample, *_ = draft.samples(1)
    job = draft.job("pangolin", [sample])

    draft.store(job, draft.report(job, table(PANGOLIN_HEADER, lineage_row(sample, "BA.2"))))

    assert draft.rows("select raw_output from aspen.sample_lineages") == [
        {
            "taxon": str(sample),
            "lineage": "BA.2",
            "conflict": "0.0",
            "ambiguity_score": "0.95",
            "version": "v1.29",
            "pangolin_version": "4.3.1",
        }
    ]


def test_versions_of_the_report_become_the_jobs_unless_the_manifest_knows_better(
    draft: Desk,
) -> None:
    """Take the versions from the report."""
    sample, *_ = draft.samples(1)
    job = draft.job("pangolin", [sample])
    report = table(PANGOLIN_HEADER, lineage_row(sample))

    draft.store(job, draft.report(job, report, software_versions={"pangolin": "4.3.1-patched"}))

    assert draft.rows("select software_versions from aspen.jobs") == [{"pangolin": "4.3.1-patched"}]


def test_later_report_replaces_the_lineage(draft: Desk) -> None:
    """Keep one lineage per sample and caller, and nothing of the former row."""
    sample, *_ = draft.samples(1, is_private=True)
    first, second = (draft.job("pangolin", [sample]) for _ in range(2))
    row = lineage_row(sample, "BA.2", call="Omicron", support="1")
    draft.store(first, draft.report(first, table(PANGOLIN_HEADER, row)))

    draft.store(
        second, draft.report(second, table(PANGOLIN_HEADER, lineage_row(sample, "B.1", "")))
    )

    assert draft.rows(LINEAGES) == [(sample, "PANGOLIN", "B.1", "v1.29", None, None, None)]
    assert draft.rows(
        "select disclosed_at = '9999-01-01 00:00:00+00' from aspen.sample_lineages"
    ) == [True]


def test_sample_deleted_meanwhile_is_skipped_and_reported(draft: Desk) -> None:
    """Store the lineages of the other samples."""
    kept, gone = samples = draft.samples(2)
    job = draft.job("pangolin", samples)
    draft.conn.execute("delete from aspen.samples where id = %s", [gone])
    rows = map(lineage_row, samples)

    result = draft.store(job, draft.report(job, table(PANGOLIN_HEADER, *rows)))

    assert f"deleted samples, skipped: {gone}" in result.summary()
    assert draft.rows("select sample_id from aspen.sample_lineages") == [kept]


def test_input_without_a_row_is_reported(draft: Desk) -> None:
    """Report it, and store nothing for it."""
    named, forgotten = samples = draft.samples(2)
    job = draft.job("pangolin", samples)

    result = draft.store(job, draft.report(job, table(PANGOLIN_HEADER, lineage_row(named))))

    assert f"inputs without a row: {forgotten}" in result.summary()


def test_sample_that_is_no_input_is_refused(draft: Desk) -> None:
    """Reject it, whoever owns it: a job writes only about its own inputs."""
    own, other = draft.samples(2)
    foreign = factories.sample(draft.conn, factories.group(draft.conn))
    job = draft.job("pangolin", [own])

    for taxon in (other, foreign, 987654321):
        rows = (lineage_row(own), lineage_row(taxon))
        manifest = draft.report(job, table(PANGOLIN_HEADER, *rows))
        refusal = draft.refusal(partial(draft.store, job, manifest))
        assert refusal.endswith(f"line 3: the taxon {taxon} is not an input of job {job}")


def test_deleted_input_does_not_let_another_sample_in(draft: Desk) -> None:
    """Accept only ids that no sample has any more as deleted ones."""
    gone, other = draft.samples(2)
    job = draft.job("pangolin", [gone], status="running")
    draft.conn.execute("delete from aspen.samples where id = %s", [gone])

    manifest = draft.report(job, table(PANGOLIN_HEADER, lineage_row(other)))
    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal.endswith(f"line 2: the taxon {other} is not an input of job {job}")


HEADER = PANGOLIN_HEADER


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", ": is empty"),
        (table(HEADER), ": has no rows"),
        ("taxon,lineage\n", "line 1: the header lacks ambiguity_score, scorpio_call"),
        (table(HEADER + ",note", "1"), "line 1: the header names note twice"),
        (table(HEADER, "1,BA.2"), "line 2: has 2 fields, the header 9"),
        (table(HEADER, lineage_row("1", score="high")), "line 2: ambiguity_score is 'high'"),
        (table(HEADER, lineage_row("1", score="nan")), "line 2: ambiguity_score is 'nan'"),
        (table(HEADER, lineage_row("1", score="1.5")), "not a number from 0 to 1"),
        (table(HEADER, lineage_row("1", support="-1")), "line 2: scorpio_support is '-1'"),
        (table(HEADER, lineage_row("1", "")), "line 2: lineage is empty"),
        (table(HEADER, lineage_row("1", version="")), "line 2: version is empty"),
        (table(HEADER, lineage_row("1", "B\u202e1")), r"lineage is 'B\u202e1', which holds"),
        (table(HEADER, lineage_row("1", version="4\x1b[2J")), r"line 2: version is '4\x1b[2J',"),
        (table(HEADER, lineage_row("1"), lineage_row("1")), "line 3: the taxon 1 is given twice"),
        (table(HEADER, lineage_row("hCoV-19/1")), "'hCoV-19/1' is not the id of a sample"),
        (table(HEADER, lineage_row("01")), "line 2: the taxon '01' is not the id"),
        (table(HEADER, lineage_row("9" * 30)), "is not the id of a sample"),
        (table(HEADER, lineage_row("1", "B\0")), "line 2: holds the character NUL"),
        (table(HEADER, lineage_row("1", "B")).encode() + b"\xff", "line 3: is not UTF-8"),
        (table(HEADER, '1,"BA.2'), "line 2: is not CSV"),
        (b"\x1f\x8b\x08\x00", ": is compressed, and ends too early"),
        (table(HEADER, "1," + "A" * (17 << 20)), "line 2: is longer than 16777216 bytes"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) and len(value) < 100 else "",
)
def test_malformed_report_is_refused_and_nothing_stored(
    draft: Desk, content: bytes | str, complaint: str
) -> None:
    """Name file, line and reason; leave the job unchanged."""
    factories.sample(draft.conn, draft.group_id, id=1)
    job = draft.job("pangolin", [1])
    manifest = draft.report(job, content)

    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal.startswith(f"s3://{draft.s3.bucket}/{draft.home(job)}lineage_report_csv")
    assert complaint in refusal


def test_byte_order_mark_crlf_and_blank_lines_are_tolerated(draft: Desk) -> None:
    """Accept them, because reports pass through Windows."""
    sample, *_ = draft.samples(1)
    job = draft.job("pangolin", [sample])
    text = "\ufeff" + table(PANGOLIN_HEADER, "", lineage_row(sample), "").replace("\n", "\r\n")

    draft.store(job, draft.report(job, text))

    assert draft.rows("select lineage from aspen.sample_lineages") == ["BA.2"]
