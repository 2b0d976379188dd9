"""The audit log and the events get a partition for each month; old ones go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.factories import GENOME
from tests.servers import Database

PARTITIONS = (
    "select concat(relnamespace::regnamespace, '.', relname) from pg_catalog.pg_inherits"
    " inner join pg_catalog.pg_class as tables on inhrelid = tables.oid"
    " where inhparent in ('aspen.audit_log'::regclass, 'aspen.events'::regclass) order by 1"
)


DEFAULTS = ["aspen.audit_log_default", "aspen.events_default"]


def made(*names: str) -> str:
    """Return what the command says about new partitions."""
    return "".join(f"made {name}\n" for name in names)


def run(database: Database, *args: str) -> Result:
    """Run a command on a database."""
    result = CliRunner().invoke(cli, ["db", *args], env=database.environment)
    assert result.exit_code == 0, result.output
    return result


def partitions(database: Database) -> list[str]:
    """Return the partitions of the audit log and of the events."""
    with database.connect() as conn:
        return [name for (name,) in conn.execute(PARTITIONS)]


def month(number: int, table: str = "audit_log") -> str:
    """Return the name of the partition of this month or of so many after it."""
    now = datetime.now(UTC)
    years, months = divmod(now.year * 12 + now.month - 1 + number, 12)
    return f"{table}_{years:04}_{months + 1:02}"


def empty_log(database: Database) -> None:
    """Remove what the making of the database recorded."""
    with database.connect() as conn:
        conn.execute("set aspen.trims_audit_log = 'on'")
        conn.execute("delete from aspen.audit_log")


def test_months_get_partitions_once(database: Database) -> None:
    """Make this month's and the next, and on a second run nothing."""
    empty_log(database)
    first = run(database, "extend-partitions", "--months", "1")
    second = run(database, "extend-partitions", "--months", "2")
    third = run(database, "extend-partitions", "--months", "2")

    assert first.stdout == made(month(0), month(1), month(0, "events"), month(1, "events"))
    assert second.stdout == made(month(2), month(2, "events"))
    assert third.stdout == "nothing to do\n"
    assert partitions(database) == [
        *DEFAULTS,
        *sorted(f"control.{month(number)}" for number in range(3)),
        *sorted(f"control.{month(number, 'events')}" for number in range(3)),
    ]


def test_entries_go_into_their_month_and_cannot_be_changed(database: Database) -> None:
    """Give a new partition what the table has: keys, indexes and the trigger that refuses."""
    empty_log(database)
    run(database, "extend-partitions")
    with database.connect() as conn:
        factories.group(conn)
        where = conn.execute(
            "select distinct tableoid = to_regclass(%s) from aspen.audit_log",
            [f"control.{month(0)}"],
        )
        found = where.fetchall()
        triggers = conn.execute(
            "select tgname from pg_catalog.pg_trigger where tgrelid = to_regclass(%s)",
            [f"control.{month(0)}"],
        ).fetchall()
        indexes = conn.execute(
            "select count(*) from pg_catalog.pg_index where indrelid = to_regclass(%s)",
            [f"control.{month(0)}"],
        ).fetchone()

    assert found == [(True,)]
    assert (triggers, indexes) == ([("audit_log_refuse_row_change",)], (3,))


def test_month_whose_entries_are_elsewhere_gets_no_partition(database: Database) -> None:
    """Leave them in the default partition, and make those of the months to come."""
    with database.connect() as conn:
        factories.group(conn)
    result = run(database, "extend-partitions", "--months", "1")

    assert result.stdout == made(month(1), month(0, "events"), month(1, "events"))
    with database.connect() as conn:
        assert conn.execute("select count(*) > 0 from aspen.audit_log_default").fetchone() == (
            True,
        )


def test_dry_run_makes_no_partition(database: Database) -> None:
    """Say which, and make none."""
    result = run(database, "extend-partitions", "--months", "1", "--dry-run")

    assert f"would make {month(1)}\n" in result.stdout
    assert partitions(database) == DEFAULTS


def test_empty_months_go_with_their_entries(database: Database) -> None:
    """Drop the partition of a month once all of its entries are trimmed."""
    with database.connect() as conn:
        conn.execute("set role aspen_owner")
        conn.execute(
            "create table control.audit_log_2001_01 partition of aspen.audit_log"
            " for values from ('2001-01-01Z') to ('2001-02-01Z')"
        )
        conn.execute("reset role")
        conn.execute(
            "insert into aspen.audit_log (occurred_at, table_name, action, role_name)"
            " values ('2001-01-05', 'samples', 'insert', 'member')"
        )
    run(database, "trim-audit-log", "--keep-days", "730", "--yes")

    assert partitions(database) == DEFAULTS


def sequences(database: Database) -> list[tuple[str | None]]:
    """Return the bases that are kept."""
    with database.connect() as conn:
        return conn.execute(
            "select sequence from aspen.replaced_sequences order by replaced_at"
        ).fetchall()


def store_replaced(database: Database) -> None:
    """Delete a sequence today, and one ten days ago."""
    with database.connect() as conn:
        group = factories.group(conn)
        for age in ("0 days", "10 days"):
            factories.sequence(conn, factories.sample(conn, group))
            conn.execute("delete from aspen.sequences")
            conn.execute(
                "update aspen.replaced_sequences set replaced_at = now() - %s::interval"
                " where id = (select max(id) from aspen.replaced_sequences)",
                [age],
            )


def test_replaced_sequences_are_kept_for_so_many_days(database: Database) -> None:
    """Empty older ones, keep the row, and record who did it."""
    store_replaced(database)
    shown = run(database, "trim-replaced-sequences", "--keep-days", "5", "--dry-run")
    before = sequences(database)
    done = run(database, "trim-replaced-sequences", "--keep-days", "5", "--yes")
    again = run(database, "trim-replaced-sequences", "--keep-days", "5", "--yes")

    assert shown.stdout == "would delete 1 sequences\n"
    assert before == [(GENOME,), (GENOME,)]
    assert (done.stdout, again.stdout) == ("deleted 1 sequences\n", "nothing to do\n")
    assert sequences(database) == [(None,), (GENOME,)]
    with database.connect() as conn:
        entries = conn.execute(
            "select action, details ->> 'sequences' from aspen.audit_log"
            " where table_name = 'replaced_sequences'"
        ).fetchall()
    assert entries == [("update", "1")]


@pytest.mark.parametrize(
    "command",
    [["event", "trim"], ["db", "trim-audit-log"], ["db", "trim-replaced-sequences"]],
    ids=lambda command: command[-1],
)
def test_age_before_all_dates_is_refused(command: list[str]) -> None:
    """Name the most days, instead of failing on a date that cannot be computed."""
    result = CliRunner().invoke(cli, [*command, "--keep-days", "99999999"])

    assert (result.exit_code, "<=x<=36500" in result.stderr) == (2, True)
