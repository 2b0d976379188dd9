"""`control job work --with-schedule`: what comes due besides jobs is done by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from tests import factories
from tests.control.jobs.work.shop import Shop

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def test_worker_renews_the_credentials_of_links(shop: Shop) -> None:
    """Sign no link with credentials that have ended, whatever else the worker does."""
    shop.conn.execute("delete from aspen.storage_credentials")
    shop.script("true")

    shop.work_once()

    rows = shop.conn.execute("select bucket, expires_at > now() from aspen.storage_credentials")
    assert rows.fetchall() == [(shop.s3.bucket, True)]


def test_worker_runs_what_schedules_want_if_asked(shop: Shop) -> None:
    """Queue the run of today and start it, once however often the worker is started."""
    today = datetime.now(UTC).date().isoformat()
    factories.sequence(shop.conn, factories.sample(shop.conn, shop.group_id, collection_date=today))
    schedule = factories.job_schedule(shop.conn, shop.group_id, weekdays=EVERY_DAY)
    shop.script("true", max_attempts=1)

    shop.work_once()
    jobs_without = shop.conn.execute(
        "select id from aspen.jobs where kind = 'phylo_run'"
    ).fetchall()
    shop.work_once("--with-schedule")
    shop.work_once("--with-schedule")

    jobs = shop.conn.execute(
        "select jobs.status, schedules.id from aspen.jobs as jobs"
        " left join aspen.job_schedules as schedules on jobs.id = schedules.last_job_id"
        " where jobs.kind = 'phylo_run'"
    ).fetchall()
    assert (jobs_without, jobs) == ([], [("failed", schedule)])


def test_worker_queues_jobs_of_the_platform_if_asked(shop: Shop) -> None:
    """Run it at once, and again in the next period only."""
    factories.pathogen(shop.conn)
    shop.program(kind="locations")
    (shop.root / "pipelines/platform.toml").write_text(
        '[[job]]\nkind = "locations"\npathogen = "SC2"\nevery_days = 7\n'
    )

    shop.work_once()
    before = shop.conn.execute("select id from aspen.jobs").fetchall()
    shop.work_once("--with-schedule")
    shop.work_once("--with-schedule")

    jobs = shop.conn.execute("select kind, status from aspen.jobs").fetchall()
    assert (before, jobs) == ([], [("locations", "succeeded")])


def test_worker_deletes_what_has_expired_if_asked(shop: Shop) -> None:
    """Queue the objects of an old upload for deletion, and keep a new one."""
    old = factories.upload(
        shop.conn,
        shop.group_id,
        created_at="2026-01-01",
        expires_at="2026-01-08",
    )
    new = factories.upload(shop.conn, shop.group_id)
    shop.script("true")

    shop.work_once("--with-schedule")

    kept = shop.conn.execute("select id from aspen.uploads").fetchall()
    pruned = shop.conn.execute("select count(*) from aspen.object_prunes").fetchall()
    assert (kept, pruned, old == new) == ([(new,)], [(1,)], False)


def test_chore_that_fails_is_said_and_stops_nothing(shop: Shop) -> None:
    """Go on with jobs where the storage knows no keys."""
    shop.conn.execute("delete from aspen.storage_credentials")
    shop.conn.execute("alter table aspen.storage_credentials add check (region = 'x') not valid")
    shop.script("true", max_attempts=1)
    job = shop.job()

    result = shop.work_once()

    assert "credentials: " in result.output
    assert shop.row(job, "status") == ("failed",)
