"""Which columns callers may set, apart from those of samples; the server sets the others."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab


@pytest.fixture
def ada(admin: psycopg.Connection, lab: Lab) -> str:
    """Store an admin of the lab, which has a run, a schedule, a webhook, a sequence and a grant."""
    factories.grant(admin, lab.group, lab.other_group)
    factories.phylo_run(admin, lab.group)
    factories.job_schedule(admin, lab.group)
    factories.sequence(admin, factories.sample(admin, lab.group))
    factories.webhook(admin, lab.group, factories.user(admin, "ada", {lab.group: "admin"}))
    return "ada"


def setting(view: str, column: str) -> sql.Composed:
    """Return an update of one column of every row that the caller may change."""
    return sql.SQL("update api.{} set {} = %s").format(sql.Identifier(view), sql.Identifier(column))


@pytest.mark.parametrize(
    ("view", "column", "value"),
    [
        ("me", "name", "Ada A."),
        ("me", "agreed_to_tos", True),
        ("me", "acknowledged_policy_version", "2024-01-01"),
        ("me", "gisaid_submitter_id", "ada"),
        ("groups", "submitting_lab", "The lab"),
        ("groups", "address", "1 Road"),
        ("groups", "division", "Here"),
        ("groups", "location", "There"),
        ("groups", "default_tree_location_id", None),
        ("phylo_runs", "name", "A new name"),
        ("group_grants", "role", "member"),
        ("group_grants", "ends_at", "2999-01-01"),
        ("job_schedules", "weekdays", [2]),
        ("job_schedules", "tree_type", "TARGETED"),
        ("job_schedules", "template_args", "{}"),
        ("job_schedules", "is_enabled", False),
        ("webhooks", "is_enabled", False),
        ("sequences", "sequence", "ACGTN" * 200),
        ("sequences", "sequencing_date", "2024-01-01"),
        ("sequences", "sequencing_depth", 30.5),
    ],
)
def test_column_of_the_caller_is_set(
    request_as: RequestAs, ada: str, view: str, column: str, value: object
) -> None:
    """Change the one row there is."""
    with request_as("member", sub=ada) as conn:
        assert conn.execute(setting(view, column), [value]).rowcount == 1


@pytest.mark.parametrize(
    ("view", "column", "value"),
    [
        ("me", "id", 1),
        ("me", "subject", "alice"),
        ("me", "email", "c@example.org"),
        ("me", "is_operator", True),
        ("me", "created_at", "2024-01-01"),
        ("groups", "id", 1),
        ("groups", "name", "New name"),
        ("groups", "prefix", "NEW"),
        ("groups", "created_at", "2024-01-01"),
        ("group_members", "group_id", 1),
        ("group_members", "user_id", 1),
        ("group_members", "created_at", "2024-01-01"),
        ("group_grants", "group_id", 1),
        ("group_grants", "grantee_group_id", 1),
        ("group_grants", "granted_by_id", None),
        ("group_grants", "created_at", "2024-01-01"),
        ("job_schedules", "group_id", 1),
        ("job_schedules", "pathogen_id", 1),
        ("job_schedules", "kind", "pangolin"),
        ("job_schedules", "last_run_on", "2024-01-01"),
        ("job_schedules", "last_job_id", 1),
        ("job_schedules", "last_problem", "a problem"),
        ("webhooks", "group_id", 1),
        ("webhooks", "url", "https://example.org/"),
        ("webhooks", "kinds", ["tree.ready"]),
        ("webhooks", "created_by_id", 1),
        ("webhooks", "last_event_id", 1),
        ("webhooks", "stopped_at", None),
        ("invitations", "role", "admin"),
        ("invitations", "expires_at", "2999-01-01"),
        ("phylo_runs", "group_id", 1),
        ("phylo_runs", "status", "queued"),
        ("phylo_runs", "template_args", "{}"),
        ("phylo_runs", "requested_by_id", None),
        ("phylo_runs", "software_versions", "{}"),
        ("sequences", "id", 1),
        ("sequences", "num_unambiguous_sites", 1),
        ("sequences", "num_missing_alleles", 1),
        ("sequences", "num_mixed", 1),
        ("sequences", "created_at", "2024-01-01"),
    ],
)
def test_column_of_the_server_is_refused(
    request_as: RequestAs, ada: str, view: str, column: str, value: object
) -> None:
    """Reject every value, because the caller lacks the privilege."""
    with request_as("member", sub=ada) as conn:
        assert refusal_of(conn, setting(view, column), [value]) == "42501"


def test_groups_of_the_caller_cannot_be_set_through_me(request_as: RequestAs, ada: str) -> None:
    """Reject it, because they are computed, not stored."""
    with request_as("member", sub=ada) as conn:
        assert refusal_of(conn, setting("me", "groups"), ["[]"]) == "0A000"


def test_only_runs_are_renamed(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: str
) -> None:
    """Find no other job to rename."""
    factories.job(admin, lab.group)
    with request_as("member", sub=ada) as conn:
        assert refusal_of(conn, "update api.jobs set status = 'failed'") == "42501"


def test_jobs_that_are_no_runs_are_not_deleted_as_runs(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, ada: str
) -> None:
    """Delete only runs when all runs are deleted."""
    factories.job(admin, lab.group, status="failed")
    others = "select id from aspen.jobs where kind <> 'phylo_run' order by id"
    before = admin.execute(others).fetchall()
    with request_as("member", sub=ada, keep=True) as conn:
        conn.execute("delete from api.phylo_runs")

    assert before != []
    assert admin.execute("select id from aspen.jobs order by id").fetchall() == before


# Columns without null that callers write, and that internal.check_values does not ask for by name.
NOT_ASKED_FOR = """
select tables.relname, attributes.attname
from pg_class as tables
inner join pg_attribute as attributes on tables.oid = attrelid and attnum > 0 and attnotnull
inner join pg_class as views on tables.relname = views.relname
where
    tables.relnamespace = 'aspen'::regnamespace
    and views.relnamespace = 'api'::regnamespace
    and (
        has_column_privilege('member', tables.oid, attnum, 'insert, update')
        or has_column_privilege('operator', tables.oid, attnum, 'insert, update')
    )
    and not exists (
        select from pg_trigger
        where tgrelid = tables.oid and tgfoid = 'internal.check_values'::regproc
            and attname = any(string_to_array(encode(tgargs, 'escape'), '\\000'))
    )
order by 1, 2
"""


def test_missing_value_is_named_with_its_row(admin: psycopg.Connection) -> None:
    """Leave no column to PostgreSQL, which does not say of which row; sequences check their own."""
    assert admin.execute(NOT_ASKED_FOR).fetchall() == [
        ("sequences", "group_id"),
        ("sequences", "sample_id"),
        ("sequences", "sequence"),
    ]
