"""The rules that files keep, and a fault for each that it must find."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.catalog.file_rules import RULES
from tests.servers import SETTINGS

ROOT = SETTINGS.root

AS_OWNER = ", without set local role none before and aspen_owner after it"

# rule -> file -> what is written instead of what -> offenders
FAULTS: list[tuple[str, str, tuple[str, str], list[str]]] = [
    (
        "files_hold_the_object_they_are_named_after",
        "sql/api/functions/service/health.sql",
        ("api.health()", "api.ping()"),
        ["api/functions/service/health.sql"],
    ),
    (
        "files_hold_the_object_they_are_named_after",
        "sql/api/views/me.sql",
        ("view api.me\n", "view api.myself\n"),
        ["api/views/me.sql"],
    ),
    (
        "policies_are_in_the_file_of_their_table",
        "sql/policies/users.sql",
        ("policy users_select_own on aspen.users\nfor", "policy x on aspen.jobs\nfor"),
        ["policies/users.sql: x"],
    ),
    (
        "triggers_are_in_the_file_of_their_table",
        "sql/triggers/users.sql",
        ("before insert or update on aspen.users", "before insert or update on aspen.groups"),
        ["triggers/users.sql: users_check_values"],
    ),
    (
        "folders_hold_one_kind_of_statement",
        "sql/policies/users.sql",
        ("", "alter table aspen.users enable row level security;\n"),
        ["policies/users.sql: AlterTableStmt"],
    ),
    (
        "folders_hold_one_kind_of_statement",
        "sql/triggers/users.sql",
        ("", "drop policy if exists users_select_own on aspen.users;\n"),
        ["triggers/users.sql: DropStmt"],
    ),
    (
        "functions_have_a_complete_header",
        "sql/internal/errors/fail.sql",
        ("\nsecurity invoker\n", "\n"),
        ["internal/errors/fail.sql"],
    ),
    (
        "functions_have_a_complete_header",
        "sql/internal/errors/fail.sql",
        ("\nvolatile\n", "\n"),
        ["internal/errors/fail.sql"],
    ),
    (
        "functions_have_a_complete_header",
        "sql/internal/errors/fail.sql",
        ("revoke all", "revoke execute"),
        ["internal/errors/fail.sql"],
    ),
    (
        "functions_have_a_complete_header",
        "sql/internal/errors/fail.sql",
        ("comment on function", "comment on routine"),
        ["internal/errors/fail.sql"],
    ),
    (
        "definer_functions_say_why",
        "sql/internal/phylo/tree_origin.sql",
        ("definer because", "because"),
        ["internal/phylo/tree_origin.sql"],
    ),
    (
        "owners_are_stated_in_one_place",
        "sql/internal/phylo/tree_origin.sql",
        ("", "alter function internal.tree_origin(bigint) owner to claims_reader;\n"),
        ["internal/phylo/tree_origin.sql"],
    ),
    (
        "views_list_their_columns",
        "sql/api/views/lineages.sql",
        ("lineages.id,", "lineages.*,"),
        ["api/views/lineages.sql"],
    ),
    (
        "views_list_their_columns",
        "sql/api/views/lineages.sql",
        ("    lineages.id,", "    *,"),
        ["api/views/lineages.sql"],
    ),
    (
        "errors_are_documented",
        "sql/api/functions/job_outputs/output_url.sql",
        ("'output_not_found'", "'output_gone'"),
        ["404 output_gone"],
    ),
    (
        "errors_are_documented",
        "sql/api/functions/job_outputs/output_url.sql",
        ("404, 'output_not_found'", "410, 'output_not_found'"),
        ["410 output_not_found"],
    ),
    (
        "errors_are_documented",
        "sql/internal/sequences/refuse_move.sql",
        ("'read_only_column'", "'row_moved'"),
        ["400 row_moved"],
    ),
    (
        "documented_errors_are_raised",
        "docs/errors.md",
        ("", "\n| `no_such_error` | 418 | |\n"),
        ["418 no_such_error"],
    ),
    (
        "errors_in_comments_are_raised",
        "sql/api/functions/job_outputs/output_url.sql",
        ("Errors: 404", "Errors: 404 output_gone, 404"),
        ["api/functions/job_outputs/output_url.sql: output_gone"],
    ),
    (
        "api_functions_are_called_in_tests",
        "sql/api/functions/untested.sql",
        ("", "select"),
        ["api/functions/untested.sql"],
    ),
    (
        "migrations_write_rows_as_control",
        "migrations/9999_a.sql",
        (
            "",
            "set local role none; update aspen.a set b = 1; set local role aspen_owner;"
            "delete from aspen.a;",
        ),
        [f"9999_a.sql: delete a{AS_OWNER}"],
    ),
    (
        "migrations_write_rows_as_control",
        "migrations/9999_a.sql",
        (
            "",
            "create table aspen.a (b int); insert into aspen.a values (1);"
            "insert into aspen.c values (1);",
        ),
        [f"9999_a.sql: insert c{AS_OWNER}"],
    ),
    (
        "migrations_write_rows_as_control",
        "migrations/9999_a.sql",
        ("", "with a as (update aspen.b set c = 1 returning c) select c from a;"),
        [f"9999_a.sql: update b{AS_OWNER}"],
    ),
    (
        "migrations_write_rows_as_control",
        "migrations/9999_a.sql",
        ("", "do $$begin delete from aspen.a; end$$;"),
        [f"9999_a.sql: delete a{AS_OWNER}"],
    ),
]


@cache
def offenders(rule: str) -> list[str]:
    """Return the offenders in this checkout."""
    return RULES[rule](ROOT)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the parts of a checkout that the rules read."""
    copy = tmp_path_factory.mktemp("checkout")
    for part in ("sql", "docs", "tests", "migrations"):
        shutil.copytree(ROOT / part, copy / part)
    shutil.copy(ROOT / "nginx.js", copy)
    return copy


@pytest.mark.parametrize("rule", RULES)
def test_no_file_breaks_the_rule(rule: str) -> None:
    """Name no offender in this checkout."""
    assert offenders(rule) == []


@pytest.mark.parametrize(("rule", "file", "change", "expected"), FAULTS)
def test_rule_names_the_file_that_breaks_it(
    copied: Path, rule: str, file: str, change: tuple[str, str], expected: list[str]
) -> None:
    """Name exactly the offender that the fault adds."""
    with changed(copied / file, *change):
        found = RULES[rule](copied)

    assert [name for name in found if name not in offenders(rule)] == expected


def test_every_rule_is_shown_to_fail() -> None:
    """Have at least one fault for every rule."""
    assert {rule for rule, *_ in FAULTS} == set(RULES)


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace the first occurrence, which must exist, for a while; append where none is given."""
    text = path.read_text("utf-8") if path.exists() else None
    assert old in (text or "")
    path.write_text(text.replace(old, new, 1) if text and old else (text or "") + new, "utf-8")
    yield
    if text is None:
        path.unlink()
    else:
        path.write_text(text, "utf-8")
