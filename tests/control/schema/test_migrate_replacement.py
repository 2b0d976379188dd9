"""`control migrate up` replaces the code that differs, and ends where loading everything would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from control.schema.diff import schema_differences
from control.schema.migrate import build_from_nothing
from tests.control.schema.checkout import Checkout
from tests.servers import Database

OBJECTS = """
select 'function ' || oid::regprocedure, oid from pg_catalog.pg_proc
where pronamespace::regnamespace::text in ('api', 'authz', 'internal')
and not starts_with(proname, 'loaded_')
union all
select 'view ' || oid::regclass, oid from pg_catalog.pg_class
where relnamespace = 'api'::regnamespace and relkind = 'v'
union all
select format('policy %s on %s', polname, polrelid::regclass), oid from pg_catalog.pg_policy
union all
select format('trigger %s on %s', tgname, tgrelid::regclass), oid from pg_catalog.pg_trigger
where not tgisinternal
"""


WAITING = "select from pg_catalog.pg_locks where not granted and relation = 'aspen.users'::regclass"


@contextmanager
def somebody_reading(checkout: Checkout) -> Iterator[None]:
    """Keep a transaction open that has read every table and view."""
    with checkout.database.connect() as conn, conn.transaction():
        names = conn.execute(
            "select oid::regclass::text from pg_catalog.pg_class where relkind in ('r', 'v')"
            " and relnamespace::regnamespace::text in ('aspen', 'api')"
        ).fetchall()
        for (name,) in names:
            conn.execute(f"select from {name} limit 1".encode())
        yield


def edit(checkout: Checkout, path: str, old: str, new: str) -> None:
    """Replace one piece of text in a file."""
    text = (checkout.root / path).read_text()
    assert text.count(old) >= 1
    checkout.write(path, text.replace(old, new, 1))


def other_functions(checkout: Checkout) -> None:
    """Change the body of one that every request calls, a grant of another, a comment of a third."""
    edit(checkout, "sql/authz/admit_request.sql", "\nbegin\n", "\nbegin\n    -- First of all.\n")
    edit(checkout, "sql/api/functions/service/health.sql", "to anon, member", "to member")
    path = checkout.root / "sql/internal/audit/set_updated_at.sql"
    path.write_text(re.sub(r"comment on [^;]*;", "", path.read_text()))


def another_result(checkout: Checkout) -> None:
    """Change what a function returns that views, policies and functions need."""
    edit(checkout, "sql/internal/text/is_name.sql", "returns boolean", "returns bool")
    edit(checkout, "sql/api/functions/service/health.sql", "returns json\n", "returns jsonb\n")
    edit(checkout, "sql/api/functions/service/health.sql", "json_build", "jsonb_build")


def another_view(checkout: Checkout) -> None:
    """Change a view that others are built on."""
    edit(
        checkout,
        "sql/api/views/sequences.sql",
        "security_invoker = true",
        "security_invoker = true, security_barrier = false",
    )


def another_policy(checkout: Checkout) -> None:
    """Change a policy, a trigger and a grant of one table."""
    path = "sql/policies/samples.sql"
    edit(
        checkout,
        path,
        "for delete to api_writer\nusing (",
        "for delete to api_writer\nusing (1 = 1 and ",
    )
    edit(checkout, "sql/triggers/samples.sql", "samples_complete", "samples_fill_in")
    edit(checkout, path, "grant select, delete", "grant select, references, delete")
    edit(checkout, path, "references, ", "")
    edit(checkout, path, "is_private, private_identifier", "private_identifier, is_private")


def another_domain(checkout: Checkout) -> None:
    """Change the media type that an aggregate and its helper return."""
    edit(
        checkout,
        "sql/internal/sequences/text_x_fasta.sql",
        "as text;",
        "as text check (value <> '!');",
    )


def more_and_less_code(checkout: Checkout) -> None:
    """Add a view and a function on it, remove a function that nothing needs."""
    checkout.remove_code("api/functions/service/health.sql")
    checkout.write(
        "sql/api/views/places.sql",
        "create view api.places with (security_invoker = true) as\n"
        "select locations.id from aspen.locations;\n\ngrant select on api.places to member;\n",
    )
    checkout.write(
        "sql/api/functions/any_place.sql",
        "create function api.any_place() returns setof api.places language sql stable\n"
        "begin atomic\n    select places.id from api.places limit 1;\nend;\n"
        "grant execute on function api.any_place() to member;\n",
    )
    checkout.list_in_contents("api/views/places.sql")
    checkout.list_in_contents("api/functions/any_place.sql")


def by_hand(checkout: Checkout) -> None:
    """Change objects with psql, as somebody might."""
    checkout.execute(
        "grant insert on aspen.locations to member;"
        " revoke select on aspen.samples from member;"
        " grant execute on function internal.fail to member;"
        " drop policy samples_delete_group on aspen.samples;"
        " create function api.mine() returns int language sql return 1;"
        " comment on view api.samples is 'Mine'"
    )


# way -> the changes that it loads one after the other; none repairs what one before it made
CHANGES = {
    "in place": [other_functions],
    "after a trial": [
        another_result,
        another_view,
        another_policy,
        another_domain,
        by_hand,
        more_and_less_code,
    ],
}


@pytest.mark.parametrize("way", CHANGES)
def test_what_differs_is_replaced_as_if_everything_were_loaded(
    real: Checkout, empty_database: Database, way: str
) -> None:
    """End with the same database, object for object, right for right."""
    for change in CHANGES[way]:
        change(real)

        result = real.migrate("up")

        assert (change, result.exit_code, result.stdout) == (change, 0, "loaded the code of sql/\n")
        assert re.match(rf"replaced \d+ of \d+ files of sql/ {way}", result.stderr.splitlines()[-1])
    build_from_nothing(empty_database.url, real.root)
    assert schema_differences(real.database.url, empty_database.url) == []


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        (other_functions, set()),
        (another_policy, {"policy samples_fence_writer on aspen.samples"}),
    ],
)
def test_what_does_not_differ_stays(
    real: Checkout, change: Callable[[Checkout], None], replaced: set[str]
) -> None:
    """Replace object for object: a function keeps its identity, a file of policies is one piece."""
    before = set(real.fetch(OBJECTS))
    change(real)

    real.migrate("up")

    gone = {str(name) for name, _ in before - set(real.fetch(OBJECTS))}
    assert replaced <= gone
    assert {name for name in gone if not name.endswith(" on aspen.samples")} == set()
    assert bool(gone) is bool(replaced)


def test_descriptions_are_made_again_only_if_another_function_would_tell_others(
    real: Checkout,
) -> None:
    """Keep them, and go on using them, where only a body that does not write them is another."""
    edits = {
        "authz/admit_request.sql": ("\nbegin\n", "\nbegin\n    -- First of all.\n"),
        "api/functions/service/health.sql": (" is $$Whether", " is $$Tells whether"),
        "internal/description/manual_text.sql": ("begin atomic\n", "begin atomic\n    -- First.\n"),
    }
    made, is_kept = {}, {}
    for path, (old, new) in edits.items():
        edit(real, f"sql/{path}", old, new)
        before = real.fetch("select max(made_at) from aspen.api_descriptions")
        assert real.migrate("up").exit_code == 0
        made[path] = real.fetch("select max(made_at) from aspen.api_descriptions") != before
        is_kept[path] = real.fetch(
            "select bool_and(catalog_state = internal.catalog_state()) from aspen.api_descriptions"
        )

    assert [*made.values()] == [False, True, True]
    assert {*map(str, is_kept.values())} == {"[(True,)]"}


def test_functions_are_replaced_while_everything_is_in_use(real: Checkout) -> None:
    """Make no request wait for it, nor it for them."""
    other_functions(real)

    with somebody_reading(real):
        result = real.migrate("up")

    assert (result.exit_code, result.stdout) == (0, "loaded the code of sql/\n")
    assert "in use" not in result.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sql/policies/samples.sql", "sql/policies/samples.sql, line"),
        ("sql/api/functions/service/health.sql", "sql/api/functions/service/health.sql, line"),
        ("migrations/9999_fail.sql", "migrations/9999_fail.sql, line"),
    ],
)
def test_a_failing_load_is_noticed_by_nobody(real: Checkout, path: str, message: str) -> None:
    """Fail before it asks for a lock."""
    real.write_migration("9999_fail", "-- Why.\n-- depends:\n\n")
    real.append(path, "\nselect nothing_of_this_name;\n")

    with somebody_reading(real):
        result = real.migrate("up")

    assert (result.exit_code, result.stderr.startswith(f"Error: {message}")) == (1, True)


def test_a_rename_whose_code_does_not_load_is_noticed_by_nobody(real: Checkout) -> None:
    """Try migration and code together, because they belong together."""
    real.write_migration(
        "9999_rename_host",
        "-- Why.\n-- depends:\n\nalter table aspen.samples rename column host to host_species;\n",
        "alter table aspen.samples rename column host_species to host;\n",
    )

    with somebody_reading(real):
        result = real.migrate("up")

    assert result.exit_code == 1
    assert "column samples.host does not exist" in result.stderr
    assert real.fetch("select host from aspen.samples") == []


def test_a_breach_of_a_safety_rule_is_noticed_by_nobody(real: Checkout) -> None:
    """Ask the rules where it was tried."""
    real.append(
        "sql/api/functions/service/health.sql",
        "grant execute on function api.health() to public;\n",
    )

    with somebody_reading(real):
        result = real.migrate("up")

    assert result.exit_code == 1
    assert "api.health(): anybody may execute it" in result.stderr
    assert "in use" not in result.stderr


def test_a_migration_waits_for_requests_before_it_locks_their_tables(real: Checkout) -> None:
    """Wait at the gate without a lock: a request that has begun goes on to the table it needs."""
    real.write_migration(
        "9999_note_samples", "-- depends:\nalter table aspen.samples add column note text;\n"
    )
    for view in ("samples", "sequences"):
        real.append(f"sql/api/views/{view}.sql", f"comment on view api.{view} is 'Other';\n")
    with ThreadPoolExecutor(1) as thread, real.database.connect() as request:
        with request.transaction():
            request.execute("select from aspen.users limit 1")
            up = thread.submit(real.migrate, "up")
            with real.database.connect() as conn:
                while not up.done() and not conn.execute(WAITING).fetchall():
                    pass
            request.execute("set local lock_timeout = '5s'")
            request.execute("select from aspen.samples limit 1")
        result = up.result()

    assert (result.exit_code, "applying 9999_note_samples" in result.stderr) == (0, True)


def test_what_no_rule_compares_is_loaded_anew(small: Checkout) -> None:
    """Drop and load everything, here because of a collation that somebody made by hand."""
    small.execute('create collation internal.mine from "C"')
    small.append("sql/authz/user_id.sql", "comment on function authz.user_id() is 'Who';\n")

    result = small.migrate("up")

    assert result.exit_code == 0
    assert result.stderr == "loaded all 5 files of sql/ again\n"
    assert small.fetch("select obj_description('authz.user_id()'::regprocedure)") == [("Who",)]


def test_what_two_files_make_together_is_made_by_both(small: Checkout) -> None:
    """Load both: one makes a view, another grants it, and neither can make it alone."""
    small.write("sql/api/views/rights.sql", "grant select on api.notes to operator;\n")
    small.list_in_contents("api/views/rights.sql")
    assert small.migrate("up").exit_code == 0
    small.execute("comment on view api.notes is 'Mine'")
    small.append("sql/authz/user_id.sql", "comment on function authz.user_id() is 'Who';\n")

    result = small.migrate("up")

    assert (result.exit_code, result.stderr) == (
        0,
        "changed by hand since the last load: view api.notes\n"
        "replaced 5 of 6 files of sql/ after a trial: authz/user_id.sql, policies/notes.sql,"
        " api/views/notes.sql, api/functions/latest_note.sql, api/views/rights.sql\n",
    )
    assert small.fetch(
        "select has_table_privilege('operator', 'api.notes', 'select'),"
        " obj_description('api.notes'::regclass)"
    ) == [(True, None)]


def test_a_file_that_makes_no_object_is_run_as_well(small: Checkout) -> None:
    """Notice one of rights on a schema."""
    small.write("sql/authz/rights.sql", "grant usage on schema authz to presigner;\n")
    small.list_in_contents("authz/rights.sql")

    assert small.migrate("up").exit_code == 0
    assert small.fetch("select has_schema_privilege('presigner', 'authz', 'usage')") == [(True,)]
