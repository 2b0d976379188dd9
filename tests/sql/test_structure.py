"""sql/structure.sql gives a table what follows from its shape, whoever adds the table."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers import SQL_DIR

STRUCTURE = (SQL_DIR / "structure.sql").read_bytes()
SEEN = "(group_id = ANY (authz.any_groups()))"
ANY_GROUPS = "(NULLIF(current_setting('aspen.any_groups'::text, true), ''::text))::bigint[]"
FULL_GROUPS = ANY_GROUPS.replace("any", "full")
OF_A_SAMPLE = f"""
CASE authz.planned_for()
    WHEN 'member of one group'::text THEN (group_id = ({FULL_GROUPS})[1])
    WHEN 'member of all groups'::text THEN (group_id = ANY (authz.full_groups()))
    WHEN 'viewer of one group'::text THEN ((group_id = ({ANY_GROUPS})[1]) AND\
 (disclosed_at <= now()))
    WHEN 'few groups'::text THEN ((group_id = ANY ({ANY_GROUPS})) AND
    CASE
        WHEN (disclosed_at <= now()) THEN true
        ELSE (group_id = ANY ({FULL_GROUPS}))
    END)
    ELSE ((group_id = ANY (authz.any_groups())) AND ((disclosed_at <= now()) OR\
 (group_id = ANY (authz.full_groups()))))
END"""
TRIGGERS = """
select pg_get_triggerdef(oid) from pg_catalog.pg_trigger
where tgrelid = 'aspen.notes'::regclass and not tgisinternal order by tgname
"""
FENCES = """
select policyname, permissive, roles::text, cmd, qual, with_check
from pg_catalog.pg_policies where tablename = 'notes'
"""
# All that the file makes, with its identity.
MADE = """
select oid, polname::text, pg_get_expr(polqual, polrelid) from pg_catalog.pg_policy
union all
select oid, tgname::text, pg_get_triggerdef(oid) from pg_catalog.pg_trigger where not tgisinternal
union all
select oid, relname::text, concat(relrowsecurity, relforcerowsecurity)
from pg_catalog.pg_class where relnamespace = 'aspen'::regnamespace and relkind = 'r'
order by 1
"""


@pytest.fixture
def owner(admin: psycopg.Connection) -> psycopg.Connection:
    """Act as the owner of everything, in a transaction that is rolled back."""
    admin.execute("set local role aspen_owner")
    admin.execute("set local search_path = ''")
    return admin


def shape(conn: psycopg.Connection, columns: str, *more: str) -> None:
    """Add a table notes and run the file."""
    for statement in (f"create table aspen.notes (id bigint, {columns})", *more):
        conn.execute(statement.encode())
    conn.execute(STRUCTURE)


def statement_triggers(call: str) -> list[str]:
    """Return the three triggers that record statements."""
    return [
        f"CREATE TRIGGER notes_record_{event.lower()} AFTER {event} ON aspen.notes"
        f" REFERENCING {transition} TABLE AS changed_rows"
        f" FOR EACH STATEMENT EXECUTE FUNCTION internal.{call}"
        for event, transition in (
            ("DELETE", "OLD"),
            ("INSERT", "NEW"),
            ("UPDATE", "OLD TABLE AS old_rows NEW"),
        )
    ]


def test_every_table_gets_row_level_security(owner: psycopg.Connection) -> None:
    """Enable it and force it on the owner; reference data gets nothing else."""
    shape(owner, "name text")

    security = owner.execute(
        "select relrowsecurity, relforcerowsecurity from pg_catalog.pg_class"
        " where oid = 'aspen.notes'::regclass"
    ).fetchall()
    assert security == [(True, True)]
    assert owner.execute(TRIGGERS).fetchall() + owner.execute(FENCES).fetchall() == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param("group_id bigint not null", SEEN, id="group"),
        pytest.param(
            "group_id bigint not null, disclosed_at timestamptz not null",
            OF_A_SAMPLE,
            id="group and privacy",
        ),
    ],
)
def test_table_of_groups_gets_a_fence(
    owner: psycopg.Connection, columns: str, expected: str
) -> None:
    """Use one expression for reading and writing."""
    shape(owner, columns)

    assert owner.execute(FENCES).fetchall() == [
        ("notes_fence", "RESTRICTIVE", "{member}", "ALL", expected, expected)
    ]


def test_fence_holds_the_definer_role_that_a_policy_lets_in(owner: psycopg.Connection) -> None:
    """Keep api_writer, which writes for callers, to their groups as well."""
    shape(
        owner,
        "group_id bigint not null",
        "create policy notes_insert_own on aspen.notes for insert to api_writer with check (true)",
    )

    roles = {row[0]: row[2] for row in owner.execute(FENCES).fetchall()}
    assert roles == {"notes_fence": "{api_writer,member}", "notes_insert_own": "{api_writer}"}


@pytest.mark.parametrize(
    ("grants", "more", "roles"),
    [
        (["member"], [], "{member}"),
        (["member", "api_writer"], [], "{api_writer,member}"),
        (
            ["member", "api_writer"],
            ["create policy x on aspen.notes for select to api_writer using (true)"],
            "{member}",
        ),
        (["observer"], [], None),
        ([], [], None),
    ],
    ids=["members", "members and writer", "writer has one of its own", "others", "nobody"],
)
def test_rows_of_samples_are_read_by_whoever_is_granted_select(
    owner: psycopg.Connection, grants: list[str], more: list[str], roles: str | None
) -> None:
    """Let them read what the fence lets through, in the words of the fence."""
    shape(
        owner,
        "group_id bigint not null, disclosed_at timestamptz not null",
        *(f"grant select (id) on aspen.notes to {role}" for role in grants),
        *more,
    )

    found = {row[0]: row[1:] for row in owner.execute(FENCES).fetchall()}
    expected = roles and ("PERMISSIVE", roles, "SELECT", OF_A_SAMPLE, None)
    assert found.get("notes_select_group") == expected


def test_table_of_groups_is_audited_by_statement(owner: psycopg.Connection) -> None:
    """Call the trigger once for each statement."""
    shape(owner, "group_id bigint not null")

    assert owner.execute(TRIGGERS).fetchall() == [
        (trigger,) for trigger in statement_triggers("record_changes()")
    ]


def test_wide_table_of_groups_is_audited_by_row(owner: psycopg.Connection) -> None:
    """Avoid a transition table, which would copy values that are stored outside the row."""
    shape(
        owner,
        "group_id bigint not null, bases text",
        "alter table aspen.notes alter column bases set storage external",
    )

    assert owner.execute(TRIGGERS).fetchall() == [
        (
            "CREATE TRIGGER notes_record_row_change AFTER INSERT OR DELETE OR UPDATE ON aspen.notes"
            " FOR EACH ROW EXECUTE FUNCTION internal.record_row_change()",
        )
    ]


def test_updated_at_is_kept(owner: psycopg.Connection) -> None:
    """Set it on every table that has the column."""
    shape(owner, "updated_at timestamptz")

    assert owner.execute(TRIGGERS).fetchall() == [
        (
            "CREATE TRIGGER notes_set_updated_at BEFORE UPDATE ON aspen.notes"
            " FOR EACH ROW EXECUTE FUNCTION internal.set_updated_at()",
        )
    ]


@pytest.mark.parametrize("role", ["member", "operator"])
@pytest.mark.parametrize("command", ["update", "delete"])
def test_changes_by_callers_are_bounded(owner: psycopg.Connection, role: str, command: str) -> None:
    """Count the rows of a request, but not those that a foreign key or a trigger changes."""
    shape(
        owner,
        "name text",
        f"create policy notes_{command}_x on aspen.notes for {command} to {role} using (true)",
    )

    assert owner.execute(TRIGGERS).fetchall() == [
        (
            "CREATE TRIGGER notes_bound_affected_rows BEFORE DELETE OR UPDATE ON aspen.notes"
            " FOR EACH ROW WHEN (((pg_trigger_depth() = 0) AND"
            " (current_setting('aspen.max_affected'::text, true) <> ''::text)))"
            " EXECUTE FUNCTION internal.bound_affected_rows()",
        )
    ]


def test_changes_by_our_own_roles_are_not_bounded(owner: psycopg.Connection) -> None:
    """Leave a table alone that callers change through functions only."""
    shape(
        owner,
        "name text",
        "create policy notes_delete_x on aspen.notes for delete to api_writer using (true)",
    )

    assert owner.execute(TRIGGERS).fetchall() == []


def test_second_run_changes_nothing(owner: psycopg.Connection) -> None:
    """Keep every object, so that no reader of a table has to wait."""
    before = owner.execute(MADE).fetchall()

    owner.execute(STRUCTURE)

    assert owner.execute(MADE).fetchall() == before


def test_what_is_missing_comes_back(owner: psycopg.Connection) -> None:
    """Restore row-level security, a fence and triggers that were removed."""
    before = [row[1:] for row in owner.execute(MADE).fetchall()]
    owner.execute("alter table aspen.jobs no force row level security")
    owner.execute("drop policy jobs_fence on aspen.jobs")
    owner.execute("drop trigger jobs_record_update on aspen.jobs")
    owner.execute("drop trigger users_record_update on aspen.users")
    owner.execute("drop trigger aligned_sequences_record_row_change on aspen.aligned_sequences")
    owner.execute("drop trigger groups_set_updated_at on aspen.groups")
    owner.execute("drop trigger lineages_bound_affected_rows on aspen.lineages")

    owner.execute(STRUCTURE)

    assert sorted(row[1:] for row in owner.execute(MADE).fetchall()) == sorted(before)
