"""`control submission`: what was sent to a repository is kept, and its answers are recorded."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.submissions.receipts import read_receipt
from tests import factories
from tests.control.samples.importer import Importer, Rows

ONE, TWO = "hCoV-19/France/1/2021", "hCoV-19/France/2/2021"
LOG = [
    {"code": "epi_isl_id", "msg": f"{ONE}; EPI_ISL_11"},
    {"code": "validation_error", "msg": f'{TWO}; validation_error; {{"covv_host": "missing"}}'},
    {"code": "upload_count", "msg": "submissions uploaded: 1"},
]


def run(importer: Importer, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["submission", *arguments], env=importer.database.environment)


def create(importer: Importer, *options: str, names: str = "1\n2\n", to: str = "GISAID") -> Result:
    """Send the samples that a table names."""
    return run(importer, "create", *given(importer, names, to), *options)


def given(importer: Importer, names: str = "1\n2\n", to: str = "GISAID") -> list[str]:
    """Write a table of samples, and return the options that send them."""
    path = importer.folder / "batch.csv"
    path.write_text("private_identifier\n" + names)
    options = ["--group", str(importer.group_id), "--user", "alice", "--pathogen", "SC2"]
    return [*options, "--repository", to, "--samples", str(path)]


def receipt(importer: Importer, text: str, *options: str, submission: int = 1) -> Result:
    """Record an answer to a submission."""
    path = importer.folder / "receipt"
    path.write_text(text)
    return run(importer, "receipt", str(submission), str(path), *options)


def change(importer: Importer, statement: str) -> None:
    """Change the database."""
    with importer.database.connect() as conn:
        conn.execute(statement.encode())


def states(importer: Importer) -> Rows:
    """Return what became of each sample, and its accessions."""
    return importer.query(
        "select submitted.strain, submitted.status, submitted.accession, submitted.message,"
        " array(select accession from aspen.accessions where sample_id = submitted.sample_id)"
        " from aspen.submission_samples as submitted order by submitted.id"
    )


@pytest.fixture
def lab(importer: Importer) -> Importer:
    """Return a group with two samples that lack nothing, and one without a sequence."""
    with importer.database.connect() as conn:
        conn.execute("update aspen.groups set address = '1 rue X', submitting_lab = 'Lab'")
        conn.execute("update aspen.users set gisaid_submitter_id = 'ann'")
        for number in (1, 2, 3):
            sample = factories.sample(
                conn,
                importer.group_id,
                str(number),
                public_identifier=f"France/{number}/2021",
                authors=["Ann"],
                sample_collected_by="Clinic",
                sample_collector_contact_address="2 rue Y",
            )
            if number < 3:
                factories.sequence(conn, sample)
    return importer


def test_submission_keeps_the_files_as_they_are_sent(lab: Importer) -> None:
    """Give back later what was sent, although a sample has changed since."""
    created = create(lab, "--output", str(lab.folder / "first"))
    change(lab, "update aspen.samples set host = 'Mustela'")

    assert created.exit_code == 0, created.stderr
    shown = run(lab, "show", "1", "--output", str(lab.folder / "second"), "--json")

    found = json.loads(shown.stdout)
    contents = {path.name: path.read_bytes() for path in (lab.folder / "second").iterdir()}
    assert created.stdout.startswith("recorded submission 1 of 2 samples to GISAID\n")
    assert contents == {path.name: path.read_bytes() for path in (lab.folder / "first").iterdir()}
    assert {file["name"]: file["checksum_sha256"] for file in found["files"]} == {
        name: sha256(content).hexdigest() for name, content in contents.items()
    }
    [metadata] = [text for name, text in contents.items() if name.endswith("_GISAID_metadata.csv")]
    rows = list(csv.reader(metadata.decode().splitlines()))
    assert [row[2] for row in rows[2:]] == [ONE, TWO]
    assert [(sample["strain"], sample["status"]) for sample in found["samples"]] == [
        (ONE, "sent"),
        (TWO, "sent"),
    ]


CHOICES = {
    "named": (["--sample", "1", "--sample", "2"], "of 2 samples"),
    "by a day": (["--collected-from", "2024-03-01"], "of 1 samples"),
    "by days": (["--collected-from", "2024-02-01", "--collected-to", "2024-02-29"], "of 1 samples"),
    "by a lineage": (["--lineage", "BA.2"], "of 1 samples"),
    "no sample": (["--lineage", "XBB"], "no sample is chosen"),
    "nothing": ([], "Give --samples, or --sample"),
    "twice": (["--lineage", "BA.2", "--sample", "1"], "Give --samples, or --sample"),
}


@pytest.mark.parametrize(("options", "said"), CHOICES.values(), ids=CHOICES)
def test_samples_of_a_submission_are_chosen_without_a_table(
    lab: Importer, options: list[str], said: str
) -> None:
    """Choose by identifiers, or by lineage and days of collection; not by both, nor by nothing."""
    change(lab, "delete from aspen.samples where private_identifier = '3'")
    change(
        lab,
        "update aspen.samples set collection_date = '2024-03-05' where private_identifier = '2'",
    )
    with lab.database.connect() as conn:
        row = conn.execute("select id from aspen.samples where private_identifier = '2'").fetchone()
        assert row is not None
        factories.sample_lineage(conn, row[0], lineage="BA.2.12")
    given = ["--group", str(lab.group_id), "--user", "alice", "--pathogen", "SC2"]

    result = run(lab, "create", *given, "--repository", "GISAID", "--dry-run", *options)

    assert said in result.output
    assert (result.exit_code == 0) is said.startswith("of ")


def test_dry_run_of_a_submission_records_nothing(lab: Importer) -> None:
    """Make the files and forget them."""
    result = create(lab, "--dry-run")

    assert result.stdout == "would record a submission of 2 samples to GISAID\n"
    assert lab.query("select from aspen.submissions") == []


@pytest.mark.parametrize(
    ("names", "reasons"),
    [
        ("1\n3\nx\n", ["3 has no sequence", "x is not a sample of this group"]),
        ("1\nBETA\n", ["BETA is not a sample of this group"]),
    ],
)
def test_samples_that_cannot_be_sent_are_listed(
    lab: Importer, names: str, reasons: list[str]
) -> None:
    """Refuse unknown samples, those without a sequence, and those of others that alice sees."""
    with lab.database.connect() as conn:
        other = factories.group(conn, "Beta Lab")
        factories.sequence(conn, factories.sample(conn, other, "BETA"))
        factories.grant(conn, other, lab.group_id, "member")

    result = create(lab, names=names)

    assert (result.exit_code, sorted(result.stderr.splitlines()[1:-1])) == (1, reasons)
    assert lab.query("select from aspen.submissions") == []


def test_sample_is_sent_to_a_repository_once(lab: Importer) -> None:
    """Refuse it again, but not for another repository."""
    create(lab)

    again, elsewhere = create(lab, names="2\n"), create(lab, names="2\n", to="GenBank")

    assert (again.exit_code, again.stderr.splitlines()[1]) == (1, "2 is in submission 1")
    assert elsewhere.exit_code == 0


def test_sample_with_an_accession_is_not_sent(lab: Importer) -> None:
    """Refuse what the repository has already."""
    with lab.database.connect() as conn:
        [(sample,)] = lab.query("select id from aspen.samples where private_identifier = '1'")
        factories.accession(conn, int(str(sample)), accession="EPI_ISL_9")

    result = create(lab)

    assert (result.exit_code, result.stderr.splitlines()[1]) == (1, "1 has the accession EPI_ISL_9")


def test_two_submissions_at_once_send_a_sample_once(lab: Importer) -> None:
    """Let one of them win, whichever it is."""
    command = [sys.executable, "-m", "control", "submission", "create", *given(lab)]
    environment = os.environ | lab.database.environment

    both = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]

    assert sorted(process.wait() for process in both) == [0, 1]
    assert lab.query("select count(*) from aspen.submission_samples") == [(2,)]


@pytest.mark.parametrize("user", ["vic", "bob"])
def test_submission_has_the_rights_of_its_user(lab: Importer, user: str) -> None:
    """Refuse a viewer and a stranger."""
    with lab.database.connect() as conn:
        factories.user(conn, "vic", {lab.group_id: "viewer"})
        factories.user(conn, "bob", {factories.group(conn): "admin"})

    result = create(lab, "--user", user)

    assert result.exit_code == 1
    assert "You cannot submit samples of this group" in result.stderr


def test_receipt_stores_accessions_and_rejections(lab: Importer) -> None:
    """Leave a sample without an answer as it is, and change nothing the second time."""
    create(lab)

    first, second = receipt(lab, json.dumps(LOG)), receipt(lab, json.dumps(LOG))

    assert [first.stdout, second.stdout] == [
        "recorded 1 accessions and 1 rejections; 0 were known, 0 have no answer\n",
        "recorded 0 accessions and 0 rejections; 2 were known, 0 have no answer\n",
    ]
    assert states(lab) == [
        (ONE, "accepted", "EPI_ISL_11", None, ["EPI_ISL_11"]),
        (TWO, "rejected", None, '{"covv_host": "missing"}', []),
    ]


def test_rejected_sample_is_sent_again(lab: Importer) -> None:
    """Record the accession of the second submission."""
    create(lab)
    receipt(lab, json.dumps(LOG))

    created = create(lab, names="2\n")
    result = receipt(lab, f"epi_isl_id:     {TWO}; EPI_ISL_12\n", submission=2)

    assert (created.exit_code, result.exit_code) == (0, 0)
    assert states(lab)[2] == (TWO, "accepted", "EPI_ISL_12", None, ["EPI_ISL_12"])


def test_rejected_sample_that_was_sent_again_is_not_accepted_twice(lab: Importer) -> None:
    """Refuse the accession that comes late for the submission that rejected it."""
    create(lab)
    receipt(lab, json.dumps(LOG))
    create(lab, names="2\n")

    result = receipt(lab, f"epi_isl_id: {TWO}; EPI_ISL_12\n")

    assert result.exit_code == 1
    assert "the sample is in submission 2" in result.stderr


def test_dry_run_of_a_receipt_stores_nothing(lab: Importer) -> None:
    """Say what would be recorded."""
    create(lab)

    result = receipt(lab, json.dumps(LOG), "--dry-run")

    assert result.stdout.startswith("would record 1 accessions and 1 rejections")
    assert [state for _, state, *_ in states(lab)] == ["sent", "sent"]


def test_wrong_lines_of_a_receipt_are_listed(lab: Importer) -> None:
    """List strains of others and accessions that contradict each other or what is known."""
    create(lab)
    receipt(lab, f"epi_isl_id: {ONE}; EPI_ISL_11\n")
    rows = f"{ONE},EPI_ISL_99\nx,EPI_ISL_3\n{TWO},EPI_ISL_4\n{TWO},EPI_ISL_5\n{TWO},MT1\n"

    result = receipt(lab, f"Virus name,Accession ID\n{rows}")

    lines = [line.partition("receipt:")[2] for line in result.stderr.splitlines()[1:-1]]
    assert (result.exit_code, lines) == (
        1,
        [
            f"2: {ONE} has the accession EPI_ISL_11, not EPI_ISL_99",
            "3: x is not in this submission",
            f"5: {TWO} has the accession EPI_ISL_5 here and EPI_ISL_4 in line 4",
            "6: 'MT1' is no accession",
        ],
    )
    assert states(lab)[1][1] == "sent"


def test_accession_of_another_sample_is_refused(lab: Importer) -> None:
    """Refuse one accession for two samples, also in two receipts."""
    create(lab)
    receipt(lab, f"epi_isl_id: {ONE}; EPI_ISL_11\n")

    result = receipt(lab, f"epi_isl_id: {TWO}; EPI_ISL_11\n")

    assert result.exit_code == 1
    assert f"EPI_ISL_11 belongs to {ONE}" in result.stderr


def test_submission_stays_after_its_sample_is_deleted(lab: Importer) -> None:
    """Keep the strain and the state, and take an answer that comes later."""
    create(lab)
    change(lab, "delete from aspen.samples where private_identifier = '1'")

    result = receipt(lab, json.dumps(LOG))

    assert result.exit_code == 0
    assert states(lab)[0] == (ONE, "accepted", "EPI_ISL_11", None, [])


def test_submissions_are_listed(lab: Importer) -> None:
    """Count the samples in each state."""
    create(lab)
    receipt(lab, json.dumps(LOG))

    result = run(lab, "list", "--group", str(lab.group_id), "--json")

    [found] = json.loads(result.stdout)
    assert [found[key] for key in ("id", "repository", "sent", "accepted", "rejected")] == [
        1,
        "GISAID",
        0,
        1,
        1,
    ]


FORMS = {
    "report of GenBank": (
        "GenBank",
        "#Accession\tSequence ID\tRelease Date\nMT123456\tA/1\t2021-02-03\n",
        [("A/1", "MT123456")],
    ),
    "list of GenBank": ("GenBank", "A/1 OX\tMT123456.1\n", [("A/1 OX", "MT123456.1")]),
    "list, accession first": ("GenBank", "MT123456\tA/1\n", [("A/1", "MT123456")]),
    "log in JSON": ("GISAID", json.dumps(LOG, indent=2), [(ONE, "EPI_ISL_11"), (TWO, None)]),
    "log in lines of JSON": (
        "GISAID",
        "\n".join(map(json.dumps, LOG)),
        [(ONE, "EPI_ISL_11"), (TWO, None)],
    ),
    "log in text": (
        "GISAID",
        f"missing_seq:    {TWO}\nepi_isl_id:     {ONE}; EPI_ISL_11\nupload_count: 1\n",
        [(TWO, None), (ONE, "EPI_ISL_11")],
    ),
    "table of EpiCoV": (
        "GISAID",
        f"Virus name\tAccession ID\tCollection date\n{ONE}\tEPI_ISL_11\t2021\n",
        [(ONE, "EPI_ISL_11")],
    ),
}


@pytest.mark.parametrize(("repository", "text", "found"), FORMS.values(), ids=FORMS)
def test_forms_of_receipts_are_read(
    tmp_path: Path, repository: str, text: str, found: list[tuple[str, str | None]]
) -> None:
    """Read what the repositories send."""
    path = tmp_path / "receipt"
    path.write_text(text)

    read = read_receipt(path, repository)

    assert ([(answer.strain, answer.accession) for answer in read.answers], read.problems) == (
        found,
        (),
    )


@pytest.mark.parametrize("text", ["", "[1]", '{"code": 1}', "some text\n", "a\tb\nc\td\n"])
def test_other_file_is_no_receipt(lab: Importer, text: str) -> None:
    """Say what a receipt looks like."""
    create(lab)

    result = receipt(lab, text)

    assert (result.exit_code, states(lab)[0][1]) == (1, "sent")
