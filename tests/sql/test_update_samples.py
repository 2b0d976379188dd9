"""A batch of changes is done as a whole, or rejected with every reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, problem, refusal_of
from tests.servers import Database
from tests.sql.conftest import Lab

UPDATE = "select api.update_samples(%s, %s)"
UNKNOWN = "is not a sample of this group"
TAKEN = "already exists in this group"
TWICE = "is given more than once in this batch"


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store three samples: private identifiers a, b, c, public ones A, B, C."""
    return [
        factories.sample(admin, lab.group, name, public_identifier=name.upper(), host="bat")
        for name in "abc"
    ]


def update(conn: psycopg.Connection, lab: Lab, *changes: object) -> list[tuple[Any, ...]]:
    """Return the answer, as id, private and public identifier of each row."""
    row = conn.execute(UPDATE, [lab.group, Json(changes)]).fetchone()
    assert row is not None
    return [tuple(one.values()) for one in row[0]]


def refused(conn: psycopg.Connection, lab: Lab, *changes: object) -> Refusal:
    """Return the error that a batch is rejected with."""
    return refusal_of(conn, UPDATE, [lab.group, Json(changes)])


def names(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Return the identifiers of all samples by id."""
    return conn.execute(
        "select private_identifier, public_identifier from api.samples order by id"
    ).fetchall()


def test_samples_are_found_by_id_and_by_both_identifiers(
    request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Answer in the order of the batch, with the identifiers as they are now."""
    first, second, third = samples
    with request_as("member", sub="alice") as conn:
        answer = update(
            conn,
            lab,
            {"identifier": "C", "host": "cat"},
            {"id": first, "host": "dog"},
            {"identifier": " b ", "private_identifier": "new"},
        )
        hosts = conn.execute("select host from api.samples order by id").fetchall()

    assert answer == [(third, "c", "C"), (first, "a", "A"), (second, "new", "B")]
    assert hosts == [("dog",), ("bat",), ("cat",)]


def test_every_column_is_changed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Change what a client may set, and the day and depth of the sequence."""
    factories.sequence(admin, samples[0])
    values = {
        "private_identifier": "private",
        "public_identifier": "public",
        "is_private": True,
        "collection_date": date(2023, 1, 1),
        "location_id": factories.location(admin, "Spain"),
        "sample_collected_by": "a clinic",
        "sample_collector_contact_email": "clinic@example.org",
        "sample_collector_contact_address": "1 Road",
        "authors": ["A. Author"],
        "organism": "a virus",
        "host": "cat",
        "purpose_of_sampling": "surveillance",
        "specimen_processing": "swab",
        "restricted_until": date(2030, 1, 1),
        "sequencing_date": date(2023, 1, 2),
        "sequencing_depth": 30.5,
    }
    change = {key: f"{one}" if isinstance(one, date) else one for key, one in values.items()}
    with request_as("member", sub="alice", keep=True) as conn:
        update(conn, lab, {"id": samples[0]} | change)

    row = admin.execute(
        "select private_identifier, public_identifier, is_private, collection_date, location_id,"
        " sample_collected_by, sample_collector_contact_email, sample_collector_contact_address,"
        " authors, organism, host, purpose_of_sampling, specimen_processing, restricted_until,"
        " sequencing_date, sequencing_depth from aspen.samples as samples"
        " inner join aspen.sequences as sequences on samples.id = sequences.sample_id"
    ).fetchone()
    assert row == tuple(values.values())


def test_columns_that_are_not_named_stay_and_null_clears(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Treat a text of white space like null, and clear a list to an empty one."""
    sample = factories.sample(
        admin, lab.group, "s", host="bat", organism="x", authors=["A"], purpose_of_sampling="y"
    )
    change = {"id": sample, "host": None, "organism": " ", "authors": None}
    with request_as("member", sub="alice") as conn:
        update(conn, lab, change)
        row = conn.execute(
            "select host, organism, authors, purpose_of_sampling, private_identifier"
            " from api.samples"
        ).fetchone()

    assert row == (None, None, [], "y", "s")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_empty_public_identifier_is_generated_again(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int], value: object
) -> None:
    """Use the location that the same row names."""
    spain = factories.location(admin, "Spain")
    change = {"id": samples[0], "public_identifier": value, "location_id": spain}
    with request_as("member", sub="alice") as conn:
        answer = update(conn, lab, change)

    public = f"hCoV-19/Spain/LAB-{samples[0]}/{date.today().year}"
    assert answer == [(samples[0], "a", public)]


def test_generated_identifier_that_is_taken_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Name it like one that was given."""
    public = f"hCoV-19/France/LAB-{samples[0]}/{date.today().year}"
    factories.sample(admin, lab.group, public_identifier=public)
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, {"id": samples[0], "public_identifier": None})

    assert answer == (
        409,
        "sample_exists",
        [problem(1, "a", "public_identifier", public, TAKEN)],
    )


def test_identifiers_are_swapped(request_as: RequestAs, lab: Lab, samples: list[int]) -> None:
    """Pass both kinds round in one batch."""
    first, second, third = samples
    changes = [
        {"id": first, "private_identifier": "b", "public_identifier": "C"},
        {"identifier": "b", "private_identifier": "a"},
        {"id": third, "public_identifier": "A"},
    ]
    with request_as("member", sub="alice") as conn:
        answer = update(conn, lab, *changes)
        stored = names(conn)

    assert answer == [(first, "b", "C"), (second, "a", "B"), (third, "c", "A")]
    assert stored == [("b", "C"), ("a", "B"), ("c", "A")]


def test_identifier_that_a_sample_of_the_batch_gives_up_is_taken(
    request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Move along a chain, whatever its order."""
    first, second, third = samples
    changes = [
        {"id": second, "private_identifier": "c"},
        {"id": third, "private_identifier": "d"},
        {"id": first, "private_identifier": "b"},
    ]
    with request_as("member", sub="alice") as conn:
        update(conn, lab, *changes)
        stored = names(conn)

    assert stored == [("b", "A"), ("c", "B"), ("d", "C")]


def test_own_identifiers_may_be_given_again(
    request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Change nothing for a row that was read and is sent back."""
    change = {"id": samples[0], "private_identifier": "a", "public_identifier": "A"}
    with request_as("member", sub="alice") as conn:
        assert update(conn, lab, change) == [(samples[0], "a", "A")]


def test_private_and_public_identifiers_do_not_clash_with_each_other(
    request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Allow one sample the private identifier that is another one's public identifier."""
    with request_as("member", sub="alice") as conn:
        answer = update(conn, lab, {"id": samples[0], "private_identifier": "B"})

    assert answer == [(samples[0], "B", "A")]


def test_every_clash_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Name identifiers of other samples, in and out of the batch, and those given twice."""
    first, second, third = samples
    factories.sample(admin, lab.group, "d", public_identifier="D", is_private=True)
    changes = [
        {"id": first, "private_identifier": "d", "public_identifier": "D"},
        {"id": second, "private_identifier": "same", "public_identifier": "C"},
        {"id": third, "private_identifier": "same", "host": "cat"},
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, *changes)
        stored = names(conn)

    assert answer == (
        409,
        "sample_exists",
        [
            problem(1, "a", "private_identifier", "d", TAKEN),
            problem(1, "a", "public_identifier", "D", TAKEN),
            problem(2, "b", "private_identifier", "same", TWICE),
            problem(2, "b", "public_identifier", "C", TAKEN),
            problem(3, "c", "private_identifier", "same", TWICE),
        ],
    )
    assert stored == [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]


def test_identifiers_of_another_group_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Keep identifiers unique in a group only, even if the caller sees the other one."""
    factories.grant(admin, lab.other_group, lab.group, "admin")
    factories.sample(admin, lab.other_group, "x", public_identifier="X")
    change = {"id": samples[0], "private_identifier": "x", "public_identifier": "X"}
    with request_as("member", sub="alice") as conn:
        assert update(conn, lab, change) == [(samples[0], "x", "X")]


def test_every_unknown_sample_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Answer for a sample of another group as if it did not exist."""
    factories.grant(admin, lab.other_group, lab.group, "admin")
    foreign = factories.sample(admin, lab.other_group, "foreign", public_identifier="FOREIGN")
    changes = [
        {"id": samples[0], "host": "cat"},
        {"id": foreign, "host": "cat"},
        {"identifier": "foreign", "host": "cat"},
        {"identifier": "hCoV-19/A", "host": "cat"},
        {"id": 0},
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, *changes)

    assert answer == (
        404,
        "sample_not_found",
        [
            problem(2, None, "id", f"{foreign}", UNKNOWN),
            problem(3, None, "identifier", "foreign", UNKNOWN),
            problem(4, None, "identifier", "hCoV-19/A", UNKNOWN),
            problem(5, None, "id", "0", UNKNOWN),
        ],
    )


def test_all_problems_of_all_rows_are_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Name row, field and value of every cell, as create_samples does."""
    factories.sample(admin, lab.group, "A", public_identifier="x")
    changes = [
        {"id": samples[0], "host": 3, "collection_date": "soon", "sequence": "ACGT"},
        {"id": samples[1], "private_identifier": None, "location_id": 0, "is_private": None},
        {"identifier": "A"},
        {"identifier": "nobody's", "authors": ["=1"]},
        {"id": samples[2], "identifier": "c"},
        {"host": "cat"},
        {"id": "x"},
        3,
        {"id": samples[2], "sequencing_depth": 3, "pathogen_id": 1, "colour": "red"},
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, *changes)

    column = "is not a column that update_samples changes"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, "a", "collection_date", "soon", "must be a date YYYY-MM-DD"),
            problem(1, "a", "host", "3", "must be a text"),
            problem(1, "a", "sequence", None, column),
            problem(2, "b", "is_private", None, "must be true or false"),
            problem(2, "b", "location_id", "0", "is not the id of a location"),
            problem(2, "b", "private_identifier", None, "is required"),
            problem(
                3,
                "A",
                "identifier",
                "A",
                "is the private identifier of one sample and the public one of another",
            ),
            problem(
                4,
                None,
                "authors",
                "=1",
                "must be names on one line each, without null, invisible characters, spaces around"
                " them, or =, +, - or @ at the beginning",
            ),
            problem(4, None, "identifier", "nobody's", UNKNOWN),
            problem(5, "c", "id", f"{samples[2]}", "cannot be given together with identifier"),
            problem(6, None, "identifier", None, "is required, unless id is given"),
            problem(7, None, "id", "x", "must be an integer of at most 18 digits"),
            problem(8, None, None, None, "is not an object"),
            problem(9, "c", "colour", None, column),
            problem(9, "c", "pathogen_id", None, column),
            problem(9, "c", "sequencing_depth", "3", "the sample has no sequence"),
        ],
    )


def test_sample_named_twice_is_named_each_time(
    request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Reject a batch whose result would depend on its order."""
    changes = [{"id": samples[0], "host": "cat"}, {"identifier": "A", "host": "dog"}]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, *changes)

    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, "a", "id", f"{samples[0]}", TWICE),
            problem(2, "a", "identifier", "A", TWICE),
        ],
    )


def test_results_and_jobs_stay(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Touch no lineage, metric, accession, mutation and alignment, and queue no job."""
    factories.sequence(admin, samples[0])
    factories.sample_lineage(admin, samples[0])
    factories.qc_metric(admin, samples[0])
    factories.accession(admin, samples[0])
    factories.mutations(admin, samples[0])
    factories.aligned_sequence(admin, samples[0])
    count = (
        "select (select array_agg(xmin::text) from aspen.sample_lineages),"
        " (select array_agg(xmin::text) from aspen.sample_qc_metrics),"
        " (select array_agg(xmin::text) from aspen.accessions),"
        " (select count(*) from aspen.sample_mutations),"
        " (select count(*) from aspen.aligned_sequences), (select count(*) from aspen.jobs)"
    )
    before = admin.execute(count).fetchone()
    change = {"id": samples[0], "private_identifier": "new", "sequencing_date": "2024-02-03"}
    with request_as("member", sub="alice", keep=True) as conn:
        update(conn, lab, change)

    assert admin.execute(count).fetchone() == before


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_group_without_a_strong_enough_role_is_refused(
    request_as: RequestAs, lab: Lab, samples: list[int], who: str
) -> None:
    """Answer a viewer and a stranger alike."""
    with request_as("member", sub=who) as conn:
        answer = refused(conn, lab, {"id": samples[0], "host": "cat"})

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_member_by_a_grant_changes_samples(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Accept a granted role, as PATCH does."""
    factories.grant(admin, lab.group, lab.other_group, "member")
    with request_as("member", sub="bob") as conn:
        assert update(conn, lab, {"id": samples[0], "host": "cat"}) == [(samples[0], "a", "A")]


@pytest.mark.parametrize("batch", [{}, "x", None, 1])
def test_batch_that_is_no_list_is_rejected(request_as: RequestAs, lab: Lab, batch: object) -> None:
    """Say what it must be."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, UPDATE, [lab.group, Json(batch)])

    assert answer == (400, "invalid_argument", None)


def test_empty_batch_is_rejected(request_as: RequestAs, lab: Lab) -> None:
    """Ask for at least one row."""
    with request_as("member", sub="alice") as conn:
        assert refused(conn, lab) == (400, "empty_batch", None)


def test_too_large_batch_is_rejected(request_as: RequestAs, lab: Lab) -> None:
    """Count its rows and read none."""
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, *[1] * 20_001)

    assert answer == (413, "batch_too_large", {"samples": 20_001})


def test_ten_thousand_samples_are_swapped_in_pairs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, shared_database: Database
) -> None:
    """Finish within the time of a request, with no statement for each row.

    Also where the table was vacuumed while the rows were not committed: it then counts as empty.
    """
    admin.execute(
        "insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select %s, %s, %s, number, number, '2024-02-01' from generate_series(0, 9999) as number",
        [lab.group, lab.pathogen, lab.location],
    )
    with shared_database.connect("postgres") as other:
        other.execute("vacuum analyze aspen.samples")
    changes = [
        {"identifier": f"{number}", "private_identifier": f"{number ^ 1}"}
        for number in range(10_000)
    ]
    with request_as("member", sub="alice") as conn:
        update(conn, lab, *changes)
        # The view for all rows of a table that counts as empty takes PostgreSQL 15 a minute.
        conn.execute("set local enable_nestloop = off")
        row = conn.execute(
            "select count(*), count(distinct private_identifier) from api.samples"
            " where private_identifier::integer = (public_identifier::integer # 1)"
        ).fetchone()

    assert row == (10_000, 10_000)
