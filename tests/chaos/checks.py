"""Ask the database and the bucket, after everything, whether the promises were kept."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

import psycopg

from tests.chaos.fates import part
from tests.chaos.people import People
from tests.chaos.stage import Stage

KEPT_WITH_JOB = ("log.txt", "manifest.json")
ENDS = ("succeeded", "failed", "cancelled", "timed_out")


def check(stage: Stage, people: People, told: list[int]) -> list[str]:
    """Return everything that is wrong, in sentences."""
    with stage.connect() as conn:
        return [
            *people.wrong,
            *jobs_without_end(conn),
            *outputs_without_object(stage, conn),
            *objects_of_nobody(stage, conn),
            *duplicates(stage, conn, people),
            *lost_events(stage, conn, people, told),
        ]


def jobs_without_end(conn: psycopg.Connection) -> list[str]:
    """Find jobs that have not ended, ended without a reason, or whose report waits."""
    open_jobs = conn.execute(
        "select format('job %%s (%%s) is %%s at attempt %%s: %%s',"
        " id, kind, status, attempt, error)"
        " from aspen.jobs where status <> all (%s)",
        [[*ENDS]],
    )
    silent = conn.execute(
        "select format('job %s failed without a reason', id)"
        " from aspen.jobs where status in ('failed', 'timed_out') and coalesce(error, '') = ''"
    )
    waiting = conn.execute(
        "select format('the report of job %s, attempt %s, waits', job_id, attempt)"
        " from aspen.job_reports where registered_at is null"
    )
    return [line for found in (open_jobs, silent, waiting) for (line,) in found]


def outputs_without_object(stage: Stage, conn: psycopg.Connection) -> list[str]:
    """Read every output and compare it with its row, and with what its program wrote."""
    wrong = []
    rows = conn.execute(
        "select outputs.job_id, jobs.attempt, jobs.status, outputs.kind, outputs.key,"
        " outputs.version_id, outputs.size_bytes, outputs.etag, outputs.checksum_sha256"
        " from aspen.job_outputs as outputs"
        " inner join aspen.jobs as jobs on outputs.job_id = jobs.id"
        " where outputs.bucket = %s",
        [stage.bucket],
    ).fetchall()
    for job_id, attempt, status, kind, key, version, size, etag, checksum in rows:
        name = f"output {kind} of job {job_id}"
        request = {"Bucket": stage.bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            answer = stage.s3.get_object(**request)
            content = answer["Body"].read()
        except stage.s3.exceptions.ClientError as error:
            wrong.append(f"{name} has no object {key}: {error}")
            continue
        found = (len(content), answer["ETag"].strip('"'), sha256(content).hexdigest())
        if found != (size, etag, checksum):
            wrong.append(f"{name} is not its object {key}: {(size, etag, checksum)} and {found}")
        if status != "succeeded":
            wrong.append(f"{name} belongs to a job that is {status}")
        if kind.startswith("part_") and content != part(job_id, attempt, kind):
            wrong.append(f"{name} is not what attempt {attempt} wrote")
    counts = Counter((row[0], row[3].startswith("part_")) for row in rows)
    wrong += [
        f"job {job_id} has {count} of {stage.parts} files"
        for (job_id, is_part), count in counts.items()
        if is_part and count != stage.parts
    ]
    wrong += [
        line
        for (line,) in conn.execute(
            "select format('job %s (%s) succeeded without a file', id, kind)"
            " from aspen.jobs where status = 'succeeded' and not exists ("
            "  select from aspen.job_outputs as outputs where outputs.job_id = jobs.id)"
        )
    ]
    return wrong


def objects_of_nobody(stage: Stage, conn: psycopg.Connection) -> list[str]:
    """Find objects of jobs that neither an output nor an entry for deletion names.

    Manifest and log stay as long as their job. An entry may name a folder.
    """
    known = {
        key
        for (key,) in conn.execute(
            "select key from aspen.job_outputs where bucket = %(bucket)s"
            " union select key from aspen.object_prunes where bucket = %(bucket)s",
            {"bucket": stage.bucket},
        )
    }
    jobs = {str(job_id) for (job_id,) in conn.execute("select id from aspen.jobs")}
    pages = stage.s3.get_paginator("list_objects_v2").paginate(Bucket=stage.bucket, Prefix="jobs/")
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    return [
        f"object {key} belongs to nobody"
        for key in keys
        if key not in known
        and not any(key.startswith(folder) for folder in known if folder.endswith("/"))
        and not (key.split("/")[1] in jobs and key.rpartition("/")[2] in KEPT_WITH_JOB)
    ]


def duplicates(stage: Stage, conn: psycopg.Connection, people: People) -> list[str]:
    """Find what is there twice: runs, jobs of a sequence, trees, programs of an attempt."""
    wrong = [
        line
        for statement in (
            "select format('%s runs are called %s', count(*), name) from aspen.jobs"
            " where kind = 'phylo_run' group by name having count(*) > 1",
            "select format('sample %s has %s jobs of kind %s', sample_id, count(*), kind)"
            " from aspen.job_samples as inputs inner join aspen.jobs as jobs"
            " on inputs.job_id = jobs.id where kind in ('parts', 'pangolin')"
            " group by sample_id, kind having count(*) <> 1",
            "select format('job %s has %s trees', job_id, count(*)) from aspen.phylo_trees"
            " group by job_id having count(*) > 1",
            "select format('two outputs are %s', key) from aspen.job_outputs"
            " group by bucket, key having count(*) > 1",
            "select format('sample %s has no job of kind %s', samples.id, kind)"
            " from aspen.samples as samples cross join (values ('parts'), ('pangolin')) as k (kind)"
            " where not exists (select from aspen.job_samples as inputs"
            "  inner join aspen.jobs as jobs on inputs.job_id = jobs.id"
            "  where inputs.sample_id = samples.id and jobs.kind = k.kind)",
        )
        for (line,) in conn.execute(statement.encode())
    ]
    starts = Counter(path.name.rpartition("-")[0] for path in stage.ledger.iterdir())
    wrong += [f"attempt {name} was started {n} times" for name, n in starts.items() if n > 1]
    stored = {
        row[0]: row[1] for row in conn.execute("select private_identifier, id from aspen.samples")
    }
    wrong += [
        f"sample {name} was answered as {sample_id} and is {stored.get(name)}"
        for name, sample_id in people.samples.items()
        if stored.get(name) != sample_id
    ]
    runs: dict[str, int] = dict(
        conn.execute("select name, id from aspen.jobs where kind = 'phylo_run'").fetchall()
    )
    if runs != people.runs:
        wrong.append(f"runs are {runs}, and {people.runs} were answered")
    return wrong


def lost_events(
    stage: Stage, conn: psycopg.Connection, people: People, told: list[int]
) -> list[str]:
    """Compare what happened with the feed, and the feed with what readers and receivers got."""
    wrong = []
    feed: list[Any] = conn.execute(
        "select id, kind, row_id, status from aspen.events where group_id = %s order by id",
        [stage.group],
    ).fetchall()
    ids = [row[0] for row in feed]
    read = [event["id"] for event in people.read]
    if read != ids:
        wrong.append(f"the reader of the feed lacks {sorted({*ids} - {*read})}, or read some twice")
    if lacking := {*ids} - {*told}:
        wrong.append(f"the webhook was not told of {sorted(lacking)}")
    if [*dict.fromkeys(told)] != sorted({*told}):
        wrong.append("the webhook was told in another order")
    happened = Counter((kind, row_id) for _, kind, row_id, _ in feed)
    expected = Counter({("sample.created", one): 1 for one in people.samples.values()})
    ends = conn.execute(
        "select row_id, count(*) from aspen.audit_log where table_name = 'jobs'"
        " and action = 'update' and new_values ->> 'finished_at' is not null group by row_id"
    ).fetchall()
    expected |= Counter({("job.ended", job_id): count for job_id, count in ends})
    for kind in ("sample.created", "job.ended"):
        here = {key: n for key, n in happened.items() if key[0] == kind}
        there = {key: n for key, n in expected.items() if key[0] == kind}
        if here != there:
            wrong.append(f"{kind}: the feed has {set(here.items()) ^ set(there.items())} otherwise")
    changed = {row_id for _, kind, row_id, _ in feed if kind == "sample.changed"}
    if lost := {*people.changed} - changed:
        wrong.append(f"changes of the samples {sorted(lost)} are not in the feed")
    trees = {row[0] for row in conn.execute("select id from aspen.phylo_trees")}
    if trees - {row_id for _, kind, row_id, _ in feed if kind == "tree.ready"}:
        wrong.append("a tree was not announced")
    return wrong
