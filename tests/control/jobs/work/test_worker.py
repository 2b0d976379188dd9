"""`control job work`: jobs run to a recorded end, whatever happens to them and to the worker."""

from __future__ import annotations

import json
import re
import signal
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest

from control.jobs.work import worker as working
from control.jobs.work.lost import SteadyClock
from control.storage.s3 import make_client
from control.tokens import minting
from tests import factories
from tests.control.jobs.executors.tasks import wait_for
from tests.control.jobs.executors.test_local import is_alive
from tests.control.jobs.work.shop import Shop
from tests.servers import Api

NO_REPORT = "its program ended without a report"
LOST = "delete from aspen.job_workers"
SWEEP = "select job_id, attempt, status from internal.sweep_jobs()"


def test_program_gets_what_it_needs_and_no_more(shop: Shop) -> None:
    """Hand over job, attempt, addresses and a token, and none of the worker's own settings."""
    shop.script("env")
    job = shop.job()

    shop.work_once()

    values = dict(line.split("=", 1) for line in shop.log(job).splitlines())
    assert sorted(set(values) - {"PWD", "LC_CTYPE", "SHLVL", "_"}) == [
        *("ASPEN_API_URL", "ASPEN_JOB_ATTEMPT", "ASPEN_JOB_ID", "ASPEN_JOB_TOKEN"),
        *("ASPEN_OUTPUT_PREFIX", "HOME", "PATH", "TMPDIR", "TRACEPARENT"),
    ]
    assert values["ASPEN_JOB_ID"] == str(job)
    assert values["ASPEN_OUTPUT_PREFIX"] == f"s3://{shop.s3.bucket}/jobs/{job}/1/"
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", values["TRACEPARENT"])


def test_program_goes_on_with_the_trace_of_the_request(shop: Shop) -> None:
    """Hand over the trace, as a span of the attempt's own."""
    shop.script("env")
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    job = shop.job(traceparent=f"00-{trace}-{span}-00")

    shop.work_once()

    (found,) = re.findall("^TRACEPARENT=(.*)$", shop.log(job), re.M)
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-00", found) and span not in found


def test_token_is_of_the_attempt_and_is_not_in_the_log(shop: Shop) -> None:
    """Mint it for job and attempt, for as long as the limit; hide it where people read."""
    shop.script(f'printf %s "$ASPEN_JOB_TOKEN" > {shop.root}/token; env', time_limit="2h")
    job = shop.job(attempt=4)

    shop.work_once()

    claims = jwt.decode((shop.root / "token").read_text(), options={"verify_signature": False})
    assert (claims["role"], claims["job_id"], claims["attempt"]) == ("job", job, 4)
    assert 7200 <= claims["exp"] - claims["iat"] <= 7200 + 300
    assert "ASPEN_JOB_TOKEN=[token]\n" in shop.log(job, 4)


@pytest.mark.parametrize("days", [0, 40, -40])
def test_job_whose_program_reports_is_registered(
    shop: Shop, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Take a job through the API to its end, also if the clock of the worker is wrong."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=days)

    monkeypatch.setattr(minting, "datetime", Clock)
    report = (
        "import json, os, urllib.request as r\n"
        "m = {'kind': 'phylo_run', 'attempt': 1, 'status': 'failed', 'error': 'no such sample'}\n"
        "q = r.Request(os.environ['ASPEN_API_URL'] + '/rpc/report_job', method='POST',\n"
        " data=json.dumps({'manifest': m}).encode(), headers={'Content-Type':\n"
        " 'application/json', 'Authorization': 'Bearer ' + os.environ['ASPEN_JOB_TOKEN']})\n"
        "print(r.urlopen(q).status)\n"
    )
    with api.database.connect() as conn:
        # Other tests have left jobs in this database.
        conn.execute(
            "select from internal.cancel_jobs(array("
            "select id from aspen.jobs where status = 'queued' and kind = 'phylo_run'))"
        )
        with_api = Shop(conn, api.database, shop.s3, api.keys.directory, tmp_path, api.url)
        with_api.program("python3", "-c", report)
        job = with_api.job()
        with with_api.worker(is_once=True) as (_, worked):
            # It ends when the program has, after the report is registered.
            worked.result(timeout=120)

        facts = ("status", "error", "attempt")
        assert with_api.row(job, *facts) == ("failed", "no such sample", 1)
        assert with_api.log(job) == "200\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0", NO_REPORT),
        ("echo the samples are bad >&2; exit 7", "exit code 7: the samples are bad"),
        ("printf 'a\\033[2Jb\\001' >&2; exit 1", "exit code 1: a [2Jb"),
    ],
)
def test_program_that_fails_is_tried_again_later(shop: Shop, script: str, reason: str) -> None:
    """Keep the reason, without what a terminal would obey."""
    shop.script(script)
    job = shop.job()

    shop.work_once()

    facts = ("status", "attempt", "error", "due_at > now()", "worker")
    assert shop.row(job, *facts) == ("queued", 2, reason, True, None)


def test_last_attempt_leaves_a_dead_job_that_can_be_replayed(shop: Shop) -> None:
    """Show it to operators with its reason, and queue all that are dead with one command."""
    shop.script("exit 1", max_attempts=1)
    jobs = [shop.job(), shop.job()]
    shop.work_once()
    shown = json.loads(shop.control("show", jobs[0], "--json").stdout)
    dry = shop.control("retry", "--dead", "--dry-run")

    retried = shop.control("retry", "--dead", "--kind", "phylo_run")

    assert (shown["is_dead"], shown["error"], shown["executor"]) == (True, "exit code 1", "local")
    assert dry.stdout == "would retry 2 jobs\n"
    assert retried.stdout == "retried 2 jobs\n"
    assert [shop.row(job, "status", "attempt") for job in jobs] == [("queued", 2)] * 2


def test_program_that_does_not_exist_ends_the_job_at_once(shop: Shop) -> None:
    """Say what is missing and how to get it; another attempt would not help."""
    shop.program("no-such-program")
    job = shop.job()

    shop.work_once()

    assert shop.row(job, "status", "attempt", "error") == (
        "failed",
        1,
        "the program no-such-program was not found: install it where the worker runs, or correct"
        " its command in pipelines/jobs.toml",
    )


def test_kind_without_a_program_waits_for_a_worker_that_has_one(shop: Shop) -> None:
    """Leave the jobs of a newer version alone, and refuse to be asked for them."""
    shop.script("exit 0")
    job = shop.job("pangolin")

    shop.work_once()
    refused = shop.control("work", "--once", "--kind", "pangolin")

    assert shop.row(job, "status") == ("queued",)
    assert refused.exit_code == 1
    assert "has no program for jobs of kind pangolin" in refused.stderr


def test_job_of_the_control_plane_ends_itself(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the module of its kind with the worker's own settings."""
    (tmp_path / "kinds").mkdir()
    (tmp_path / "sitecustomize.py").write_text(
        f"import control.jobs.kinds as kinds\nkinds.__path__.append({str(tmp_path / 'kinds')!r})\n"
    )
    (tmp_path / "kinds/tidy.py").write_text(
        "from control.jobs.states import finish_job\n"
        "def run(app, job):\n"
        "    with app.connect('tidy') as conn, conn.transaction():\n"
        "        finish_job(conn, job, None, {'tidy': '1'})\n"
        "        print('tidied')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shop.conn.execute(
        "insert into aspen.job_kinds (name, is_queued_for_sequences, is_dataset_needed)"
        " values ('tidy', false, false)"
    )
    shop.program(kind="tidy")
    job = shop.job("tidy")

    shop.work_once()

    assert shop.row(job, "status", "software_versions") == ("succeeded", {"tidy": "1"})
    assert shop.log(job) == "tidied\n"


def test_control_job_of_an_attempt_that_was_lost_does_not_run(shop: Shop) -> None:
    """Refuse to run an attempt that is not the present one."""
    job = factories.phylo_run(shop.conn, shop.group_id, status="running", attempt=2)

    result = shop.control("run", job, "--attempt", 1)

    assert result.exit_code == 1
    assert f"job {job} is not running attempt 1" in result.stderr


def test_cancelled_job_is_stopped(shop: Shop) -> None:
    """End its program, though it ignores SIGTERM."""
    shop.script(shop.waiting_script())
    job = shop.job()
    with shop.worker():
        pid = shop.started(job)
        shop.control("cancel", job)
        wait_for(lambda: None if is_alive(pid) else True)

    assert shop.row(job, "status", "attempt") == ("cancelled", 1)


def test_job_past_its_limit_times_out_by_the_clock_of_the_database(shop: Shop) -> None:
    """Stop the program and keep the reason, whatever the clock of this machine says."""
    shop.script(shop.waiting_script(), max_attempts=1)
    job = shop.job()
    with shop.worker():
        pid = shop.started(job)
        shop.conn.execute("update aspen.jobs set deadline_at = now()")
        shop.conn.execute("notify aspen_jobs")
        shop.wait_until(job, "status", "timed_out")

    assert shop.row(job, "error") == ("it took longer than its time limit",)
    assert not is_alive(pid)


def test_worker_that_is_stopped_hands_its_jobs_back(shop: Shop) -> None:
    """Queue them at once, count no attempt, and leave no program behind."""
    shop.script(shop.waiting_script())
    job = shop.job()
    with shop.worker_process("--grace", "1s") as process:
        pid = shop.started(job)
        process.send_signal(signal.SIGTERM)
        said = process.communicate()[1]

    assert (process.returncode, f"job {job}: handed back" in said) == (0, True)
    facts = ("status", "attempt", "first_attempt", "due_at")
    assert shop.row(job, *facts) == ("queued", 2, 2, None)
    assert not is_alive(pid)
    assert shop.conn.execute("select from aspen.job_workers").fetchall() == []


def test_worker_that_is_stopped_lets_jobs_end(shop: Shop) -> None:
    """Wait for those that end within the grace, and take no others."""
    shop.script(
        f"echo $$ > {shop.root}/pid-$ASPEN_JOB_ID; while ! [ -e {shop.root}/end ]; do"
        " sleep 0.05; done; exit 5"
    )
    first, second = shop.job(), shop.job()
    with shop.worker(concurrency=1, grace=60) as (worker, future):
        shop.started(first)
        worker.stop()
        (shop.root / "end").touch()
        future.result()

    assert shop.row(first, "attempt", "error") == (2, "exit code 5")
    assert shop.row(second, "status", "attempt") == ("queued", 1)


def test_job_of_a_killed_worker_is_swept(shop: Shop) -> None:
    """End the program with its worker, and queue the next attempt when heartbeats are missed."""
    shop.script(shop.waiting_script())
    job = shop.job()
    with shop.worker_process() as process:
        pid = shop.started(job)
        shop.wait_until(job, "executor_handle", f"{job}-1")
        process.kill()
        process.communicate()
    wait_for(lambda: None if is_alive(pid) else True)
    early = shop.control("sweep", "--json")
    shop.conn.execute("update aspen.job_workers set heartbeat_at = now() - interval '26 seconds'")

    swept = shop.control("sweep")

    assert json.loads(early.stdout) == []
    assert swept.stdout == f"job {job}, attempt 1: its worker was lost; it is queued\n"
    assert shop.row(job, "status", "attempt") == ("queued", 2)


def test_worker_that_was_taken_for_dead_leaves_the_next_attempt_alone(shop: Shop) -> None:
    """Stop its own program when it is back, and end nothing of the other worker's."""
    shop.script(shop.waiting_script())
    job = shop.job()
    with shop.worker(concurrency=1):
        pid = shop.started(job)
        with shop.conn.transaction():
            shop.conn.execute(LOST)
            assert shop.conn.execute(SWEEP).fetchall() == [(job, 1, "queued")]
            shop.conn.execute("update aspen.jobs set due_at = null")
            shop.conn.execute("select internal.claim_jobs('another', 1)")
        wait_for(lambda: None if is_alive(pid) else True)
        wait_for(lambda: True if any("has gone on" in line for line in shop.said) else None)

    facts = ("status", "attempt", "worker", "error")
    assert shop.row(job, *facts) == ("running", 2, "another", "its worker was lost")


@pytest.mark.parametrize("seconds", [60, -60])
def test_jump_of_the_clock_is_noticed_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """Tell whether the clock of the database moved against one that nobody sets."""
    clock = SteadyClock()
    before = [clock.has_jumped(shop.conn) for _ in range(2)]
    there = time.monotonic
    monkeypatch.setattr("control.jobs.work.lost.time.monotonic", lambda: there() - seconds)

    assert before == [False, False]
    assert [clock.has_jumped(shop.conn) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("has_jumped", "status"), [(True, "running"), (False, "queued")])
def test_jump_of_the_clock_takes_no_worker_for_dead(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, has_jumped: bool, status: str
) -> None:
    """Sweep when the workers have had time to show that they live; without a jump at once."""
    monkeypatch.setattr(working, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(SteadyClock, "has_jumped", lambda *_: has_jumped)
    job = shop.job(status="running", worker="seems-dead")
    monkeypatch.setattr(working, "SWEEP_SECONDS", 0)
    with shop.worker():
        if has_jumped:
            wait_for(lambda: True if "the clock of the database has jumped" in shop.said else None)
        else:
            shop.wait_until(job, "status", "queued")

    assert shop.row(job, "status") == (status,)


def test_worker_outlives_the_loss_of_its_connections(shop: Shop) -> None:
    """Connect again, and end the job that ran in between."""
    shop.script(
        f"echo $$ > {shop.root}/pid-$ASPEN_JOB_ID; while ! [ -e {shop.root}/end ]; do"
        " sleep 0.05; done; exit 5"
    )
    job = shop.job()
    with shop.worker():
        shop.started(job)
        shop.conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'control job work%'"
            " and datname = current_database()"
        )
        (shop.root / "end").touch()
        shop.wait_until(job, "attempt", 2)
        another = shop.job()
        shop.wait_until(another, "attempt", 2)

    assert shop.row(job, "status", "error") == ("queued", "exit code 5")
    assert any("the database is away" in line for line in shop.said)


@pytest.mark.parametrize(
    ("statement", "attempts"), [("claim_jobs", 2), ("note_launch", 2), ("note_handle", 1)]
)
def test_job_whose_answer_got_lost_is_not_forgotten(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, statement: str, attempts: int
) -> None:
    """Start it again if the database went away after the commit; follow it if it was started."""
    lost: list[str] = []
    real = getattr(working, statement)

    def lose(conn: psycopg.Connection, *arguments: Any, **named: Any) -> Any:
        answer = real(conn, *arguments, **named)
        if answer == [] or lost:
            return answer
        lost.append(statement)
        conn.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(working, statement, lose)
    shop.script("exit 5")
    job = shop.job()

    with shop.worker():
        shop.wait_until(job, "error", "exit code 5")

    assert lost == [statement]
    # An attempt that was never begun does not count.
    facts = ("status", "attempt", "attempt - first_attempt")
    assert shop.row(job, *facts) == ("queued", attempts + 1, 1)


def test_report_waits_while_s3_is_away(shop: Shop) -> None:
    """Keep the job until its report is registered."""
    shop.script(
        f"echo $$ > {shop.root}/pid-$ASPEN_JOB_ID; while ! [ -e {shop.root}/end ]; do"
        " sleep 0.05; done"
    )
    job = shop.job("phylo_run")
    with shop.worker() as (worker, _):
        shop.started(job)
        away = make_client(
            shop.s3.settings.__class__(
                root=shop.root,
                data_dir=shop.root,
                s3_endpoint_url="http://127.0.0.1:9",
                s3_access_key="a",
                s3_secret_key="b",
            )
        )
        worker._app.__dict__["s3"] = away
        file = {"kind": "auspice_json", "key": "tree.json"}
        shop.report(job, status="succeeded", error=None, files=[file])
        (shop.root / "end").touch()
        wait_for(lambda: True if any("reports wait" in line for line in shop.said) else None)
        waiting = shop.row(job, "status")
        worker._app.__dict__["s3"] = shop.s3.client
        shop.wait_until(job, "status", "failed")

    assert waiting == ("running",)
    assert "tree.json does not exist" in str(shop.row(job, "error")[0])


def test_workers_at_once_run_each_job_once(shop: Shop) -> None:
    """Share the queue without running a job twice or forgetting one."""
    shop.script(f"echo $ASPEN_JOB_ID >> {shop.root}/ran; exit 1", max_attempts=1)
    jobs = [shop.job() for _ in range(8)]
    with shop.worker(), shop.worker():
        for job in jobs:
            shop.wait_until(job, "status", "failed")

    assert sorted(map(int, (shop.root / "ran").read_text().split())) == jobs


def test_number_of_jobs_at_a_time_is_bounded(shop: Shop) -> None:
    """Take no more than there is room for, and obey the limit of a kind over all workers."""
    shop.script(shop.waiting_script())
    for _ in range(3):
        shop.job()
    shop.control("limit", "phylo_run", "--running", 2)
    with shop.worker(concurrency=1), shop.worker(concurrency=5):
        running = "select count(*) from aspen.jobs where executor_handle is not null"
        wait_for(lambda: True if shop.conn.execute(running).fetchall() == [(2,)] else None)
        shop.control(
            "cancel",
            shop.conn.execute("select min(id) from aspen.jobs where status = 'running'").fetchall()[
                0
            ][0],
        )
        wait_for(lambda: True if shop.conn.execute(running).fetchall() == [(3,)] else None)


def test_paused_kind_stays_in_the_queue(shop: Shop) -> None:
    """Start it when it is resumed; say what has changed."""
    shop.script("exit 1")
    job = shop.job()
    said = [shop.control("pause", "phylo_run").stdout, shop.control("pause", "phylo_run").stdout]
    shop.work_once()
    before = shop.row(job, "attempt")

    said.append(shop.control("resume").stdout)
    shop.work_once()

    assert said == ["paused phylo_run\n", "nothing has changed\n", "resumed phylo_run\n"]
    assert (before, shop.row(job, "attempt")) == ((1,), (2,))


@pytest.mark.parametrize(
    "command", [("pause", "tree"), ("limit", "tree"), ("retry", "--dead", "--kind", "tree")]
)
def test_unknown_kind_is_refused(shop: Shop, command: tuple[str, ...]) -> None:
    """List the kinds that there are."""
    result = shop.control(*command)

    assert result.exit_code == 1
    assert "there is no kind of job 'tree'" in result.stderr
    assert "nextclade, pangolin, phylo_run" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("1", "--dead"), ("1", "--kind", "pangolin")])
def test_retry_takes_a_job_or_all_that_are_dead(shop: Shop, arguments: tuple[str, ...]) -> None:
    """Refuse neither and both."""
    assert shop.control("retry", *arguments).exit_code == 2


def test_log_is_followed_to_the_end_of_the_attempt(shop: Shop) -> None:
    """Print what the program prints, also of an attempt before."""
    shop.script("echo attempt $ASPEN_JOB_ATTEMPT")
    job = shop.job()
    shop.work_once()
    shop.conn.execute("update aspen.jobs set due_at = now()")
    shop.work_once()

    assert shop.control("logs", job, "--attempt", 1).stdout == "attempt 1\n"
    assert shop.control("logs", job, "--attempt", 2, "-f").stdout == "attempt 2\n"
    missing = shop.control("logs", job)
    assert (missing.exit_code, f"job {job} has no log of attempt 3" in missing.stderr) == (1, True)
