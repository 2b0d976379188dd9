"""A database from before the baseline: it has all the migrations that this one replaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.schema.code import sha256_of
from tests.control.schema.checkout import Checkout
from tests.control.schema.older import BASELINE, LATER, make_older
from tests.servers import SETTINGS, Cluster, Database, database_names

LEDGER = "select migration_id, sha256 from control.applied_migrations order by migration_id"
YOYO = "select migration_id from control._yoyo_migration order by migration_id"
# Without indexes, which a later migration may replace, and the log, which one makes again if empty.
TABLES = (
    "select oid from pg_class where relnamespace = 'aspen'::regnamespace and relkind = 'r'"
    # Later migrations make these two again, in partitions.
    " and relname not in ('audit_log', 'public_sequences')"
    " order by oid"
)


@pytest.fixture(scope="module")
def older(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Make a database that an older checkout migrated, for all tests to clone."""
    with cluster.database(next(database_names), template.name) as database:
        make_older(database)
        yield database


@pytest.fixture
def checkout(tmp_path: Path, cluster: Cluster, older: Database) -> Iterator[Checkout]:
    """Copy this checkout, and clone a database that an older one migrated."""
    with cluster.database(next(database_names), older.name) as database:
        yield Checkout.copy_of(SETTINGS.root, tmp_path / "checkout", database)


def test_baseline_replaces_sixteen_migrations() -> None:
    """Have every number from 0001 on, once."""
    assert [int(name[:4]) for name in BASELINE.replaces] == list(range(1, 17))


def test_up_records_the_baseline_in_place_of_what_it_replaces(checkout: Checkout) -> None:
    """Run no statement of it: the tables are there, with their rows."""
    checkout.write_rows("insert into aspen.users (subject, name, email) values ('a', 'A', 'a@b.c')")
    tables_before = checkout.fetch(TABLES)

    result = checkout.migrate("up")

    said = "recorded 0001_baseline in place of the 16 it replaces; nothing was run\n"
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [*(f"applied {one.id}" for one in LATER), "loaded the code of sql/"],
    )
    assert said in result.stderr
    assert checkout.fetch(LEDGER) == [(one.id, sha256_of(one.path)) for one in (BASELINE, *LATER)]
    assert checkout.fetch(YOYO) == [(one.id,) for one in (BASELINE, *LATER)]
    # Later migrations add to them.
    assert set(tables_before) <= set(checkout.fetch(TABLES))
    assert checkout.fetch("select subject from aspen.users") == [("a",)]
    assert checkout.migrate("up").stdout == "nothing to do\n"


def test_recorded_baseline_is_rolled_back_and_applied_again(checkout: Checkout) -> None:
    """Go on from there as with every other database."""
    checkout.migrate("up")

    down = checkout.migrate("down", "--all", "--without-code", "--yes")
    left = checkout.fetch(TABLES)
    up = checkout.migrate("up")

    assert (down.exit_code, left, up.exit_code) == (0, [], 0)
    assert "applied 0001_baseline\n" in up.stdout


def test_ledger_stays_when_a_file_fails(checkout: Checkout) -> None:
    """Record it in the same transaction."""
    checkout.append("sql/api/views/me.sql", "\nselect nothing;\n")

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert [name for (name,) in checkout.fetch(YOYO)] == sorted(BASELINE.replaces)


def test_dry_run_says_that_it_would_record_and_does_not(checkout: Checkout) -> None:
    """Roll it back with all else."""
    result = checkout.migrate("up", "--dry-run")

    assert result.exit_code == 0
    assert "recorded 0001_baseline in place of the 16" in result.stderr
    assert [name for (name,) in checkout.fetch(YOYO)] == sorted(BASELINE.replaces)


def test_status_says_that_there_is_something_to_record(checkout: Checkout) -> None:
    """Exit with 3, as for everything that `migrate up` would do."""
    result = checkout.migrate("status")
    as_json = json.loads(checkout.migrate("status", "--json").stdout)

    assert (result.exit_code, as_json["replaced"]) == (3, list(BASELINE.replaces))
    assert "applied  0016_make_a_place_one_row, of an older checkout\n" in result.stdout
    assert "control migrate up records 0001_baseline in place of these 16\n" in result.stdout


def test_down_asks_for_the_baseline_first(checkout: Checkout) -> None:
    """Refuse it: the way back of what it replaces is in no file here."""
    result = checkout.migrate("down", "--yes")

    assert result.exit_code == 1
    assert "has the 16 migrations that a baseline replaces\nRemedy: run control migrate up" in (
        result.stderr
    )


@pytest.mark.parametrize("arguments", [("up",), ("status",), ("down", "--yes")])
@pytest.mark.parametrize("missing", [0, 8, 15], ids=["first", "one between", "last"])
def test_a_database_with_only_some_of_them_is_refused(
    checkout: Checkout, arguments: tuple[str, ...], missing: int
) -> None:
    """Name the last commit that has the rest of its way."""
    names = BASELINE.replaces[:missing] + BASELINE.replaces[missing + 1 :]
    make_older(checkout.database, names)

    result = checkout.migrate(*arguments)

    assert result.exit_code == 1
    assert f"and {BASELINE.replaces[missing]} is not: migrations/0001_baseline" in result.stderr
    assert f"Remedy: check out commit {BASELINE.replaced_after}, the last one" in result.stderr
    assert [name for (name,) in checkout.fetch(YOYO)] == sorted(names)


def test_a_database_with_one_more_is_refused(checkout: Checkout) -> None:
    """Refuse what comes from a checkout that is neither this one nor older."""
    make_older(checkout.database, (*BASELINE.replaces, "0017_add_nicknames"))

    result = checkout.migrate("up")

    assert result.exit_code == 1
    assert "0017_add_nicknames.sql was applied to this database and is not there" in result.stderr
