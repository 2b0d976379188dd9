"""`control migrate up` refuses what would open a table, whoever wrote it and wherever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import Database

FREEZERS = """\
create table aspen.freezers (id bigint primary key, group_id bigint, name text);
"""
VIEW = """\
create or replace view api.freezers with (security_invoker = true) as
select freezers.id, freezers.group_id, freezers.name from aspen.freezers;

grant select on api.freezers to member;
"""
SAFE_FREEZERS = """\
create table aspen.freezers (
    id bigint primary key,
    group_id bigint not null references aspen.groups (id) on delete cascade,
    name text
);
"""
POLICIES = """\
grant select on aspen.freezers to member;
create policy freezers_select_group on aspen.freezers for select to member
using (group_id = any(authz.any_groups()));
"""
STATE = """
select array_agg(oid order by oid), to_regclass('aspen.freezers')
from pg_catalog.pg_proc where pronamespace = 'api'::regnamespace
"""


def add_freezers(checkout: Checkout, table: str, policies: str) -> None:
    """Write what a DBA writes for a new resource: a migration, policies and a view."""
    checkout.write_migration("9999_create_freezers", f"-- Why.\n-- depends:\n\n{table}")
    for path, text in (
        ("tables/freezers.sql", table),
        ("policies/freezers.sql", policies),
        ("api/views/freezers.sql", VIEW),
    ):
        checkout.write(f"sql/{path}", text)
        checkout.list_in_contents(path)


def test_a_table_granted_without_row_level_security_is_refused(real: Checkout) -> None:
    """Take the migration back as well, and keep the very same functions of the API."""
    before = real.fetch(STATE)
    add_freezers(
        real,
        FREEZERS,
        "alter table aspen.freezers disable row level security, no force row level security;\n"
        "grant select on aspen.freezers to member;\n",
    )

    result = real.migrate("up")

    assert result.exit_code == 1
    assert (
        "  aspen.freezers: row-level security is not enabled: who is granted the table gets all of"
        " its rows\n    cure: alter table aspen.freezers enable row level security,"
        " force row level security\n"
    ) in result.stderr
    assert "  aspen.freezers: member: no restrictive policy keeps this role" in result.stderr
    assert "Remedy: nothing was loaded, the API is as before" in result.stderr
    assert real.fetch(STATE) == before


def test_the_same_table_with_policies_is_loaded(real: Checkout) -> None:
    """Derive row-level security, fence and audit from its shape: nobody had to write them."""
    add_freezers(real, SAFE_FREEZERS, POLICIES)

    result = real.migrate("up")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["applied 9999_create_freezers", "loaded the code of sql/"],
    )
    assert real.fetch("select count(*) from api.freezers") == [(0,)]
    assert real.fetch(
        "select array_agg(policyname::text order by policyname)"
        " from pg_catalog.pg_policies where tablename = 'freezers'"
    ) == [(["freezers_fence", "freezers_select_group"],)]


def test_a_migration_alone_is_refused_too(small: Checkout) -> None:
    """Ask the rules although no file of sql/ differs."""
    small.write_migration(
        "0003_open_notes",
        "-- Why.\n-- depends: 0002_create_notes\n\n"
        "alter table aspen.users disable row level security;\n",
    )

    result = small.migrate("up")

    assert result.exit_code == 1
    assert "  aspen.users: row-level security is not enabled" in result.stderr
    assert small.fetch("select relrowsecurity from pg_class where relname = 'users'") == [(True,)]


def test_a_migration_that_is_kept_is_asked_before_it_is_kept(small: Checkout) -> None:
    """Ask before it: a migration outside a transaction follows, so the end would be too late."""
    small.write_migration(
        "0003_create_freezers",
        f"-- Why.\n-- depends: 0002_create_notes\n\n{FREEZERS}"
        "grant select on aspen.freezers to member;\n",
    )
    small.write_migration(
        "0004_index_freezers",
        "-- Why.\n-- depends: 0003_create_freezers\n-- transactional: false\n\n"
        "create index concurrently freezers_name_idx on aspen.freezers (name);\n",
    )

    result = small.migrate("up")

    assert result.exit_code == 1
    assert "  aspen.freezers: member: no restrictive policy keeps this role" in result.stderr
    assert small.fetch("select to_regclass('aspen.freezers')") == [(None,)]


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        pytest.param(
            "create view api.all_notes as select id from aspen.notes;",
            "  api.all_notes: whoever reads it gets the rows that its owner may see\n"
            "    cure: alter view api.all_notes set (security_invoker = true)\n",
            id="view with its owner's rights",
        ),
        pytest.param(
            "create function api.one() returns integer language sql security definer"
            " set search_path = '' as 'select 1';",
            "  api.one(): runs with the rights of its owner, and clients call it\n",
            id="definer function in api",
        ),
        pytest.param(
            "grant execute on function api.latest_note() to public;",
            "  api.latest_note(): anybody may execute it\n"
            "    cure: revoke all on function api.latest_note() from public\n",
            id="function for everybody",
        ),
        pytest.param(
            "create function internal.one() returns integer language sql as 'select 1';",
            "  internal.one(): names in its body mean what its caller wants them to\n"
            "    cure: alter function internal.one() set search_path = ''\n",
            id="search_path not pinned",
        ),
        pytest.param(
            "grant usage on schema aspen to member;",
            "  aspen by member: an API role may name the objects of this schema\n",
            id="private schema",
        ),
        pytest.param(
            "grant select on aspen.users to anon;",
            "  aspen.users: select by anon: granted, and no permissive policy of this role is",
            id="grant without a policy",
        ),
        pytest.param(
            "create policy notes_select_public on aspen.notes for select to public using (true);",
            "  notes_select_public on aspen.notes: the policy is for every role",
            id="policy for everybody",
        ),
        pytest.param(
            "grant truncate on aspen.notes to member;",
            "  aspen.notes: TRUNCATE to member: granted to everybody, or for more than rows\n",
            id="more than rows",
        ),
    ],
)
def test_a_mistake_in_code_is_refused(small: Checkout, mistake: str, named: str) -> None:
    """Name each with its cure, and keep the code before it."""
    before = small.fetch(STATE)
    small.append("sql/api/functions/latest_note.sql", f"\n{mistake}\n")

    result = small.migrate("up")

    assert result.exit_code == 1
    assert named in result.stderr
    assert small.fetch(STATE) == before


def test_what_was_opened_by_hand_is_closed_by_the_next_up(small: Checkout) -> None:
    """Load again: nothing is pending, no file differs, but the database is not what they say."""
    small.execute("grant delete on aspen.notes to member")

    status = small.migrate("status", "--json")
    result = small.migrate("up")

    assert (status.exit_code, json.loads(status.stdout)["breaches"][0]["object"]) == (
        3,
        "aspen.notes: delete by member",
    )
    assert (result.exit_code, result.stdout) == (0, "loaded the code of sql/\n")
    assert small.fetch("select has_table_privilege('member', 'aspen.notes', 'delete')") == [
        (False,)
    ]
    assert small.migrate("up").stdout == "nothing to do\n"


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("group_id > 0", id="open"),
        pytest.param(
            "group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])",
            id="as older code wrote it",
        ),
    ],
)
def test_a_fence_changed_by_hand_is_put_right_by_the_next_up(
    real: Checkout, condition: str
) -> None:
    """Ask without the fence that is about to go: it does not keep its successor out."""
    real.execute(f"alter policy jobs_fence on aspen.jobs using ({condition})")

    result = real.migrate("up")

    assert (result.exit_code, result.stdout) == (0, "loaded the code of sql/\n")
    assert real.fetch(
        "select qual = with_check from pg_catalog.pg_policies where policyname = 'jobs_fence'"
    ) == [(True,)]


def test_what_was_made_by_hand_is_named_until_it_is_put_right(small: Checkout) -> None:
    """Refuse it, because loading cannot put it right: no file speaks of the table."""
    small.execute(FREEZERS)

    first = small.migrate("up")
    small.execute("drop table aspen.freezers")
    second = small.migrate("up")

    assert first.exit_code == 1
    assert "  aspen.freezers: row-level security is not enabled" in first.stderr
    assert (second.exit_code, second.stdout) == (0, "nothing to do\n")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        pytest.param(
            "begin;\ncreate table aspen.x (id bigint);\ncommit;",
            "migrations/0003_create_x.sql, line 4: begin would end the transaction",
            id="transaction of its own",
        ),
        pytest.param(
            "set  search_path = public;",
            "migrations/0003_create_x.sql, line 4: set search_path would hold for whatever",
            id="other names",
        ),
        pytest.param(
            "set role none;",
            "migrations/0003_create_x.sql, line 4: set role would hold for whatever",
            id="other role",
        ),
        pytest.param(
            "set local role none;",
            "migrations/0003_create_x.sql leaves role or search_path other than it found them",
            id="other role until the end",
        ),
    ],
)
def test_a_migration_that_leaves_its_transaction_is_refused(
    small: Checkout, statement: str, message: str
) -> None:
    """Refuse it: what follows would stay whatever the rules say, or belong to somebody else."""
    small.write_migration(
        "0003_create_x", f"-- Why.\n-- depends: 0002_create_notes\n\n{statement}\n"
    )

    result = small.migrate("up")

    assert result.exit_code == 1
    assert message in result.stderr
    assert small.fetch("select to_regclass('aspen.x')") == [(None,)]


@pytest.mark.parametrize(
    ("path", "statement"),
    [
        ("migrations/0004_two.sql", "commit"),
        ("migrations/0004_two.rollback.sql", "set role none"),
        ("sql/api/views/notes.sql", "reset all"),
    ],
)
def test_what_no_file_may_say_is_found_before_the_first_of_them_runs(
    tmp_path: Path, empty_database: Database, path: str, statement: str
) -> None:
    """Refuse it in an empty database as well, where one outside a transaction would stay."""
    checkout = Checkout.create(tmp_path, empty_database)
    checkout.write_migration("0003_one", "-- transactional: false\n\nselect 1;\n")
    checkout.write_migration("0004_two", "-- Why.\n\nselect 1;\n")
    checkout.append(path, f"\n{statement};\n")

    result = checkout.migrate("up")

    assert (result.exit_code, result.stderr.startswith(f"Error: {path}, line")) == (1, True)
    assert checkout.fetch("select to_regnamespace('control')") == [(None,)]
