"""A batch of samples is deleted as a whole, or rejected with every unknown one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, problem, refusal_of
from tests.sql.conftest import Lab

DELETE = "select api.delete_samples(%s, %s, %s)"
UNKNOWN = "is not a sample of this group"
LEFT = "select private_identifier from aspen.samples order by id"


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store three samples: private identifiers a, b, c, public ones A, B, C."""
    return [
        factories.sample(admin, lab.group, name, public_identifier=name.upper()) for name in "abc"
    ]


def arguments(lab: Lab, ids: object = None, identifiers: object = None) -> list[object]:
    """Return the arguments; None leaves a list out."""
    return [lab.group, *(None if given is None else Json(given) for given in (ids, identifiers))]


def delete(conn: psycopg.Connection, lab: Lab, *lists: object) -> list[tuple[Any, ...]]:
    """Return the answer, as id, private and public identifier of each sample."""
    row = conn.execute(DELETE, arguments(lab, *lists)).fetchone()
    assert row is not None
    return [tuple(one.values()) for one in row[0]]


def refused(conn: psycopg.Connection, lab: Lab, *lists: object) -> Refusal:
    """Return the error that a batch is rejected with."""
    return refusal_of(conn, DELETE, arguments(lab, *lists))


def test_samples_are_deleted_by_id_and_by_both_identifiers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Answer what was deleted, and delete what belongs to it."""
    first, second, third = samples
    kept = factories.sample(admin, lab.group, "kept")
    for sample in (first, kept):
        factories.sequence(admin, sample)
        factories.sample_lineage(admin, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        answer = delete(conn, lab, [third], ["B", " a "])

    left = admin.execute(
        "select id from aspen.samples union all select sample_id from aspen.sequences"
        " union all select sample_id from aspen.sample_lineages"
    ).fetchall()
    assert answer == [(third, "c", "C"), (second, "b", "B"), (first, "a", "A")]
    assert left == [(kept,)] * 3


@pytest.mark.parametrize("count", [1, 2])
def test_queued_job_ends_with_the_last_of_its_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int], count: int
) -> None:
    """Keep a job that has a sample left."""
    job = factories.job(admin, lab.group)
    for sample in samples[:2]:
        factories.sequence(admin, sample)
        factories.job_sample(admin, job, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        delete(conn, lab, samples[:count])

    row = admin.execute("select status from aspen.jobs where id = %s", [job]).fetchone()
    assert row == ("queued" if count == 1 else "cancelled",)


def test_every_unknown_sample_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Count ids first, and answer for a sample of another group as if it did not exist."""
    factories.grant(admin, lab.other_group, lab.group, "admin")
    foreign = factories.sample(admin, lab.other_group, "foreign")
    with request_as("member", sub="alice", keep=True) as conn:
        answer = refused(conn, lab, [samples[0], foreign], ["foreign", "b", "hCoV-19/A"])

    assert answer == (
        404,
        "sample_not_found",
        [
            problem(2, None, "id", f"{foreign}", UNKNOWN),
            problem(3, None, "identifier", "foreign", UNKNOWN),
            problem(5, None, "identifier", "hCoV-19/A", UNKNOWN),
        ],
    )
    assert admin.execute(LEFT).fetchall() == [("a",), ("b",), ("c",), ("foreign",)]


def test_unusable_names_are_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Reject what is no id or text, a sample named twice, and an identifier of two samples."""
    factories.sample(admin, lab.group, "A")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, ["x", None, samples[1]], [3, "b", "A", {}, " "])

    twice, required = "is given more than once in this batch", "is required, unless id is given"
    both = "is the private identifier of one sample and the public one of another"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, None, "id", "x", "must be an integer of at most 18 digits"),
            problem(2, None, "id", None, "is required, unless identifier is given"),
            problem(3, "b", "id", f"{samples[1]}", twice),
            problem(4, None, "identifier", "3", "must be a text"),
            problem(5, "b", "identifier", "b", twice),
            problem(6, "A", "identifier", "A", both),
            problem(7, None, "identifier", "{}", "must be a text"),
            problem(8, None, "identifier", None, required),
        ],
    )


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_group_without_a_strong_enough_role_is_refused(
    request_as: RequestAs, lab: Lab, samples: list[int], who: str
) -> None:
    """Answer a viewer and a stranger alike."""
    with request_as("member", sub=who) as conn:
        answer = refused(conn, lab, samples)

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_member_by_a_grant_deletes_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Accept a granted role, as DELETE does."""
    factories.grant(admin, lab.group, lab.other_group, "member")
    with request_as("member", sub="bob") as conn:
        assert delete(conn, lab, samples[:1]) == [(samples[0], "a", "A")]


@pytest.mark.parametrize(
    "lists", [(None, None), ("x", None), ({}, None), (None, 1), ([], "x"), ("x", [])]
)
def test_lists_that_are_none_are_rejected(
    request_as: RequestAs, lab: Lab, lists: tuple[object, object]
) -> None:
    """Ask for one list at least, and nothing but lists."""
    with request_as("member", sub="alice") as conn:
        assert refused(conn, lab, *lists) == (400, "invalid_argument", None)


@pytest.mark.parametrize("lists", [([], None), (None, []), ([], [])])
def test_empty_batch_is_rejected(
    request_as: RequestAs, lab: Lab, lists: tuple[object, object]
) -> None:
    """Ask for at least one sample."""
    with request_as("member", sub="alice") as conn:
        assert refused(conn, lab, *lists) == (400, "empty_batch", None)


def test_too_large_batch_is_rejected(request_as: RequestAs, lab: Lab) -> None:
    """Count both lists, and delete nothing."""
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, [1] * 10_000, ["x"] * 10_001)

    assert answer == (413, "batch_too_large", {"samples": 20_001})


def test_ten_thousand_samples_are_deleted(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Finish within the time of a request, with their sequences."""
    factories.numbered_samples(admin, lab.group, 10_000, "ACGT" * 250)
    with request_as("member", sub="alice", keep=True) as conn:
        delete(conn, lab, None, [f"{number}" for number in range(1, 10_001)])

    assert admin.execute(LEFT).fetchall() == [("a",), ("b",), ("c",)]
