"""`control db psql` opens psql where it should, and reads only where it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from control.cli import cli
from tests.servers import SETTINGS, Database

CREATE = "create table aspen.nothing (id bigint)"


def psql(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process, which becomes psql."""
    return subprocess.run(
        [Path(sys.executable).with_name("control"), "db", "psql", *arguments],
        env={**os.environ, **database.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_psql_finds_tables_without_their_schema(database: Database) -> None:
    """Connect as role control, who sees all rows."""
    done = psql(database, "-Atc", "select current_user, count(*) from groups")

    assert (done.returncode, done.stdout, done.stderr) == (0, "control|1\n", "")


@pytest.mark.parametrize(("options", "is_made"), [((), False), (("--write",), True)])
def test_psql_writes_only_when_told(
    database: Database, options: tuple[str, ...], is_made: bool
) -> None:
    """Refuse it outside the local stack."""
    done = psql(database, *options, "-c", f"set role aspen_owner; {CREATE}")

    assert (done.returncode == 0) == is_made
    assert ("read-only transaction" in done.stderr) != is_made


def test_password_is_shown_nowhere(database: Database) -> None:
    """Show it neither in the command line, which all users of the machine see, nor in output."""
    password = urlsplit(database.url).password
    assert password

    result = CliRunner().invoke(cli, ["db", "psql", "--json"], env={**database.environment})

    assert result.exit_code == 0
    assert json.loads(result.stdout)["environment"]["PGUSER"] == "control"
    assert password not in result.output


@pytest.mark.parametrize(("options", "reads_only"), [((), "on"), (("--write",), "off")])
def test_production_is_read_only_unless_told(
    database: Database, tmp_path: Path, options: tuple[str, ...], reads_only: str
) -> None:
    """Take the database of the profile that --env names, in psql and in the shell."""
    for name in ("postgrest.conf", "sql", "migrations"):
        (tmp_path / name).symlink_to(SETTINGS.root / name)
    password = str(urlsplit(database.url).password)
    url = database.url.replace(f":{password}@", "@")
    (tmp_path / "aspen.toml").write_text(f'[production]\ndatabase_url = "{url}"\n')
    environment = {
        "ASPEN_ROOT": str(tmp_path),
        "ASPEN_DATA_DIR": str(tmp_path / "data"),
        "ASPEN_DATABASE_PASSWORD": password,
    }
    asking = "show transaction_read_only"

    def control(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["--env", "production", "db", *arguments], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    planned = json.loads(control("psql", "--json", *options, "-c", asking))
    code = f"query('{asking}')"
    shown = json.loads(control("shell", "--json", *options, "-c", code))

    assert shown == [{"transaction_read_only": reads_only}]
    environment_of_psql = planned["environment"]
    assert ("read_only=on" in environment_of_psql["PGOPTIONS"]) == (reads_only == "on")
    assert "production" in " ".join(planned["command"])
