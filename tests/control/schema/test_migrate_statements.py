"""Splitting a file into statements by the rules of psql."""

from __future__ import annotations

import pytest

from control.schema.script import split_statements


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("select 'a;''b'", id="string"),
        pytest.param(r"select E'it\';s'", id="escape string"),
        pytest.param('create table "we;ird" (id int)', id="quoted identifier"),
        pytest.param("do $$ begin perform 1; end; $$", id="dollar quotes"),
        pytest.param("comment on table t is $x$ don't; $$ do; $x$", id="tagged dollar quotes"),
        pytest.param("select a$b$c, d$b$e from t", id="dollars inside an identifier"),
        pytest.param("select /* a; /* nested; */ b; */ 1", id="nested comment"),
        pytest.param("select 1 -- not; here\n + 1", id="line comment"),
        pytest.param(
            "create rule r as on insert to t do also (insert into a values (1); select 2)",
            id="rule in brackets",
        ),
        pytest.param(
            "create function f() returns int begin atomic select case when true then 1 end; end",
            id="begin atomic",
        ),
        pytest.param(
            "create or replace procedure p() begin atomic insert into t values (1); end",
            id="procedure",
        ),
        pytest.param('select 1 as "begin", 2 as atomic', id="begin outside a routine"),
    ],
)
def test_semicolons_inside_do_not_split(statement: str) -> None:
    """Take each for one statement, whatever follows it."""
    assert [found.text for found in split_statements(f"{statement};\nselect 2;")] == [
        statement,
        "select 2",
    ]


def test_statements_know_where_they_start() -> None:
    """Leave out comments before a statement."""
    text = "-- why\n\nselect 1;\n/* and */ select 2"

    assert [text[found.start :] for found in split_statements(text)] == [
        "select 1;\n/* and */ select 2",
        "select 2",
    ]


@pytest.mark.parametrize("text", ["", ";;", "-- only a comment", "/* open", "\n \n"])
def test_nothing_is_no_statement(text: str) -> None:
    """Empty statements and comments are not sent."""
    assert split_statements(text) == ()


def test_an_unclosed_string_is_left_to_the_server() -> None:
    """Leave it to PostgreSQL, which says best what is wrong."""
    assert [found.text for found in split_statements("select 'a; select 2")] == [
        "select 'a",
        "select 2",
    ]
