"""The layer below the API: no way round the policies, and no way to learn what they hide."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.servers import Database
from tests.sql.conftest import Lab


@pytest.fixture
def hidden(admin: psycopg.Connection, lab: Lab) -> int:
    """Store a sample of the other group with a sequence, whose private identifier is secret."""
    sample = factories.sample(admin, lab.other_group, "secret")
    factories.sequence(admin, sample)
    return sample


def test_owner_of_the_tables_sees_no_rows(admin: psycopg.Connection, hidden: int) -> None:
    """Force row-level security, so that a function of the owner leaks nothing."""
    admin.execute("set local role aspen_owner")

    assert admin.execute("select count(*) from aspen.samples").fetchone() == (0,)


def test_control_sees_all_rows(admin: psycopg.Connection, hidden: int) -> None:
    """Show them, because data migrations and backups run as control."""
    assert admin.execute("select count(*) from aspen.samples").fetchone() == (1,)


def test_switching_row_security_off_is_an_error(request_as: RequestAs, lab: Lab) -> None:
    """Raise an error instead of switching the policies off."""
    with request_as("member", sub="alice") as conn:
        conn.execute("set local row_security = off")

        assert refusal_of(conn, "select from api.samples") == "42501"


@pytest.mark.parametrize("schema", ["aspen", "internal", "ext"])
@pytest.mark.parametrize("role", ["member", "operator"])
def test_callers_cannot_name_private_objects(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, role: str, schema: str
) -> None:
    """Give API roles privileges on tables, which the views need, but none on the schema."""
    factories.user(admin, "olga", {lab.group: "admin"}, is_operator=True)
    names = {
        "aspen": "aspen.samples",
        "internal": "internal.parse_date('')",
        "ext": "ext.show_limit()",
    }
    with request_as(role, sub="olga") as conn:
        answer = refusal_of(conn, sql.SQL("select from ") + sql.SQL(names[schema]))

    assert answer == "42501"


@pytest.mark.parametrize(
    "role",
    [
        "control",
        "aspen_owner",
        "postgres",
        "api_writer",
        "claims_reader",
        "auditor",
        "presigner",
        "registrar",
        "results_keeper",
        "observer",
    ],
)
def test_login_of_postgrest_becomes_no_role_that_sees_more(
    shared_database: Database, role: str
) -> None:
    """Bound what an SQL injection through PostgREST could do."""
    with shared_database.connect("authenticator") as conn:
        answer = refusal_of(conn, sql.SQL("set role {}").format(sql.Identifier(role)))

    assert answer == "42501"


@pytest.mark.parametrize("role", ["anon", "member", "operator", "job"])
def test_login_of_postgrest_becomes_the_roles_of_the_api(
    shared_database: Database, role: str
) -> None:
    """Allow it the roles that requests need."""
    with shared_database.connect("authenticator") as conn:
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))

        assert conn.execute("select current_user").fetchone() == (role,)


PROBE = "select count(*) from api.samples where 1 / (id - %s) > 1"


def test_filter_with_an_error_tells_nothing_of_hidden_rows(
    request_as: RequestAs, lab: Lab, hidden: int
) -> None:
    """Evaluate a caller's filter only on rows that the policies show."""
    with request_as("member", sub="alice") as conn:
        assert conn.execute(PROBE, [hidden]).fetchone() == (0,)


def test_filter_with_an_error_fails_on_rows_that_are_seen(
    request_as: RequestAs, lab: Lab, hidden: int
) -> None:
    """Raise division by zero for a caller who sees the row."""
    with request_as("member", sub="bob") as conn:
        assert refusal_of(conn, PROBE, [hidden]) == "22012"


def test_upsert_tells_nothing_of_hidden_rows(request_as: RequestAs, lab: Lab, hidden: int) -> None:
    """Reject alike an upsert of another group's sequence and of a missing one."""
    upsert = (
        "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
        " on conflict (group_id, sample_id) do nothing"
    )
    with request_as("member", sub="alice") as conn:
        answers = [
            refusal_of(conn, upsert, [lab.other_group, sample, factories.GENOME])
            for sample in (hidden, -1)
        ]

    assert answers == ["42501", "42501"]


def test_errors_of_constraints_hold_no_values(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Leave the row out of the error, as PostgreSQL does where policies apply."""
    own = factories.sample(admin, lab.group)
    insert = "insert into api.sequences (group_id, sample_id, sequence) values (%s, %s, %s)"
    with request_as("member", sub="alice") as conn:
        conn.execute(insert, [lab.group, own, factories.GENOME])
        with pytest.raises(psycopg.errors.UniqueViolation) as caught:
            conn.execute(insert, [lab.group, own, factories.GENOME])

    assert caught.value.diag.message_detail is None


def test_new_function_is_not_executable_until_granted(admin: psycopg.Connection) -> None:
    """Create the owner's functions without privileges for public."""
    admin.execute("set local role aspen_owner")
    admin.execute("create function api.fresh() returns integer language sql return 1")

    row = admin.execute(
        "select has_function_privilege('anon', 'api.fresh()', 'execute')"
    ).fetchone()
    assert row == (False,)


UNFILTERED = {
    "delete": "delete from api.sequences",
    "update": "update api.sequences set sequencing_depth = 1",
}


@pytest.mark.parametrize("verb", UNFILTERED)
@pytest.mark.parametrize("caller", ["vic", "bob"])
def test_change_without_a_filter_is_bounded_by_its_own_policy(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, caller: str, verb: str
) -> None:
    """Change nothing: what one sees does not bound a statement that reads no column."""
    factories.sequence(admin, factories.sample(admin, lab.group))

    with request_as("member", sub=caller) as conn:
        changed = conn.execute(UNFILTERED[verb].encode()).rowcount

    assert changed == 0


@pytest.mark.parametrize("verb", UNFILTERED)
def test_member_changes_rows_without_a_filter(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab, verb: str
) -> None:
    """Change those of the own group."""
    factories.sequence(admin, factories.sample(admin, lab.group))

    with request_as("member", sub="alice") as conn:
        changed = conn.execute(UNFILTERED[verb].encode()).rowcount

    assert changed == 1
