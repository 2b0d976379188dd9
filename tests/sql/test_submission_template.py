"""The tables that GISAID and GenBank take."""

from __future__ import annotations

import datetime
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.downloads import call, file_of, headers_of, left_out, table_of

TEMPLATE = "submission_template"
GISAID = (
    "submitter fn covv_virus_name covv_type covv_passage covv_collection_date covv_location"
    " covv_add_location covv_host covv_add_host_info covv_sampling_strategy covv_gender"
    " covv_patient_age covv_patient_status covv_specimen covv_outbreak covv_last_vaccinated"
    " covv_treatment covv_seq_technology covv_assembly_method covv_coverage covv_orig_lab"
    " covv_orig_lab_addr covv_provider_sample_id covv_subm_lab covv_subm_lab_addr"
    " covv_subm_sample_id covv_authors"
).split()
GENBANK = [
    "Sequence_ID",
    "collection-date",
    "country",
    "host",
    "isolate",
    "isolation-source",
    "BioProject",
    "BioSample",
]


def today() -> str:
    """Return the day in UTC as file names have it."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%d}"


def gisaid(conn: psycopg.Connection, **arguments: Any) -> list[dict[str, str]]:
    """Return the rows for GISAID without empty cells, which have no title as a key."""
    text = file_of(conn, TEMPLATE, repository="GISAID", **arguments)
    names, titles, *rows = table_of(text, ",")
    assert (names, len(titles)) == (GISAID, 28)
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if cell != ""} for row in rows
    ]


def genbank(conn: psycopg.Connection, **arguments: Any) -> list[list[str]]:
    """Return the rows for GenBank."""
    names, *rows = table_of(file_of(conn, TEMPLATE, repository="GenBank", **arguments))
    assert names == GENBANK
    return rows


def missing(conn: psycopg.Connection, **arguments: Any) -> list[tuple[str, str]]:
    """Return sample and column of each problem of a template for GISAID."""
    answer = refusal_of(conn, *call(TEMPLATE, {"repository": "GISAID"} | arguments))
    assert not isinstance(answer, str)
    assert answer[:2] == (400, "incomplete_samples")
    return [(problem["sample"], problem["column"]) for problem in answer[2]]


@pytest.fixture
def complete(admin: psycopg.Connection, lab: Lab) -> int:
    """Store all that GISAID requires, with a sample of everything in Spain; return the sample."""
    factories.strain_prefix(
        admin, lab.pathogen, factories.repository(admin, "GenBank"), "SARS-CoV-2/human"
    )
    admin.execute(
        "update aspen.groups set submitting_lab = 'The lab', address = '1 Main Street, Lima'"
    )
    admin.execute("update aspen.users set gisaid_submitter_id = 'alice-at-gisaid'")
    sample = factories.sample(
        admin,
        lab.group,
        "own",
        public_identifier="Spain/LAB-1/2024",
        location_id=factories.location(admin, "Spain", "Andalusia", "Seville"),
        authors=["Curie, M.", "Meitner, L."],
        sample_collected_by='Hospital "Sur"',
        sample_collector_contact_address="2 Side Street",
        purpose_of_sampling="Sentinel surveillance",
    )
    factories.sequence(admin, sample, sequencing_depth=30.5)
    return sample


def test_gisaid_row_has_28_columns(request_as: RequestAs, complete: int) -> None:
    """Fill in what is known, and leave the rest to the submitter."""
    with request_as("member", sub="alice") as conn:
        rows = gisaid(conn)
        headers = headers_of(conn)

    assert rows == [
        {
            "submitter": "alice-at-gisaid",
            "fn": f"{today()}_GISAID_sequences.fasta",
            "covv_virus_name": "hCoV-19/Spain/LAB-1/2024",
            "covv_type": "betacoronavirus",
            "covv_passage": "Original",
            "covv_collection_date": "2024-02-01",
            "covv_location": "Europe / Spain / Andalusia / Seville",
            "covv_host": "Human",
            "covv_sampling_strategy": "Sentinel surveillance",
            "covv_gender": "unknown",
            "covv_patient_age": "unknown",
            "covv_patient_status": "unknown",
            "covv_specimen": "Nasopharyngeal/oropharyngeal swab",
            "covv_coverage": "30.5x",
            "covv_orig_lab": 'Hospital "Sur"',
            "covv_orig_lab_addr": "2 Side Street",
            "covv_subm_lab": "The lab",
            "covv_subm_lab_addr": "1 Main Street, Lima",
            "covv_authors": "Curie, M., Meitner, L.",
        }
    ]
    assert headers == {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{today()}_GISAID_metadata.csv"',
        "Samples-Left-Out": "0",
    }


def test_genbank_row_has_8_columns(request_as: RequestAs, complete: int) -> None:
    """Have the prefix of GenBank, and no column twice."""
    name = "SARS-CoV-2/human/Spain/LAB-1/2024"
    with request_as("member", sub="alice") as conn:
        rows = genbank(conn)
        headers = headers_of(conn)

    place = "Spain: Andalusia, Seville"
    assert rows == [[name, "2024-02-01", place, "Homo sapiens", name, "Nasal/oral swab", "", ""]]
    assert headers["Content-Type"] == "text/tab-separated-values; charset=utf-8"
    assert f'"{today()}_GenBank_metadata.tsv"' in headers["Content-Disposition"]


def test_second_row_has_titles(request_as: RequestAs, complete: int) -> None:
    """Name the columns for people below their names for programs."""
    with request_as("member", sub="alice") as conn:
        text = file_of(conn, TEMPLATE, repository="gisaid")

    lines = text.split("\r\n")
    assert lines[1].startswith("Submitter,FASTA filename,Virus name,Type,Passage details/history,")
    assert lines[1].endswith(",Sample ID given by the submitting laboratory,Authors")


@pytest.mark.parametrize(
    ("country", "division", "places"),
    [
        ("Spain", None, ("Europe / Spain", "Spain")),
        ("Spain", "Andalusia", ("Europe / Spain / Andalusia", "Spain: Andalusia")),
    ],
)
def test_missing_level_of_a_location_is_left_out(
    admin: psycopg.Connection,
    request_as: RequestAs,
    complete: int,
    country: str,
    division: str | None,
    places: tuple[str, str],
) -> None:
    """Write no None, as the API before this one did."""
    place = factories.location(admin, country, division)
    admin.execute("update aspen.samples set location_id = %s", [place])

    with request_as("member", sub="alice") as conn:
        assert (gisaid(conn)[0]["covv_location"], genbank(conn)[0][2]) == places


def test_other_pathogen_is_no_coronavirus(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Leave type and specimen of another virus to the submitter."""
    mpox = factories.pathogen(admin, "MPX")
    factories.strain_prefix(admin, mpox, factories.repository(admin, "GenBank"), "MPXV")
    factories.sample(
        admin,
        lab.group,
        pathogen_id=mpox,
        public_identifier="USA/1",
        host="HUMAN",
        authors=["A"],
        sample_collected_by="B",
    )

    with request_as("member", sub="alice") as conn:
        (row,) = gisaid(conn, pathogen="MPX")
        source = genbank(conn, pathogen="MPX")

    assert row.keys().isdisjoint({"covv_type", "covv_specimen"})
    assert (row["covv_host"], row["covv_orig_lab_addr"]) == ("Human", "1 Main Street, Lima")
    assert source == [
        ["MPXV/USA/1", "2024-02-01", "France", "Homo sapiens", "MPXV/USA/1", "clinical", "", ""]
    ]


@pytest.mark.parametrize("id_style", ["public", "private"])
@pytest.mark.parametrize("repository", ["GISAID", "GenBank"])
def test_files_of_a_batch_have_the_same_names(
    admin: psycopg.Connection,
    request_as: RequestAs,
    complete: int,
    lab: Lab,
    repository: str,
    id_style: str,
) -> None:
    """Name the samples as the FASTA does, in its order, and the FASTA by its name."""
    factories.sequence(admin, factories.sample(admin, lab.group, "HCOV-19/a", authors=["A"]))
    batch = {"repository": repository, "id_style": id_style}

    with request_as("member", sub="alice") as conn:
        fasta = file_of(conn, "export_sequences", **batch)
        name = headers_of(conn)["Content-Disposition"]
        text = file_of(conn, TEMPLATE, **batch)

    names = [line[1:] for line in fasta.splitlines() if line.startswith(">")]
    rows = table_of(text, "," if repository == "GISAID" else "\t")
    if repository == "GISAID":
        assert [(row[1] in name, row[2]) for row in rows[2:]] == [(True, one) for one in names]
    else:
        assert [row[0] for row in rows[1:]] == names
    assert len(names) == 2


def test_sample_without_a_sequence_is_in_the_template(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Leave out only what no sample is found for, and name it."""
    factories.sample(admin, lab.group, "bare", authors=["A"])
    wanted = ["own", "bare", "nobody's"]

    with request_as("member", sub="alice") as conn:
        names = [row["covv_virus_name"] for row in gisaid(conn, samples=wanted)]
        headers = headers_of(conn)
        lacking = left_out(conn, samples=wanted, download=TEMPLATE)

    assert names == ["hCoV-19/Spain/LAB-1/2024", "hCoV-19/public-bare"]
    assert headers["Samples-Left-Out"] == "1"
    assert lacking == [("nobody's", "unknown")]


def test_what_a_repository_requires_is_listed_for_each_sample(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Name every sample and column at once."""
    admin.execute("update aspen.groups set address = null")
    admin.execute("update aspen.users set gisaid_submitter_id = null")
    continent = factories.location(admin, None)
    factories.sample(admin, lab.group, "bare", location_id=continent)

    with request_as("member", sub="alice") as conn:
        problems = missing(conn)

    name = "hCoV-19/Spain/LAB-1/2024"
    assert problems == [
        (name, "submitter"),
        (name, "covv_subm_lab_addr"),
        ("hCoV-19/public-bare", "submitter"),
        ("hCoV-19/public-bare", "covv_location"),
        ("hCoV-19/public-bare", "covv_orig_lab_addr"),
        ("hCoV-19/public-bare", "covv_subm_lab_addr"),
        ("hCoV-19/public-bare", "covv_authors"),
    ]


def test_genbank_requires_a_country(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Say what is wrong in words."""
    factories.sample(admin, lab.group, "bare", location_id=factories.location(admin, None))

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call(TEMPLATE, {"repository": "GenBank"}))

    reason = "needs a location with a country"
    name = "SARS-CoV-2/human/public-bare"
    problem = {"sample": name, "column": "country", "reason": reason}
    assert answer == (400, "incomplete_samples", [problem])


def test_name_of_two_samples_is_rejected(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Find that the prefix makes two identifiers the same name."""
    factories.sample(admin, lab.group, public_identifier="hCoV-19/Spain/LAB-1/2024", authors=["A"])

    with request_as("member", sub="alice") as conn:
        assert missing(conn) == [("hCoV-19/Spain/LAB-1/2024", "covv_virus_name")] * 2


@pytest.mark.parametrize("repository", ["GISAID", "GenBank"])
def test_template_of_no_samples_has_its_headers(
    request_as: RequestAs, complete: int, repository: str
) -> None:
    """Return a table without rows for a stranger, as for a group that does not exist."""
    with request_as("member", sub="bob") as conn:
        text = file_of(conn, TEMPLATE, repository=repository, samples=["own"])
        headers = headers_of(conn)

    assert text.count("\r\n") == (2 if repository == "GISAID" else 1)
    assert headers["Samples-Left-Out"] == "1"


def test_viewer_sees_what_is_not_private(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Name samples by their public identifiers, whatever the style, and no private one at all."""
    factories.sample(admin, lab.group, "hidden", is_private=True)
    style = {"id_style": "private"}

    with request_as("member", sub="vic") as conn:
        names = [row[0] for row in genbank(conn, **style)]
        asked = [row[0] for row in genbank(conn, samples=["own", "public-hidden"], **style)]
    with request_as("member", sub="alice") as conn:
        own = [row[0] for row in genbank(conn, **style)]

    assert names == ["SARS-CoV-2/human/Spain/LAB-1/2024"]
    assert asked == []
    assert own == ["SARS-CoV-2/human/own", "SARS-CoV-2/human/hidden"]


def test_laboratory_of_the_caller_submits_what_others_share(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Show no address of a group whose members only may read it."""
    admin.execute(
        "update aspen.groups set submitting_lab = 'Theirs', address = 'Their street' where id = %s",
        [lab.other_group],
    )
    factories.grant(admin, lab.group, lab.other_group, "member")
    shared = factories.sample(admin, lab.group, "shared", authors=["A"])

    with request_as("member", sub="bob") as conn:
        (row,) = gisaid(conn, samples=["own"])
        problems = missing(conn, samples=["shared"])
    with request_as("member", sub="alice") as conn:
        (ours,) = gisaid(conn, samples=["shared"])

    admin.execute(
        "update aspen.samples set sample_collector_contact_address = 'A street' where id = %s",
        [shared],
    )
    with request_as("member", sub="bob") as conn:
        (named,) = gisaid(conn, samples=["shared"])

    assert named["covv_orig_lab"] == "Lab"
    assert (row["covv_subm_lab"], row["covv_subm_lab_addr"]) == ("Theirs", "Their street")
    assert problems == [("hCoV-19/public-shared", "covv_orig_lab_addr")]
    assert [ours[f"covv_{name}"] for name in ("subm_lab", "orig_lab", "orig_lab_addr")] == [
        "The lab",
        "The lab",
        "1 Main Street, Lima",
    ]


@pytest.mark.parametrize("text", ["-", "+41 31 123 45 67", 'a "b", c', "مختبر", "e\u0301", "x;=1"])
def test_legal_values_are_read_as_they_are(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, text: str
) -> None:
    """Quote what needs it, and change nothing."""
    admin.execute("update aspen.samples set purpose_of_sampling = %s", [text])

    with request_as("member", sub="alice") as conn:
        assert gisaid(conn)[0]["covv_sampling_strategy"] == text


def test_template_has_a_bound(
    admin: psycopg.Connection, request_as: RequestAs, complete: int, lab: Lab
) -> None:
    """Count the samples before a row is made."""
    factories.numbered_samples(admin, lab.group, 20_000, None)

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call(TEMPLATE, {"repository": "GenBank"}))

    assert answer == (413, "export_too_large", {"samples": 20_001, "at_most": 20_000})
