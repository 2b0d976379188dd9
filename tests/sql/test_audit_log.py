"""Every change of a tenant row is recorded with its author, and no record is ever changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

Make = Callable[[psycopg.Connection, Lab], int]


def recorded(conn: psycopg.Connection, *tables: str) -> list[tuple[Any, ...]]:
    """Return what the audit log holds about tables, oldest first."""
    return conn.execute(
        "select table_name, action, row_id, group_id, user_id, role_name from aspen.audit_log"
        " where table_name = any (%s) order by id",
        [list(tables)],
    ).fetchall()


def sample_of(conn: psycopg.Connection, lab: Lab) -> int:
    """Store a sample of the lab."""
    return factories.sample(conn, lab.group)


def run_of(conn: psycopg.Connection, lab: Lab) -> int:
    """Store a run of the lab."""
    return factories.phylo_run(conn, lab.group)


# How a row of each tenant table comes to be.
MAKE: dict[str, Make] = {
    "memberships": lambda conn, lab: factories.membership(conn, lab.group, lab.bob),
    "group_grants": lambda conn, lab: factories.grant(conn, lab.group, lab.other_group),
    "group_limits": lambda conn, lab: factories.insert(
        conn, "group_limits", {"group_id": lab.group, "most_samples": 1}
    ),
    "invitations": lambda conn, lab: factories.invitation(conn, lab.group),
    "mails": lambda conn, lab: factories.insert(
        conn,
        "mails",
        {
            "group_id": lab.group,
            "invitation_id": factories.invitation(conn, lab.group),
            "recipient": "a@example.org",
            "subject": "Invitation",
            "body": "a link",
        },
    ),
    "samples": sample_of,
    "sequences": lambda conn, lab: factories.sequence(conn, sample_of(conn, lab)),
    "aligned_sequences": lambda conn, lab: factories.aligned_sequence(conn, sample_of(conn, lab)),
    "accessions": lambda conn, lab: factories.accession(conn, sample_of(conn, lab)),
    "sample_lineages": lambda conn, lab: factories.sample_lineage(conn, sample_of(conn, lab)),
    "sample_qc_metrics": lambda conn, lab: factories.qc_metric(conn, sample_of(conn, lab)),
    "sample_mutations": lambda conn, lab: factories.mutations(conn, sample_of(conn, lab)),
    "jobs": run_of,
    "job_samples": lambda conn, lab: factories.job_sample(
        conn, run_of(conn, lab), sample_of(conn, lab)
    ),
    "job_public_sequences": lambda conn, lab: factories.insert(
        conn,
        "job_public_sequences",
        {
            "group_id": lab.group,
            "job_id": run_of(conn, lab),
            "public_repository_id": factories.repository(conn),
            "strain": "a strain",
        },
    ),
    "job_backgrounds": lambda conn, lab: factories.job_background(
        conn, run_of(conn, lab), [sample_of(conn, lab)]
    ),
    "job_outputs": lambda conn, lab: factories.job_output(conn, run_of(conn, lab)),
    "job_reports": lambda conn, lab: factories.insert(
        conn,
        "job_reports",
        {"group_id": lab.group, "job_id": run_of(conn, lab), "attempt": 1, "manifest": "{}"},
    ),
    "object_prunes": lambda conn, lab: factories.insert(
        conn,
        "object_prunes",
        {"group_id": lab.group, "job_id": 1, "bucket": "aspen", "key": "jobs/1/1/tree.json"},
    ),
    "uploads": lambda conn, lab: factories.upload(conn, lab.group),
    "import_problems": lambda conn, lab: factories.import_problem(conn, run_of(conn, lab)),
    "submissions": lambda conn, lab: factories.submission(conn, lab.group),
    "submission_files": lambda conn, lab: factories.submission_file(
        conn, factories.submission(conn, lab.group)
    ),
    "submission_samples": lambda conn, lab: factories.submission_sample(
        conn, factories.submission(conn, lab.group)
    ),
    "phylo_trees": lambda conn, lab: factories.phylo_tree(conn, run_of(conn, lab)),
    "phylo_tree_tips": lambda conn, lab: factories.insert(
        conn,
        "phylo_tree_tips",
        {
            "group_id": lab.group,
            "phylo_tree_id": factories.phylo_tree(conn, run_of(conn, lab)),
            "position": 2,
            "name": "a tip",
            "segment": "",
        },
    ),
    "share_links": lambda conn, lab: factories.share_link(
        conn, lab.alice, phylo_tree_id=factories.phylo_tree(conn, run_of(conn, lab))
    ),
    "machine_tokens": lambda conn, lab: factories.machine_token(conn, lab.group, lab.alice),
    "webhooks": lambda conn, lab: factories.webhook(conn, lab.group, lab.alice),
    "job_schedules": lambda conn, lab: factories.job_schedule(conn, lab.group),
}


@pytest.mark.parametrize("table", MAKE)
def test_insert_update_and_delete_are_recorded(
    admin: psycopg.Connection, lab: Lab, table: str
) -> None:
    """Record each change with the group that the row belongs to."""
    row = MAKE[table](admin, lab)
    write_and_delete(admin, table, row)

    assert [entry for entry in recorded(admin, table) if entry[2] == row] == [
        (table, action, row, lab.group, None, "control")
        for action in ("insert", "update", "delete")
    ]


def test_change_of_a_group_is_recorded_under_its_own_id(admin: psycopg.Connection) -> None:
    """File the record of a group under the group's own id."""
    group = factories.group(admin)
    write_and_delete(admin, "groups", group)

    assert recorded(admin, "groups") == [
        ("groups", action, group, group, None, "control")
        for action in ("insert", "update", "delete")
    ]


def write_and_delete(conn: psycopg.Connection, table: str, row: int) -> None:
    """Update a row to the values it already has, then delete it."""
    for change in (
        "update aspen.{} set id = id where id = %s",
        "delete from aspen.{} where id = %s",
    ):
        conn.execute(sql.SQL(change).format(sql.Identifier(table)), [row])


def test_every_tenant_table_is_tried(admin: psycopg.Connection) -> None:
    """Cover every table that has a group_id, except the records themselves."""
    tables = admin.execute(
        "select tables.relname from pg_catalog.pg_class as tables"
        " inner join pg_catalog.pg_attribute as columns on tables.oid = columns.attrelid"
        " where tables.relnamespace = 'aspen'::regnamespace and tables.relkind = 'r'"
        " and columns.attname = 'group_id' and not tables.relispartition"
        " and tables.relname not in ('event_notes', 'events', 'group_requests',"
        " 'group_sizes', 'replaced_sequences')"
    ).fetchall()

    assert {name for (name,) in tables} == set(MAKE)


def test_caller_is_recorded(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """Record who asked, and in which role, through views, functions and their triggers."""
    sample = factories.sample(admin, lab.group)
    other = factories.sample(admin, lab.group)
    before = len(recorded(admin, "samples", "sequences", "groups"))
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = 'bat' where id = %s", [sample])
        conn.execute("delete from api.samples where id = %s", [other])
        conn.execute(
            "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)",
            [lab.group, sample, factories.GENOME],
        )

    assert [
        (table, action, row if table == "samples" else None, *who)
        for table, action, row, *who in recorded(admin, "samples", "sequences", "groups")[before:]
    ] == [
        ("samples", "update", sample, lab.group, lab.alice, "member"),
        ("samples", "delete", other, lab.group, lab.alice, "member"),
        ("sequences", "insert", None, lab.group, lab.alice, "member"),
    ]


def test_operator_is_recorded_as_an_operator(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record the role of the request: an operator is a member as well."""
    olga = factories.user(admin, "olga", is_operator=True)
    with request_as("operator", sub="olga", keep=True) as conn:
        row = conn.execute(
            "insert into api.groups (name, prefix) values ('New lab', 'NEW') returning id"
        ).fetchone()

    assert row is not None
    assert recorded(admin, "groups")[-1] == ("groups", "insert", row[0], row[0], olga, "operator")


def details(conn: psycopg.Connection, table: str) -> list[Any]:
    """Return action and details of the log's last entries about a table, oldest first."""
    return conn.execute(
        "select action, details from aspen.audit_log where table_name = %s order by id", [table]
    ).fetchall()


def test_change_that_shuts_a_user_out_is_recorded(admin: psycopg.Connection) -> None:
    """Record it by the id of the user's row, because users belong to no group."""
    user = factories.user(admin, "eve")
    stamp = "2024-02-01T00:00:00+00:00"
    admin.execute("set local timezone = 'UTC'")
    admin.execute("update aspen.users set disabled_at = %s, is_operator = true", [stamp])
    admin.execute("update aspen.users set disabled_at = null, tokens_valid_after = %s", [stamp])
    admin.execute("update aspen.users set name = 'Eve'")
    admin.execute("delete from aspen.users")

    assert recorded(admin, "users") == [
        ("users", action, user, None, None, "control")
        for action in ("insert", "update", "update", "update", "delete")
    ]
    now = {"subject": "eve", "is_operator": True, "tokens_valid_after": stamp}
    assert details(admin, "users") == [
        ("insert", {"subject": "eve", "is_operator": False}),
        (
            "update",
            {
                "subject": "eve",
                "is_operator": True,
                "disabled_at": stamp,
                "before": {"disabled_at": None, "is_operator": False},
            },
        ),
        ("update", now | {"before": {"disabled_at": stamp, "tokens_valid_after": None}}),
        ("update", now | {"before": {}}),
        ("delete", now),
    ]


def test_user_who_was_let_in_is_recorded(admin: psycopg.Connection, lab: Lab) -> None:
    """Record who it was: an id alone means nothing once its row is deleted."""
    member = factories.membership(admin, lab.group, lab.bob)
    admin.execute("update aspen.memberships set role = 'viewer' where id = %s", [member])
    admin.execute("delete from aspen.memberships where id = %s", [member])
    grant = factories.grant(admin, lab.group, lab.other_group)
    admin.execute("delete from aspen.group_grants where id = %s", [grant])

    assert details(admin, "memberships")[-3:] == [
        ("insert", {"user_id": lab.bob, "role": "member"}),
        ("update", {"user_id": lab.bob, "role": "viewer", "before": {"role": "member"}}),
        ("delete", {"user_id": lab.bob, "role": "viewer"}),
    ]
    assert details(admin, "group_grants") == [
        (action, {"grantee_group_id": lab.other_group, "role": "viewer"})
        for action in ("insert", "delete")
    ]


def test_renewed_credentials_are_recorded_without_their_secrets(admin: psycopg.Connection) -> None:
    """Record only that they changed, and for which bucket."""
    factories.storage_credentials(admin, "safe", secret_access_key="hush", session_token="hush")
    admin.execute("update aspen.storage_credentials set secret_access_key = 'hush-hush'")
    admin.execute("delete from aspen.storage_credentials")

    assert recorded(admin, "storage_credentials") == [
        ("storage_credentials", action, None, None, None, "control")
        for action in ("insert", "update", "delete")
    ]
    kept = details(admin, "storage_credentials")
    assert [entry["bucket"] for _, entry in kept] == ["safe"] * 3
    assert "hush" not in str(kept)


def test_operator_of_the_control_plane_is_recorded(
    admin: psycopg.Connection, lab: Lab, request_as: RequestAs
) -> None:
    """Record the person beside the shared database role.

    Requests of the API have no such person.
    """
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.me set name = 'Alice'")
    admin.execute("select set_config('aspen.operator', 'root@db1', true)")
    factories.sample(admin, lab.group)

    actors = admin.execute(
        "select table_name, user_id, actor from aspen.audit_log order by id desc limit 2"
    ).fetchall()
    assert actors == [("samples", None, "root@db1"), ("users", lab.alice, None)]


def test_batch_is_recorded_row_by_row(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Record every row that one statement changes."""
    samples = [factories.sample(admin, lab.group) for _ in range(3)]
    with request_as("member", sub="alice", keep=True) as conn:
        conn.execute("update api.samples set host = 'bat'")

    updates = [entry[2] for entry in recorded(admin, "samples") if entry[1] == "update"]
    assert sorted(updates) == samples


def test_refused_change_is_not_recorded(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave no record of a change that was rolled back."""
    factories.sample(admin, lab.group)
    before = recorded(admin, "samples")
    with request_as("member", sub="alice", keep=True) as conn:
        refusal_of(conn, "update api.samples set location_id = -1")

    assert recorded(admin, "samples") == before


@pytest.mark.parametrize(
    "change",
    [
        "update aspen.audit_log set user_id = 1",
        "delete from aspen.audit_log",
        "truncate aspen.audit_log",
    ],
    ids=["update", "delete", "truncate"],
)
@pytest.mark.parametrize("role", ["control", "aspen_owner"])
def test_record_is_never_changed(
    admin: psycopg.Connection, lab: Lab, change: str, role: str
) -> None:
    """Reject changes even by roles that bypass row-level security."""
    admin.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))

    assert refusal_of(admin, change) == "55000"


def test_record_in_a_partition_is_never_changed(admin: psycopg.Connection, lab: Lab) -> None:
    """Reject a change that goes around the table."""
    assert refusal_of(admin, "delete from aspen.audit_log_default") == "55000"


@pytest.mark.parametrize("role", ["member", "operator"])
def test_record_is_not_for_callers(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str
) -> None:
    """Hide the log from callers, because it tells what other groups do."""
    factories.user(admin, "olga", {lab.group: "admin"}, is_operator=True)
    with request_as(role, sub="olga") as conn:
        assert refusal_of(conn, "select from aspen.audit_log") == "42501"
