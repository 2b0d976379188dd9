"""Sequences are stored in one form and counted by the database, whoever writes them.

The trigger internal.normalise_sequence does so.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

LETTERS = "which is neither an IUPAC nucleotide code nor a gap (-)"


@pytest.fixture
def sample(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a sample of the lab without a sequence."""
    return factories.sample(admin, lab.group, "s")


def stored(conn: psycopg.Connection) -> tuple[Any, ...] | None:
    """Return the text, and the numbers of unambiguous, missing and mixed sites."""
    return conn.execute(
        "select sequence, num_unambiguous_sites, num_missing_alleles, num_mixed"
        " from aspen.sequences"
    ).fetchone()


@pytest.mark.parametrize(
    ("given", "text", "counts"),
    [
        ("ACGT" * 250, "ACGT" * 250, (1000, 0, 0)),
        ("acgt" * 250, "ACGT" * 250, (1000, 0, 0)),
        ("AcgU" * 250, "ACGU" * 250, (1000, 0, 0)),
        ("ACGTN" * 200, "ACGTN" * 200, (800, 200, 0)),
        ("acgtn" * 200, "ACGTN" * 200, (800, 200, 0)),
        ("N" * 1000, "N" * 1000, (0, 1000, 0)),
        ("ACGT-" * 200, "ACGT-" * 200, (800, 0, 0)),
        ("acgt-n" * 200, "ACGT-N" * 200, (800, 200, 0)),
        ("ACGTR" * 200, "ACGTR" * 200, (800, 0, 200)),
        ("wskmyrvhdb" * 100, "WSKMYRVHDB" * 100, (0, 0, 1000)),
        ("ACGTRN-" * 200, "ACGTRN-" * 200, (800, 200, 200)),
        ("ACGT\n" * 250, "ACGT" * 250, (1000, 0, 0)),
        (" acgt\t\r\n" * 250, "ACGT" * 250, (1000, 0, 0)),
        ("ACGTN\n" * 200 + "\n", "ACGTN" * 200, (800, 200, 0)),
    ],
    ids=[
        "plain", "lower case", "RNA", "missing", "missing in lower case", "all missing", "gaps",
        "gaps and missing", "mixed", "every mixed letter", "all kinds", "lines", "white space",
        "missing in lines",
    ],
)  # fmt: skip
def test_sequence_is_normalised_and_counted(
    admin: psycopg.Connection, sample: int, given: str, text: str, counts: tuple[int, int, int]
) -> None:
    """Store upper case without white space, and count gaps as no kind of site."""
    factories.sequence(admin, sample, given)

    assert stored(admin) == (text, *counts)


def test_counts_follow_a_new_sequence(
    admin: psycopg.Connection, request_as: RequestAs, sample: int
) -> None:
    """Count again after each change, and reject counts sent by a client."""
    factories.sequence(admin, sample, "ACGTN" * 200)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.sequences set sequence = %s", ["acgtr" * 200])

    assert stored(admin) == ("ACGTR" * 200, 800, 0, 200)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("ACGT", "has 4 bases; at least 1000 are needed"),
        ("ACG\n" * 250, "has 750 bases; at least 1000 are needed"),
        ("", "has 0 bases; at least 1000 are needed"),
        ("ACGT" * 250 + "X", f"has 'X' at position 1001, {LETTERS}"),
        ("AC GT\n" * 250 + "?", f"has '?' at position 1001, {LETTERS}"),
        (">name\n" + "ACGT" * 250, f"has '>' at position 1, {LETTERS}"),
        ("ACGT" * 250 + "'", f"has '''' at position 1001, {LETTERS}"),
        ("ACGT" * 250 + "é", f"has 'é' at position 1001, {LETTERS}"),
        ("ACGT" * 250 + "\u0131", f"has '\u0131' at position 1001, {LETTERS}"),
        ("A" * 10_000_001, "has 10000001 bases; at most 10000000 are allowed"),
    ],
    ids=[
        "short", "short without its lines", "empty", "letter", "position without white space",
        "header", "quote", "accent", "dotless i", "too long",
    ],
)  # fmt: skip
def test_unusable_sequence_is_refused(
    request_as: RequestAs, lab: Lab, sample: int, given: str, reason: str
) -> None:
    """Name its sample and the reason."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(
            conn,
            "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)",
            [lab.group, sample, given],
        )

    named = {
        "row": 1,
        "sample_id": sample,
        "private_identifier": "s",
        "field": "sequence",
        "reason": reason,
    }
    assert answer == (400, "invalid_sequence", [named])


@pytest.mark.parametrize("user", ["vic", "bob"], ids=["viewer", "member elsewhere"])
def test_refusal_tells_nobody_a_private_identifier(
    request_as: RequestAs, lab: Lab, sample: int, user: str
) -> None:
    """Leave it out of the error, because nucleotides are checked before the policies."""
    with request_as("member", sub=user) as conn:
        answer = refusal_of(
            conn,
            "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, 'ACGT')",
            [lab.group, sample],
        )

    named = {
        "sample_id": sample,
        "row": 1,
        "private_identifier": None,
        "field": "sequence",
        "reason": "has 4 bases; at least 1000 are needed",
    }
    assert answer == (400, "invalid_sequence", [named])


def test_sequence_stays_with_its_sample(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Reject moving it.

    That would create a sequence in a group where the caller may only change.
    """
    factories.grant(admin, lab.group, lab.other_group, "member")
    own = factories.sequence(admin, factories.sample(admin, lab.other_group))
    with request_as("member", sub="bob") as conn:
        answer = refusal_of(
            conn,
            "update api.sequences set group_id = %s, sample_id = %s where id = %s",
            [lab.group, sample, own],
        )

    assert answer == (400, "read_only_column", {"id": own})


def test_upsert_replaces_the_sequence_of_a_sample(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Accept an unchanged sample_id, which PostgREST writes for resolution=merge-duplicates."""
    sequence = factories.sequence(admin, sample)
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
            " on conflict (group_id, sample_id) do update set group_id = excluded.group_id,"
            " sample_id = excluded.sample_id, sequence = excluded.sequence"
            " returning id, num_missing_alleles",
            [lab.group, sample, "N" * 1000],
        ).fetchone()

    assert row == (sequence, 1000)


def test_sequence_of_a_sample_elsewhere_is_refused_like_one_of_none(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer alike, so that no caller learns which samples other groups have."""
    theirs = factories.sample(admin, lab.other_group)
    insert = "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
    with request_as("member", sub="alice") as conn:
        answers = [
            refusal_of(conn, insert, [lab.group, sample_id, factories.GENOME])
            for sample_id in (theirs, -1)
        ]

    assert answers == ["23503", "23503"]
