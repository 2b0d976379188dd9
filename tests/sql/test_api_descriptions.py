"""The API answers about itself with what is kept, while the catalogue is as it was."""

from __future__ import annotations

import psycopg
import pytest

CALLS = {
    "openapi": "select api.openapi()::text",
    "json_schema": "select api.json_schema()::text",
    "manual": "select api.manual()::text",
}
MARK = '"is_kept": true'
CHANGES = {
    "comment of a resource": "comment on view api.samples is 'Else'",
    "comment of a column": "comment on column api.samples.id is 'Else'",
    "comment of a function": "comment on function api.health() is 'Else'",
    "comment of the API": "comment on schema api is 'Else'",
    "grant on a resource": "grant delete on api.lineages to member",
    "grant on a column": "grant update (id) on aspen.lineages to api_writer",
    "revoked function": "revoke execute on function api.health() from member",
    "new resource": "create view api.others as select 1 as id",
    "resource that is gone": "drop view api.repository_data",
    "new function": "create function api.other(a text) returns text language sql"
    " begin atomic select a; end",
    "allowed values": "alter table aspen.groups add constraint c check (name in ('a', 'b'))"
    " not valid",
    "default": "alter view api.samples alter column is_private set default true",
    "required column": "alter table aspen.share_links alter column last_used_at set not null",
}


@pytest.fixture
def kept(admin: psycopg.Connection) -> None:
    """Keep answers for members that nobody would make."""
    admin.execute(
        "update aspen.api_descriptions set openapi = %(kept)s, json_schema = %(kept)s,"
        " manual = %(kept)s::json::text where role_name = 'member'",
        {"kept": f"{{{MARK}}}"},
    )


def answer(admin: psycopg.Connection, call: str, role: str = "member") -> str:
    """Return what the API says about itself to a role."""
    admin.execute(f"set local role {role}".encode())
    row = admin.execute(call.encode()).fetchone()
    admin.execute("set local role none")
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
@pytest.mark.usefixtures("kept")
def test_kept_answer_is_given_to_its_role(admin: psycopg.Connection, call: str) -> None:
    """Show it to no other role, which would learn what it may not use."""
    assert MARK in answer(admin, call)
    assert MARK not in answer(admin, call, "anon")


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.usefixtures("kept")
def test_changed_catalogue_makes_the_answer_anew(admin: psycopg.Connection, change: str) -> None:
    """Notice a grant by hand as well, so that no old description stays."""
    admin.execute(change.encode())

    assert MARK not in answer(admin, CALLS["manual"])


@pytest.mark.usefixtures("kept")
def test_partition_does_not_count(admin: psycopg.Connection) -> None:
    """Ignore them, because months of the audit log and loads of public sequences bring new ones."""
    admin.execute(
        "create table aspen.audit_log_later partition of aspen.audit_log"
        " for values from ('2999-01-01') to ('2999-02-01')"
    )

    assert MARK in answer(admin, CALLS["manual"])


@pytest.mark.usefixtures("kept")
def test_role_reads_its_own_row_only(admin: psycopg.Connection) -> None:
    """Leave it to the policy, and not to the function alone."""
    admin.execute("grant usage on schema aspen to member, operator")
    rows = {}
    for role in ("member", "operator"):
        admin.execute(f"set local role {role}".encode())
        rows[role] = admin.execute("select role_name from aspen.api_descriptions").fetchall()

    assert rows == {"member": [("member",)], "operator": [("operator",)]}
