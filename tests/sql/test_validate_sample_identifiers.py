"""Which of these identifiers exist for the caller, and by which of its identifiers a sample is."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

VALIDATE = "select api.validate_sample_identifiers('SC2', %s, %s)"
UNKNOWN = ("unknown", None, None)


def told(conn: psycopg.Connection, group: int | None, *identifiers: str) -> dict[str, Any]:
    """Return status, way and sample of each identifier."""
    row = conn.execute(VALIDATE, [json.dumps(identifiers), group]).fetchone()
    assert row is not None
    return {one["identifier"]: (one["status"], one["found_by"], one["sample_id"]) for one in row[0]}


def test_identifiers_of_every_kind_are_found(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the kind; the prefix of a repository is optional."""
    sample = factories.sample(admin, lab.group, "LAB-1", public_identifier="USA/LAB-1/2024")
    factories.public_sequence(admin, "USA/X-1/2021", lab.pathogen, accession="EPI_ISL_1")

    with request_as("member", sub="alice") as conn:
        answer = told(
            conn,
            lab.group,
            "USA/LAB-1/2024",
            "hcov-19/USA/LAB-1/2024",
            " LAB-1 ",
            "hCoV-19/USA/X-1/2021",
            "EPI_ISL_1",
            "lab-1",
        )

    assert answer == {
        "USA/LAB-1/2024": ("found", "public_identifier", sample),
        "hcov-19/USA/LAB-1/2024": ("found", "public_identifier", sample),
        "LAB-1": ("found", "private_identifier", sample),
        "hCoV-19/USA/X-1/2021": ("found", "strain", None),
        "EPI_ISL_1": ("found", "accession", None),
        "lab-1": UNKNOWN,
    }


def test_viewer_is_not_told_that_a_private_identifier_is_the_same(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the public identifier, of which the given one is a spelling, and not the private one."""
    sample = factories.sample(admin, lab.group, "hCoV-19/x", public_identifier="x")

    with request_as("member", sub="vic") as conn:
        by_viewer = told(conn, lab.group, "hCoV-19/x")
    with request_as("member", sub="alice") as conn:
        by_member = told(conn, lab.group, "hCoV-19/x")

    assert by_viewer == {"hCoV-19/x": ("found", "public_identifier", sample)}
    assert by_member == {"hCoV-19/x": ("found", "private_identifier", sample)}


def test_answer_has_each_identifier_once_in_the_given_order(
    request_as: RequestAs, admin: psycopg.Connection, lab: Lab
) -> None:
    """Return what is known about a sample, and null for the rest."""
    sample = factories.sample(admin, lab.group, "a", public_identifier="b")

    with request_as("member", sub="alice") as conn:
        row = conn.execute(VALIDATE, ['["z", "a", "z"]', None]).fetchone()

    nothing = {"found_by": None, "group_id": None, "sample_id": None, "public_identifier": None}
    assert row == (
        [
            {"identifier": "z", "status": "unknown", "strain": None, "candidates": None} | nothing,
            {
                "identifier": "a",
                "status": "found",
                "found_by": "private_identifier",
                "group_id": lab.group,
                "sample_id": sample,
                "public_identifier": "b",
                "strain": None,
                "candidates": None,
            },
        ],
    )


def test_viewer_does_not_learn_which_private_identifiers_exist(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find a sample by its public identifier, as one that is not private, and in no other way."""
    sample = factories.sample(admin, lab.group, "same", public_identifier="same")
    factories.sample(admin, lab.group, "known to members", public_identifier="open")
    factories.sample(admin, lab.group, public_identifier="hidden", is_private=True)

    with request_as("member", sub="vic") as conn:
        answer = told(conn, lab.group, "same", "known to members", "hidden")

    assert answer == {
        "same": ("found", "public_identifier", sample),
        "known to members": UNKNOWN,
        "hidden": UNKNOWN,
    }


def test_member_finds_private_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find by both identifiers what a viewer does not."""
    sample = factories.sample(admin, lab.group, "mine", public_identifier="open", is_private=True)

    with request_as("member", sub="alice") as conn:
        answer = told(conn, lab.group, "mine", "open")

    assert answer == {
        "mine": ("found", "private_identifier", sample),
        "open": ("found", "public_identifier", sample),
    }


def test_samples_of_the_named_group_come_first(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Find its own sample where another group has the same; without a group that is ambiguous."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    own = factories.sample(admin, lab.group, public_identifier="same")
    factories.sample(admin, lab.other_group, public_identifier="same")

    with request_as("member", sub="alice") as conn:
        answers = [told(conn, group, "same") for group in (lab.group, None)]

    assert answers == [
        {"same": ("found", "public_identifier", own)},
        {"same": ("ambiguous", None, None)},
    ]


def test_ambiguous_identifier_has_its_candidates(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """List what the caller sees of both samples, and none that is out of sight."""
    factories.grant(admin, lab.other_group, lab.group, "viewer")
    samples = [
        factories.sample(admin, lab.group, "same", public_identifier="a"),
        factories.sample(admin, lab.group, public_identifier="same"),
    ]
    factories.sample(admin, lab.other_group, public_identifier="same", is_private=True)

    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "select found -> 'candidates'"
            " from json_array_elements(api.validate_sample_identifiers('SC2', '[\"same\"]'))"
            " as found"
        ).fetchone()

    assert row == (
        [
            {"group_id": lab.group, "sample_id": sample, "public_identifier": public}
            for sample, public in zip(samples, ("a", "same"), strict=True)
        ],
    )


def test_samples_of_another_pathogen_are_unknown(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Look for samples of the named pathogen only."""
    factories.sample(admin, lab.group, "x", pathogen_id=factories.pathogen(admin, "MPX"))

    with request_as("member", sub="alice") as conn:
        assert told(conn, lab.group, "x") == {"x": UNKNOWN}


def test_nothing_is_known_of_no_identifiers(request_as: RequestAs, lab: Lab) -> None:
    """Return an empty list."""
    with request_as("member", sub="alice") as conn:
        assert told(conn, lab.group) == {}


@pytest.mark.parametrize("identifiers", ["[1]", "[null]", '"x"', "{}", "null", '[["x"]]'])
def test_identifiers_that_are_no_list_of_texts_are_rejected(
    request_as: RequestAs, lab: Lab, identifiers: str
) -> None:
    """Say what they must be."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, VALIDATE, [identifiers, lab.group])

    assert answer == (400, "invalid_argument", None)


def test_too_many_identifiers_are_rejected(request_as: RequestAs, lab: Lab) -> None:
    """Accept 20,000, and look nothing up for more."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, VALIDATE, [json.dumps(["x"] * 20_001), lab.group])

    assert answer == (413, "batch_too_large", {"identifiers": 20_001})


def test_group_out_of_sight_is_refused_like_an_unknown_one(request_as: RequestAs, lab: Lab) -> None:
    """Answer alike, so that nobody learns which groups there are."""
    with request_as("member", sub="alice") as conn:
        answers = [refusal_of(conn, VALIDATE, ["[]", group]) for group in (lab.other_group, 0)]

    assert answers == [
        (403, "group_access_denied", {"group_id": group}) for group in (lab.other_group, 0)
    ]


def test_unknown_pathogen_is_rejected(request_as: RequestAs, lab: Lab) -> None:
    """Name the slug."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, "select api.validate_sample_identifiers('sars', '[]')")

    assert answer == (400, "unknown_pathogen", {"pathogen": "sars"})
