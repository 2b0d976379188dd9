"""Deleted and changed samples come back with their sequences, all of a batch or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import Refusal, problem, refusal_of
from tests.sql.conftest import Lab

RESTORE = "select api.restore_samples(%s, %s, %s)"
OTHER = "TTGA" * 250
STATE = (
    "select samples.id, to_jsonb(samples) - 'updated_at', sequences.sequence,"
    " sequences.sequencing_depth from aspen.samples as samples"
    " left join aspen.sequences as sequences on samples.id = sequences.sample_id order by 1"
)


def restore(
    conn: psycopg.Connection, group: int, ids: Sequence[object], at: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the answer."""
    row = conn.execute(RESTORE, [group, Json(ids), at and at.isoformat()]).fetchone()
    assert row is not None
    answer: list[dict[str, Any]] = row[0]
    return answer


def refused(
    conn: psycopg.Connection, group: int, ids: object, at: datetime | str | None = None
) -> Refusal:
    """Return the error."""
    moment = at.isoformat() if isinstance(at, datetime) else at
    return refusal_of(conn, RESTORE, [group, Json(ids), moment])


def earlier(conn: psycopg.Connection) -> datetime:
    """Move all that was recorded an hour back, and return a time since.

    Tests run in one transaction, whose changes all have one time.
    """
    conn.execute("select set_config('aspen.trims_audit_log', 'on', true)")
    conn.execute("update aspen.audit_log set occurred_at = occurred_at - interval '1 hour'")
    conn.execute("select set_config('aspen.trims_audit_log', '', true)")
    conn.execute(
        "update aspen.replaced_sequences set replaced_at = replaced_at - interval '1 hour',"
        " stored_at = stored_at - interval '1 hour'"
    )
    conn.execute("alter table aspen.sequences disable trigger user")
    conn.execute("update aspen.sequences set created_at = created_at - interval '1 hour'")
    conn.execute("alter table aspen.sequences enable trigger user")
    row = conn.execute("select now() - interval '30 minutes'").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def state(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return all samples with their sequences."""
    return conn.execute(STATE).fetchall()


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store samples a, b and c; a has a sequence."""
    ids = [
        factories.sample(
            admin, lab.group, name, public_identifier=name.upper(), uploaded_by_id=lab.alice
        )
        for name in "abc"
    ]
    factories.sequence(admin, ids[0], sequencing_depth=7)
    return ids


def test_deleted_samples_come_back_as_they_were(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Keep their ids, who uploaded them and when, and their sequences."""
    before = state(admin)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples where private_identifier <> 'b'")
        answer = restore(conn, lab.group, [samples[2], samples[0]])

    assert state(admin) == before
    assert answer == [
        {
            "id": sample,
            "private_identifier": name,
            "public_identifier": name.upper(),
            "was_deleted": True,
            "has_restored_sequence": name == "a",
        }
        for sample, name in ((samples[2], "c"), (samples[0], "a"))
    ]


def test_restored_sequence_queues_its_jobs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Compute the results again, which went with the sample."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")
        restore(conn, lab.group, samples)

    jobs = admin.execute(
        "select distinct jobs.status from aspen.jobs as jobs inner join aspen.job_samples as inputs"
        " on jobs.id = inputs.job_id where inputs.sample_id = %s",
        [samples[0]],
    ).fetchall()
    assert jobs == [("queued",)]


def test_changed_samples_become_what_they_were(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Take back several changes of columns and bases, and a deletion, in one batch."""
    before = state(admin)
    moment = earlier(admin)
    before[0] = (*before[0][:2], factories.GENOME, 7)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = 'bat', authors = '{X}', organism = null")
        conn.execute("update api.samples set host = 'cat', is_private = true")
        conn.execute("update api.sequences set sequence = %s", [OTHER])
        conn.execute("update api.sequences set sequence = %s", [OTHER + "A"])
        conn.execute("delete from api.samples where id = %s", [samples[1]])
        restore(conn, lab.group, samples, moment)

    assert state(admin) == before


def test_swapped_identifiers_are_swapped_back(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Accept identifiers that another sample of the batch gives up."""
    before = state(admin)
    moment = earlier(admin)
    swap = [{"id": samples[0], "private_identifier": "b"}]
    swap += [{"id": samples[1], "private_identifier": "a"}]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("select api.update_samples(%s, %s)", [lab.group, Json(swap)])
        conn.execute("delete from api.samples where id = %s", [samples[2]])
        conn.execute("update api.samples set public_identifier = 'C' where id = %s", [samples[0]])
        restore(conn, lab.group, samples, moment)

    assert state(admin) == before


def test_pathogen_comes_back(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Restore what update_samples does not write."""
    other = factories.pathogen(admin, "MPX")
    moment = earlier(admin)
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set pathogen_id = %s, host = 'bat'", [other])
        restore(conn, lab.group, samples, moment)

    stored = admin.execute("select distinct pathogen_id, host from aspen.samples").fetchall()
    assert stored == [(lab.pathogen, None)]


def test_every_clash_is_named_and_nothing_is_restored(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Name both identifiers, and the sample that was not deleted."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples where private_identifier <> 'c'")
    factories.sample(admin, lab.group, "a", public_identifier="new")
    factories.sample(admin, lab.group, "new", public_identifier="B")
    before = state(admin)
    with request_as("member", sub="alice", keep=True) as conn:
        answer = refused(conn, lab.group, samples)

    taken = "already exists in this group"
    assert answer == (
        409,
        "sample_exists",
        [
            problem(1, "a", "private_identifier", "a", taken),
            problem(2, "b", "public_identifier", "B", taken),
            problem(3, "c", "id", f"{samples[2]}", "exists; name a time to bring back what it was"),
        ],
    )
    assert state(admin) == before


def test_sample_of_another_group_is_as_if_it_did_not_exist(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Answer alike for a sample that a grant shows, a deleted one and an unknown one."""
    factories.grant(admin, lab.other_group, lab.group, "admin")
    shown, deleted = (factories.sample(admin, lab.other_group) for _ in range(2))
    admin.execute("delete from aspen.samples where id = %s", [deleted])
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab.group, [shown, deleted, 10**17])

    assert answer == (
        404,
        "sample_not_found",
        [
            problem(row, None, "id", f"{sample}", "is not a sample of this group")
            for row, sample in enumerate((shown, deleted, 10**17), start=1)
        ],
    )


def test_sample_is_not_restored_to_when_it_was_not_there(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Reject a time before it was created, and one after it was deleted."""
    admin.execute("delete from aspen.samples where id = %s", [samples[0]])
    moment = earlier(admin)
    young = factories.sample(admin, lab.group, "young")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab.group, [samples[0], young], moment)

    assert answer == (
        404,
        "sample_not_found",
        [
            problem(1, None, "id", f"{samples[0]}", "was deleted before that time"),
            problem(2, "young", "id", f"{young}", "did not exist at that time"),
        ],
    )


def test_sequence_that_is_no_longer_kept_is_named(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Restore no sample without the sequence that it had; restore those that had none."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")
    admin.execute("update aspen.replaced_sequences set sequence = null")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab.group, samples)
        restored = restore(conn, lab.group, samples[1:])

    assert answer == (
        410,
        "sequence_not_kept",
        [problem(1, "a", "id", f"{samples[0]}", "its sequence is no longer kept")],
    )
    assert [row["id"] for row in restored] == samples[1:]


def test_deletion_of_before_values_were_kept_cannot_be_undone(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Say why: the entry has no values."""
    factories.change(admin, lab.group, row_id=10**9, action="delete")
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab.group, [10**9])

    reason = "was deleted before values were kept"
    assert answer == (404, "sample_not_found", [problem(1, None, "id", f"{10**9}", reason)])


def test_bad_ids_are_named(request_as: RequestAs, lab: Lab) -> None:
    """Name what is no id, and an id given twice."""
    with request_as("member", sub="alice") as conn:
        answer = refused(conn, lab.group, ["x", None, 7, 7, -1, {}, "07"])

    number = "must be an integer of at most 18 digits"
    assert answer == (
        400,
        "invalid_sample",
        [
            problem(1, None, "id", "x", number),
            problem(2, None, "id", None, number),
            problem(4, None, "id", "7", "is given more than once in this batch"),
            problem(5, None, "id", "-1", number),
            problem(6, None, "id", "{}", number),
            problem(7, None, "id", "07", "is given more than once in this batch"),
        ],
    )


@pytest.mark.parametrize(
    ("ids", "at", "code"),
    [
        ({}, None, (400, "invalid_argument")),
        (None, None, (400, "invalid_argument")),
        ([], None, (400, "empty_batch")),
        (list(range(20_001)), None, (413, "batch_too_large")),
        ([1], "yesterday", (400, "invalid_argument")),
    ],
)
def test_bad_arguments_are_rejected(
    request_as: RequestAs, lab: Lab, ids: object, at: str | None, code: tuple[int, str]
) -> None:
    """Reject them before anything is looked up."""
    with request_as("member", sub="alice") as conn:
        assert refused(conn, lab.group, ids, at)[:2] == code


@pytest.mark.parametrize("who", ["vic", "bob"])
@pytest.mark.parametrize("role", [None, "viewer", "member", "admin"])
def test_only_direct_members_restore(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    samples: list[int],
    who: str,
    role: str | None,
) -> None:
    """Refuse viewers, strangers and every role by a grant."""
    if role is not None:
        factories.grant(admin, lab.group, lab.other_group, role)
    admin.execute("delete from aspen.samples where id = %s", [samples[0]])
    with request_as("member", sub=who) as conn:
        answer = refused(conn, lab.group, [samples[0]])

    assert answer == (403, "group_access_denied", {"group_id": lab.group})


def test_restored_sample_is_recorded_like_any_other(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, samples: list[int]
) -> None:
    """Keep one history over deletion and return."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")
        restore(conn, lab.group, samples[:1])
        conn.execute("delete from api.samples")
        restore(conn, lab.group, samples[:1])
        actions = conn.execute(
            "select action from api.changes where resource = 'samples' and row_id = %s order by id",
            [samples[0]],
        ).fetchall()

    assert [action for (action,) in actions] == ["insert", "delete", "insert", "delete", "insert"]
    assert state(admin)[0][2:] == (factories.GENOME, 7)
