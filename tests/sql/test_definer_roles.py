"""What the roles of definer functions see and write of their own accord.

The functions ask first what the caller may do; these policies are the layer below, tried without
them. Nobody but these functions can become such a role.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab, store_lab


@pytest.fixture
def admin(superuser: psycopg.Connection) -> psycopg.Connection:
    """Let the superuser store rows, who may become any role."""
    return superuser


@pytest.fixture
def lab(admin: psycopg.Connection) -> Lab:
    """Store the lab as this superuser."""
    return store_lab(admin)


@pytest.fixture
def groups(admin: psycopg.Connection, lab: Lab) -> dict[int, str]:
    """Store rows of both groups; the lab grants Bob's group the role of a member."""
    factories.grant(admin, lab.group, lab.other_group, "member")
    for group, person in ((lab.group, lab.alice), (lab.other_group, lab.bob)):
        sample = factories.sample(admin, group, is_private=True)
        factories.sequence(admin, sample)
        admin.execute("update aspen.sequences set sequence = reverse(sequence)")
        run = factories.phylo_run(admin, group)
        factories.job_sample(admin, run, sample)
        public_strain(admin, group, run)
        factories.share_link(admin, person, phylo_tree_id=factories.phylo_tree(admin, run))
    return {lab.group: "lab", lab.other_group: "others"}


def public_strain(conn: psycopg.Connection, group: int, job: int) -> int:
    """Store a public strain as an input of a job."""
    repository = factories.repository(conn)
    values = {"group_id": group, "job_id": job, "public_repository_id": repository, "strain": "a"}
    return factories.insert(conn, "job_public_sequences", values)


@contextmanager
def as_writer(request_as: RequestAs, who: str) -> Iterator[psycopg.Connection]:
    """Act as a function that serves a person."""
    with request_as("member", sub=who) as conn:
        conn.execute("set local role api_writer")
        yield conn


# Whose rows each person's functions see: of members, direct or granted; of direct members.
FULL = {"alice": {"lab"}, "vic": set[str](), "bob": {"lab", "others"}}
DIRECT = FULL | {"bob": {"others"}}
SEEN = {
    "samples": FULL,
    "sequences": FULL,
    "job_samples": FULL,
    "job_public_sequences": FULL,
    "share_links": FULL,
    "audit_log": DIRECT,
    "replaced_sequences": DIRECT,
}


@pytest.mark.parametrize("who", FULL)
@pytest.mark.parametrize("table", SEEN)
def test_writer_sees_what_the_caller_may_see(
    request_as: RequestAs, groups: dict[int, str], table: str, who: str
) -> None:
    """Show Bob, by a grant, the rows of the lab but no history of it."""
    query = sql.SQL("select distinct group_id from {}").format(sql.Identifier("aspen", table))
    with as_writer(request_as, who) as conn:
        seen = {groups[group] for (group,) in conn.execute(query)}

    assert seen == SEEN[table][who]


@pytest.mark.parametrize(("who", "count"), [("alice", 1), ("vic", 1), ("bob", 0)])
def test_writer_sees_open_samples_of_the_callers_groups(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str, count: int
) -> None:
    """Show a viewer what is disclosed, and nobody a sample of a group that is not theirs."""
    factories.sample(admin, lab.group)
    with as_writer(request_as, who) as conn:
        seen = conn.execute("select id from aspen.samples").fetchall()

    assert len(seen) == count


# No condition: a statement that has one is under the policies for reading as well.
CHANGES = (
    "update aspen.samples set host = 'bat'",
    "delete from aspen.samples",
    "update aspen.sequences set sequencing_depth = 3",
    "delete from aspen.sequences",
    "update aspen.share_links set use_count = 1",
)


@pytest.mark.parametrize(("who", "count"), [("alice", 1), ("vic", 0), ("bob", 2)])
@pytest.mark.parametrize("change", CHANGES)
def test_writer_changes_what_the_caller_may_change(
    request_as: RequestAs, groups: dict[int, str], change: str, who: str, count: int
) -> None:
    """Leave the rows of others as they are, though the statement names none."""
    with as_writer(request_as, who) as conn:
        changed = conn.execute(change.encode()).rowcount

    assert changed == count


INSERTS = {
    "job_samples": (
        "insert into aspen.job_samples (group_id, job_id, sample_group_id, sample_id,"
        " public_identifier) values (%(group)s, %(job)s, %(group)s, %(sample)s, 'a')"
    ),
    "job_public_sequences": (
        "insert into aspen.job_public_sequences (group_id, job_id, public_repository_id, strain)"
        " values (%(group)s, %(job)s, %(repository)s, 'b')"
    ),
    "job_backgrounds": (
        "insert into aspen.job_backgrounds (group_id, job_id, sample_ids, left_out_count,"
        " resolved_template_args) values (%(group)s, %(job)s, array[%(sample)s::bigint], 0, '{}')"
    ),
    "uploads": (
        "insert into aspen.uploads (group_id, file_name, bucket, folder, size_bytes,"
        " checksum_sha256, uploaded_by_id) values (%(group)s, 'a.csv', 'b',"
        " format('group/%%s/uploads/%%s/', %(group)s::bigint, gen_random_uuid()), 1,"
        " repeat('a', 64), %(person)s)"
    ),
    "share_links": (
        "insert into aspen.share_links (group_id, kind, token_hash, sample_ids,"
        " has_usher_safe_ids, created_by_id, expires_at) values (%(group)s, 'sequences', 'b',"
        " '{1}', false, %(person)s, now() + interval '1 hour')"
    ),
}


@pytest.mark.parametrize(
    ("table", "who", "person", "is_stored"),
    [
        ("job_samples", "alice", "alice", True),
        ("job_samples", "bob", "bob", False),
        ("job_samples", "vic", "vic", False),
        ("job_public_sequences", "alice", "alice", True),
        ("job_public_sequences", "bob", "bob", False),
        ("job_public_sequences", "vic", "vic", False),
        ("job_backgrounds", "alice", "alice", True),
        ("job_backgrounds", "bob", "bob", False),
        ("job_backgrounds", "vic", "vic", False),
        ("uploads", "alice", "alice", True),
        ("uploads", "bob", "bob", False),
        ("uploads", "alice", "bob", False),
        ("share_links", "alice", "alice", True),
        ("share_links", "bob", "bob", True),
        ("share_links", "vic", "vic", False),
        ("share_links", "alice", "bob", False),
    ],
)
def test_writer_stores_where_the_caller_may_store(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    groups: dict[int, str],
    table: str,
    who: str,
    person: str,
    is_stored: bool,
) -> None:
    """Store rows of the lab for its members; Bob has a grant, which asks for no runs."""
    values = {
        "group": lab.group,
        "job": factories.phylo_run(admin, lab.group),
        "sample": factories.sample(admin, lab.group),
        "repository": factories.repository(admin),
        "person": getattr(lab, person),
    }
    with as_writer(request_as, who) as conn:
        try:
            stored = conn.execute(INSERTS[table].encode(), values).rowcount
        except psycopg.errors.InsufficientPrivilege:
            stored = 0

    assert bool(stored) == is_stored


@pytest.fixture
def jobs(admin: psycopg.Connection, lab: Lab) -> list[int]:
    """Store two running jobs of the lab and one of the other group, each with inputs."""
    found = []
    for group in (lab.group, lab.group, lab.other_group):
        job = factories.job(admin, group, "pangolin", "running")
        sample = factories.sample(admin, group)
        factories.sequence(admin, sample)
        factories.aligned_sequence(admin, sample)
        factories.sample_lineage(admin, sample)
        factories.job_sample(admin, job, sample)
        public_strain(admin, group, job)
        factories.job_background(admin, job, [sample])
        report = {"group_id": group, "job_id": job, "attempt": 1, "manifest": "{}"}
        factories.insert(admin, "job_reports", report)
        found.append(job)
    return found


@contextmanager
def as_runner(request_as: RequestAs, job: int) -> Iterator[psycopg.Connection]:
    """Act as a function that serves the program of a job."""
    with request_as("job", sub=f"job|{job}", job_id=job, attempt=1) as conn:
        conn.execute("set local role job_runner")
        yield conn


@pytest.mark.parametrize(
    "table",
    [
        "jobs",
        "groups",
        "job_samples",
        "job_public_sequences",
        "job_backgrounds",
        "job_reports",
        "samples",
        "sequences",
        "aligned_sequences",
        "sample_lineages",
    ],
)
def test_runner_sees_the_job_and_its_inputs_only(
    request_as: RequestAs, jobs: list[int], table: str
) -> None:
    """Show no other job, of the same group or another."""
    query = sql.SQL("select count(*) from {}").format(sql.Identifier("aspen", table))
    with as_runner(request_as, jobs[0]) as conn:
        assert conn.execute(query).fetchone() == (1,)


def test_runner_changes_the_job_only(request_as: RequestAs, jobs: list[int]) -> None:
    """Leave other jobs as they are, though the statement names none."""
    with as_runner(request_as, jobs[0]) as conn:
        assert conn.execute("update aspen.jobs set heartbeat_at = now()").rowcount == 1


@pytest.mark.parametrize(("number", "is_stored"), [(0, True), (1, False), (2, False)])
def test_runner_reports_about_the_job_only(
    request_as: RequestAs, lab: Lab, jobs: list[int], number: int, is_stored: bool
) -> None:
    """Store no report of another job."""
    group = (lab.group, lab.group, lab.other_group)[number]
    with as_runner(request_as, jobs[0]) as conn:
        try:
            stored = conn.execute(
                "insert into aspen.job_reports (group_id, job_id, attempt, manifest)"
                " values (%s, %s, 2, '{}')",
                [group, jobs[number]],
            ).rowcount
        except psycopg.errors.InsufficientPrivilege:
            stored = 0

    assert bool(stored) == is_stored


@pytest.mark.parametrize("table", ["samples", "sequences", "sample_lineages"])
def test_input_of_a_job_is_shown_to_its_program_only(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, table: str
) -> None:
    """Show members no sample that a grant, ended by now, once let a run of theirs have."""
    sample = factories.sample(admin, lab.other_group)
    factories.sequence(admin, sample)
    factories.sample_lineage(admin, sample)
    factories.job_sample(admin, factories.phylo_run(admin, lab.group), sample)
    query = sql.SQL("select from api.{}").format(sql.Identifier(table))
    with request_as("member", sub="alice") as conn:
        assert conn.execute(query).fetchall() == []


def test_auditor_reads_since_when_there_is_a_history_only(
    admin: psycopg.Connection, lab: Lab
) -> None:
    """Show it no entry about a row: it writes these, and reads none."""
    factories.sample(admin, lab.group)
    admin.execute("set local role auditor")
    tables = admin.execute("select distinct table_name from aspen.audit_log").fetchall()

    assert {name for (name,) in tables} <= {"audit_log"}


def test_grants_to_a_group_are_not_told_to_whom_it_grants_access(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Show Bob, whom the lab lets in, what the lab grants, and not what is granted to the lab."""
    third = factories.group(admin)
    factories.grant(admin, lab.group, lab.other_group, "member")
    factories.grant(admin, third, lab.group, "member")
    with request_as("member", sub="bob") as conn:
        seen = conn.execute("select group_id from api.group_grants").fetchall()

    assert seen == [(lab.group,)]


@pytest.mark.parametrize(
    ("who", "maker", "is_stored"),
    [("ada", "ada", True), ("ada", "alice", False), ("alice", "alice", False)],
)
def test_writer_makes_webhooks_for_admins(
    admin: psycopg.Connection,
    request_as: RequestAs,
    lab: Lab,
    who: str,
    maker: str,
    is_stored: bool,
) -> None:
    """Make none for a member, and none in the name of another."""
    people = {"ada": factories.user(admin, "ada", {lab.group: "admin"}), "alice": lab.alice}
    with as_writer(request_as, who) as conn:
        try:
            stored = conn.execute(
                "insert into aspen.webhooks (group_id, url, kinds, secret, created_by_id,"
                " last_event_id) values (%s, 'https://hooks.example.org/', '{job.ended}',"
                " repeat('A', 43) || '=', %s, 0)",
                [lab.group, people[maker]],
            ).rowcount
        except psycopg.errors.InsufficientPrivilege:
            stored = 0

    assert bool(stored) == is_stored


@pytest.mark.parametrize(("who", "count"), [("ada", 1), ("alice", 0), ("bob", 0)])
def test_writer_lets_webhooks_of_admins_begin_anew(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, who: str, count: int
) -> None:
    """Leave those of others as they are, though the statement names none."""
    ada = factories.user(admin, "ada", {lab.group: "admin"})
    factories.webhook(admin, lab.group, ada)
    with as_writer(request_as, who) as conn:
        assert conn.execute("update aspen.webhooks set attempt_count = 1").rowcount == count
