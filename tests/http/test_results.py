"""Results follow their sequence, and jobs can be cancelled, as clients see it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from tests import factories
from tests.factories import GENOME
from tests.http.test_two_at_once import at_once, batch_of
from tests.http.world import Caller, World, refusal, rows

OTHER = "TTTT" * 250
CREATE = "/rpc/create_samples"


def sample_of(world: World) -> int:
    """Store a sample with a sequence, a lineage and QC, and no open job."""
    sample = world.bare_sample()
    factories.sequence(world.conn, sample)
    factories.sample_lineage(world.conn, sample)
    factories.qc_metric(world.conn, sample)
    end_jobs(world)
    return sample


def end_jobs(world: World) -> None:
    """End every open job of the group."""
    world.conn.execute(
        "update aspen.jobs set status = 'succeeded', finished_at = now()"
        " where group_id = %s and status in ('queued', 'running')",
        [world.group],
    )


def open_jobs(world: World) -> list[tuple[str, list[int]]]:
    """Return kind and samples of the group's open jobs."""
    return world.conn.execute(
        "select jobs.kind, array_agg(inputs.sample_id order by inputs.sample_id)"
        " from aspen.jobs as jobs inner join aspen.job_samples as inputs on jobs.id = inputs.job_id"
        " where jobs.group_id = %s and jobs.status = 'queued'"
        " group by jobs.id order by jobs.kind, jobs.id",
        [world.group],
    ).fetchall()


def pair(*samples: int) -> list[tuple[str, list[int]]]:
    """Return one job of each kind."""
    return [("nextclade", list(samples)), ("pangolin", list(samples))]


def results(world: World, sample: int) -> Any:
    """Return what a viewer sees of a sample."""
    path = "/samples?select=sample_lineages(lineage),sample_qc_metrics(qc_status)"
    return rows(world.vic.get(f"{path}&id=eq.{sample}"))[0]


def test_replaced_sequence_takes_its_results_along(world: World) -> None:
    """Delete them and queue jobs that compute new ones."""
    sample = sample_of(world)

    world.alice.patch(f"/sequences?sample_id=eq.{sample}", json={"sequence": OTHER})

    assert results(world, sample) == {"sample_lineages": [], "sample_qc_metrics": []}
    assert open_jobs(world) == pair(sample)


def test_same_sequence_keeps_its_results(world: World) -> None:
    """Keep them whatever case the sequence is sent in."""
    sample = sample_of(world)

    world.alice.patch(f"/sequences?sample_id=eq.{sample}", json={"sequence": GENOME.lower()})

    assert results(world, sample) == {
        "sample_lineages": [{"lineage": "BA.2"}],
        "sample_qc_metrics": [{"qc_status": "good"}],
    }
    assert open_jobs(world) == []


def test_posted_sequences_queue_one_pair(world: World) -> None:
    """Queue one pair for all sequences of a request."""
    end_jobs(world)
    samples = [world.bare_sample() for _ in range(3)]

    world.alice.post("/sequences", json=[world.sequence(sample) for sample in samples])

    assert open_jobs(world) == pair(*samples)


def test_each_request_queues_its_own_jobs(world: World) -> None:
    """Keep nothing of a request in the pooled connection it used."""
    end_jobs(world)
    first, second = (world.bare_sample() for _ in range(2))

    for sample in (first, second):
        world.alice.post("/sequences", json=world.sequence(sample))

    assert sorted(open_jobs(world)) == sorted([*pair(first), *pair(second)])


def test_jobs_of_deleted_samples_end(world: World) -> None:
    """Cancel them with a reason that members read."""
    end_jobs(world)
    samples = [world.bare_sample() for _ in range(2)]
    answer = world.alice.post("/sequences", json=[world.sequence(sample) for sample in samples])
    assert answer.status_code == 201
    listed = ",".join(map(str, samples))

    world.alice.delete(f"/samples?id=in.({listed})")

    ended = rows(
        world.alice.get(
            f"/jobs?select=status,error&order=id.desc&limit=2&group_id=eq.{world.group}"
        )
    )
    reason = "its samples were deleted, or have no sequence any more, before it began"
    assert ended == [{"status": "cancelled", "error": reason}] * 2


def test_two_deletions_of_all_samples_of_a_job_end_it(world: World) -> None:
    """Cancel it though neither transaction sees what the other deletes until it commits."""
    end_jobs(world)
    samples = [world.bare_sample() for _ in range(2)]
    world.alice.post("/sequences", json=[world.sequence(sample) for sample in samples])

    with (
        world.api.database.connect() as one,
        world.api.database.connect() as other,
        ThreadPoolExecutor(1) as pool,
    ):
        with one.transaction():
            one.execute("delete from aspen.samples where id = %s", [samples[0]])
            deleting = pool.submit(delete_alone, other, samples[1])
            wait_for_advisory_lock(world)
        deleting.result()

    assert open_jobs(world) == []


def delete_alone(conn: psycopg.Connection, sample: int) -> None:
    """Delete in a transaction of its own."""
    conn.execute("delete from aspen.samples where id = %s", [sample])


def wait_for_advisory_lock(world: World) -> None:
    """Wait until a request waits for another one that checks the same job."""
    with world.api.database.connect("postgres") as watcher:
        watcher.execute("set statement_timeout = '8s'")
        watcher.execute(
            "do $$ begin while not exists (select from pg_locks where locktype = 'advisory'"
            " and not granted) loop perform pg_sleep(0.01); end loop; end $$"
        )


def test_batches_that_replace_the_same_sequences_all_succeed(world: World) -> None:
    """Accept every order of samples and queue one pair of jobs for them."""
    end_jobs(world)
    names = [f"swap-{number}-{world.name}" for number in range(4)]
    samples = [world.bare_sample(name) for name in names]
    people = [Caller(world.api, world.api.token(f"{who}-{world.name}")) for who in ("ada", "alice")]
    batches = [
        world.batch(
            *({"private_identifier": name, "sequence": letter * 1000} for name in order),
            on_conflict="update",
        )
        for letter, order in (("A", names), ("C", names[::-1]))
    ]

    answers = at_once(
        world,
        [batch_of(caller, batch) for caller, batch in zip(people, batches, strict=True)],
        "select from aspen.samples where id = any(%s) for update",
        samples,
    )

    assert [answer.status_code for answer in answers] == [200, 200]
    assert open_jobs(world) == pair(*samples)


def test_queued_run_is_cancelled_and_deleted(world: World) -> None:
    """Delete it after cancelling, as the error for deleting an open run advises."""
    run = factories.phylo_run(world.conn, world.group, status="queued")
    path = f"/phylo_runs?id=eq.{run}"
    refused = world.alice.delete(path)

    [job] = rows(world.alice.post("/rpc/cancel_job", json={"job_id": run}))

    assert refusal(refused) == (409, "job_in_progress")
    assert "cancel_job" in refused.json()["hint"]
    assert (job["id"], job["status"]) == (run, "cancelled")
    assert world.alice.delete(path).status_code == 204
