"""`control db forget-keys`: answers of yesterday are deleted, younger ones stay."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests.servers import Database

STORE = """
insert into aspen.idempotency_keys (
    subject, key_hash, path, role_name, any_groups, full_groups, created_at
)
select 'alice', sha256(age::text::bytea), '/samples', 'member', '{}', '{}', now() - age
from unnest(%s::interval[]) as ages (age)
"""


def run(database: Database, *arguments: str) -> Result:
    """Run a command that must succeed."""
    result = CliRunner().invoke(cli, ["db", "forget-keys", *arguments], env=database.environment)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def kept(database: Database) -> Database:
    """Return a database with two keys of two days ago and one of almost a day."""
    with database.connect() as conn:
        conn.execute(STORE, [["2 days", "25 hours", "23 hours 59 minutes"]])
    return database


def left(database: Database) -> int:
    """Count the keys."""
    with database.connect() as conn:
        row = conn.execute("select count(*) from aspen.idempotency_keys").fetchone()
    assert row is not None
    return int(row[0])


def test_keys_of_yesterday_are_forgotten(kept: Database) -> None:
    """Keep those that a client may still ask for, and find nothing the second time."""
    first, second = run(kept), run(kept)

    assert (first.stdout, second.stdout, left(kept)) == ("deleted 2 keys\n", "nothing to do\n", 1)


def test_keys_are_forgotten_piece_by_piece(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold no more rows at once than a piece has."""
    monkeypatch.setattr("control.retries._ROWS_AT_ONCE", 1)

    assert json.loads(run(kept, "--json").stdout) == {"found": 2, "deleted": 2}
    assert left(kept) == 1


def test_dry_run_forgets_nothing(kept: Database) -> None:
    """Count, and delete nothing."""
    assert run(kept, "--dry-run").stdout == "would delete 2 keys\n"
    assert left(kept) == 3


def test_key_that_a_request_takes_over_is_not_waited_for(kept: Database) -> None:
    """Leave it to the request, which makes it a young one."""
    with kept.connect() as conn, conn.transaction():
        conn.execute(
            "update aspen.idempotency_keys set created_at = now()"
            " where created_at < now() - interval '26 hours'"
        )
        assert run(kept).stdout == "deleted 1 keys\n"

    assert left(kept) == 2
