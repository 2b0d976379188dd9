"""What becomes of a value in CSV and TSV."""

from __future__ import annotations

import csv
import io

import psycopg
import pytest

from tests.sql.test_is_name import FORMULA_SIGNS, GOOD_NAMES, GOOD_TEXTS

CELL = "select internal.file_cell(%s, %s)"


def cell(conn: psycopg.Connection, value: str | None, delimiter: str = ",") -> str:
    """Return the cell of a value."""
    row = conn.execute(CELL, [value, delimiter]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize(
    "value", [*GOOD_NAMES, *GOOD_TEXTS, "-1.5e-05", "0", "a\tb", "a\nb", 'a"b', '"', "a,b", " a "]
)
def test_value_is_read_as_it_is(admin: psycopg.Connection, value: str, delimiter: str) -> None:
    """Change nothing that a table accepts, and quote what a reader of the file would split."""
    line = delimiter.join(["x", cell(admin, value, delimiter), "y"])

    rows = list(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=True))

    assert rows == [["x", value, "y"]]


@pytest.mark.parametrize("value", [None, ""])
def test_no_value_is_an_empty_cell(admin: psycopg.Connection, value: str | None) -> None:
    """Write nothing, not even quotes."""
    assert cell(admin, value) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [(f"{sign}cmd()", f"'{sign}cmd()") for sign in FORMULA_SIGNS]
    + [
        ("=1+1", "'=1+1"),
        ("-1+cmd", "'-1+cmd"),
        ("\t=1", '"\'\t=1"'),
        ("\r=1", '"\'\r=1"'),
        ("\n=1", '"\'\n=1"'),
        ('=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'),
        ("\u202e=1", "\ufffd=1"),
        ("\x01=1", "\ufffd=1"),
    ],
)
def test_formula_is_shown(admin: psycopg.Connection, value: str, expected: str) -> None:
    """Put an apostrophe before it, inside the quotes, and replace what is invisible."""
    assert cell(admin, value) == expected


@pytest.mark.parametrize("value", ["‏مريم", "שרה", "é", "e\u0301", "नमूना", "👩\u200d🔬"])
def test_letters_of_every_script_stay(admin: psycopg.Connection, value: str) -> None:
    """Keep right-to-left, combining and joined characters."""
    assert cell(admin, value) == value
