"""`control sql lint`: every finding says where it is and how to mend it; ours has none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.lint.functions import FALSE_ALARMS, check_functions
from control.lint.plans import find_bad_plans
from control.lint.rules import catalogue_rules
from control.lint.running import NOT_CHECKED, Finding, all_rules, lint
from control.stack.state import SUPERUSER
from tests.servers import SETTINGS, Database

FAULTY = """
create or replace function internal.set_updated_at()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    new.upddated_at := now();
    return new;
end
$$
"""


@pytest.fixture
def superuser(shared_database: Database) -> Iterator[psycopg.Connection]:
    """Connect as superuser, inside a transaction that is rolled back."""
    with psycopg.connect(shared_database.url_of(SUPERUSER)) as conn:
        yield conn
        conn.rollback()


def run(database: Database, *arguments: str) -> Result:
    """Run the command on one database."""
    environment = {
        **database.environment,
        "ASPEN_ADMIN_DATABASE_URL": database.url_of(SUPERUSER),
    }
    return CliRunner().invoke(cli, ["sql", "lint", *arguments], env=environment)


def test_our_database_has_no_findings(database: Database) -> None:
    """Ask every rule that the server can answer, and find nothing.

    Of a database that nobody used: which of its indexes other tests read is chance.
    """
    result = run(database, "--json")

    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["findings"] == []
    assert answer["asked"] == len(all_rules()) - len(answer["notes"])


def test_finding_says_what_and_where_and_how_to_mend_it(database: Database) -> None:
    """Print level, rule, object, file with line, problem and remedy, and exit with 3."""
    with database.connect() as conn:
        conn.execute("alter table aspen.samples no force row level security")

    result = run(database, "--rule", "tables_force_row_level_security")

    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "error: tables_force_row_level_security: aspen.samples (sql/tables/samples.sql:8)",
        "  row-level security is not forced on its owner",
        "  fix: alter table aspen.samples enable row level security, force row level security",
        "1 rules asked, 1 found",
    ]


def test_unknown_rule_is_refused(shared_database: Database) -> None:
    """Say where the names are."""
    result = run(shared_database, "--rule", "tables_are_pretty")

    assert result.exit_code == 1
    assert "Remedy: control sql lint --list names the rules" in result.stderr


def test_rules_are_listed(shared_database: Database) -> None:
    """List each with its level, also without a database."""
    result = run(shared_database, "--list", "--json")

    listed = json.loads(result.stdout)
    assert [rule["name"] for rule in listed] == [rule.name for rule in all_rules()]


def test_page_says_what_stands_for_each_lint_of_splinter() -> None:
    """Name rules that there are, or a reason, for all 29."""
    page = (SETTINGS.root / "docs/dba.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d{4}) [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    named = {name for _, text in rows for name in re.findall(r"`(\w+_\w+)`", text)}

    assert [number for number, _ in rows] == [f"{number:04}" for number in range(1, 30)]
    assert named - {rule.name for rule in all_rules()} == set()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("drop index aspen.webhooks_group_id_idx", "reads all 2,000 rows"),
        (
            "alter policy webhooks_fence on aspen.webhooks using ({0});"
            " alter policy webhooks_select_admin on aspen.webhooks using ({0})",
            "PostgreSQL cannot see the groups of the caller",
        ),
    ],
    ids=["no index", "sub-select"],
)
def test_plan_that_reads_the_table_is_found(
    superuser: psycopg.Connection, fault: str, says: str
) -> None:
    """Name the policy, and what the plan reads."""
    condition = "group_id = any ((select authz.any_groups())::bigint[])"
    before = find_bad_plans(superuser, ["webhooks"])
    superuser.execute(fault.format(condition).encode())

    found = find_bad_plans(superuser, ["webhooks"])

    assert before == []
    assert [policy for policy, _ in found] == ["webhooks_select_admin on aspen.webhooks"]
    assert says in found[0][1]


def test_index_that_nothing_reads_is_found(database: Database) -> None:
    """Name it once others of the table were read often, and not the one that was."""
    rule = next(rule for rule in catalogue_rules() if rule.name == "indexes_are_used")
    with database.connect() as conn:
        conn.execute(
            "create table aspen.notes as"
            " select n as id, n as size from pg_catalog.generate_series(1, 60000) as rows_ (n);"
            " create index notes_id_idx on aspen.notes (id);"
            " create index notes_size_idx on aspen.notes (size)"
        )
        conn.execute(
            "do $$ begin for n in 1..100 loop perform from aspen.notes where id = n;"
            " end loop; end $$"
        )
        conn.execute("select pg_stat_force_next_flush()")
        conn.execute("select")

        found = conn.execute(rule.statement).fetchall()

    assert [name for name, *_ in found] == ["aspen.notes_size_idx"]


@pytest.fixture
def checked(superuser: psycopg.Connection) -> psycopg.Connection:
    """Skip where the server has no plpgsql_check, unless it must have it."""
    if check_functions(superuser) is None:
        assert "ASPEN_REQUIRE_PLPGSQL_CHECK" not in os.environ, NOT_CHECKED
        pytest.skip(NOT_CHECKED)
    return superuser


def test_mistake_in_a_function_is_found(checked: psycopg.Connection) -> None:
    """Name the function, with the line of its file where the mistake would be."""
    checked.execute(FAULTY.encode())

    found = lint(checked, checked, SETTINGS.root, ["functions_do_what_they_say"]).findings

    assert found[0] == Finding(
        rule="functions_do_what_they_say",
        level="error",
        title="Functions do what they say",
        object="internal.set_updated_at()",
        problem='error: record "new" has no field "upddated_at"',
        fix=found[0].fix,
        file="sql/internal/audit/set_updated_at.sql",
        line=9,
    )


def test_every_false_alarm_is_still_raised(checked: psycopg.Connection) -> None:
    """Have no exception that hides nothing."""
    raised = check_functions(checked, with_false=True)

    assert raised is not None
    assert {alarm.false for alarm in raised} == {*FALSE_ALARMS}
