"""Results belong to one sequence: replacing it removes them and queues the jobs, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.factories import GENOME
from tests.sql.conftest import Lab

OTHER = "TTTT" * 250
CREATE = "select api.create_samples(%s, 'SC2', %s, 'update')"


def computed(conn: psycopg.Connection, sample_id: int) -> None:
    """Store every kind of result for a sample, by jobs that have ended."""
    conn.execute(
        "update aspen.jobs set status = 'succeeded', finished_at = now() where status = 'queued'"
    )
    factories.sample_lineage(conn, sample_id)
    factories.qc_metric(conn, sample_id)
    factories.mutations(conn, sample_id)
    factories.aligned_sequence(conn, sample_id)


def results(conn: psycopg.Connection, sample_id: int) -> list[str]:
    """Return the kinds of results that a sample has."""
    found = conn.execute(
        "select 'lineage', sample_id from aspen.sample_lineages"
        " union all select 'qc', sample_id from aspen.sample_qc_metrics"
        " union all select 'mutations', sample_id from aspen.sample_mutations"
        " union all select 'alignment', sample_id from aspen.aligned_sequences"
    ).fetchall()
    return sorted(name for name, of in found if of == sample_id)


ALL = ["alignment", "lineage", "mutations", "qc"]


def queued(conn: psycopg.Connection) -> list[tuple[str, list[int]]]:
    """Return kind and inputs of the queued jobs of samples."""
    return conn.execute(
        "select jobs.kind, array_agg(inputs.sample_id order by inputs.sample_id)"
        " from aspen.jobs as jobs inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " where jobs.status = 'queued' and jobs.kind <> 'phylo_run'"
        " group by jobs.id order by jobs.kind, jobs.id"
    ).fetchall()


def pair(*samples: int) -> list[tuple[str, list[int]]]:
    """Return one job of each kind."""
    return [("nextclade", list(samples)), ("pangolin", list(samples))]


@pytest.fixture
def sample(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a sample with a sequence and all results, and no queued job."""
    sample_id = factories.sample(admin, lab.group, "s")
    factories.sequence(admin, sample_id)
    computed(admin, sample_id)
    return sample_id


Door = Callable[[psycopg.Connection, int, int, str], Any]


def by_patch(conn: psycopg.Connection, group: int, sample: int, text: str) -> None:
    conn.execute("update api.sequences set sequence = %s where sample_id = %s", [text, sample])


def by_upsert(conn: psycopg.Connection, group: int, sample: int, text: str) -> None:
    conn.execute(
        "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
        " on conflict (group_id, sample_id) do update set group_id = excluded.group_id,"
        " sample_id = excluded.sample_id, sequence = excluded.sequence",
        [group, sample, text],
    )


def by_batch(conn: psycopg.Connection, group: int, sample: int, text: str) -> None:
    batch = [{"private_identifier": "s", "sequence": text}]
    conn.execute(CREATE, [group, json.dumps(batch)])


def by_delete_and_post(conn: psycopg.Connection, group: int, sample: int, text: str) -> None:
    conn.execute("delete from api.sequences where sample_id = %s", [sample])
    conn.execute(
        "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)",
        [group, sample, text],
    )


REPLACING = pytest.mark.parametrize("replace", [by_patch, by_upsert, by_batch])


@pytest.mark.parametrize("replace", [by_patch, by_upsert, by_batch, by_delete_and_post])
def test_another_sequence_removes_the_results_and_queues_the_jobs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int, replace: Door
) -> None:
    """Do so for every way of writing a sequence, in the name of the caller."""
    with request_as("member", sub="alice", keep=True) as conn:
        replace(conn, lab.group, sample, OTHER)

    assert (results(admin, sample), queued(admin)) == ([], pair(sample))
    requesters = admin.execute(
        "select distinct requested_by_id from aspen.jobs where status = 'queued'"
    ).fetchall()
    assert requesters == [(lab.alice,)]


@REPLACING
@pytest.mark.parametrize("text", [GENOME, f" {GENOME.lower()}\n"], ids=["same", "spelt otherwise"])
def test_the_same_sequence_changes_nothing(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    sample: int,
    replace: Door,
    text: str,
) -> None:
    """Keep the results when the new sequence equals the stored one."""
    state = "select to_jsonb(sequences) from aspen.sequences"
    before = admin.execute(state).fetchall()
    with request_as("member", sub="alice", keep=True) as conn:
        replace(conn, lab.group, sample, text)

    assert (results(admin, sample), queued(admin)) == (ALL, [])
    assert admin.execute(state).fetchall() == before


def test_another_day_of_sequencing_changes_no_result(
    admin: psycopg.Connection, request_as: RequestAs, sample: int
) -> None:
    """Keep the results, because the nucleotides are the same."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.sequences set sequencing_date = '2024-02-03'")

    assert (results(admin, sample), queued(admin)) == (ALL, [])


def test_sequence_replaced_in_sql_is_followed_by_jobs(
    admin: psycopg.Connection, sample: int
) -> None:
    """Queue them outside any request, in nobody's name."""
    admin.execute("update aspen.sequences set sequence = %s", [OTHER])

    assert (results(admin, sample), queued(admin)) == ([], pair(sample))


def test_sequence_replaced_by_a_granted_member_is_followed_by_jobs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Queue them for the sample's group, in which the granted Bob could queue none himself."""
    factories.grant(admin, lab.group, lab.other_group, "member")
    with request_as("member", sub="bob", keep=True) as conn:
        by_patch(conn, lab.group, sample, OTHER)

    assert (results(admin, sample), queued(admin)) == ([], pair(sample))


def test_results_of_other_samples_stay(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Remove the results of changed sequences only."""
    other = factories.sample(admin, lab.group, "other")
    factories.sequence(admin, other)
    computed(admin, other)
    with request_as("member", sub="alice", keep=True) as conn:
        by_patch(conn, lab.group, sample, OTHER)

    assert (results(admin, other), queued(admin)) == (ALL, pair(sample))


def test_first_sequence_queues_the_jobs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Queue one pair of jobs for all sequences of a statement."""
    samples = [factories.sample(admin, lab.group) for _ in range(3)]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(
            "insert into api.sequences (group_id, sample_id, sequence)"
            " select %s, id, %s from api.samples",
            [lab.group, GENOME],
        )

    assert queued(admin) == pair(*samples)


def test_batches_of_one_transaction_queue_one_pair(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Queue one pair for all batches, as of an import."""
    required = {"collection_date": "2024-02-01", "location_id": lab.location, "sequence": GENOME}
    with request_as("member", sub="alice", keep=True) as conn:
        for name in ("a", "b", "c"):
            batch = json.dumps([required | {"private_identifier": name}])
            conn.execute(CREATE, [lab.group, batch])

    samples = [row[0] for row in admin.execute("select id from aspen.samples order by id")]
    assert queued(admin) == pair(*samples)


def test_groups_and_pathogens_have_jobs_of_their_own(admin: psycopg.Connection, lab: Lab) -> None:
    """Queue a pair per group and pathogen, though one statement wrote all the sequences."""
    mpx = factories.pathogen(admin, "MPX", lineage_caller="NEXTCLADE")
    ours = factories.sample(admin, lab.group)
    of_mpx = factories.sample(admin, lab.group, pathogen_id=mpx)
    theirs = factories.sample(admin, lab.other_group)
    admin.execute(
        "insert into aspen.sequences (group_id, sample_id, sequence)"
        " select group_id, id, %s from aspen.samples",
        [GENOME],
    )

    assert sorted(queued(admin)) == sorted([*pair(ours), *pair(theirs), ("nextclade", [of_mpx])])


def test_sequence_changed_twice_before_the_job_is_taken_has_one_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Reuse the queued job, which will read whichever sequence is stored when it starts."""
    with request_as("member", sub="alice", keep=True) as conn:
        by_patch(conn, lab.group, sample, OTHER)
    with request_as("member", sub="alice", keep=True) as conn:
        by_patch(conn, lab.group, sample, "CCCC" * 250)

    assert queued(admin) == pair(sample)
    stale = admin.execute(
        "select count(*) from aspen.job_samples as inputs"
        " inner join aspen.jobs as jobs on inputs.job_id = jobs.id and jobs.status = 'queued'"
        " inner join aspen.sequences as sequences on inputs.sample_id = sequences.sample_id"
        " where inputs.sequence_revision <> sequences.revision"
    ).fetchone()
    assert stale == (0,)


def test_sequence_changed_after_the_job_was_taken_has_another_job(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, sample: int
) -> None:
    """Queue another one, because the running job has read the old sequence."""
    by_patch_sql = "update aspen.sequences set sequence = %s"
    admin.execute(by_patch_sql, [OTHER])
    admin.execute("update aspen.jobs set status = 'running' where status = 'queued'")
    with request_as("member", sub="alice", keep=True) as conn:
        by_patch(conn, lab.group, sample, "CCCC" * 250)

    assert queued(admin) == pair(sample)


def test_deleted_sequence_takes_its_results_along(
    admin: psycopg.Connection, request_as: RequestAs, sample: int
) -> None:
    """Delete the results and queue nothing."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.sequences")

    assert (results(admin, sample), queued(admin)) == ([], [])


def test_sample_of_another_pathogen_has_no_results(
    admin: psycopg.Connection, request_as: RequestAs, sample: int
) -> None:
    """Delete them, because they were computed with the former pathogen's tools."""
    mpx = factories.pathogen(admin, "MPX", lineage_caller="NEXTCLADE")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set pathogen_id = %s", [mpx])

    assert (results(admin, sample), queued(admin)) == ([], [("nextclade", [sample])])


def cancelled(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Return the cancelled jobs and the reasons."""
    return conn.execute(
        "select kind, error from aspen.jobs where status = 'cancelled' order by kind, id"
    ).fetchall()


LOST = "its samples were deleted, or have no sequence any more, before it began"
BY_VIEW = "delete from api.samples where private_identifier = any(%s)"


@pytest.fixture
def waiting(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store three samples that wait for one pair of jobs."""
    samples = [factories.sample(admin, lab.group, name) for name in ("a", "b", "c")]
    admin.execute(
        "insert into aspen.sequences (group_id, sample_id, sequence)"
        " select group_id, id, %s from aspen.samples",
        [GENOME],
    )
    return samples


def test_job_whose_samples_are_all_deleted_ends(
    admin: psycopg.Connection, request_as: RequestAs, waiting: list[int]
) -> None:
    """Cancel it with a reason, whether they are deleted at once or one by one."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(BY_VIEW, [["a"]])
        conn.execute(BY_VIEW, [["b", "c"]])

    assert cancelled(admin) == [("nextclade", LOST), ("pangolin", LOST)]


def test_job_that_has_a_sample_left_stays(
    admin: psycopg.Connection, request_as: RequestAs, waiting: list[int]
) -> None:
    """Keep the job queued."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute(BY_VIEW, [["a", "c"]])

    assert cancelled(admin) == []


@pytest.mark.parametrize("delete", [b"delete from aspen.samples", b"delete from aspen.sequences"])
def test_job_whose_samples_are_deleted_in_sql_ends(
    admin: psycopg.Connection, waiting: list[int], delete: bytes
) -> None:
    """Cancel it when the sequences are deleted in SQL as well."""
    admin.execute(delete)

    assert cancelled(admin) == [("nextclade", LOST), ("pangolin", LOST)]


def test_job_whose_sequences_are_all_deleted_ends(
    admin: psycopg.Connection, request_as: RequestAs, waiting: list[int]
) -> None:
    """Cancel it when the API deletes them; a job with one sequence left stays queued."""
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.sequences where sample_id <> %s", [waiting[0]])
        conn.execute("set local role none")
        before = cancelled(admin)
        conn.execute("set local role member")
        conn.execute("delete from api.sequences")

    assert (before, cancelled(admin)) == ([], [("nextclade", LOST), ("pangolin", LOST)])


def test_run_whose_chosen_samples_are_deleted_ends(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Cancel runs of a granted group too; a run that also chose a strain stays queued."""
    sample = factories.sample(admin, lab.group, "s")
    runs = [
        factories.phylo_run(admin, group, status="queued")
        for group in (lab.group, lab.other_group, lab.other_group)
    ]
    for run in runs:
        factories.job_sample(admin, run, sample)
    factories.insert(
        admin,
        "job_public_sequences",
        {
            "group_id": lab.other_group,
            "job_id": runs[2],
            "public_repository_id": factories.repository(admin),
            "strain": "strain",
        },
    )
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")

    ended = admin.execute("select id from aspen.jobs where status = 'cancelled' order by id")
    assert [row[0] for row in ended] == runs[:2]


def test_running_job_goes_on_without_its_samples(
    admin: psycopg.Connection, request_as: RequestAs, waiting: list[int]
) -> None:
    """Let it run: what it submits for deleted samples is skipped and reported."""
    admin.execute("update aspen.jobs set status = 'running'")
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("delete from api.samples")

    assert cancelled(admin) == []
