"""`control migrate up` takes the shortest way that ends where loading everything would end."""

from __future__ import annotations

import random
import re
from pathlib import Path

import psycopg
import pytest

from control.schema.code_objects import CodeObject, Key, read_objects
from control.schema.diff import schema_differences
from control.schema.migrate import build_from_nothing
from tests.control.schema.checkout import Checkout, eventually
from tests.control.schema.rich import EDITS, Rich
from tests.servers import Cluster, Database, database_names

# Fixed, so that a failure can be repeated.
SEED = 1
EDITS_IN_A_ROW = 12
IN_PLACE = {"body", "comment", "atomic", "free"}


@pytest.fixture
def rich(tmp_path: Path, empty_database: Database) -> Rich:
    """Make a checkout with every kind of object, and a database that is up to date."""
    rich = Rich(Checkout.create(tmp_path, empty_database))
    rich.write()
    result = rich.checkout.migrate("up")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        0,
        "loaded all 13 files of sql/ again",
    )
    return rich


def code_of(database: Database) -> dict[Key, tuple[object, ...]]:
    """Return all code of a database, whatever its addresses."""

    def said(one: CodeObject) -> tuple[object, ...]:
        return one.definition, one.shape, one.grants

    with psycopg.connect(database.url) as conn:
        conn.execute("set search_path = ''")
        return {key: said(one) for key, one in read_objects(conn).items()}


def built_from_nothing(cluster: Cluster, rich: Rich) -> dict[Key, tuple[object, ...]]:
    """Return the code that the files make of an empty database."""
    with cluster.database(next(database_names)) as database:
        build_from_nothing(database.url, rich.checkout.root)
        return code_of(database)


@pytest.mark.parametrize("edit", EDITS)
def test_one_edit_ends_as_a_load_from_nothing(cluster: Cluster, rich: Rich, edit: str) -> None:
    """Edit any kind of object, and load less than everything."""
    EDITS[edit](rich, random.Random(1))
    rich.write()

    result = rich.checkout.migrate("up")

    assert (result.exit_code, result.stdout) == (0, "loaded the code of sql/\n")
    way = "in place" if edit in IN_PLACE else "after a trial"
    assert re.search(rf"replaced \d+ of 1[234] files of sql/ {way}", result.stderr)
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)
    assert rich.checkout.migrate("up").stdout == "nothing to do\n"


def test_edits_in_a_row_end_as_a_load_from_nothing(
    cluster: Cluster, rich: Rich, empty_database: Database
) -> None:
    """Make one to three at a time, in an order that nobody thought of."""
    chance = random.Random(SEED)
    for _ in range(EDITS_IN_A_ROW):
        edits = chance.sample(sorted(EDITS), chance.randint(1, 3))
        for edit in edits:
            EDITS[edit](rich, chance)
        rich.write()

        result = rich.checkout.migrate("up")

        # Two edits may undo each other.
        said = (result.exit_code, result.stderr.partition(" ")[0])
        assert (edits, said) in ((edits, (0, "replaced")), (edits, (0, "")))
        assert (edits, code_of(rich.checkout.database)) == (
            edits,
            built_from_nothing(cluster, rich),
        )
    with cluster.database(next(database_names)) as whole:
        build_from_nothing(whole.url, rich.checkout.root)
        assert schema_differences(rich.checkout.database.url, whole.url) == []


def test_a_function_is_replaced_in_place_after_any_other_load(rich: Rich) -> None:
    """Have each load remember what it made, for the next one."""
    for edit in ("view", "body", "policy", "body"):
        EDITS[edit](rich, random.Random(1))
        rich.write()
        result = rich.checkout.migrate("up")

    assert result.stderr == "replaced 1 of 13 files of sql/ in place: authz/user_id.sql\n"


@pytest.mark.parametrize(
    "by_hand",
    [
        "create or replace function internal.shout() returns trigger language plpgsql"
        " as 'begin return new; end'",
        "comment on view api.notes is 'Mine'",
        "revoke select on aspen.notes from member",
        "drop trigger notes_shout on aspen.notes",
        "grant execute on function internal.shout() to presigner",
        "create view api.mine with (security_invoker = true) as select 1 as one",
    ],
)
def test_what_somebody_changed_by_hand_is_put_right(
    cluster: Cluster, rich: Rich, by_hand: str
) -> None:
    """Find it by the next load, although that would only have replaced one function."""
    rich.checkout.execute(by_hand)
    rich.next("body")
    rich.write()

    result = rich.checkout.migrate("up")

    assert result.exit_code == 0
    assert "in place" not in result.stderr
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)


def test_what_somebody_changed_by_hand_is_named_and_put_right_alone(
    cluster: Cluster, rich: Rich
) -> None:
    """Repair it although no file changed."""
    rich.checkout.execute("comment on view api.notes is 'Mine'; grant select on aspen.notes to job")

    result = rich.checkout.migrate("up")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        0,
        "changed by hand since the last load: table aspen.notes, view api.notes",
    )
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)
    assert rich.checkout.migrate("up").stdout == "nothing to do\n"


def test_a_function_that_names_what_comes_after_it_is_not_replaced_in_place(rich: Rich) -> None:
    """Refuse what an empty database could not be loaded from."""
    rich.checkout.append(
        "sql/internal/plus.sql",
        "create or replace function internal.early() returns bigint language sql"
        " as $$ select count(*) from api.notes $$;\n",
    )
    rich.checkout.write(
        "sql/authz/user_id.sql",
        "create or replace function authz.user_id() returns bigint language sql stable"
        " set search_path = '' as $$ select internal.plus(1)::bigint $$;\n"
        "comment on function authz.user_id() is 'Who, 0';\n"
        "grant execute on function authz.user_id() to member;\n",
    )

    result = rich.checkout.migrate("up")

    assert result.exit_code == 1
    assert "sql/authz/user_id.sql, line 1: function internal.plus(integer)" in result.stderr
    assert "sql/internal/plus.sql, line 3: relation" in result.stderr


def test_a_comment_that_names_what_comes_after_it_is_replaced_in_place(
    cluster: Cluster, rich: Rich
) -> None:
    """Need nothing of what a text names."""
    rich.checkout.append(
        "sql/internal/plus.sql", "comment on function internal.plus(integer) is 'For api.notes';\n"
    )

    result = rich.checkout.migrate("up")

    assert "in place: internal/plus.sql" in result.stderr
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)


def test_a_failing_function_changes_nothing(rich: Rich) -> None:
    """Give up the short way without a word; the longer one names every file that fails."""
    before = code_of(rich.checkout.database)
    rich.checkout.append("sql/authz/user_id.sql", "select nothing;\n")
    rich.checkout.append("sql/internal/plus.sql", "select nothing;\n")

    result = rich.checkout.migrate("up")

    assert result.exit_code == 1
    assert "sql/authz/user_id.sql, line 5: column" in result.stderr
    assert "sql/internal/plus.sql, line 3: column" in result.stderr
    assert code_of(rich.checkout.database) == before


@pytest.mark.parametrize("path", ["authz/user_id.sql", "api/views/notes.sql"])
def test_a_killed_load_leaves_the_database_as_it_was(
    cluster: Cluster, rich: Rich, path: str
) -> None:
    """Kill it in the middle of a function's file or of a view's; the next load does it all."""
    before = code_of(rich.checkout.database)
    for piece in ("body", "column"):
        rich.next(piece)
    rich.write()
    rich.checkout.append(f"sql/{path}", "select pg_catalog.pg_sleep(60);\n")
    sleeping = (
        "select true from pg_catalog.pg_stat_activity"
        " where wait_event = 'PgSleep' and datname = current_database()"
    )
    with rich.checkout.migrating("up") as process:
        assert eventually(lambda: rich.checkout.fetch(sleeping) == [(True,)])
        process.kill()
    assert eventually(lambda: rich.checkout.fetch(sleeping) == [])

    assert code_of(rich.checkout.database) == before
    rich.write()
    assert rich.checkout.migrate("up").exit_code == 0
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)


def test_a_load_killed_before_it_remembered_its_objects_is_whole(
    cluster: Cluster, rich: Rich
) -> None:
    """Trust nothing in the next one, and remember them again."""
    rich.checkout.execute("delete from control.loaded_objects")
    ways = []
    for _ in range(2):
        rich.next("body")
        rich.write()
        ways.append(rich.checkout.migrate("up").stderr)

    assert ["after a trial" in ways[0], "in place" in ways[1]] == [True, True]
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)


def test_a_load_of_an_older_version_is_taken_over(cluster: Cluster, rich: Rich) -> None:
    """Take over one that remembered files without their order, and no objects."""
    rich.checkout.execute(
        "drop table control.loaded_objects; alter table control.loaded_files drop column position"
    )
    rich.next("body")
    rich.write()

    result = rich.checkout.migrate("up")

    assert (result.exit_code, "after a trial: authz/user_id.sql" in result.stderr) == (0, True)
    assert code_of(rich.checkout.database) == built_from_nothing(cluster, rich)
