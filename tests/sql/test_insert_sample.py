"""Samples posted to api.samples: one statement is one batch, stored or rejected as a whole.

The trigger internal.insert_sample stores them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg.rows import dict_row

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import problem, refusal_of
from tests.sql.conftest import Lab

INSERT = (
    "insert into api.samples"
    " (group_id, pathogen_id, location_id, private_identifier, public_identifier, collection_date)"
    " select group_id, pathogen_id, location_id, private_identifier, public_identifier,"
    " collection_date from jsonb_to_recordset(%s) as rows (group_id bigint, pathogen_id bigint,"
    " location_id bigint, private_identifier text, public_identifier text, collection_date date)"
)
YEAR = date.today().year


def row_of(lab: Lab, private_identifier: str | None, **columns: object) -> dict[str, object]:
    """Return a sample as a client posts it."""
    required: dict[str, object] = {
        "group_id": lab.group,
        "pathogen_id": lab.pathogen,
        "location_id": lab.location,
        "private_identifier": private_identifier,
        "collection_date": "2024-02-01",
    }
    return required | columns


def as_json(rows: list[dict[str, object]]) -> list[object]:
    """Return the parameter of INSERT."""
    return [psycopg.types.json.Jsonb(rows)]


def test_new_sample_is_returned_as_stored(request_as: RequestAs, lab: Lab) -> None:
    """Return the columns that the server filled in as well."""
    with request_as("member", sub="alice") as conn, conn.cursor(row_factory=dict_row) as cursor:
        posted = cursor.execute(f"{INSERT} returning *", as_json([row_of(lab, "s")])).fetchone()
        read = cursor.execute("select * from api.samples").fetchone()

    assert posted is not None
    assert posted == read
    assert posted == {
        "id": posted["id"],
        "group_id": lab.group,
        "pathogen_id": lab.pathogen,
        "uploaded_by_id": lab.alice,
        "location_id": lab.location,
        "is_private": False,
        "private_identifier": "s",
        "public_identifier": f"hCoV-19/France/LAB-{posted['id']}/{YEAR}",
        "collection_date": date(2024, 2, 1),
        "sample_collected_by": "Lab",
        "sample_collector_contact_email": None,
        "sample_collector_contact_address": None,
        "authors": ["Lab"],
        "organism": "Organism SC2",
        "host": None,
        "purpose_of_sampling": None,
        "specimen_processing": None,
        "restricted_until": None,
        "disclosed_at": datetime(1900, 1, 1, tzinfo=UTC),
        "created_at": posted["created_at"],
        "updated_at": posted["created_at"],
    }


def test_columns_of_the_server_cannot_be_given(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore values sent for id, uploader and times."""
    with request_as("member", sub="alice") as conn:
        row = conn.execute(
            "insert into api.samples (id, uploaded_by_id, created_at, updated_at, group_id,"
            " pathogen_id, location_id, private_identifier, collection_date)"
            " values (-1, %s, '2000-01-01', '2000-01-01', %s, %s, %s, 's', '2024-02-01')"
            " returning id > 0, uploaded_by_id, created_at, updated_at",
            [lab.bob, lab.group, lab.pathogen, lab.location],
        ).fetchone()
        now = conn.execute("select now()").fetchone()

    assert now is not None
    assert row == (True, lab.alice, now[0], now[0])


@pytest.mark.parametrize("given", [None, ""], ids=["null", "empty"])
def test_missing_public_identifier_is_generated(
    request_as: RequestAs, lab: Lab, given: str | None
) -> None:
    """Build it from prefix, country, group, id and year."""
    rows = [row_of(lab, "s", public_identifier=given)]
    with request_as("member", sub="alice") as conn:
        row = conn.execute(f"{INSERT} returning id, public_identifier", as_json(rows)).fetchone()

    assert row is not None
    assert row[1] == f"hCoV-19/France/LAB-{row[0]}/{YEAR}"


def test_given_public_identifier_is_kept(request_as: RequestAs, lab: Lab) -> None:
    """Keep its spaces too: only generated identifiers are reduced to plain letters."""
    rows = [row_of(lab, "s", public_identifier="My sample (1)")]
    with request_as("member", sub="alice") as conn:
        row = conn.execute(f"{INSERT} returning public_identifier", as_json(rows)).fetchone()

    assert row == ("My sample (1)",)


def test_all_problems_of_all_rows_are_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name every problem and store no row."""
    rows = [
        row_of(lab, "good"),
        row_of(lab, None, collection_date=None),
        row_of(lab, "no place", location_id=-1, pathogen_id=-2),
        row_of(lab, "early", collection_date="1899-12-31", public_identifier=" p"),
        row_of(lab, "late", collection_date="2999-01-01"),
        row_of(lab, "whose", group_id=None),
    ]
    with request_as("member", sub="alice", keep=True) as conn:
        answer = refusal_of(conn, INSERT, as_json(rows))

    form = "must be 1 to 128 characters on one line, without spaces around it"
    span = "must be between 1900-01-01 and today"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(2, None, "collection_date", None, "is required, as YYYY-MM-DD"),
            problem(2, None, "private_identifier", None, "is required"),
            problem(3, "no place", "location_id", "-1", "is not the id of a location"),
            problem(3, "no place", "pathogen_id", "-2", "is not the id of a pathogen"),
            problem(4, "early", "collection_date", "1899-12-31", span),
            problem(4, "early", "public_identifier", " p", form),
            problem(5, "late", "collection_date", "2999-01-01", span),
            problem(6, "whose", "group_id", None, "is required"),
        ],
    )
    assert admin.execute("select count(*) from aspen.samples").fetchone() == (0,)


def test_taken_identifiers_are_all_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name duplicates of stored samples and duplicates within the statement."""
    factories.sample(admin, lab.group, "old", public_identifier="public old")
    rows = [
        row_of(lab, "old"),
        row_of(lab, "new", public_identifier="public new"),
        row_of(lab, "other", public_identifier="public old"),
        row_of(lab, "new"),
        row_of(lab, "third", public_identifier="public new"),
    ]
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, INSERT, as_json(rows))

    reason = "already exists in this group"
    assert answer == (
        409,
        "sample_exists",
        [
            problem(1, "old", "private_identifier", "old", reason),
            problem(3, "other", "public_identifier", "public old", reason),
            problem(4, "new", "private_identifier", "new", reason),
            problem(5, "third", "public_identifier", "public new", reason),
        ],
    )


def test_identifiers_of_another_group_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Accept them, so that no caller learns which ones exist."""
    factories.sample(admin, lab.other_group, "s", public_identifier="p")
    rows = [row_of(lab, "s", public_identifier="p")]
    with request_as("member", sub="alice") as conn:
        found = conn.execute(f"{INSERT} returning private_identifier", as_json(rows)).fetchall()

    assert found == [("s",)]


def test_identifiers_of_a_group_that_granted_access_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Accept them: samples the caller sees in another group are not samples of this group."""
    factories.grant(admin, lab.other_group, lab.group, "member")
    factories.sample(admin, lab.other_group, "s", public_identifier="p")
    rows = [row_of(lab, "s", public_identifier="p")]
    with request_as("member", sub="alice") as conn:
        found = conn.execute(f"{INSERT} returning private_identifier", as_json(rows)).fetchall()

    assert found == [("s",)]


def test_statement_after_a_good_one_counts_its_own_rows(request_as: RequestAs, lab: Lab) -> None:
    """Count rows per statement, and forget problems once they are reported."""
    good, bad = row_of(lab, "good"), row_of(lab, "bad", location_id=-1)
    with request_as("member", sub="alice") as conn:
        conn.execute(INSERT, as_json([good]))
        first = refusal_of(conn, INSERT, as_json([bad]))
        second = refusal_of(conn, INSERT, as_json([bad]))
        conn.execute(INSERT, as_json([good | {"private_identifier": "better"}]))

    named = [problem(1, "bad", "location_id", "-1", "is not the id of a location")]
    assert (first, second) == ((400, "invalid_sample", named), (400, "invalid_sample", named))


def test_statement_without_rows_is_refused(request_as: RequestAs, lab: Lab) -> None:
    """Reject it like an empty batch."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, INSERT, as_json([]))

    assert answer == (400, "empty_batch", None)


@pytest.mark.parametrize("user", ["vic", "bob"], ids=["viewer", "granted admin"])
def test_group_without_a_direct_role_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, user: str
) -> None:
    """Require a direct role: a granted one allows changing samples, not creating them."""
    factories.grant(admin, lab.group, lab.other_group, "admin")
    with request_as("member", sub=user) as conn:
        answer = refusal_of(conn, INSERT, as_json([row_of(lab, "s")]))

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_sample_of_tomorrow_is_taken(request_as: RequestAs, lab: Lab) -> None:
    """Accept tomorrow's date, because somewhere on Earth it is tomorrow already."""
    tomorrow = date.fromordinal(datetime.now(UTC).date().toordinal() + 1)
    rows = [row_of(lab, "s", collection_date=tomorrow.isoformat())]
    with request_as("member", sub="alice") as conn:
        found = conn.execute(f"{INSERT} returning collection_date", as_json(rows)).fetchall()

    assert found == [(tomorrow,)]


def test_rows_far_apart_are_named_by_their_numbers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Count across the parts in which many rows are stored."""
    factories.sample(admin, lab.group, "s3")
    rows = [row_of(lab, f"s{number}") for number in range(1, 401)]
    rows[199]["collection_date"] = None
    rows[299]["private_identifier"] = "s30"
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, INSERT, as_json(rows))

    exists = "already exists in this group"
    assert answer == (
        409,
        "sample_exists",
        [
            problem(3, "s3", "private_identifier", "s3", exists),
            problem(200, "s200", "collection_date", None, "is required, as YYYY-MM-DD"),
            problem(300, "s30", "private_identifier", "s30", exists),
        ],
    )


def test_many_rows_are_stored_and_returned_in_their_order(request_as: RequestAs, lab: Lab) -> None:
    """Answer with each row as it is stored, in ascending ids, and record each in the audit log."""
    rows = [row_of(lab, f"s{number}", public_identifier=None) for number in range(400)]
    with request_as("member", sub="alice") as conn:
        posted = conn.execute(
            f"{INSERT} returning id, private_identifier, public_identifier", as_json(rows)
        ).fetchall()
        stored = conn.execute(
            "select id, private_identifier, public_identifier from api.samples order by id"
        ).fetchall()
        recorded = conn.execute(
            "select row_id from api.changes where resource = 'samples' order by id"
        ).fetchall()

    assert [identifier for _, identifier, _ in posted] == [f"s{number}" for number in range(400)]
    assert posted == stored
    assert recorded == [(sample_id,) for sample_id, _, _ in posted]


def test_quotes_of_texts_are_stored_as_given(request_as: RequestAs, lab: Lab) -> None:
    """Keep what has a meaning in lists and rows of PostgreSQL."""
    odd = '{"a\\b",(c)} \'d\' ""e, NULL'
    with request_as("member", sub="alice") as conn:
        posted = conn.execute(
            "insert into api.samples (group_id, pathogen_id, location_id, private_identifier,"
            " public_identifier, collection_date, host, authors)"
            " select %(group)s, %(pathogen)s, %(location)s, given.name, given.name, '2024-02-01',"
            " given.name, array[given.name, 'x'] from (values (%(odd)s), ('')) as given(name)"
            " where given.name <> '' returning private_identifier",
            {"group": lab.group, "pathogen": lab.pathogen, "location": lab.location, "odd": odd},
        ).fetchone()
        stored = conn.execute(
            "select private_identifier, public_identifier, host, authors from api.samples"
        ).fetchone()

    assert posted == (odd,)
    assert stored == (odd, odd, odd, [odd, "x"])
