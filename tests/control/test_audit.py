"""What the control plane does is recorded under the name of whoever runs it."""

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
    """Actor and details of what is recorded about a table."""
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
    """As ASPEN_OPERATOR says, else as the system does."""
    result = run(database, "output", "credentials", **s3.environment, **environment)

    assert result.exit_code == 0, result.output
    assert [who for who, _ in entries(database, "storage_credentials")] == [actor]


@pytest.mark.parametrize("options", [(), ("--no-reload",)], ids=["reload", "no reload"])
def test_rotation_of_keys_is_recorded(
    database: Database, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """With what became of each key; keys are known by id, and no part of them is kept."""
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
    """Nothing changed."""
    run(database, "token", "rotate-keys", "--dry-run", ASPEN_KEYS_DIR=str(tmp_path))

    assert entries(database, "token_keys") == []


def test_rotation_without_a_database_says_that_it_is_not_recorded(
    database: Database, tmp_path: Path
) -> None:
    """A leaked key is dropped whether or not anybody can take it down."""
    result = run(
        database,
        "token",
        "rotate-keys",
        "--no-reload",
        ASPEN_KEYS_DIR=str(tmp_path),
        ASPEN_DATABASE_URL="postgresql://control@127.0.0.1:1/aspen",
    )

    assert result.exit_code == 0
    assert "not recorded in audit_log: " in result.stderr
    assert len(list(tmp_path.iterdir())) > 0
