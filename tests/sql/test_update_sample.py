"""Samples patched through api.samples: which columns change, who may, and what follows."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, refusal_of
from tests.sql.conftest import Lab

YEAR = date.today().year


@pytest.fixture
def sample(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a sample of the lab that is not private."""
    return factories.sample(
        admin, lab.group, "s", public_identifier="p", uploaded_by_id=lab.alice, host="bat"
    )


def set_column(column: str) -> Any:
    """Return an update of one column of one sample."""
    return sql.SQL("update api.samples set {} = %s where id = %s returning {}").format(
        *[sql.Identifier(column)] * 2
    )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("is_private", True),
        ("private_identifier", "new"),
        ("public_identifier", "new"),
        ("collection_date", date(2023, 1, 1)),
        ("sample_collected_by", "a clinic"),
        ("sample_collector_contact_email", "clinic@example.org"),
        ("sample_collector_contact_address", "1 Road"),
        ("authors", ["A", "B"]),
        ("organism", "a virus"),
        ("host", None),
        ("purpose_of_sampling", "surveillance"),
        ("specimen_processing", "swab"),
        ("restricted_until", date(2030, 1, 1)),
    ],
)
def test_column_is_changed(
    request_as: RequestAs, lab: Lab, sample: int, column: str, value: object
) -> None:
    """Return the row as stored."""
    with request_as("member", sub="alice") as conn:
        returned = conn.execute(set_column(column), [value, sample]).fetchall()
        read = conn.execute(
            sql.SQL("select {} from api.samples").format(sql.Identifier(column))
        ).fetchall()

    assert (returned, read) == ([(value,)], [(value,)])


def test_pathogen_and_location_are_changed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Accept existing ones and keep the public identifier."""
    mpx, spain = factories.pathogen(admin, "MPX"), factories.location(admin, "Spain")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "update api.samples set pathogen_id = %s, location_id = %s where id = %s"
            " returning pathogen_id, location_id, public_identifier",
            [mpx, spain, sample],
        ).fetchone()

    assert row == (mpx, spain, "p")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", -1),
        ("group_id", -1),
        ("uploaded_by_id", None),
        ("created_at", "2000-01-01"),
        ("updated_at", "2000-01-01"),
    ],
)
def test_column_of_the_server_is_refused(
    request_as: RequestAs, lab: Lab, sample: int, column: str, value: object
) -> None:
    """Reject it: a sample keeps its id, group and uploader."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, set_column(column), [value, sample])

    assert answer == (400, "read_only_column", {"id": sample})


def test_sample_is_not_moved_to_another_group_of_the_caller(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Reject it even for an admin of both groups."""
    factories.user(admin, "ada", {lab.group: "admin", lab.other_group: "admin"})
    with request_as("member", sub="ada") as conn:
        answer = refusal_of(conn, set_column("group_id"), [lab.other_group, sample])

    assert answer == (400, "read_only_column", {"id": sample})


@pytest.mark.parametrize("value", [None, ""], ids=["null", "empty"])
def test_emptied_public_identifier_is_generated_again(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int, value: str | None
) -> None:
    """Build it from the sample's id and its present location."""
    britain = factories.location(admin, "Great Britain")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "update api.samples set location_id = %s, public_identifier = %s where id = %s"
            " returning public_identifier",
            [britain, value, sample],
        ).fetchone()

    assert row == (f"hCoV-19/GreatBritain/LAB-{sample}/{YEAR}",)


@pytest.mark.parametrize(
    ("column", "value", "shown", "reason"),
    [
        ("private_identifier", None, None, "is required"),
        ("private_identifier", "", "", "is required"),
        (
            "public_identifier",
            "p ",
            "p ",
            "must be 1 to 128 characters on one line, without spaces around it",
        ),
        ("collection_date", None, None, "is required, as YYYY-MM-DD"),
        ("collection_date", "2999-01-01", "2999-01-01", "must be between 1900-01-01 and today"),
        ("pathogen_id", -1, "-1", "is not the id of a pathogen"),
        ("pathogen_id", None, None, "is required"),
        ("location_id", -1, "-1", "is not the id of a location"),
        ("is_private", None, None, "must be true or false"),
    ],
)
def test_unusable_value_is_named(
    request_as: RequestAs,
    lab: Lab,
    sample: int,
    column: str,
    value: object,
    shown: str,
    reason: str,
) -> None:
    """Name the value with the id of its sample."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, set_column(column), [value, sample])

    named = {"id": sample, "field": column, "value": shown, "reason": reason}
    assert answer == (400, "invalid_sample", [named])


@pytest.mark.parametrize("column", ["private_identifier", "public_identifier"])
def test_taken_identifier_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int, column: str
) -> None:
    """Keep identifiers unique in the group."""
    factories.sample(admin, lab.group, "taken", public_identifier="taken")
    expected = {"private_identifier": "s", "public_identifier": "p"} | {column: "taken"}
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, set_column(column), ["taken", sample])

    assert answer == (409, "sample_exists", [{"id": sample} | expected])


def test_identifiers_of_another_group_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Accept them, so that no caller learns which ones exist."""
    factories.sample(admin, lab.other_group, "theirs")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(set_column("private_identifier"), ["theirs", sample]).fetchone()

    assert row == ("theirs",)


def test_null_authors_become_an_empty_list(request_as: RequestAs, lab: Lab, sample: int) -> None:
    """Store an empty list, not null."""
    with request_as("member", sub="alice") as conn:
        row = conn.execute(set_column("authors"), [None, sample]).fetchone()

    assert row == ([],)


def test_time_of_the_change_is_kept(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Set updated_at and keep created_at."""
    admin.execute("alter table aspen.samples disable trigger samples_set_updated_at")
    admin.execute("update aspen.samples set created_at = '2020-01-01', updated_at = '2020-01-01'")
    admin.execute("alter table aspen.samples enable trigger samples_set_updated_at")
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "update api.samples set host = 'cat' where id = %s"
            " returning updated_at = now(), created_at = '2020-01-01'",
            [sample],
        ).fetchone()

    assert row == (True, True)


@pytest.mark.parametrize(
    ("before", "column", "value", "disclosed_at"),
    [
        ({}, "is_private", True, "9999-01-01 00:00:00+00"),
        ({"is_private": True}, "is_private", False, "1900-01-01 00:00:00+00"),
        ({}, "restricted_until", "2030-01-01", "2030-01-01 00:00:00+00"),
        ({"restricted_until": "2030-01-01"}, "restricted_until", None, "1900-01-01 00:00:00+00"),
        ({"restricted_until": "2030-01-01"}, "is_private", True, "9999-01-01 00:00:00+00"),
    ],
)
def test_results_are_hidden_and_shown_with_their_sample(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    before: dict[str, Any],
    column: str,
    value: object,
    disclosed_at: str,
) -> None:
    """Carry the moment to lineages, QC, mutations and accessions."""
    sample = factories.sample(admin, lab.group, **before)
    factories.sample_lineage(admin, sample)
    factories.qc_metric(admin, sample)
    factories.mutations(admin, sample)
    factories.accession(admin, sample)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(set_column(column), [value, sample])

    row = admin.execute(
        "select (select disclosed_at from aspen.sample_lineages) = %(moment)s::timestamptz,"
        " (select disclosed_at from aspen.sample_qc_metrics) = %(moment)s::timestamptz,"
        " (select disclosed_at from aspen.sample_mutations) = %(moment)s::timestamptz,"
        " (select disclosed_at from aspen.accessions) = %(moment)s::timestamptz",
        {"moment": disclosed_at},
    ).fetchone()
    assert row == (True,) * 4


@pytest.mark.parametrize("role", ["admin", "member"])
def test_granted_member_changes_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int, role: str
) -> None:
    """Accept the change from a caller with any role in the grantee group."""
    factories.grant(admin, lab.group, lab.other_group, role)
    with request_as("member", sub="bob") as conn:
        assert conn.execute(set_column("host"), ["cat", sample]).fetchall() == [("cat",)]


def test_viewer_cannot_change_a_sample(request_as: RequestAs, lab: Lab, sample: int) -> None:
    """Answer 403, because a viewer sees that the sample exists."""
    with request_as("member", sub="vic") as conn:
        answer = refusal_of(conn, set_column("host"), ["cat", sample])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_one_refused_sample_leaves_all_as_they_are(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Change all rows of a statement or none, across groups too."""
    factories.grant(admin, lab.group, lab.other_group, "viewer")
    own = factories.sample(admin, lab.other_group, "own")
    with request_as("member", sub="bob", keep=True) as conn:
        answer: Refusal = refusal_of(conn, "update api.samples set host = 'cat'")

    assert answer == (403, "group_access_denied", {"group_id": lab.group})
    rows = admin.execute("select id, host from aspen.samples order by id").fetchall()
    assert rows == [(sample, "bat"), (own, None)]


def test_invalid_row_among_many_is_named_and_nothing_changes(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name the row by its id, whichever part of the rows it is checked with."""
    ids = [
        factories.sample(admin, lab.group, f"s{number:03}", host=f"h{number}")
        for number in range(150)
    ]
    with request_as("member", sub="alice", keep=True) as conn:
        answer = refusal_of(
            conn,
            "update api.samples set host = case private_identifier when 's120' then '=1'"
            " else 'Human' end",
        )

    reason = "must not begin with = or @, nor with + or - unless it is a number"
    assert answer == (
        400,
        "invalid_sample",
        [{"id": ids[120], "field": "host", "value": "=1", "reason": reason}],
    )
    assert admin.execute("select count(*) from aspen.samples where host ~ '^h'").fetchone() == (
        150,
    )


def test_quotes_are_changed_as_given(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep what has a meaning in lists and rows of PostgreSQL."""
    odd = '{"a\\b",(c)} \'d\' ""e, NULL'
    factories.sample(admin, lab.group, "s")
    with request_as("member", sub="alice") as conn:
        changed = conn.execute(
            "update api.samples set private_identifier = %(odd)s::text, host = %(odd)s::text,"
            " authors = array[%(odd)s::text, 'x'] returning private_identifier, host, authors",
            {"odd": odd},
        ).fetchall()
        stored = conn.execute(
            "select private_identifier, host, authors from api.samples"
        ).fetchall()

    assert changed == stored == [(odd, odd, [odd, "x"])]
