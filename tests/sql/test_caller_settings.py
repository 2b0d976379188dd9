"""The functions that read who is calling are inlined: a plan holds the setting, not a call."""

from __future__ import annotations

import re

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.conftest import RequestAs
from tests.servers import Database

# function -> setting, type
SETTINGS = {
    "any_groups": ("any_groups", "bigint[]"),
    "full_groups": ("full_groups", "bigint[]"),
    "member_groups": ("member_groups", "bigint[]"),
    "admin_groups": ("admin_groups", "bigint[]"),
    "caller_id": ("user_id", "bigint"),
}
CALL = re.compile(rf"\bauthz\.({'|'.join(SETTINGS)})\(")


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_is_inlined_for_every_role_that_may_read_it(
    shared_database: Database, name: str
) -> None:
    """Inline it: a call would hide the groups from the planner, and cost time for every row."""
    with psycopg.connect(shared_database.url_of("postgres")) as conn:
        roles = conn.execute(
            "select roles.rolname from pg_catalog.pg_roles as roles"
            " where has_function_privilege(roles.oid, %s, 'execute') and not roles.rolsuper"
            " and roles.rolname !~ '^pg_'",
            [f"authz.{name}()"],
        ).fetchall()
        plans = {role: plan_of(conn, role, name) for (role,) in roles}

    setting, kind = SETTINGS[name]
    expected = f"Output: (NULLIF(current_setting('aspen.{setting}'::text, true), ''::text))::{kind}"
    assert {role: plan[1].strip() for role, plan in plans.items()} == dict.fromkeys(plans, expected)
    assert "member" in plans


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", [None, ""])
def test_unset_setting_is_null(shared_database: Database, name: str, value: str | None) -> None:
    """Return null, with which no comparison is true, so that unidentified callers see no row."""
    with psycopg.connect(shared_database.url_of("postgres")) as conn:
        if value is not None:
            conn.execute("select set_config(%s, %s, true)", [f"aspen.{SETTINGS[name][0]}", value])
        assert conn.execute(f"select authz.{name}()".encode()).fetchall() == [(None,)]


def plan_of(conn: psycopg.Connection, role: str, name: str) -> list[str]:
    """Return the plan of a call as this role."""
    with conn.transaction(force_rollback=True):
        conn.execute(f"set local role {role}".encode())
        statement = f"explain (verbose, costs off) select authz.{name}()"
        return [line for (line,) in conn.execute(statement.encode())]


def test_no_plan_of_a_view_calls_a_function_for_its_groups(
    admin: psycopg.Connection, request_as: RequestAs
) -> None:
    """Plan policies, fences and masks as if the settings were written in them."""
    views = [
        name
        for (name,) in admin.execute(
            "select relname from pg_catalog.pg_class"
            " where relnamespace = 'api'::regnamespace and relkind = 'v'"
            " and has_table_privilege('member', oid, 'select') order by 1"
        )
    ]
    factories.user(admin, "alice", {factories.group(admin): "member"})
    with request_as("member", sub="alice") as conn:
        plans = {
            view: "\n".join(
                line
                for (line,) in conn.execute(
                    sql.SQL("explain (verbose) select * from {}").format(
                        sql.Identifier("api", view)
                    )
                )
            )
            for view in views
        }

    compared = [view for view, plan in plans.items() if "current_setting('aspen." in plan]
    assert [view for view, plan in plans.items() if CALL.search(plan)] == []
    assert {"samples", "sequences", "jobs", "me"} <= set(compared)
