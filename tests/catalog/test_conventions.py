"""The rules that every object of the database keeps: one file each, which lists offenders.

Rules whose breach exposes a table or the API are in control/sql/rules/, because `control migrate
up` checks them too; rules of style and speed are in control/sql/lint/. `control sql lint` asks all.
"""

from __future__ import annotations

import psycopg
import pytest

from control.lint.rules import LEVELS, CatalogueRule, catalogue_rules
from tests.catalog.faults import FAULTS

RULES = {rule.name: rule for rule in catalogue_rules()}
# What was read is not counted before a transaction ends, and depends on the tests before: the tests
# in tests/control/lint have databases of their own.
TOLD_BY_USE = {"indexes_are_used"}


def offenders(conn: psycopg.Connection, rule: str) -> list[str]:
    """Return the offenders that a rule names, sorted."""
    rows = conn.execute(RULES[rule].statement).fetchall()
    return sorted(name for name, *_ in rows)


@pytest.mark.parametrize("rule", sorted(RULES.keys() - TOLD_BY_USE))
def test_no_object_breaks_the_rule(superuser: psycopg.Connection, rule: str) -> None:
    """Name no offender in the database as it is."""
    assert offenders(superuser, rule) == []


@pytest.mark.parametrize(
    ("rule", "fault", "expected"),
    [
        pytest.param(rule, fault, expected, id=f"{rule}-{number}")
        for rule, faults in FAULTS.items()
        for number, (fault, expected) in enumerate(faults.items(), start=1)
    ],
)
def test_rule_names_the_object_that_breaks_it(
    superuser: psycopg.Connection, rule: str, fault: str, expected: list[str]
) -> None:
    """Name exactly the offender that the fault adds."""
    before = offenders(superuser, rule)

    superuser.execute(fault.encode())

    assert [name for name in offenders(superuser, rule) if name not in before] == expected


def test_every_rule_is_shown_to_fail() -> None:
    """Have at least one fault for every rule."""
    assert sorted(FAULTS) == sorted(RULES.keys() - TOLD_BY_USE)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_says_what_it_is_about(rule: CatalogueRule) -> None:
    """Have a level and a description, and a remedy unless the query has one for each object."""
    assert rule.level in LEVELS
    assert rule.description
    assert rule.fix or b" as cure" in rule.statement
