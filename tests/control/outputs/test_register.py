"""A registration is one transaction per job: everything or nothing, and only once."""

from __future__ import annotations

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from control.outputs.register import Registration
from control.storage.s3 import S3Uri
from tests import factories
from tests.control.outputs.desk import (
    PANGOLIN_HEADER,
    Desk,
    dataset,
    lineage_row,
    table,
    tip,
)

TREE = dataset(tip("a"), tip("b"))


def test_registered_run_has_succeeded_with_its_output_and_tree(desk: Desk) -> None:
    """Finish the job, and record the file as it was read."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE, software_versions={"augur": "24.1"})

    result = desk.register(job, manifest, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == "succeeded"
    assert desk.rows(
        "select status, software_versions, error, started_at is not null, finished_at >= started_at"
        " from aspen.jobs"
    ) == [("succeeded", {"augur": "24.1"}, None, True, True)]
    assert desk.rows("select kind, bucket, key, size_bytes from aspen.job_outputs") == [
        ("auspice_json", desk.s3.bucket, f"{desk.home(job)}auspice_json", len(TREE))
    ]
    assert desk.rows("select tip_count from aspen.phylo_trees") == [2]


def test_registering_again_changes_nothing(desk: Desk) -> None:
    """Say so, and exit with 0."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE)
    desk.register(job, manifest)
    before = desk.state()

    again = desk.register(job, manifest)

    assert (again.exit_code, again.stdout) == (0, f"job {job} is already registered: succeeded\n")
    assert desk.state() == before


def test_other_files_of_a_succeeded_job_are_refused(desk: Desk) -> None:
    """Keep what people may have read already."""
    job = desk.job("phylo_run")
    desk.register(job, desk.tree(job, TREE))
    before = desk.state()

    other = desk.register(job, desk.tree(job, dataset(tip("c"))))

    assert other.exit_code == 1
    assert f"job {job} has succeeded with other files" in other.stderr
    assert "Remedy: other results need a new attempt" in other.stderr
    assert desk.state() == before


def test_new_attempt_replaces_tree_and_outputs_and_keeps_their_ids(desk: Desk) -> None:
    """Store the run's new tree under the same id after a retry."""
    job = desk.job("phylo_run")
    desk.register(job, desk.tree(job, TREE))
    ids = desk.rows("select id from aspen.phylo_trees union all select id from aspen.job_outputs")
    desk.conn.execute(
        "update aspen.jobs set status = 'queued', attempt = 2, started_at = null,"
        " finished_at = null where id = %s",
        [job],
    )

    result = desk.register(job, desk.tree(job, dataset(tip("c")), attempt=2))

    assert result.exit_code == 0, result.output
    assert desk.rows("select name from aspen.phylo_tree_tips") == ["c"]
    assert desk.rows("select key from aspen.job_outputs") == [f"{desk.home(job, 2)}auspice_json"]
    assert ids == desk.rows(
        "select id from aspen.phylo_trees union all select id from aspen.job_outputs"
    )


def test_manifest_of_another_attempt_is_refused(desk: Desk) -> None:
    """Reject a container that outlived its attempt."""
    job = desk.job("phylo_run", attempt=2)

    result = desk.register(job, desk.tree(job, TREE, attempt=1))

    assert result.exit_code == 1
    assert f"is of attempt 1, job {job} is at attempt 2" in result.stderr
    assert desk.rows("select status from aspen.jobs") == ["queued"]


@pytest.mark.parametrize("status", ["failed", "cancelled", "timed_out"])
def test_ended_job_is_not_registered(desk: Desk, status: str) -> None:
    """Require a new attempt for a job that ended in another way."""
    job = factories.phylo_run(desk.conn, desk.group_id, status=status)
    manifest = desk.tree(job, TREE)
    before = desk.state()

    result = desk.register(job, manifest)

    assert result.exit_code == 1
    assert f"job {job} is {status.replace('_', ' ')}" in result.stderr
    assert "Remedy: start a new attempt" in result.stderr
    assert desk.state() == before


def test_running_job_keeps_the_time_it_started(desk: Desk) -> None:
    """Set started_at only if the executor did not."""
    started = datetime(2024, 2, 1, tzinfo=UTC)
    job = factories.phylo_run(desk.conn, desk.group_id, status="running", started_at=started)

    desk.register(job, desk.tree(job, TREE))

    assert desk.rows("select status, started_at from aspen.jobs") == [("succeeded", started)]


def test_failed_manifest_fails_the_job_with_its_error(desk: Desk) -> None:
    """Record the reason, and no outputs."""
    job = desk.job("phylo_run")
    manifest = desk.submit(job, "phylo_run", {}, status="failed", error="augur: out of memory")

    first, second = desk.register(job, manifest), desk.register(job, manifest)

    assert first.stdout == f"registered job {job} (phylo_run): failed\n"
    assert second.stdout == f"job {job} is already registered: failed\n"
    assert desk.rows("select status, error, finished_at is not null from aspen.jobs") == [
        ("failed", "augur: out of memory", True)
    ]
    assert desk.rows("select * from aspen.job_outputs") == []


def test_manifest_of_another_kind_of_job_is_refused(desk: Desk) -> None:
    """Let the job decide what is registered, not the file."""
    job = desk.job("pangolin")

    result = desk.register(job, desk.tree(job, TREE))

    assert result.exit_code == 1
    assert f"is of a phylo_run, job {job} is a pangolin" in result.stderr


def test_manifest_of_another_job_is_refused(desk: Desk) -> None:
    """Reject a manifest below jobs/7/ for job 8."""
    first, second = desk.job("phylo_run"), desk.job("phylo_run")

    result = desk.register(second, desk.tree(first, TREE))

    assert result.exit_code == 1
    assert f"belongs to job {first}, not to job {second}" in result.stderr


def test_unknown_job_is_refused(desk: Desk) -> None:
    """Name it."""
    result = desk.register(4711, desk.tree(4711, TREE))

    assert (result.exit_code, result.stderr.splitlines()[0]) == (1, "Error: there is no job 4711")


def test_folder_stands_for_the_manifest_in_it(desk: Desk) -> None:
    """Accept s3://…/jobs/42/1/."""
    job = desk.job("phylo_run")
    desk.tree(job, TREE)

    result = desk.register(job, S3Uri(desk.s3.bucket, desk.home(job)))

    assert result.exit_code == 0, result.output


def test_files_can_be_named_without_a_manifest(desk: Desk) -> None:
    """Let an operator name files anywhere in the bucket."""
    sample, *_ = desk.samples(1)
    job = desk.job("pangolin", [sample])
    file = desk.put(f"{desk.folder}/by hand.csv", table(PANGOLIN_HEADER, lineage_row(sample)))

    result = desk.run(
        "register", job, "--file", f"lineage_report_csv={file}", "--software", "usher=0.6"
    )

    assert result.exit_code == 0, result.output
    assert desk.rows("select key from aspen.job_outputs") == [file.key]
    assert desk.rows("select software_versions from aspen.jobs") == [
        {"pangolin": "4.3.1", "usher": "0.6"}
    ]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["register", "1"], "give either MANIFEST or --file"),
        (["register", "1", "s3://b/m", "--file", "auspice_json=s3://b/k"], "give either"),
        (["register", "1", "http://b/m"], "does not start with s3://"),
        (["register", "1", "--file", "tree=s3://b/k"], "is not one of"),
        (["register", "1", "--file", "auspice_json"], "does not start with s3://"),
        (["register", "1", "s3://b/m", "--software", "a=1"], "use --software with --file only"),
        (["register", "1", "--file", "auspice_json=s3://b/k", "--software", "a"], "NAME=VERSION"),
        (
            ["register", "1", "--file", "auspice_json=s3://b/k", "--software", "a=\x1b[2J"],
            "which holds the control character U+001B",
        ),
        (["register", "0", "s3://b/m"], "0 is not in the range"),
    ],
)
def test_wrong_command_line_exits_with_2(desk: Desk, args: list[str], complaint: str) -> None:
    """Tell usage errors apart from failures."""
    result = desk.run(*args)

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_file_missing_among_those_named_is_refused(desk: Desk) -> None:
    """Require all files of the kind of job."""
    job = desk.job("nextclade")
    file = desk.put(f"{desk.folder}/a.csv", "x")

    result = desk.run("register", job, "--file", f"nextclade_csv={file}")

    assert result.exit_code == 1
    assert "nextclade_tag_json is missing" in result.stderr
    assert "aligned_fasta is missing" in result.stderr


def test_dry_run_says_what_would_be_written_and_writes_nothing(desk: Desk) -> None:
    """Read and check everything, then roll back."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE)
    before = desk.state()

    result = desk.register(job, manifest, "--dry-run")

    assert result.exit_code == 0, result.output
    assert f"would register job {job} (phylo_run): succeeded" in result.stdout
    assert "2 tips, 0 of them samples" in result.stdout
    assert desk.state() == before


def test_dry_run_refuses_what_registering_would_refuse(desk: Desk) -> None:
    """Reject in the dry run what registering would reject."""
    job = desk.job("phylo_run")

    result = desk.register(job, desk.tree(job, dataset(tip("a"), tip("a"))), "--dry-run")

    assert result.exit_code == 1
    assert "a second tip is named 'a'" in result.stderr


def test_object_of_another_job_is_refused(desk: Desk) -> None:
    """Make an object the output of one job only."""
    first, second = desk.job("phylo_run"), desk.job("phylo_run")
    file = desk.put(f"{desk.folder}/tree.json", TREE)
    desk.run("register", first, "--file", f"auspice_json={file}")

    result = desk.run("register", second, "--file", f"auspice_json={file}")

    assert result.exit_code == 1
    assert f"{file} is already an output of job {first}" in result.stderr
    assert desk.rows("select status from aspen.jobs where id = %s", second) == ["queued"]


def test_object_of_another_groups_job_is_refused(desk: Desk) -> None:
    """Keep readers of one run from reading the other group's file."""
    first, other_group = desk.job("phylo_run"), factories.group(desk.conn)
    second = factories.phylo_run(desk.conn, other_group, status="queued")
    file = desk.put(f"{desk.folder}/tree.json", TREE)
    desk.run("register", first, "--file", f"auspice_json={file}")

    result = desk.run("register", second, "--file", f"auspice_json={file}")

    assert result.exit_code == 1
    assert f"{file} is already an output of job {first}" in result.stderr


# {0} is the folder of the test, {1} the job, {2} another job.
FOREIGN_KEYS = [
    "{0}/jobs/{2}/1/tree.json",
    "jobs/{2}/1/tree.json",
    "{0}/jobs/{2}/jobs/{1}/tree.json",
    "{0}/jobs/0{1}/1/tree.json",
    "{0}/jobs/{1}0/1/tree.json",
    "{0}/jobs/{2}",
    "{0}/jobs/x/tree.json",
]


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_file_below_another_jobs_folder_is_refused(desk: Desk, key: str) -> None:
    """Check an operator's files as strictly as a manifest's."""
    job, other = desk.job("phylo_run"), desk.job("phylo_run")
    file = desk.put(key.format(desk.folder, job, other), TREE)

    result = desk.run("register", job, "--file", f"auspice_json={file}")

    assert result.exit_code == 1
    assert f"{file} belongs to job " in result.stderr
    assert desk.rows("select distinct status from aspen.jobs") == ["queued"]


CROOKED_KEYS = [
    "jobs/{1}/../{2}/1/tree.json",
    "jobs/{1}//tree.json",
    "/jobs/{1}/1/tree.json",
    "./jobs/{1}/1/tree.json",
    "jobs/{1}/1/",
    "jobs/{1}/1/a\nb",
    "jobs/{1}/1/a\u2028b",
    "jobs/{1}/1/a\u202eb",
]


@pytest.mark.parametrize("key", CROOKED_KEYS)
def test_crooked_key_is_refused(desk: Desk, key: str) -> None:
    """Reject keys that clients and proxies rewrite, or that break a line."""
    job, other = desk.job("phylo_run"), desk.job("phylo_run")
    place = f"s3://{desk.s3.bucket}/{key.format(desk.folder, job, other)}"

    result = desk.run("register", job, "--file", f"auspice_json={place}")

    assert result.exit_code == 1
    assert f"{place!r} is not the plain key of an object" in result.stderr


def test_file_in_another_bucket_is_refused(desk: Desk) -> None:
    """Require the environment's own bucket, where links work."""
    job = desk.job("phylo_run")

    result = desk.run("register", job, "--file", f"auspice_json=s3://elsewhere/jobs/{job}/1/t")

    assert result.exit_code == 1
    assert f"is not in the bucket of this environment, {desk.s3.bucket}" in result.stderr


@pytest.mark.parametrize("key", ["{0}/jobs/{1}/1/tree.json", "{0}/jobs/{1}/a/jobs/{2}/tree.json"])
def test_file_below_the_jobs_own_folder_is_registered(desk: Desk, key: str) -> None:
    """Accept whatever the job stores below its own folder."""
    job, other = desk.job("phylo_run"), desk.job("phylo_run")
    file = desk.put(key.format(desk.folder, job, other), TREE)

    result = desk.run("register", job, "--file", f"auspice_json={file}")

    assert result.exit_code == 0, result.output
    assert desk.rows("select key from aspen.job_outputs") == [file.key]


def test_list_shows_what_is_registered(desk: Desk) -> None:
    """Show kind, size and address."""
    job = desk.job("phylo_run")
    desk.register(job, desk.tree(job, TREE))

    listed = [json.loads(desk.run("list", job, "--json").stdout)]

    assert [(one["kind"], one["uri"]["key"]) for one in listed] == [
        ("auspice_json", f"{desk.home(job)}auspice_json")
    ]
    assert f"s3://{desk.s3.bucket}/{desk.home(job)}auspice_json" in desk.run("list", job).stdout


def test_two_at_once_register_once(desk: Desk) -> None:
    """Make the second wait for the first and find everything done."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE)

    with desk.conn.transaction():
        desk.conn.execute("lock table aspen.job_outputs in share row exclusive mode")
        processes = [desk.start("register", job, manifest) for _ in range(2)]
        wait_for_blocked(desk, 2)
    outcomes = sorted(process.communicate(timeout=60)[0].split(":")[0] for process in processes)

    assert [process.returncode for process in processes] == [0, 0]
    assert outcomes == [f"job {job} is already registered", f"registered job {job} (phylo_run)"]
    assert desk.rows("select tip_count from aspen.phylo_trees") == [2]


@pytest.mark.parametrize("reached", ["phylo_trees", "phylo_tree_tips", "job_outputs", "jobs"])
def test_killed_registration_leaves_nothing_and_can_be_repeated(desk: Desk, reached: str) -> None:
    """Leave the job unchanged after kill -9 at any moment, and register again."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE)
    before = desk.state()

    with desk.conn.transaction():
        desk.conn.execute(f"lock table aspen.{reached} in share mode".encode())
        process = desk.start("register", job, manifest)
        wait_for_blocked(desk, 1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    wait_for_blocked(desk, 0)

    assert desk.state() == before
    assert desk.register(job, manifest).exit_code == 0


def test_sample_being_deleted_is_waited_for_and_left_out_of_the_results(desk: Desk) -> None:
    """Skip the sample's result when its deletion comes first."""
    kept, gone = samples = desk.samples(2)
    job = desk.job("pangolin", samples)
    manifest = desk.report(job, table(PANGOLIN_HEADER, *map(lineage_row, samples)))

    with desk.conn.transaction():
        desk.conn.execute("delete from aspen.samples where id = %s", [gone])
        process = desk.start("register", job, manifest)
        wait_for_blocked(desk, 1)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert f"deleted samples, skipped: {gone}" in said
    assert desk.rows("select sample_id from aspen.sample_lineages") == [kept]


def test_sequence_being_replaced_is_waited_for_and_its_result_left_out(desk: Desk) -> None:
    """Skip the result of the old sequence when its replacement comes first."""
    same, replaced = samples = desk.samples(2)
    for sample in samples:
        factories.sequence(desk.conn, sample)
    job = desk.job("pangolin", samples, status="running")
    manifest = desk.report(job, table(PANGOLIN_HEADER, *map(lineage_row, samples)))

    with desk.conn.transaction():
        desk.conn.execute(
            "update aspen.sequences set sequence = %s where sample_id = %s", ["T" * 1000, replaced]
        )
        process = desk.start("register", job, manifest)
        wait_for_blocked(desk, 1)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert f"samples with a changed sequence or pathogen, skipped: {replaced}" in said
    assert desk.rows("select sample_id from aspen.sample_lineages") == [same]


def test_sequence_replaced_while_its_result_is_registered_loses_it(desk: Desk) -> None:
    """Remove the result when the sequence is replaced after the registration."""
    sample, *_ = desk.samples(1)
    factories.sequence(desk.conn, sample)
    job = desk.job("pangolin", [sample], status="running")
    manifest = desk.report(job, table(PANGOLIN_HEADER, lineage_row(sample)))

    with desk.database.connect() as other, ThreadPoolExecutor(1) as pool:
        with desk.conn.transaction():
            desk.store(job, manifest)
            replacing = pool.submit(
                other.execute, "update aspen.sequences set sequence = repeat('T', 1000)"
            )
            wait_for_lock(desk)
        replacing.result()

    assert desk.rows("select count(*) from aspen.sample_lineages") == [0]


def test_sample_being_deleted_is_waited_for_and_left_out_of_the_tree(desk: Desk) -> None:
    """Keep its tip, linked to no sample."""
    sample = factories.sample(desk.conn, desk.group_id, public_identifier="a")
    job = desk.job("phylo_run", [sample])
    desk.conn.execute("update aspen.jobs set status = 'running'")
    manifest = desk.tree(job, TREE)

    with desk.conn.transaction():
        desk.conn.execute("delete from aspen.samples")
        process = desk.start("register", job, manifest)
        wait_for_blocked(desk, 1)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert desk.rows("select name, sample_id from aspen.phylo_tree_tips order by position") == [
        ("a", None),
        ("b", None),
    ]


def wait_for_lock(desk: Desk) -> None:
    """Wait until a session waits for a lock."""
    statement = (
        "select from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    give_up_at = time.monotonic() + 60
    with desk.database.connect() as watcher:
        while watcher.execute(statement.encode()).fetchone() is None:
            assert time.monotonic() < give_up_at, "nobody waits"
            time.sleep(0.02)


def wait_for_blocked(desk: Desk, count: int) -> None:
    """Wait until that many registrations wait for a lock, or none of them is left."""
    statement = (
        "select count(*) filter (where wait_event_type = 'Lock'), count(*) from pg_stat_activity"
        " where datname = current_database() and application_name = 'control output register'"
    )
    give_up_at = time.monotonic() + 60
    # In a transaction of its own each time: within one, the view does not change.
    with desk.database.connect() as watcher:
        while watcher.execute(statement.encode()).fetchone() != (count, count):
            assert time.monotonic() < give_up_at, f"there are not {count} registrations waiting"
            time.sleep(0.02)


def test_summary_of_a_failure_is_empty() -> None:
    """Report nothing for a failed job."""
    assert Registration(1, "pangolin", "failed", is_new=True).summary() == []
