"""What `make mutants` weakens, and that the permission matrix notices it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from psycopg import Connection, Error

from control.stack.state import SUPERUSER
from tests.mutants.__main__ import EXPLAINED, Tried, read_explained, report, score
from tests.mutants.collect import Mutant, collect
from tests.mutants.remembered import TABLE, Remembered
from tests.mutants.trial import ask_matrix
from tests.mutants.weaken import DECIDES, Weaker, weaken_condition, weaken_statements, weaken_value
from tests.servers import SETTINGS, Database

# Whose every clause is weakened in every run of the suite; make mutants does so with all.
EVERY_RUN = (
    "policy sequences_select_group",
    "policy sequences_insert_own",
    "policy groups_update_admin",
    "policy sample_qc_metrics_select_group",
    "policy job_samples_select_group",
)


def weaker(found: list[Weaker]) -> list[tuple[str, str]]:
    """Return the change and the text after it."""
    return [(one.change, one.text) for one in found]


def test_every_operand_is_weakened_and_every_set_is_widened() -> None:
    """Let in whoever one operand keeps out, and the next wider set of groups."""
    found = list(weaken_condition("a = any(authz.full_groups()) and (not b or c)"))

    assert weaker(found) == [
        ("true", "TRUE AND (NOT b OR c)"),
        ("authz.any_groups()", "a = ANY(authz.any_groups()) AND (NOT b OR c)"),
        ("false", "a = ANY(authz.full_groups()) AND (NOT FALSE OR c)"),
        ("true", "a = ANY(authz.full_groups()) AND (NOT b OR TRUE)"),
    ]


def test_condition_of_a_refusal_is_weakened_the_other_way() -> None:
    """Refuse less: what is true for those who are kept out becomes false."""
    found = list(weaken_condition("not a = any(authz.any_groups()) or b", refuses=True))

    assert weaker(found) == [
        ("true", "NOT TRUE OR b"),
        ("false", "NOT a = ANY(authz.any_groups()) OR FALSE"),
    ]


def test_sets_of_groups_that_a_function_is_given_are_widened() -> None:
    """Find those of a function in FROM, too, which the tree keeps in a list of its own."""
    found = list(weaken_statements("select a from internal.b(authz.member_groups())"))

    assert weaker(found) == [
        ("authz.full_groups()", "SELECT a FROM internal.b(authz.full_groups())")
    ]


def test_conditions_anywhere_in_a_statement_are_weakened() -> None:
    """Find those of joins, filters and cases; a case that compares values has none."""
    found = weaken_statements(
        "select case when a then b end, case a when 'x' then b end from c join d on e where f"
    )

    assert [one.clause for one in found] == ["a", "e", "f"]


def test_check_of_a_function_is_dropped_and_weakened() -> None:
    """Need nothing, and need the next weaker role."""
    found = list(weaken_statements("select authz.require_member(a, 'b', 'admin')"))

    assert weaker(found) == [
        ("true", "SELECT TRUE"),
        ("needs direct", "SELECT authz.require_member(a, 'b', 'direct')"),
    ]


@pytest.mark.parametrize(("value", "count"), [("a || b", 0), ("f(a)", 0), ("a = b", 1)])
def test_value_is_weakened_if_it_is_a_condition(value: str, count: int) -> None:
    """Leave texts and numbers alone."""
    assert len(list(weaken_value(value))) == count


def test_clauses_that_decide_nothing_are_left_alone() -> None:
    """Weaken what reads groups, the caller, a role, a flag or an end."""
    found = weaken_condition("a > 1 and ends_at > now()", matters=DECIDES)

    assert [one.clause for one in found] == ["ends_at > now()"]


@pytest.fixture(scope="module")
def mutants(shared_database: Database) -> list[Mutant]:
    """Collect every mutant of the database."""
    with shared_database.connect(SUPERUSER) as conn:
        return collect(conn, SETTINGS.root)


def test_mutants_are_of_policies_views_and_functions(mutants: list[Mutant]) -> None:
    """Find clauses wherever access is decided, each in its file."""
    of_kind = {one.name.partition(" ")[0] for one in mutants}

    assert of_kind == {"policy", "view", "function"}
    assert [one.where for one in mutants if not (SETTINGS.root / one.file).exists()] == []


def test_every_weaker_function_compiles(mutants: list[Mutant], superuser: Connection) -> None:
    """Change nothing but the clause, such as the variable that it is named after."""
    broken = {}
    for one in mutants:
        if one.name.startswith("function "):
            try:
                with superuser.transaction(force_rollback=True):
                    superuser.execute(one.mutation.encode())
            except Error as error:
                broken[one.key] = f"{error}"

    assert broken == {}


def plain(key: str) -> str:
    """Leave out the tables of columns, which PostgreSQL 15 writes and 18 does not."""
    return re.sub(r"(?<= )\w+\.(?=\w+ [=<>])", "", key)


def test_explained_survivors_are_mutants_of_today(mutants: list[Mutant]) -> None:
    """Keep no reason for a clause that is gone, and no survivor without a reason."""
    explained = read_explained(EXPLAINED.read_text("utf-8"))

    unknown = {plain(key) for key in explained} - {plain(one.key) for one in mutants}
    assert unknown == set()
    assert [key for key, reason in explained.items() if not reason] == []


def test_matrix_notices_weakened_clauses(mutants: list[Mutant], shared_database: Database) -> None:
    """Try a few; make mutants tries all."""
    explained = read_explained(EXPLAINED.read_text("utf-8"))
    few = [one for one in mutants if one.name in EVERY_RUN and one.key not in explained]

    tried = list(ask_matrix(shared_database, few))

    assert {one.name for one in few} == set(EVERY_RUN)
    assert [mutant.key for mutant, killer in tried if killer is None] == []


def test_matrix_does_not_notice_a_change_that_is_none(
    mutants: list[Mutant], shared_database: Database
) -> None:
    """Keep an equal policy, so that what is noticed is the weakened clause."""
    (one, *_) = [one for one in mutants if one.name == "policy sequences_select_group"]
    same = Mutant(**(vars(one) | {"mutation": one.undoing[0]}))

    assert list(ask_matrix(shared_database, [same])) == [(same, None)]


TRIED = [Tried("noticed", "a.sql:1", "a test"), Tried("survives", "b.sql:2", None)]


def test_survivor_without_a_reason_is_a_problem() -> None:
    """Name its place."""
    assert report(TRIED, ["noticed", "survives"], {}) == ["b.sql:2: nobody notices: survives"]
    assert report(TRIED, ["noticed", "survives"], {"survives": "equal"}) == []


def test_reason_that_no_longer_matches_is_a_problem() -> None:
    """Ask for the removal of what is noticed by now, and of what is gone."""
    explained = {"survives": "equal", "noticed": "was equal", "gone": "was there"}

    assert report(TRIED, ["noticed", "survives"], explained) == [
        "survivors.txt: it is noticed by now: noticed",
        "survivors.txt: there is no such mutant: gone",
    ]


def test_score_leaves_out_what_cannot_be_noticed() -> None:
    """Count survivors with a reason apart."""
    assert score(TRIED, {}).endswith("1 survive: 50.0 %")
    assert score(TRIED, {"survives": "equal"}).endswith("0 survive: 100.0 %")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Write a checkout of a function, the test about it and the table."""
    for name in ("sql/f.sql", "tests/sql/test_f.py", "tests/sql/test_g.py", *TABLE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "is_remembered"),
    [("tests/sql/test_g.py", True), ("tests/sql/test_f.py", False), ("sql/f.sql", False)],
)
def test_mutant_is_tried_again_where_its_test_or_the_database_changed(
    checkout: Path, changed: str, is_remembered: bool
) -> None:
    """Go on where a run was stopped; another test may change."""
    killer = "tests/sql/test_f.py::test_f"
    Remembered(checkout, checkout)["a | b | true"] = killer
    (checkout / changed).write_text("changed")

    assert Remembered(checkout, checkout)["a | b | true"] == (killer if is_remembered else None)


def test_cell_that_noticed_a_mutant_stands_for_the_whole_table(checkout: Path) -> None:
    """Try the mutant again after any change of the table."""
    killer = "permissions.txt: viewer select samples"
    Remembered(checkout, checkout)["a | b | true"] = killer
    before = Remembered(checkout, checkout)["a | b | true"]
    (checkout / TABLE[0]).write_text("changed")

    assert before == killer
    assert Remembered(checkout, checkout)["a | b | true"] is None


def test_everything_is_tried_again_when_asked_to(checkout: Path) -> None:
    """Forget who noticed what."""
    Remembered(checkout, checkout)["a | b | true"] = "permissions.txt: viewer select samples"
    Remembered(checkout, checkout).forget()

    assert Remembered(checkout, checkout)["a | b | true"] is None


def test_half_a_line_of_a_run_that_was_killed_is_left_out(checkout: Path) -> None:
    """Read the lines before it."""
    killer = "permissions.txt: viewer select samples"
    Remembered(checkout, checkout)["a | b | true"] = killer
    (kept,) = checkout.glob("*.jsonl")
    kept.write_text(f'{kept.read_text()}{{"key": "b')

    assert Remembered(checkout, checkout)["a | b | true"] == killer
