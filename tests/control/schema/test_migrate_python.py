"""Migrations in Python run under the rules of those in SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import SETTINGS, Database

COLUMNS = "alter table aspen.users add name text, add nickname text default 'nobody';\n"


@pytest.fixture
def checkout(tmp_path: Path, empty_database: Database) -> Checkout:
    """Make a small checkout whose database is up to date and has users with names."""
    checkout = Checkout.create(tmp_path, empty_database)
    checkout.write_migration("0003_add_names", COLUMNS)
    assert checkout.migrate("up").exit_code == 0
    checkout.write_rows("insert into aspen.users (id, name) values (1, 'Zoë Roe'), (2, 'Al')")
    return checkout


def write_python(checkout: Checkout, body: str, head: str = "# Why.\n") -> None:
    """Write migration 0004 with a function of this body."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    checkout.write("migrations/0004_fill_names.py", f"{head}\n\ndef migrate(execute):\n{indented}")
    checkout.write("migrations/0004_fill_names.rollback.sql", "-- Nothing.\n")


def test_the_example_of_the_page_changes_rows(checkout: Checkout) -> None:
    """Print it in a dry run, apply it once, and notice an edit afterwards."""
    page = (SETTINGS.root / "docs/dba.md").read_text()
    example = page.partition("```python\n")[2].partition("```")[0]
    text = example.replace("0019_add_nicknames_of_users", "0003_add_names")
    checkout.write("migrations/0004_fill_names.py", text)
    checkout.write("migrations/0004_fill_names.rollback.sql", "-- Nothing.\n")

    dry = checkout.migrate("up", "--dry-run")
    applied = checkout.migrate("up")

    assert dry.stdout == f"would apply 0004_fill_names\n{text}\nwould load the code of sql/\n"
    assert applied.stdout.splitlines()[0] == "applied 0004_fill_names"
    assert checkout.fetch("select nickname from aspen.users order by id") == [("zoe",), ("al",)]
    checkout.append("migrations/0004_fill_names.py", "# edited\n")
    assert checkout.migrate("up").exit_code == 1
    assert checkout.migrate("down", "--yes").exit_code == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            "return execute(\"update aspen.users set name = 'x' where id = 9\").rowcount",
            "0004_fill_names.py wrote no row, and aspen.users has some\n"
            "Remedy: correct what it looks for; where it may find nothing, let it return None",
            id="no row",
        ),
        pytest.param(
            'execute("delete from aspen.users")\nexecute("commit")',
            "0004_fill_names.py, line 1: commit would end the transaction",
            id="commit",
        ),
        pytest.param(
            'execute("delete from aspen.users")\nexecute("select nothing")',
            '0004_fill_names.py, line 6: UndefinedColumn: column "nothing" does not exist',
            id="statement",
        ),
    ],
)
def test_what_a_migration_in_python_may_not_do_changes_nothing(
    checkout: Checkout, body: str, said: str
) -> None:
    """Name the file and the line; every row is as it was."""
    write_python(checkout, body)

    result = checkout.migrate("up")

    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
    assert checkout.fetch("select id, name from aspen.users order by id") == [
        (1, "Zoë Roe"),
        (2, "Al"),
    ]
    assert "pending  0004_fill_names" in checkout.migrate("status").stdout


def test_a_migration_in_python_that_returns_none_may_find_nothing(checkout: Checkout) -> None:
    """Apply it where nothing to do is right."""
    write_python(checkout, "execute(\"update aspen.users set name = 'x' where id = 9\")")

    assert checkout.migrate("up").exit_code == 0


def test_a_file_that_is_no_migration_in_python_is_refused(checkout: Checkout) -> None:
    """Say what it must have; the same name twice is refused too."""
    checkout.write("migrations/0004_fill_names.py", "# Why.\n")
    checkout.write("migrations/0004_fill_names.rollback.sql", "-- Nothing.\n")
    assert "it is a module with a function migrate(execute)" in checkout.migrate("up").stderr

    checkout.write("migrations/0003_add_names.py", "# Why.\n")
    assert "0003_add_names is there as SQL and as Python" in checkout.migrate("up").stderr
