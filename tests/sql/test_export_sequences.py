"""FASTA of chosen samples, and what it leaves out."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.factories import GENOME
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.downloads import call, file_of, headers_of, left_out

FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "pathogen": ({}, ["early", "late", "theirs"]),
    "group": ({"group_id": "lab"}, ["early", "late"]),
    "lineage and those below it": ({"lineages": ["BA.2"]}, ["early", "late"]),
    "lineage below": ({"lineages": ["BA.2.86"]}, ["late"]),
    "lineage that begins alike": ({"lineages": ["BA.2.8"]}, []),
    "wildcard with a label": ({"lineages": ["BA.2* / 21L"]}, ["early", "late"]),
    "alias in any case": ({"lineages": ["omicron"]}, ["late"]),
    "alias and a lineage": ({"lineages": ["Omicron", "BA.2"]}, ["early", "late"]),
    "any lineage": ({"lineages": ["*"]}, ["early", "late"]),
    "wildcard of a wildcard": ({"lineages": ["**"]}, []),
    "alias of another pathogen": ({"lineages": ["Clade I"]}, []),
    "first day of collection": ({"collected_from": "2024-03-01"}, ["late"]),
    "last day of collection": ({"collected_to": "2024-02-01"}, ["early", "theirs"]),
    "first day of upload": ({"uploaded_from": "2024-05-02"}, ["early", "theirs"]),
    "last day of upload": ({"uploaded_to": "2024-05-01"}, ["late"]),
    "place and those inside it": ({"location_id": "country"}, ["early", "late", "theirs"]),
    "place inside": ({"location_id": "city"}, ["late"]),
}


def names_of(conn: psycopg.Connection, **arguments: Any) -> list[str]:
    """Return the names of the records."""
    fasta = file_of(conn, "export_sequences", **arguments)
    return [line[1:] for line in fasta.splitlines() if line.startswith(">")]


def sequenced(conn: psycopg.Connection, group: int, name: str, **columns: Any) -> int:
    """Store a sample with a sequence, whose private identifier is not its public one."""
    sample = factories.sample(conn, group, f"own {name}", public_identifier=name, **columns)
    factories.sequence(conn, sample)
    return sample


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> dict[str, int]:
    """Store two samples of the lab and one of a group that shows it everything."""
    city = factories.location(admin, "France", "Brittany", "Brest")
    early = sequenced(admin, lab.group, "early", created_at="2024-05-02 00:00Z")
    late = sequenced(
        admin,
        lab.group,
        "late",
        collection_date="2024-03-01",
        created_at="2024-05-01 23:59:59Z",
        location_id=city,
    )
    factories.sample_lineage(admin, early, "BA.2")
    factories.sample_lineage(admin, late, "BA.2.86")
    factories.lineage_alias(admin, lab.pathogen, "Omicron", "BA.2.86*", "BA.5*")
    factories.lineage_alias(admin, factories.pathogen(admin, "MPX"), "Clade I", "BA.2*")
    friends = factories.group(admin)
    factories.grant(admin, friends, lab.group, "member")
    sequenced(admin, friends, "theirs")
    return {"lab": lab.group, "country": lab.location, "city": city, "early": early, "late": late}


@pytest.mark.parametrize(("choice", "names"), FILTERS.values(), ids=FILTERS.keys())
def test_filter_chooses_samples(
    request_as: RequestAs,
    samples: dict[str, int],
    choice: dict[str, Any],
    names: list[str],
) -> None:
    """Include both days, what is below a lineage and inside a place."""
    arguments = {
        key: samples[value] if key.endswith("_id") else value for key, value in choice.items()
    }
    with request_as("member", sub="alice") as conn:
        assert names_of(conn, **arguments) == names


def test_records_have_a_name_and_one_line(
    request_as: RequestAs, samples: dict[str, int], lab: Lab
) -> None:
    """Write every sequence on one line."""
    with request_as("member", sub="alice") as conn:
        fasta = file_of(conn, "export_sequences", samples=["early"])

    assert fasta == f">early\n{GENOME}\n"


def test_private_names_are_written_where_permitted(
    request_as: RequestAs, samples: dict[str, int]
) -> None:
    """Name the samples of the caller's groups as these do."""
    with request_as("member", sub="alice") as conn:
        assert names_of(conn, id_style="private") == ["own early", "own late", "own theirs"]


def test_identifiers_are_found_with_and_without_prefix(
    request_as: RequestAs, samples: dict[str, int]
) -> None:
    """Write each sample once, though it is named twice."""
    wanted = ["late", "HCOV-19/late", "own early"]
    with request_as("member", sub="alice") as conn:
        assert names_of(conn, samples=wanted) == ["early", "late"]


@pytest.mark.parametrize("name", ["USA/1", "hCoV-19/USA/1", "HCOV-19/USA/1"])
def test_names_have_the_prefix_of_the_repository(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, name: str
) -> None:
    """Replace the prefix of another repository."""
    genbank = factories.repository(admin, "GenBank")
    factories.strain_prefix(admin, lab.pathogen, genbank, "SARS-CoV-2/human")
    sequenced(admin, lab.group, name)

    with request_as("member", sub="alice") as conn:
        names = [
            names_of(conn, repository=repository) for repository in ("GISAID", "genbank", None)
        ]

    assert names == [["hCoV-19/USA/1"], ["SARS-CoV-2/human/USA/1"], [name]]


def test_what_is_left_out_is_named(
    admin: psycopg.Connection, request_as: RequestAs, samples: dict[str, int], lab: Lab
) -> None:
    """Tell the unknown from those without a sequence and from those that are several."""
    factories.sample(admin, lab.group, "bare")
    for _ in range(2):
        group = factories.group(admin)
        factories.grant(admin, group, lab.group)
        factories.sample(admin, group, public_identifier="twin")
    wanted = ["early", "nobody's", "bare", "twin"]

    with request_as("member", sub="alice") as conn:
        names = names_of(conn, samples=wanted)
        headers = headers_of(conn)
        missing = left_out(conn, samples=wanted)

    assert names == ["early"]
    assert headers["Samples-Left-Out"] == "3"
    assert missing == [("bare", "no_sequence"), ("nobody's", "unknown"), ("twin", "ambiguous")]


def test_viewer_gets_no_sequence(request_as: RequestAs, samples: dict[str, int]) -> None:
    """Name the samples that a viewer sees, and not those of others."""
    with request_as("member", sub="vic") as conn:
        assert names_of(conn, group_id=samples["lab"]) == []
        assert left_out(conn, samples=["early", "own early"]) == [
            ("early", "no_sequence"),
            ("own early", "unknown"),
        ]


def test_samples_of_others_are_unknown(request_as: RequestAs, samples: dict[str, int]) -> None:
    """Answer as for samples that nobody has, by filter and by name."""
    with request_as("member", sub="bob") as conn:
        assert names_of(conn, group_id=samples["lab"]) == []
        assert left_out(conn, group_id=samples["lab"]) == []
        assert left_out(conn, samples=["early", "nobody's"]) == [
            ("early", "unknown"),
            ("nobody's", "unknown"),
        ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"samples": [["a"]]}, "samples"),
        ({"samples": [None]}, "samples"),
        ({"samples": ["a"] * 20_001}, "samples"),
        ({"lineages": ["a", None]}, "lineages"),
        ({"lineages": ["BA.2", " \t"]}, "lineages"),
        ({"collected_from": "3/4/21"}, "collected_from"),
        ({"collected_to": ""}, "collected_to"),
        ({"uploaded_from": "2024-02-30"}, "uploaded_from"),
        ({"uploaded_to": "today"}, "uploaded_to"),
        ({"location_id": 0}, "location_id"),
        ({"samples": ["a"], "lineages": ["BA.2"]}, "lineages"),
    ],
    ids=lambda value: f"{value}"[:30],
)
@pytest.mark.parametrize(
    ("function", "others"),
    [
        ("export_sequences", {}),
        ("samples_left_out", {}),
        ("submission_template", {"repository": "GISAID"}),
        ("export_qc_metrics", {}),
    ],
)
def test_wrong_choice_is_refused(
    request_as: RequestAs,
    lab: Lab,
    function: str,
    others: dict[str, Any],
    arguments: dict[str, Any],
    field: str,
) -> None:
    """Name the argument, and guess at nothing."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call(function, others | arguments))

    assert answer[:2] == (400, "invalid_argument")
    assert f"'field': '{field}'" in f"{answer}"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("export_sequences", {"id_style": "secret"}),
        ("export_sequences", {"id_style": None}),
        ("export_sequences", {"repository": "ENA"}),
        ("submission_template", {"id_style": "secret", "repository": "GISAID"}),
        ("submission_template", {"repository": "GenBank"}),
        ("submission_template", {"repository": "DDBJ"}),
        ("submission_template", {"repository": None}),
        ("export_qc_metrics", {"id_style": "secret"}),
        ("samples_left_out", {"download": "phylo_tree"}),
        ("samples_left_out", {"download": None}),
    ],
)
def test_wrong_form_is_refused(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    function: str,
    arguments: dict[str, Any],
) -> None:
    """Refuse a style, and a repository without a prefix for the pathogen or without a template."""
    factories.strain_prefix(admin, lab.pathogen, factories.repository(admin, "DDBJ"), "x")

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call(function, arguments))

    assert answer[:2] == (400, "invalid_argument")


def test_unknown_pathogen_is_refused(request_as: RequestAs, lab: Lab) -> None:
    """Answer as every function does."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call("export_sequences", {"pathogen": "XXX"}))

    assert answer[:2] == (400, "unknown_pathogen")
