"""Workers take jobs in turn, keep them as long as they live, and give back what they cannot end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.servers import Database
from tests.sql.conftest import Lab

CLAIM = "select job_id, attempt from internal.claim_jobs(%s, %s)"
END = "select internal.end_attempt(%s, %s, %s, %s)"
QUEUE = "select internal.queue_job(%s, %s, %s)"
FURTHEST = (
    "select turn, id from aspen.jobs where status = 'running' order by turn desc, id desc limit 1"
)


def queue(conn: psycopg.Connection, group: int, count: int, kind: str = "nextclade") -> list[int]:
    """Queue jobs of a group, and return their ids."""
    pathogen = factories.pathogen(conn)
    return [conn.execute(QUEUE, [group, pathogen, kind]).fetchall()[0][0] for _ in range(count)]


def claim(conn: psycopg.Connection, wanted: int, worker: str = "w") -> list[int]:
    """Claim jobs for a worker, and return their ids in order."""
    return sorted(job for job, _ in conn.execute(CLAIM, [worker, wanted]).fetchall())


def running(conn: psycopg.Connection, group: int, worker: str = "w", **columns: Any) -> int:
    """Store a run that a worker has; it needs no samples to be tried again."""
    return factories.phylo_run(conn, group, status="running", worker=worker, **columns)


def row_of(conn: psycopg.Connection, job: int, *columns: str) -> tuple[object, ...]:
    """Read columns of a job."""
    read = f"select {', '.join(columns)} from aspen.jobs where id = %s"  # noqa: S608
    return conn.execute(read.encode(), [job]).fetchall()[0]


def test_claimed_job_runs_with_its_worker(admin: psycopg.Connection, lab: Lab) -> None:
    """Say who runs it, and from when on, in the order of the queue."""
    first, second, third = queue(admin, lab.group, 3)

    taken = claim(admin, 2)

    assert taken == [first, second]
    facts = ("status", "worker", "started_at is not null", "attempt")
    assert row_of(admin, first, *facts) == ("running", "w", True, 1)
    assert row_of(admin, third, *facts) == ("queued", None, False, 1)


def test_claim_names_what_is_needed_to_launch(admin: psycopg.Connection, lab: Lab) -> None:
    """Return attempt, kind, pathogen, group, turn and trace of the job."""
    (job,) = queue(admin, lab.group, 1, "pangolin")
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    admin.execute("update aspen.jobs set traceparent = %s", [trace])

    (turn,) = row_of(admin, job, "turn")

    rows = admin.execute("select * from internal.claim_jobs('w', 5)").fetchall()

    assert rows == [(job, 1, "pangolin", "SC2", lab.group, turn, trace)]


def test_groups_take_turns(admin: psycopg.Connection, lab: Lab) -> None:
    """Put the first job of a group before the second of one that has queued many."""
    many = queue(admin, lab.group, 50)
    few = queue(admin, lab.other_group, 2)

    assert claim(admin, 2) == sorted([many[0], few[0]])
    assert claim(admin, 2) == sorted([many[1], few[1]])


def test_group_that_comes_later_is_not_behind_the_jobs_of_another(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Give a new job the turn up to which workers have come, whatever is queued."""
    many = queue(admin, lab.group, 50)
    claim(admin, 20)
    (late,) = queue(admin, lab.other_group, 1)

    assert claim(admin, 2) == sorted([many[20], late])


def test_claim_goes_on_where_it_was_left_and_the_front_is_found_again(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Read past the entries of jobs that were taken, and find what was committed late."""
    first, second, third = queue(admin, lab.group, 3)
    after = "select job_id from internal.claim_jobs('w', 5, null, %s, %s)"
    turn = row_of(admin, second, "turn")[0]

    assert admin.execute(after, [turn, second]).fetchall() == [(third,)]
    assert claim(admin, 5) == [first, second]


def test_kind_is_chosen_and_paused(admin: psycopg.Connection, lab: Lab) -> None:
    """Leave other kinds and paused ones in the queue."""
    (qc,) = queue(admin, lab.group, 1)
    (lineages,) = queue(admin, lab.group, 1, "pangolin")
    of_kind = "select job_id from internal.claim_jobs('w', 5, array['pangolin', 'phylo_run'])"
    admin.execute("update aspen.job_kinds set is_paused = true where name = 'nextclade'")

    assert admin.execute(of_kind).fetchall() == [(lineages,)]
    assert claim(admin, 5) == []
    admin.execute("update aspen.job_kinds set is_paused = false")
    assert claim(admin, 5) == [qc]


@pytest.mark.parametrize(
    ("column", "limit", "taken"),
    [
        ("most_running", 2, [0, 3]),
        ("most_running", 4, [0, 1, 3, 4]),
        ("most_running_of_group", 1, [0, 3]),
        ("most_running_of_group", 2, [0, 1, 3, 4]),
    ],
)
def test_limits_hold_over_all_workers(
    admin: psycopg.Connection, lab: Lab, column: str, limit: int, taken: Sequence[int]
) -> None:
    """Count what runs of a kind, or of a kind and group, whoever runs it."""
    jobs = queue(admin, lab.group, 3) + queue(admin, lab.other_group, 3)
    admin.execute(
        sql.SQL("update aspen.job_kinds set {} = %s where name = 'nextclade'").format(
            sql.Identifier(column)
        ),
        [limit],
    )
    other = queue(admin, lab.group, 1, "pangolin")

    first, second = claim(admin, 2, "v"), claim(admin, 9)

    assert sorted(first + second) == sorted([jobs[number] for number in taken] + other)
    assert claim(admin, 9) == []


def test_end_of_a_job_makes_room(admin: psycopg.Connection, lab: Lab) -> None:
    """Start the next one when fewer run than may."""
    first, second = queue(admin, lab.group, 2)
    admin.execute("update aspen.job_kinds set most_running = 1, most_running_of_group = 1")
    taken = [claim(admin, 2), claim(admin, 2)]

    admin.execute("select internal.move_job(%s, 'succeed')", [first])

    assert [*taken, claim(admin, 2)] == [[first], [], [second]]


def test_two_workers_at_once_take_different_jobs(database: Database) -> None:
    """Skip what another transaction takes, without waiting."""
    with database.connect() as one, database.connect() as two:
        jobs = queue(one, factories.group(one), 4)
        with one.transaction():
            first = claim(one, 2)
            second = claim(two, 9, "v")

        assert (first, second) == (jobs[:2], jobs[2:])


def test_two_workers_at_once_keep_a_limit(database: Database) -> None:
    """Let the second wait until the first has taken its jobs, and count those."""
    with database.connect() as one, database.connect() as two, ThreadPoolExecutor() as pool:
        jobs = queue(one, factories.group(one), 4)
        one.execute("update aspen.job_kinds set most_running = 3")
        with one.transaction():
            first = claim(one, 2)
            waiting = pool.submit(claim, two, 9, "v")
            one.execute(
                "do $$ begin while not exists (select from pg_stat_activity where wait_event_type"
                " = 'Lock' and datname = current_database()) loop perform"
                " pg_stat_clear_snapshot(); perform pg_sleep(0.01); end loop; end $$"
            )

        assert (first, waiting.result()) == (jobs[:2], [jobs[2]])


def test_failed_attempt_waits_longer_each_time_and_the_last_is_the_end(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Try three times, after 10 and 30 seconds, and keep the reason of the last attempt."""
    job = running(admin, lab.group)
    wait = "round(extract(epoch from due_at - clock_timestamp()))::integer"
    seen = []
    for attempt in (1, 2, 3):
        admin.execute(END, [job, attempt, "fail", f"reason {attempt}"])
        seen.append(row_of(admin, job, "status", "attempt", "error", wait, "worker"))
        assert claim(admin, 1) == []
        admin.execute("update aspen.jobs set due_at = now() where due_at is not null")
        claim(admin, 1)

    assert seen == [
        ("queued", 2, "reason 1", 10, None),
        ("queued", 3, "reason 2", 30, None),
        ("failed", 3, "reason 3", None, "w"),
    ]


def test_attempts_are_counted_anew_after_a_retry(admin: psycopg.Connection, lab: Lab) -> None:
    """Give a job that somebody retried as many attempts as a new one."""
    job = running(admin, lab.group, attempt=3)
    admin.execute(END, [job, 3, "time_out", "too long"])
    assert row_of(admin, job, "status") == ("timed_out",)
    admin.execute("select internal.move_job(%s, 'retry')", [job])
    claim(admin, 1)

    admin.execute(END, [job, 4, "fail", "it broke"])

    assert row_of(admin, job, "status", "attempt", "first_attempt") == ("queued", 5, 4)


def test_attempt_can_be_the_last(admin: psycopg.Connection, lab: Lab) -> None:
    """Make no other attempt where it could not end better."""
    job = running(admin, lab.group)

    ended = admin.execute(
        "select internal.end_attempt(%s, 1, 'fail', 'no such program', true)", [job]
    ).fetchall()

    assert ended == [("failed",)]


@pytest.mark.parametrize("status", ["queued", "succeeded", "cancelled"])
def test_attempt_that_was_lost_does_not_end_the_next(
    admin: psycopg.Connection, lab: Lab, status: str
) -> None:
    """Change nothing of a job that has gone on without its worker."""
    next_one = running(admin, lab.group, attempt=2)
    ended = factories.job(admin, lab.group, status=status)

    answers = [admin.execute(END, [job, 1, "fail", "x"]).fetchall() for job in (next_one, ended)]

    assert answers == [[(None,)], [(None,)]]
    assert row_of(admin, next_one, "status", "error") == ("running", None)
    assert row_of(admin, ended, "status", "error") == (status, None)


def test_step_of_an_attempt_is_refused_at_another(admin: psycopg.Connection, lab: Lab) -> None:
    """Name job and attempt; the present attempt takes the step."""
    job = running(admin, lab.group, attempt=2)
    move = "select internal.move_job(%s, 'succeed', attempt => %s)"

    assert refusal_of(admin, move, [job, 1]) == (
        409,
        "job_has_ended",
        {"job_id": job, "attempt": 1, "action": "succeed"},
    )
    assert admin.execute(move, [job, 2]).fetchall() == [("succeeded",)]


def test_worker_is_told_which_jobs_it_has(admin: psycopg.Connection, lab: Lab) -> None:
    """Name those past their time limit, by the clock of the database, and none of others."""
    late = running(admin, lab.group, deadline_at="2024-02-01")
    early = running(admin, lab.group, attempt=2, deadline_at="2999-02-01")
    running(admin, lab.group, "v")
    factories.job(admin, lab.group, status="cancelled", worker="w")

    told = [admin.execute("select * from internal.note_worker('w')").fetchall() for _ in "ab"]

    assert [sorted(rows) for rows in told] == [[(late, 1, True), (early, 2, False)]] * 2
    assert admin.execute("select name from aspen.job_workers").fetchall() == [("w",)]


def test_sweep_ends_what_has_lost_its_worker(admin: psycopg.Connection, lab: Lab) -> None:
    """Queue the next attempt, or end the job if there is none; keep what has a worker."""
    admin.execute(
        "insert into aspen.job_workers (name, heartbeat_at)"
        " values ('old', now() - interval '1 minute'), ('w', now()),"
        " ('clock-was-set-back', now() + interval '1 minute')"
    )
    kept = [running(admin, lab.group), factories.job(admin, lab.group, status="running")]
    lost, gone = running(admin, lab.group, "old"), running(admin, lab.group, "gone", attempt=3)
    ahead = running(admin, lab.group, "clock-was-set-back")

    swept = admin.execute(
        "select job_id, attempt, status, error from internal.sweep_jobs()"
    ).fetchall()

    reason = "its worker was lost"
    assert swept == [
        (lost, 1, "queued", reason),
        (gone, 3, "failed", reason),
        (ahead, 1, "queued", reason),
    ]
    assert [row_of(admin, job, "status") for job in kept] == [("running",)] * 2
    assert row_of(admin, lost, "attempt", "worker", "error") == (2, None, reason)


def test_sweep_ends_what_takes_too_long(admin: psycopg.Connection, lab: Lab) -> None:
    """End also a job that a person runs; keep one whose limit is not over."""
    late = factories.job(
        admin, lab.group, status="running", deadline_at="2024-02-01", max_attempts=1
    )
    early = factories.job(admin, lab.group, status="running", deadline_at="2999-02-01")

    admin.execute("select internal.sweep_jobs()")

    assert row_of(admin, late, "status", "error") == (
        "timed_out",
        "it took longer than its time limit",
    )
    assert row_of(admin, early, "status") == ("running",)


def test_job_with_a_report_needs_no_worker(admin: psycopg.Connection, lab: Lab) -> None:
    """Neither sweep nor hand back what waits to be registered."""
    job = running(admin, lab.group, "gone")
    admin.execute(
        "insert into aspen.job_reports (group_id, job_id, attempt, manifest)"
        " values (%s, %s, 1, '{}')",
        [lab.group, job],
    )

    admin.execute("select internal.sweep_jobs(), internal.hand_back_jobs('gone')")

    assert row_of(admin, job, "status", "attempt") == ("running", 1)
    admin.execute("update aspen.job_reports set registered_at = now()")
    admin.execute("select internal.sweep_jobs()")
    assert row_of(admin, job, "status", "attempt") == ("queued", 2)


def test_handed_back_job_starts_at_once_and_no_attempt_counts(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Queue the jobs of a worker that ends, and of no other."""
    admin.execute("select internal.note_worker('w')")
    job, other = running(admin, lab.group, attempt=3), running(admin, lab.group, "v")

    back = admin.execute("select * from internal.hand_back_jobs('w')").fetchall()

    assert back == [(job,)]
    facts = ("status", "attempt", "first_attempt", "due_at", "worker")
    assert row_of(admin, job, *facts) == ("queued", 4, 2, None, None)
    assert row_of(admin, other, "status", "worker") == ("running", "v")
    assert admin.execute("select from aspen.job_workers").fetchall() == []
    assert claim(admin, 5) == [job]


def test_waiting_job_is_cancelled(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Take a job out of the queue before its next attempt."""
    job = running(admin, lab.group)
    admin.execute(END, [job, 1, "fail", "it broke"])
    with request_as("member", sub="alice") as conn:
        answer = conn.execute(
            "select status, due_at, is_dead from api.cancel_job(%s)", [job]
        ).fetchall()

    assert answer == [("cancelled", None, False)]


def test_members_see_which_jobs_are_dead_and_which_wait(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show the reason of a job that nobody tries again, and when the next attempt may start."""
    dead, waiting = running(admin, lab.group, max_attempts=1), running(admin, lab.group)
    for job in (dead, waiting):
        admin.execute(END, [job, 1, "fail", "it broke"])
    with request_as("member", sub="alice") as conn:
        rows = conn.execute(
            "select id, is_dead, due_at is not null, error from api.jobs order by id"
        ).fetchall()
    with request_as("member", sub="bob") as conn:
        others = conn.execute("select id from api.jobs").fetchall()

    assert rows == [(dead, True, False, "it broke"), (waiting, False, True, "it broke")]
    assert others == []


@pytest.mark.parametrize(
    ("step", "is_told"),
    [
        ("select internal.queue_job(%(group)s, %(pathogen)s, 'nextclade')", True),
        ("select internal.cancel_jobs(array[%(running)s])", True),
        ("select internal.move_job(%(failed)s, 'retry')", True),
        ("select internal.move_job(%(running)s, 'succeed')", False),
    ],
)
def test_workers_are_told_of_queued_and_cancelled_jobs(
    database: Database, step: str, is_told: bool
) -> None:
    """Send the notification that wakes them; the end of a job is no news."""
    with database.connect() as conn, database.connect() as listener:
        group = factories.group(conn)
        names = {
            "group": group,
            "pathogen": factories.pathogen(conn),
            "running": factories.job(conn, group, status="running"),
            "failed": factories.phylo_run(conn, group, status="failed"),
        }
        listener.execute("listen aspen_jobs")

        conn.execute(step.encode(), names)

        listener.execute("select 1")
        heard = list(listener.notifies(timeout=0))
        assert [one.channel for one in heard] == (["aspen_jobs"] if is_told else [])


@pytest.mark.parametrize(
    "function",
    [
        "claim_jobs(text, integer, text[], bigint, bigint)",
        "note_worker(text)",
        "end_attempt(bigint, integer, text, text, boolean)",
        "hand_back_jobs(text)",
        "sweep_jobs(interval)",
        "adopt_jobs(text, text, interval)",
        "release_jobs()",
    ],
)
def test_queue_is_for_the_control_plane_alone(admin: psycopg.Connection, function: str) -> None:
    """Let no API role and no definer function take, end or hand back a job."""
    roles = admin.execute(
        "select rolname from pg_roles where has_function_privilege(oid, %s, 'execute')"
        " and not rolsuper and rolname <> 'aspen_owner'",
        [f"internal.{function}"],
    ).fetchall()

    assert roles == [("control",)]


def test_claim_does_not_read_what_was_taken_before(admin: psycopg.Connection, lab: Lab) -> None:
    """Read as many pages with 400 taken jobs in front as with none, though none is vacuumed."""
    pathogen = factories.pathogen(admin)
    admin.execute(
        "select internal.queue_job(%s, %s, 'nextclade') from generate_series(1, 20)",
        [lab.group, pathogen],
    )
    last = (-1, 0)

    def pages() -> int:
        nonlocal last
        ((plan,),) = admin.execute(
            "explain (analyze, buffers, timing off, format json)"
            " select * from internal.claim_jobs('w', 1, null, %s, %s)",
            last,
        ).fetchall()
        last = admin.execute(FURTHEST).fetchall()[0]
        return int(plan[0]["Plan"]["Shared Hit Blocks"])

    before = [pages() for _ in range(3)][-1]
    admin.execute(
        "select internal.queue_job(%s, %s, 'nextclade') from generate_series(1, 400)",
        [lab.group, pathogen],
    )
    admin.execute("select from internal.claim_jobs('w', 400, null, %s, %s)", last)
    last = admin.execute(FURTHEST).fetchall()[0]

    assert pages() < before + 15


def test_queueing_many_jobs_never_reads_the_table(admin: psycopg.Connection, lab: Lab) -> None:
    """Find the last turn of the group by its index, however many the statement has queued."""
    pathogen = factories.pathogen(admin)
    scans = "select pg_stat_get_xact_numscans('aspen.jobs'::regclass)"
    before = admin.execute(scans).fetchall()

    admin.execute(
        "select internal.queue_job(%s, %s, 'nextclade') from generate_series(1, 200)",
        [lab.group, pathogen],
    )

    assert admin.execute(scans).fetchall() == before
    turns = "select count(distinct turn) from aspen.jobs where group_id = %s"
    assert admin.execute(turns, [lab.group]).fetchall() == [(200,)]
