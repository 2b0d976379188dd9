"""A batch of samples and sequences is stored as a whole, or rejected with every reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Json

from tests import factories
from tests.conftest import RequestAs
from tests.factories import GENOME
from tests.refusals import Refusal, problem, refusal_of
from tests.sql.conftest import Lab

CREATE = "select api.create_samples(%s, %s, %s, %s)"
YEAR = date.today().year
DEFAULTS = (
    "select is_private, authors, sample_collected_by, sample_collector_contact_address, organism,"
    " host from aspen.samples"
)


def given(lab: Lab, private_identifier: str, **fields: object) -> dict[str, object]:
    """Return a sample as a client sends it, without the fields that are None."""
    required = {
        "private_identifier": private_identifier,
        "collection_date": "2024-02-01",
        "location_id": lab.location,
    }
    return {name: value for name, value in (required | fields).items() if value is not None}


def create(
    conn: psycopg.Connection,
    lab: Lab,
    samples: object,
    on_conflict: str = "error",
    pathogen: str = "SC2",
) -> list[dict[str, Any]]:
    """Return what create_samples answers."""
    row = conn.execute(CREATE, [lab.group, pathogen, Json(samples), on_conflict]).fetchone()
    assert row is not None
    answer: list[dict[str, Any]] = row[0]
    return answer


def refused(
    conn: psycopg.Connection, lab: Lab, samples: object, on_conflict: str = "error"
) -> Refusal:
    """Return the error that create_samples rejects a batch with."""
    return refusal_of(conn, CREATE, [lab.group, "SC2", Json(samples), on_conflict])


def stored(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Return the identifiers of all samples in the database."""
    return conn.execute(
        "select private_identifier, public_identifier from aspen.samples order by id"
    ).fetchall()


def counts(conn: psycopg.Connection) -> tuple[int, ...] | None:
    """Count samples, sequences, jobs, inputs and audit records."""
    return conn.execute(
        "select (select count(*) from aspen.samples), (select count(*) from aspen.sequences),"
        " (select count(*) from aspen.jobs), (select count(*) from aspen.job_samples),"
        " (select count(*) from aspen.audit_log where table_name <> 'groups')"
    ).fetchone()


def test_answer_has_the_order_of_the_batch(request_as: RequestAs, lab: Lab) -> None:
    """Assign ascending ids in the order of the batch, whatever the identifiers are."""
    batch = [
        given(lab, "z", sequence=GENOME),
        given(lab, "a", public_identifier="chosen"),
        given(lab, "m", public_identifier=""),
    ]
    with request_as("member", sub="alice") as conn:
        answer = create(conn, lab, batch)

    first = answer[0]["id"]
    assert answer == [
        {
            "id": first,
            "private_identifier": "z",
            "public_identifier": f"hCoV-19/France/LAB-{first}/{YEAR}",
            "outcome": "created",
            "has_sequence": True,
        },
        {
            "id": first + 1,
            "private_identifier": "a",
            "public_identifier": "chosen",
            "outcome": "created",
            "has_sequence": False,
        },
        {
            "id": first + 2,
            "private_identifier": "m",
            "public_identifier": f"hCoV-19/France/LAB-{first + 2}/{YEAR}",
            "outcome": "created",
            "has_sequence": False,
        },
    ]


def test_given_values_are_stored(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Store every column of samples and sequences that a client may set."""
    fields = {
        "public_identifier": "public",
        "is_private": True,
        "sample_collected_by": "a clinic",
        "sample_collector_contact_email": "clinic@example.org",
        "sample_collector_contact_address": "1 Road",
        "authors": ["A. Author", "B. Author"],
        "organism": "a virus",
        "host": "bat",
        "purpose_of_sampling": "surveillance",
        "specimen_processing": "swab",
        "restricted_until": "2030-01-01",
    }
    of_sequence = {"sequence": GENOME, "sequencing_date": "2024-02-03", "sequencing_depth": 30.5}
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, [given(lab, "private", **fields, **of_sequence)])

    with admin.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select samples.*, sequences.sequence, sequences.sequencing_date,"
            " sequences.sequencing_depth from aspen.samples as samples"
            " inner join aspen.sequences as sequences on samples.id = sequences.sample_id"
        ).fetchone()
    assert row is not None
    assert row == fields | of_sequence | {
        "id": row["id"],
        "group_id": lab.group,
        "pathogen_id": lab.pathogen,
        "uploaded_by_id": lab.alice,
        "location_id": lab.location,
        "private_identifier": "private",
        "collection_date": date(2024, 2, 1),
        "sequencing_date": date(2024, 2, 3),
        "restricted_until": date(2030, 1, 1),
        "disclosed_at": row["disclosed_at"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def test_values_left_out_have_defaults(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Default to not private, to what the group says of itself, and to what the pathogen says."""
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, [given(lab, "s")])

    row = admin.execute(DEFAULTS).fetchone()
    assert row == (False, ["Lab"], "Lab", None, "Organism SC2", None)


@pytest.mark.parametrize(("said", "stored"), [({}, "Human"), ({"host": "bat"}, "bat")])
def test_host_left_out_is_that_of_the_pathogen(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    said: dict[str, str],
    stored: str,
) -> None:
    """Fill it in a batch and in a POST, and clear it by a change."""
    admin.execute("update aspen.pathogens set host = 'Human'")
    with request_as("member", sub="alice") as conn:
        create(conn, lab, [given(lab, "s") | said])
        created = conn.execute("select host from api.samples").fetchall()
        posted = conn.execute(
            "insert into api.samples (group_id, pathogen_id, location_id, collection_date,"
            " private_identifier, host) values (%s, %s, %s, '2024-02-01', 'b', %s) returning host",
            [lab.group, lab.pathogen, lab.location, said.get("host")],
        ).fetchall()
        cleared = conn.execute("update api.samples set host = null returning host").fetchall()

    assert (created, posted) == ([(stored,)], [(stored,)])
    assert cleared == [(None,), (None,)]


@pytest.mark.parametrize(
    "blank",
    [
        {"authors": None, "sample_collected_by": None, "sample_collector_contact_address": ""},
        {"authors": [], "sample_collected_by": " "},
        {},
    ],
    ids=["null", "blank", "absent"],
)
def test_defaults_come_from_laboratory_and_address_of_the_group(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, blank: dict[str, object]
) -> None:
    """Take null and blank as absent, and the laboratory that submits where it has a name."""
    admin.execute(
        "update aspen.groups set submitting_lab = 'The Laboratory', address = '1 Road'"
        " where id = %s",
        [lab.group],
    )
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(CREATE, [lab.group, "SC2", Json([given(lab, "s") | blank]), "error"])

    row = admin.execute(DEFAULTS).fetchone()
    assert row == (False, ["Lab"], "The Laboratory", "1 Road", "Organism SC2", None)


def test_defaults_are_not_given_to_a_sample_that_is_updated(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Clear by null what a new sample would get from its group."""
    factories.sample(admin, lab.group, "s", authors=["A"], sample_collected_by="x")
    change = {"private_identifier": "s", "authors": None, "sample_collected_by": None}
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, [change], "update")

    row = admin.execute("select authors, sample_collected_by from aspen.samples").fetchone()
    assert row == ([], None)


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        ({"lineage_caller": "PANGOLIN", "nextclade_dataset_name": "x"}, ["nextclade", "pangolin"]),
        ({"lineage_caller": "NEXTCLADE", "nextclade_dataset_name": "x"}, ["nextclade"]),
        ({"lineage_caller": "PANGOLIN", "nextclade_dataset_name": None}, ["pangolin"]),
        ({"lineage_caller": None, "nextclade_dataset_name": None}, []),
    ],
    ids=["lineages and QC", "Nextclade does both", "lineages only", "neither"],
)
def test_jobs_of_the_pathogen_are_queued(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    columns: dict[str, str | None],
    kinds: list[str],
) -> None:
    """Queue one job of each kind, for the samples of the batch that have a sequence."""
    factories.pathogen(admin, "MPX", **columns)
    batch = [given(lab, "with", public_identifier="public", sequence=GENOME), given(lab, "without")]
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, batch, pathogen="MPX")

    rows = admin.execute(
        "select jobs.kind, jobs.status, jobs.group_id, jobs.requested_by_id,"
        " inputs.sample_group_id, inputs.public_identifier"
        " from aspen.jobs as jobs left join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " order by jobs.kind"
    ).fetchall()
    assert rows == [(kind, "queued", lab.group, lab.alice, lab.group, "public") for kind in kinds]


def test_no_job_is_queued_without_a_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Queue nothing, because such a job would have no input."""
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, [given(lab, "s")])

    assert admin.execute("select count(*) from aspen.jobs").fetchone() == (0,)


REQUIRED = "is required"
FORM = "must be 1 to 128 characters on one line, without spaces around it"
RANGE = "must be between 1900-01-01 and today"
NO_DATE = "is required, as YYYY-MM-DD"
NO_DAY = "must be a date YYYY-MM-DD"
NO_INTEGER = "must be an integer of at most 18 digits"
SEQUENCED = "must be between 1970-01-01 and today"


@pytest.mark.parametrize(
    ("field", "sent", "value", "reason"),
    [
        ("private_identifier", None, None, REQUIRED),
        ("private_identifier", "", None, REQUIRED),
        ("private_identifier", " \n", None, REQUIRED),
        ("private_identifier", 5, "5", "must be a text"),
        ("private_identifier", "s\nt", "s\nt", FORM),
        ("private_identifier", "s" * 129, "s" * 129, FORM),
        ("public_identifier", "p\nq", "p\nq", FORM),
        ("collection_date", None, None, NO_DATE),
        ("collection_date", "yesterday", "yesterday", NO_DAY),
        ("collection_date", "2024-02-30", "2024-02-30", NO_DAY),
        ("collection_date", "1899-12-31", "1899-12-31", RANGE),
        ("collection_date", "2999-01-01", "2999-01-01", RANGE),
        ("location_id", None, None, REQUIRED),
        ("location_id", 0, "0", "is not the id of a location"),
        ("location_id", "here", "here", NO_INTEGER),
        ("location_id", 10**30, str(10**30), NO_INTEGER),
        ("is_private", "maybe", "maybe", "must be true or false"),
        ("authors", "A", "A", "must be an array of names"),
        ("sequencing_date", "2999-01-01", "2999-01-01", SEQUENCED),
        ("sequencing_date", "1969-12-31", "1969-12-31", SEQUENCED),
        ("sequencing_date", "soon", "soon", NO_DAY),
        ("sequencing_depth", -1, "-1", "must be a number, not negative"),
        ("sequencing_depth", "deep", "deep", "must be a number"),
        ("colour", "red", None, "is not a column of samples or sequences"),
    ],
)
def test_unusable_value_is_named(
    request_as: RequestAs, lab: Lab, field: str, sent: object, value: object, reason: str
) -> None:
    """Name its row, the identifier of the sample and the value sent."""
    batch = [given(lab, "good"), given(lab, "bad", sequence=GENOME) | {field: sent}]
    identifier = value if field == "private_identifier" else "bad"
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch)

    assert answer == (400, "invalid_sample", [problem(2, identifier, field, value, reason)])


@pytest.mark.parametrize(
    "item", [5, "s", None, [], [[]]], ids=["number", "text", "null", "array", "nested array"]
)
def test_sample_that_is_not_an_object_is_named(
    request_as: RequestAs, lab: Lab, item: object
) -> None:
    """Reject every element of the batch that is not an object."""
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, [given(lab, "good"), item])

    assert answer == (400, "invalid_sample", [problem(2, None, None, None, "is not an object")])


def test_all_problems_of_all_rows_are_named(request_as: RequestAs, lab: Lab) -> None:
    """Name every problem of every row in one error."""
    batch = [
        given(lab, "one", collection_date="x", location_id="y"),
        given(lab, "two"),
        given(lab, "three", is_private="z"),
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch)

    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, "one", "collection_date", "x", NO_DAY),
            problem(1, "one", "location_id", "y", NO_INTEGER),
            problem(3, "three", "is_private", "z", "must be true or false"),
        ],
    )


@pytest.mark.parametrize("field", ["private_identifier", "public_identifier"])
def test_identifier_given_twice_is_named_each_time(
    request_as: RequestAs, lab: Lab, field: str
) -> None:
    """Name both rows, because the client has to find both to correct the batch."""
    batch = [
        given(lab, "a") | {field: "same"},
        given(lab, "b"),
        given(lab, "c") | {field: "same"},
    ]
    identifiers = [row["private_identifier"] for row in batch]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch)

    reason = "is given more than once in this batch"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, identifiers[0], field, "same", reason),
            problem(3, identifiers[2], field, "same", reason),
        ],
    )


def test_empty_public_identifiers_are_not_duplicates(request_as: RequestAs, lab: Lab) -> None:
    """Generate one for each sample."""
    batch = [given(lab, name, public_identifier="") for name in ("a", "b")]
    with request_as("member", sub="alice") as conn:
        answer = create(conn, lab, batch)

    assert [row["outcome"] for row in answer] == ["created", "created"]


def test_identifiers_that_exist_are_all_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name them whatever pathogen their sample has: they are unique in the group."""
    factories.sample(admin, lab.group, "one", public_identifier="public one")
    mpx = factories.pathogen(admin, "MPX")
    factories.sample(admin, lab.group, "two", public_identifier="public two", pathogen_id=mpx)
    batch = [
        given(lab, "one"),
        given(lab, "new", public_identifier="public two"),
        given(lab, "two", public_identifier="public one"),
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch)

    reason = "already exists in this group"
    assert answer == (
        409,
        "sample_exists",
        [
            problem(1, "one", "private_identifier", "one", reason),
            problem(2, "new", "public_identifier", "public two", reason),
            problem(3, "two", "private_identifier", "two", reason),
            problem(3, "two", "public_identifier", "public one", reason),
        ],
    )


def test_identifiers_of_another_group_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Accept them, so that no caller learns which ones exist."""
    factories.sample(admin, lab.other_group, "s", public_identifier="p")
    with request_as("member", sub="alice") as conn:
        answer = create(conn, lab, [given(lab, "s", public_identifier="p")])

    assert [row["outcome"] for row in answer] == ["created"]


def test_identifiers_of_a_group_that_granted_access_are_free(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Accept them: samples the caller sees in another group are not samples of this group."""
    factories.grant(admin, lab.other_group, lab.group, "member")
    factories.sample(admin, lab.other_group, "s", public_identifier="p")
    with request_as("member", sub="alice") as conn:
        answer = create(conn, lab, [given(lab, "s", public_identifier="p")])

    assert [row["outcome"] for row in answer] == ["created"]


def test_skip_leaves_existing_samples_alone(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep sample and sequence, and queue no job for them."""
    known = factories.sample(admin, lab.group, "known", public_identifier="public")
    batch = [given(lab, "known", host="bat", sequence=GENOME), given(lab, "new")]
    with request_as("member", sub="alice", keep=True) as conn:
        answer = create(conn, lab, batch, on_conflict="skip")

    assert [(row["id"], row["outcome"], row["has_sequence"]) for row in answer] == [
        (known, "skipped", False),
        (answer[1]["id"], "created", False),
    ]
    rows = admin.execute(
        "select host, (select count(*) from aspen.sequences), (select count(*) from aspen.jobs)"
        " from aspen.samples where id = %s",
        [known],
    ).fetchall()
    assert rows == [(None, 0, 0)]


def test_update_replaces_given_values_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep absent values, clear those sent as null; replace a sequence and queue its jobs."""
    known = factories.sample(
        admin, lab.group, "known", public_identifier="public", host="bat", organism="a virus"
    )
    factories.sequence(admin, known, GENOME, sequencing_depth=7)
    spain = factories.location(admin, "Spain")
    change = given(
        lab, "known", collection_date="2024-05-05", location_id=spain, is_private=True,
        sequence="N" * 1000,
    )  # fmt: skip
    with request_as("member", sub="alice", keep=True) as conn:
        answer = create(conn, lab, [change | {"host": None}], on_conflict="update")

    assert answer == [
        {
            "id": known,
            "private_identifier": "known",
            "public_identifier": "public",
            "outcome": "updated",
            "has_sequence": True,
        }
    ]
    row = admin.execute(
        "select location_id, is_private, collection_date, host, organism, sequence,"
        " sequencing_depth, num_missing_alleles, (select count(*) from aspen.jobs)"
        " from aspen.samples inner join aspen.sequences on samples.id = sequences.sample_id"
    ).fetchone()
    assert row == (spain, True, date(2024, 5, 5), None, "a virus", "N" * 1000, 7, 1000, 2)


def test_update_needs_no_more_than_it_changes(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Require none of the mandatory values of a new sample, and say that the sequence exists."""
    known = factories.sample(admin, lab.group, "known", public_identifier="old", host="bat")
    factories.sequence(admin, known)
    with request_as("member", sub="alice", keep=True) as conn:
        answer = create(
            conn,
            lab,
            [{"private_identifier": "known", "public_identifier": "new"}],
            on_conflict="update",
        )

    assert answer == [
        {
            "id": known,
            "private_identifier": "known",
            "public_identifier": "new",
            "outcome": "updated",
            "has_sequence": True,
        }
    ]
    row = admin.execute(
        "select public_identifier, collection_date, location_id, host from aspen.samples"
    ).fetchone()
    assert row == ("new", date(2024, 2, 1), lab.location, "bat")


def test_skip_needs_no_more_than_the_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Require nothing else, because nothing else of that row is stored."""
    known = factories.sample(admin, lab.group, "known")
    factories.sequence(admin, known)
    with request_as("member", sub="alice", keep=True) as conn:
        answer = create(conn, lab, [{"private_identifier": "known"}], on_conflict="skip")

    assert [(row["outcome"], row["has_sequence"]) for row in answer] == [("skipped", True)]


def test_new_sample_of_an_update_needs_all_that_is_required(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Require every mandatory value of a new sample, though its batch updates another one."""
    factories.sample(admin, lab.group, "known")
    batch = [{"private_identifier": "known"}, {"private_identifier": "new"}]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch, "update")

    assert answer == (
        400,
        "invalid_sample",
        [
            problem(2, "new", "collection_date", None, NO_DATE),
            problem(2, "new", "location_id", None, REQUIRED),
        ],
    )


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("collection_date", "is required, as YYYY-MM-DD"),
        ("location_id", "is required"),
        ("is_private", "must be true or false"),
    ],
)
def test_null_clears_no_required_column(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, field: str, reason: str
) -> None:
    """Reject null for a column that every sample must have."""
    factories.sample(admin, lab.group, "known")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, [{"private_identifier": "known", field: None}], "update")

    assert answer == (400, "invalid_sample", [problem(1, "known", field, None, reason)])


CLEARED = {
    "sample_collected_by": "a clinic",
    "sample_collector_contact_email": "clinic@example.org",
    "sample_collector_contact_address": "1 Road",
    "authors": ["A. Author"],
    "organism": "a virus",
    "host": "bat",
    "purpose_of_sampling": "surveillance",
    "specimen_processing": "swab",
}


def test_null_clears_optional_columns(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Clear columns of samples and sequencing, but neither public identifier nor sequence."""
    known = factories.sample(admin, lab.group, "known", public_identifier="public", **CLEARED)
    factories.sequence(admin, known, sequencing_date="2024-02-03", sequencing_depth=7)
    nothing = dict.fromkeys(
        [*CLEARED, "public_identifier", "sequence", "sequencing_date", "sequencing_depth"]
    )
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, [{"private_identifier": "known"} | nothing], on_conflict="update")

    with admin.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select samples.*, sequence, sequencing_date, sequencing_depth from aspen.samples"
            " inner join aspen.sequences on samples.id = sequences.sample_id"
        ).fetchone()
    assert row is not None
    wanted: dict[str, object] = dict.fromkeys(nothing) | {
        "authors": [],
        "public_identifier": "public",
        "sequence": GENOME,
    }
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("sequence", [{}, {"sequence": GENOME}, {"sequence": "N" * 1000}])
def test_day_and_depth_of_a_sequence_are_changed_by_themselves(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sequence: dict[str, str]
) -> None:
    """Change them with a sequence or without: here the depth is cleared, the day replaced."""
    known = factories.sample(admin, lab.group, "known")
    factories.sequence(admin, known, sequencing_date="2024-02-03", sequencing_depth=7)
    change: dict[str, object] = {"sequencing_date": "2024-02-04", "sequencing_depth": None}
    with request_as("member", sub="alice", keep=True) as conn:
        create(
            conn, lab, [{"private_identifier": "known"} | change | sequence], on_conflict="update"
        )

    row = admin.execute(
        "select sequence, sequencing_date, sequencing_depth from aspen.sequences"
    ).fetchone()
    assert row == (sequence.get("sequence", GENOME), date(2024, 2, 4), None)


@pytest.mark.parametrize("on_conflict", ["error", "update"])
def test_day_and_depth_need_a_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, on_conflict: str
) -> None:
    """Refuse what has no place to be stored, as update_samples does; null says nothing."""
    factories.sample(admin, lab.group, "known")
    name = "new" if on_conflict == "error" else "known"
    batch = [
        given(lab, name, sequencing_date="2024-02-04", sequencing_depth=7),
        given(lab, "empty") | {"sequencing_date": None, "sequencing_depth": None},
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch, on_conflict)

    reason = "the sample has no sequence"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, name, "sequencing_date", "2024-02-04", reason),
            problem(1, name, "sequencing_depth", "7", reason),
        ],
    )


def test_update_cannot_take_another_samples_identifier(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep public identifiers unique in the group."""
    factories.sample(admin, lab.group, "a", public_identifier="of a")
    factories.sample(admin, lab.group, "b", public_identifier="of b")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, [given(lab, "a", public_identifier="of b")], "update")

    assert answer == (
        409,
        "sample_exists",
        [problem(1, "a", "public_identifier", "of b", "already exists in this group")],
    )


@pytest.mark.parametrize(
    ("pathogen", "samples", "on_conflict", "expected"),
    [
        ("SC2", [], "error", (400, "empty_batch", None)),
        ("SC2", {}, "error", (400, "invalid_argument", None)),
        ("SC2", None, "error", (400, "invalid_argument", None)),
        ("SC2", [{}], "merge", (400, "invalid_argument", {"on_conflict": "merge"})),
        ("SC2", [{}], None, (400, "invalid_argument", {"on_conflict": None})),
        ("sc2", [{}], "error", (400, "unknown_pathogen", {"pathogen": "sc2"})),
        (None, [{}], "error", (400, "unknown_pathogen", {"pathogen": None})),
    ],
)
def test_unusable_argument_is_named(
    request_as: RequestAs,
    lab: Lab,
    pathogen: str | None,
    samples: object,
    on_conflict: str | None,
    expected: Refusal,
) -> None:
    """Name it before any sample is checked."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, [lab.group, pathogen, Json(samples), on_conflict])

    assert answer == expected


@pytest.mark.parametrize("user", ["vic", "bob"], ids=["viewer", "member elsewhere"])
def test_group_without_a_direct_role_is_refused(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, user: str
) -> None:
    """Require a direct role: a granted one does not allow creating samples."""
    factories.grant(admin, lab.group, lab.other_group, "admin")
    with request_as("member", sub=user) as conn:
        answer = refused(conn, lab, [given(lab, "s")])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


@pytest.mark.parametrize("group", [None, -1], ids=["null", "unknown"])
def test_group_that_does_not_exist_is_refused(
    request_as: RequestAs, lab: Lab, group: int | None
) -> None:
    """Answer as for another group, so that no caller learns which groups exist."""
    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, CREATE, [group, "SC2", Json([]), "error"])

    assert answer == (403, "group_access_denied", {"group_id": group})


def test_unusable_sequences_are_all_named(request_as: RequestAs, lab: Lab) -> None:
    """Name each invalid character and its position."""
    batch = [
        given(lab, "letter", sequence="ACGT" * 249 + "ACGJ"),
        given(lab, "good", sequence=GENOME),
        given(lab, "short", sequence="ACGT"),
        given(lab, "header", sequence=">header\n" + GENOME),
    ]
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab, batch)

    letter = "which is neither an IUPAC nucleotide code nor a gap (-)"
    assert answer == (
        400,
        "invalid_sequence",
        [
            {
                "row": row,
                "private_identifier": identifier,
                "field": "sequence",
                "reason": reason,
            }
            for row, identifier, reason in (
                (1, "letter", f"has 'J' at position 1000, {letter}"),
                (3, "short", "has 4 bases; at least 1000 are needed"),
                (4, "header", f"has '>' at position 1, {letter}"),
            )
        ],
    )


@pytest.mark.parametrize(
    "bad",
    [{"location_id": 0}, {"sequence": "J"}, {"public_identifier": "taken"}],
    ids=["value", "sequence", "identifier"],
)
def test_refused_batch_stores_nothing(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, bad: dict[str, object]
) -> None:
    """Store neither samples nor sequences, jobs or audit records."""
    factories.sample(admin, lab.group, "known", public_identifier="taken")
    before = counts(admin)
    with request_as("member", sub="alice", keep=True) as conn:
        refused(conn, lab, [given(lab, "good", sequence=GENOME), given(lab, "bad", **bad)])

    assert counts(admin) == before


def test_one_bad_row_in_ten_thousand_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Name it and store none of the others."""
    batch = [given(lab, f"s{number}") for number in range(1, 10_001)]
    batch[7_776]["collection_date"] = "2024-13-01"
    with request_as("member", sub="alice", keep=True) as conn:
        answer = refused(conn, lab, batch)

    assert answer == (
        400,
        "invalid_sample",
        [problem(7_777, "s7777", "collection_date", "2024-13-01", NO_DAY)],
    )
    assert stored(admin) == []


def test_ten_thousand_samples_are_stored(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Store them in the order given and record each, beside the three users and their roles."""
    batch = [given(lab, f"s{number}", public_identifier=f"p{number}") for number in range(10_000)]
    with request_as("member", sub="alice", keep=True) as conn:
        create(conn, lab, batch)

    assert stored(admin) == [(f"s{number}", f"p{number}") for number in range(10_000)]
    assert counts(admin) == (10_000, 0, 0, 0, 10_000 + 6)
