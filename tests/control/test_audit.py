"""The audit log names the person who ran the control plane."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests.servers import S3, Database


def run(database: Database, *args: str, **environment: str) -> Result:
    """Run a command on a database."""
    return CliRunner().invoke(cli, args, env=database.environment | environment)


def entries(database: Database, table: str) -> list[Any]:
    """Return actor and details of the entries about a table."""
    with database.connect() as conn:
        return conn.execute(
            "select actor, details from aspen.audit_log where table_name = %s order by id", [table]
        ).fetchall()


@pytest.mark.parametrize(
    ("environment", "actor"),
    [
        ({"ASPEN_OPERATOR": "olga (on call)"}, "olga (on call)"),
        ({"LOGNAME": "joan"}, f"joan@{platform.node()}"),
    ],
    ids=["named", "the system's user"],
)
def test_operator_is_recorded(
    database: Database, s3: S3, environment: dict[str, str], actor: str
) -> None:
    """Take the name from ASPEN_OPERATOR, else from the system."""
    result = run(database, "output", "credentials", **s3.environment, **environment)

    assert result.exit_code == 0, result.output
    assert [who for who, _ in entries(database, "storage_credentials")] == [actor]


@pytest.mark.parametrize("options", [(), ("--no-reload",)], ids=["reload", "no reload"])
def test_rotation_of_keys_is_recorded(
    database: Database, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Record what happened to each key by its id, and no part of any key."""
    result = run(
        database,
        "token",
        "rotate-keys",
        *options,
        ASPEN_KEYS_DIR=str(tmp_path),
        ASPEN_DATA_DIR=str(tmp_path / "data"),
        ASPEN_OPERATOR="olga",
    )

    assert result.exit_code == 0, result.output
    fates = dict(line.split("\t") for line in result.stdout.splitlines())
    assert len(fates) == 2
    assert entries(database, "token_keys") == [("olga", fates)]


def test_dry_rotation_is_not_recorded(database: Database, tmp_path: Path) -> None:
    """Record nothing, because nothing changed."""
    run(database, "token", "rotate-keys", "--dry-run", ASPEN_KEYS_DIR=str(tmp_path))

    assert entries(database, "token_keys") == []


def test_rotation_without_a_database_says_that_it_is_not_recorded(
    database: Database, tmp_path: Path
) -> None:
    """Drop a leaked key whether or not that can be recorded."""
    result = run(
        database,
        "token",
        "rotate-keys",
        "--no-reload",
        ASPEN_KEYS_DIR=str(tmp_path),
        ASPEN_DATABASE_URL="postgresql://control@127.0.0.1:1/aspen",
    )

    assert result.exit_code == 0
    assert "not recorded in the audit log: " in result.stderr
    assert len(list(tmp_path.iterdir())) > 0


@pytest.fixture
def old_log(database: Database) -> Database:
    """Return a log with one entry of today and two of three years ago, stored first."""
    with database.connect() as conn:
        conn.execute(
            "insert into aspen.audit_log (occurred_at, table_name, row_id, action, role_name)"
            " select now() - age, 'samples', number, 'insert', 'member'"
            " from (values (1, interval '3 years'), (2, interval '3 years'), (3, interval '0'))"
            " as entries (number, age)"
        )
    return database


def samples_in(database: Database) -> list[int]:
    """Return the samples whose entries are still there."""
    with database.connect() as conn:
        rows = conn.execute(
            "select row_id from aspen.audit_log where table_name = 'samples' order by id"
        ).fetchall()
    return [row_id for (row_id,) in rows]


def test_old_entries_are_trimmed_and_that_is_recorded(old_log: Database) -> None:
    """Keep younger entries, and record who trimmed."""
    result = run(old_log, "db", "trim-audit-log", "--keep-days", "730", "--yes")

    [(_, details)] = entries(old_log, "audit_log")
    assert result.stdout == "deleted 2 entries\n"
    assert samples_in(old_log) == [3]
    assert details["entries"] == 2


def test_log_is_trimmed_piece_by_piece(old_log: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete in pieces, so that no request waits for all of it."""
    monkeypatch.setattr("control.audit._ROWS_AT_ONCE", 1)

    run(old_log, "db", "trim-audit-log", "--keep-days", "730", "--yes")

    assert samples_in(old_log) == [3]
    assert len(entries(old_log, "audit_log")) == 2


def test_dry_run_trims_nothing(old_log: Database) -> None:
    """Count, and delete nothing."""
    result = run(old_log, "db", "trim-audit-log", "--keep-days", "730", "--dry-run")

    assert result.stdout == "would delete 2 entries\n"
    assert samples_in(old_log) == [1, 2, 3]


def test_young_entries_cannot_be_trimmed(old_log: Database) -> None:
    """Reject a limit below 30 days: nobody deletes what he did yesterday."""
    result = run(old_log, "db", "trim-audit-log", "--keep-days", "1", "--yes")

    assert result.exit_code == 2
    assert samples_in(old_log) == [1, 2, 3]
