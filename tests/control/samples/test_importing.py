"""`control sample import` as people type it: everything is stored, or nothing with every reason."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from control.people.groups import Group, find_group
from control.samples import importing
from control.samples.importing import Target, import_samples
from control.samples.metadata import MetadataOptions, read_metadata
from tests import factories
from tests.control.samples.importer import DATE, GENOME, Importer, Rows, problems


def test_import_stores_samples_with_everything_the_files_say(importer: Importer) -> None:
    """Match rows and sequences in any order; create a location once; "?" is no value."""
    importer.add("A/1", division="Bretagne", genbank_accession="MT1", authors="Ann, Bob")
    importer.add("A/2", division="Bretagne", gisaid_epi_isl="EPI_ISL_2", host="Mustela lutreola")

    result = importer.run()

    assert (result.exit_code, result.stdout) == (
        0,
        "imported 2 samples into Alpha Lab: 2 created, 0 updated, 0 skipped;"
        " 2 sequences, 2 accessions, 2 new locations\n",
    )
    assert importer.query(
        "select samples.public_identifier, samples.collection_date::text, samples.authors,"
        " samples.host, users.subject, locations.division, locations.location,"
        " repositories.name, accessions.accession"
        " from aspen.samples"
        " join aspen.locations on locations.id = samples.location_id"
        " join aspen.users on users.id = samples.uploaded_by_id"
        " join aspen.accessions on accessions.sample_id = samples.id"
        " join aspen.public_repositories as repositories"
        " on repositories.id = accessions.public_repository_id"
        " order by samples.public_identifier"
    ) == [
        ("A/1", DATE, ["Ann", "Bob"], "Homo sapiens", "alice", "Bretagne", None, "GenBank", "MT1"),
        (
            "A/2",
            DATE,
            ["Alpha Lab"],
            "Mustela lutreola",
            "alice",
            "Bretagne",
            None,
            "GISAID",
            "EPI_ISL_2",
        ),
    ]


def test_import_takes_identifiers_from_the_columns_it_is_told(importer: Importer) -> None:
    """Keep a group's own numbers private; generate an empty public identifier."""
    importer.add("A/1", lab_number="7001")
    importer.add("A/2", lab_number="7002", published_as="A/two")

    result = importer.run(
        *("--private-identifier-column", "lab_number"),
        *("--public-identifier-column", "published_as"),
    )

    assert result.exit_code == 0
    [(_, generated, _), named] = importer.stored()
    assert str(generated).startswith("hCoV-19/France/ALP-")
    assert named == ("7002", "A/two", True)


def test_import_names_every_problem_and_stores_nothing(importer: Importer) -> None:
    """Report what the file, the sequences and the database find wrong, in one run."""
    importer.add("A/1")
    importer.add("A/2", date="2021-02-30")
    importer.add("A/3", GENOME + "!", region="?")
    importer.add("A/4", "ACGT")
    importer.add("A/5", location="Brest")
    importer.add("A/6", genbank_accession="M" * 129)
    importer.add(" ", None)
    importer.add("A/8", GENOME + "Z", date="2999-01-01")

    result = importer.run()

    assert (result.exit_code, importer.stored(), importer.query("table aspen.locations")) == (
        1,
        [],
        [],
    )
    assert problems(result) == [
        'metadata.tsv:3: A/2: date "2021-02-30" must be a date YYYY-MM-DD',
        "metadata.tsv:4: A/3: region is required",
        "metadata.tsv:6: A/5: division is required for the location Brest",
        f'metadata.tsv:7: A/6: genbank_accession "{"M" * 60}…" is longer than 128 characters',
        "metadata.tsv:8: : strain is required",
        'metadata.tsv:9: A/8: date "2999-01-01" must be between 1900-01-01 and today',
        "sequences.fasta:1: A/8: sequence has 'Z' at position 1201,"
        " which is neither an IUPAC nucleotide code nor a gap (-)",
        "sequences.fasta:7: A/4: sequence has 4 bases; at least 1000 are needed",
        "sequences.fasta:9: A/3: sequence has '!' at position 1201,"
        " which is neither an IUPAC nucleotide code nor a gap (-)",
    ]
    assert "7 of 8 samples are rejected" in result.stderr


def test_import_names_places_and_accessions_that_are_no_names(importer: Importer) -> None:
    """Check them, because create_samples does not see them."""
    importer.add("A/1")
    importer.add("A/2", country="Fran\u202ece", host="=1")
    importer.add("A/3", GENOME + "!", division="=1+1", location="x" * 129)
    importer.add("A/4", gisaid_epi_isl="@EPI", genbank_accession="M\u200b1")

    result = importer.run()

    assert (result.exit_code, importer.stored(), importer.query("table aspen.locations")) == (
        1,
        [],
        [],
    )
    assert problems(result) == [
        'metadata.tsv:3: A/2: country "Fran\\u202ece" must not hold the invisible character U+202E',
        'metadata.tsv:4: A/3: division "=1+1" must not begin with =, +, - or @',
        f'metadata.tsv:4: A/3: location "{"x" * 60}…" must be 1 to 128 characters on one line,'
        " without spaces around it",
        'metadata.tsv:5: A/4: genbank_accession "M\u200b1" must not hold the invisible character'
        " U+200B",
        'metadata.tsv:5: A/4: gisaid_epi_isl "@EPI" must not begin with =, +, - or @',
        "sequences.fasta:3: A/3: sequence has '!' at position 1201,"
        " which is neither an IUPAC nucleotide code nor a gap (-)",
    ]


def test_import_goes_on_after_a_bad_batch_to_find_the_other_problems(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report everything, not one batch at a time."""
    monkeypatch.setattr(importing, "BATCH_SAMPLES", 2)
    for number in range(1, 8):
        importer.add(f"A/{number}", date="1800-01-01" if number in (1, 4, 7) else DATE)

    result = importer.run()

    assert [line.split(" ")[1] for line in problems(result)] == ["A/1:", "A/4:", "A/7:"]
    assert importer.stored() == []


def test_import_names_repeated_identifiers_wherever_they_are(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report each of the rows, also in different batches."""
    monkeypatch.setattr(importing, "BATCH_SAMPLES", 1)
    importer.add("A/1", lab_number="1")
    importer.add("A/2", lab_number="2")
    importer.add("A/1", lab_number="3")
    importer.add("A/4", lab_number="2")

    result = importer.run("--private-identifier-column", "lab_number")

    assert problems(result) == [
        'metadata.tsv:2: A/1: strain "A/1" is given in lines 2, 4',
        'metadata.tsv:3: A/2: lab_number "2" is given in lines 3, 5',
        'metadata.tsv:4: A/1: strain "A/1" is given in lines 2, 4',
        'metadata.tsv:5: A/4: lab_number "2" is given in lines 3, 5',
    ]


@pytest.mark.parametrize(
    ("policy", "exit_code", "hosts"),
    [
        ("error", 1, [("A/1", "old")]),
        ("skip", 0, [("A/1", "old"), ("A/2", "new")]),
        ("update", 0, [("A/1", "new"), ("A/2", "new")]),
    ],
)
def test_import_does_as_told_with_samples_the_group_has(
    importer: Importer, policy: str, exit_code: int, hosts: Rows
) -> None:
    """Reject the file, skip the samples, or update them."""
    importer.add("A/1", host="old")
    importer.run()
    importer.rows.clear()
    importer.add("A/1", host="new")
    importer.add("A/2", host="new")

    result = importer.run("--on-conflict", policy)

    assert result.exit_code == exit_code
    assert importer.query("select private_identifier, host from aspen.samples order by 1") == hosts


def test_import_replaces_accessions_only_of_samples_it_updates(importer: Importer) -> None:
    """Keep the accession of a skipped sample."""
    importer.add("A/1", genbank_accession="MT1")
    importer.run()
    importer.rows[0]["genbank_accession"] = "MT2"

    found = []
    for policy in ("skip", "update"):
        importer.run("--on-conflict", policy)
        found += importer.query("select accession from aspen.accessions")

    assert found == [("MT1",), ("MT2",)]


def test_import_names_every_row_where_an_error_lists_the_first_problems(
    importer: Importer,
) -> None:
    """Ask again where the API names 200 problems and only counts the others."""
    for number in range(150):
        importer.add(f"=A/{number}", date="2999-01-01")

    result = importer.run("--rejects", "rejects.tsv")

    lines = (importer.folder / "rejects.tsv").read_text().splitlines()
    rejected = {line.split("\t")[2] for line in lines[1:]}
    assert (result.exit_code, rejected) == (1, {f"'=A/{number}" for number in range(150)})


def test_import_rejects_samples_without_a_sequence_unless_allowed(importer: Importer) -> None:
    """Reject them, because a misspelt name in one file looks the same."""
    importer.add("A/1")
    importer.add("A/2", None)

    refused = importer.run()
    allowed = importer.run("--allow-missing-sequences")

    assert problems(refused) == ["metadata.tsv:3: A/2: sequence is missing from the sequences"]
    assert (allowed.exit_code, importer.stored()) == (
        0,
        [("A/1", "A/1", True), ("A/2", "A/2", False)],
    )


def test_import_needs_no_sequences_at_all_when_allowed(importer: Importer) -> None:
    """Treat a missing file as a wrong command line without that option."""
    importer.add("A/1")
    importer.write()

    assert importer.invoke().exit_code == 2
    assert importer.invoke("--allow-missing-sequences").exit_code == 0
    assert importer.stored() == [("A/1", "A/1", False)]


def test_day_of_a_sequence_needs_the_sequence(importer: Importer) -> None:
    """Import a row without one, and refuse to change what is not stored."""
    importer.add("A/1", sequencing_date="2024-02-03", sequencing_depth="7")
    importer.write()

    created = importer.invoke("--allow-missing-sequences")
    updated = importer.invoke("--allow-missing-sequences", "--on-conflict", "update")

    assert (created.exit_code, importer.stored()) == (0, [("A/1", "A/1", False)])
    assert (updated.exit_code, problems(updated)) == (
        1,
        [
            'metadata.tsv:2: A/1: sequencing_date "2024-02-03" the sample has no sequence',
            'metadata.tsv:2: A/1: sequencing_depth "7" the sample has no sequence',
        ],
    )


def test_import_reports_sequences_that_no_row_names(importer: Importer) -> None:
    """Count sequences of a large FASTA file that the metadata does not name."""
    importer.add("A/1")
    importer.sequences |= {f"B/{number}": "ACGT" for number in range(30)}

    result = importer.run()

    assert (result.exit_code, importer.stored()) == (0, [("A/1", "A/1", True)])
    assert "30 sequences have no metadata: B/29, B/28, " in result.stderr


def test_import_rejects_a_strain_with_two_sequences(importer: Importer) -> None:
    """Reject both, because nobody can tell which is right."""
    importer.add("A/1")
    importer.write()
    with (importer.folder / "sequences.fasta").open("a") as file:
        file.write(f">A/1 once more\n{GENOME}\n")

    result = importer.invoke("--sequences", "sequences.fasta")

    assert problems(result) == ["sequences.fasta:3: A/1: sequence is given twice, first in line 1"]
    assert importer.stored() == []


@pytest.mark.parametrize("date", ["2021-02-XX", "2021-XX-XX", "2021-02", "2021", "2021-XX"])
def test_import_rejects_incomplete_dates_unless_told_otherwise(
    importer: Importer, date: str
) -> None:
    """Use their first day only on request, because it is a guess."""
    importer.add("A/1", date=date)

    refused = importer.run()
    taken = importer.run("--incomplete-dates", "first-day")

    first_day = "2021-02-01" if "-02" in date else "2021-01-01"
    assert problems(refused) == [
        f'metadata.tsv:2: A/1: date "{date}" is not a complete date;'
        " --incomplete-dates first-day uses its first day"
    ]
    assert taken.exit_code == 0
    assert importer.query("select collection_date::text from aspen.samples") == [(first_day,)]


@pytest.mark.parametrize("called", ["id", "name", "prefix"])
def test_import_finds_the_group_by_any_of_its_names(importer: Importer, called: str) -> None:
    """Accept any name an operator knows."""
    importer.add("A/1")
    names = {"id": str(importer.group_id), "name": "Alpha Lab", "prefix": "ALP"}

    assert importer.run("--group", names[called]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--group", "Beta Lab"], "there is no group 'Beta Lab'"),
        (["--user", "nobody"], "unknown_user"),
        (["--user", "victor"], "group_access_denied"),
        (["--user", "stella"], "group_access_denied"),
        (["--user", "dora"], "user_disabled"),
        (["--pathogen", "FLU"], "unknown_pathogen"),
        (["--public-identifier-column", "nickname"], "has no column nickname"),
    ],
    ids=["group", "unknown user", "viewer", "stranger", "disabled", "pathogen", "column"],
)
def test_import_is_refused_to_whoever_could_not_do_it_through_the_api(
    importer: Importer, options: list[str], reason: str
) -> None:
    """Act as the user, so that the rules of the API hold."""
    importer.add("A/1")
    with importer.database.connect() as conn:
        factories.user(conn, "victor", {importer.group_id: "viewer"})
        factories.user(conn, "stella", {factories.group(conn): "admin"})
        factories.user(conn, "dora", {importer.group_id: "admin"}, disabled_at="2024-01-01")

    result = importer.run(*options)

    assert (result.exit_code, importer.stored()) == (1, [])
    assert reason in result.stderr


def test_import_says_what_to_load_when_a_repository_is_missing(importer: Importer) -> None:
    """Name the command, because accessions are stored by repository."""
    importer.add("A/1", gisaid_epi_isl="EPI_ISL_1")
    importer.query("delete from aspen.pathogen_repositories returning 1")
    importer.query("update aspen.pathogens set default_repository_id = null returning 1")
    importer.query("delete from aspen.public_repositories where name = 'GISAID' returning 1")

    result = importer.run()

    assert "no repository GISAID" in result.stderr
    assert "Remedy: run control load pathogens" in result.stderr


def test_import_hides_samples_from_other_groups_when_asked(importer: Importer) -> None:
    """Hide all samples, or those that a column marks."""
    importer.add("A/1")
    importer.run("--private")
    importer.rows.clear()
    importer.add("A/2", is_private="true")
    importer.add("A/3", is_private="false")
    importer.add("A/4", is_private="?")
    importer.run()

    assert importer.query(
        "select private_identifier, is_private from aspen.samples order by 1"
    ) == [
        ("A/1", True),
        ("A/2", True),
        ("A/3", False),
        ("A/4", False),
    ]


def test_dry_run_checks_everything_and_stores_nothing(importer: Importer) -> None:
    """Report what an import would report."""
    importer.add("A/1")
    good = importer.run("--dry-run")
    importer.add("A/2", GENOME + "!")
    bad = importer.run("--dry-run")

    assert good.stdout.startswith("would import 1 samples into Alpha Lab: 1 created,")
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert (importer.stored(), importer.query("table aspen.locations")) == ([], [])


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_import_reads_compressed_files_whatever_their_names(
    importer: Importer, compress: Callable[[bytes], bytes]
) -> None:
    """Detect the compression of both files by their first bytes."""
    importer.add("A/1")
    importer.write()
    for name in ("metadata.tsv", "sequences.fasta"):
        path = importer.folder / name
        path.write_bytes(compress(path.read_bytes()))

    assert importer.invoke("--sequences", "sequences.fasta").exit_code == 0
    assert importer.stored() == [("A/1", "A/1", True)]


@pytest.mark.parametrize("name", ["metadata.tsv", "sequences.fasta"])
@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_import_stores_nothing_when_a_file_ends_too_early(
    importer: Importer,
    monkeypatch: pytest.MonkeyPatch,
    compress: Callable[[bytes], bytes],
    name: str,
) -> None:
    """Store none of the batches before that point."""
    monkeypatch.setattr(importing, "BATCH_SAMPLES", 1)
    importer.add("A/1")
    importer.add("A/2")
    importer.write()
    path = importer.folder / name
    path.write_bytes(compress(path.read_bytes())[:-8])

    result = importer.invoke("--sequences", "sequences.fasta")

    assert (result.exit_code, importer.stored()) == (1, [])
    assert f"{name} is damaged" in result.stderr


def test_import_writes_all_problems_to_a_file_when_asked(importer: Importer) -> None:
    """Show ten of many alike problems on the terminal."""
    for number in range(120):
        importer.add(f"A/{number}", None, region="?")

    result = importer.run("--rejects", "rejects.tsv")

    lines = (importer.folder / "rejects.tsv").read_text().splitlines()
    assert lines[:2] == [
        "file\tline\tstrain\tfield\tvalue\treason",
        "metadata.tsv\t2\tA/0\tregion\t\tis required",
    ]
    assert len(lines) == 121
    assert problems(result) == [
        "metadata.tsv: 120 times: region is required: lines"
        f" {', '.join(f'{number + 2} (A/{number})' for number in range(10))} and 110 more"
    ]
    assert "Remedy: correct these rows; rejects.tsv lists all problems" in result.stderr


def test_import_tells_machines_what_happened(importer: Importer) -> None:
    """Print one JSON object, stored or not."""
    importer.add("A/1")
    stored = json.loads(importer.run("--json").stdout)
    refused = importer.run("--json")

    assert (stored["created"], stored["problems"], stored["is_stored"]) == (1, [], True)
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["problems"] == [
        {
            "file": "metadata.tsv",
            "line": 2,
            "strain": "A/1",
            "field": "strain",
            "value": "A/1",
            "reason": "already exists in this group",
        },
    ]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b"", "metadata.tsv is empty"),
        (b"strain\tdate\tregion\n\n", "metadata.tsv has no rows below its header"),
        (b"name\tdate\n1\t2\n", "has no column strain, region; its columns are name, date"),
        (b"strain,date,area\nA/1,2021-02-03,Europe\n", "has no column region; its columns are"),
        (b"strain\tdate\tregion\tdate\n", "metadata.tsv has several columns date"),
        (b"strain\tdate\tregion\nA/1\t\xff\tEurope\n", "metadata.tsv, line 2 is not UTF-8"),
        (
            b"strain\tdate\tregion\n\nA/1\tEurope\n",
            "metadata.tsv:3: A/1: the row has 2 cells, the header 3",
        ),
        (
            b"strain\tdate\tregion\nA/1\t2021-02-03\tEur\0ope\n",
            'metadata.tsv:2: A/1: region "Eur\\u0000ope" holds a NUL character',
        ),
    ],
    ids=[
        "empty",
        "header alone",
        "other columns",
        "commas",
        "repeated column",
        "not UTF-8",
        "short row",
        "NUL",
    ],
)
def test_import_says_where_a_metadata_file_is_malformed(
    importer: Importer, metadata: bytes, reason: str
) -> None:
    """Name file and line, without a traceback."""
    (importer.folder / "metadata.tsv").write_bytes(metadata)

    result = importer.invoke("--allow-missing-sequences")

    assert result.exit_code == 1
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("sequences", "reason"),
    [
        (b"ACGT\n>A/1\nACGT\n", "sequences.fasta, line 1: there is text before the first header"),
        (b">A/1 \xff\nACGT\n", "sequences.fasta, line 1: the header is not UTF-8"),
        (
            b">A/1\n" + b"ACGT" * 300 + b"\0\n",
            "sequences.fasta:1: A/1: sequence has '\ufffd' at position 1201",
        ),
    ],
    ids=["no header", "not UTF-8", "NUL"],
)
def test_import_says_where_a_fasta_file_is_malformed(
    importer: Importer, sequences: bytes, reason: str
) -> None:
    """Name file and line, without a traceback."""
    importer.add("A/1")
    importer.write()
    (importer.folder / "sequences.fasta").write_bytes(sequences)

    result = importer.invoke("--sequences", "sequences.fasta")

    assert (result.exit_code, importer.stored()) == (1, [])
    assert reason in result.stderr


def test_import_reads_a_spreadsheet_export(importer: Importer) -> None:
    """Accept a byte-order mark, CRLF and blank lines at the end."""
    text = "strain\tdate\tregion\r\nA/1\t2021-02-03\tEurope\r\n\r\n"
    (importer.folder / "metadata.tsv").write_text(text, encoding="utf-8-sig", newline="")

    assert importer.invoke("--allow-missing-sequences").exit_code == 0
    assert importer.stored() == [("A/1", "A/1", False)]


def test_imports_at_the_same_time_share_their_new_places(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make the second wait for the first, and neither create a location twice."""
    monkeypatch.setattr(importing, "BATCH_SAMPLES", 1)
    for number in range(20):
        importer.add(f"A/{number}", division=f"Division {number}")
    importer.write()
    with importer.database.connect() as conn:
        other_id = factories.group(conn)
        factories.user(conn, "bob", {other_id: "member"})
        groups = [find_group(conn, str(group_id)) for group_id in (importer.group_id, other_id)]

    def run(group: Group, subject: str) -> int:
        metadata = read_metadata(importer.folder / "metadata.tsv", MetadataOptions())
        with importer.database.connect() as conn:
            target = Target(group, subject, "SC2")
            return import_samples(
                conn, target, metadata, importer.folder / "sequences.fasta"
            ).created

    with ThreadPoolExecutor() as pool:
        created = list(pool.map(run, groups, ["alice", "bob"]))

    assert created == [20, 20]
    assert importer.query("select count(*) from aspen.locations") == [(21,)]


def test_import_of_several_batches_queues_one_pair_of_jobs(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make each sample an input of both, however many batches it takes."""
    monkeypatch.setattr(importing, "BATCH_SAMPLES", 2)
    for number in range(5):
        importer.add(f"A/{number}")

    assert importer.run().exit_code == 0

    assert importer.query(
        "select jobs.kind, jobs.status, count(*) from aspen.jobs as jobs"
        " inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " group by jobs.id order by jobs.kind"
    ) == [("nextclade", "queued", 5), ("pangolin", "queued", 5)]


def test_import_of_the_same_again_queues_nothing(importer: Importer) -> None:
    """Compute only the changed sequence again, and do not report missing sequences."""
    for number in range(3):
        importer.add(f"A/{number}")
    importer.run()
    importer.query("update aspen.jobs set status = 'cancelled', finished_at = now() returning id")
    importer.sequences["A/1"] = "T" * 1200

    result = importer.run("--on-conflict", "update")

    assert "3 updated, 0 skipped; 3 sequences" in result.stdout
    assert importer.query(
        "select jobs.kind, inputs.public_identifier from aspen.jobs as jobs"
        " inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " where jobs.status = 'queued' order by jobs.kind"
    ) == [("nextclade", "A/1"), ("pangolin", "A/1")]
