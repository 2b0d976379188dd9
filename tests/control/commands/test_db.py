"""`control db` on a database that others run, named by hand; tests/stack restores whole stacks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.backups.archive import write_base
from control.backups.tools import find_tool
from control.cli import cli
from control.errors import ControlError
from control.schema.freeze import migration_files
from control.stack.state import SUPERUSER
from tests import factories
from tests.control.backups.archives import make_archive
from tests.control.schema.older import BASELINE, LATER, make_older
from tests.servers import S3, SETTINGS, Database


def run(database: Database, s3: S3, *arguments: str, root: Path = SETTINGS.root) -> Result:
    """Run a command in the environment of one database and one bucket."""
    environment = {
        **database.environment,
        **s3.environment,
        "ASPEN_ROOT": str(root),
        "ASPEN_ADMIN_DATABASE_URL": database.url_of(SUPERUSER),
    }
    return CliRunner().invoke(cli, arguments, env=environment)


def groups_of(database: Database) -> list[str]:
    """Return the names of all groups but the platform."""
    with database.connect() as conn:
        rows = conn.execute("select name from aspen.groups where id <> 0 order by id")
        return [name for (name,) in rows]


@pytest.fixture
def backup(database: Database, s3: S3, tmp_path: Path) -> Path:
    """Make a backup of a database with one group."""
    with database.connect() as conn:
        factories.group(conn, "Before")
    target = tmp_path / "backup"
    result = run(database, s3, "db", "backup", str(target))
    assert result.exit_code == 0, result.output
    return target


def test_database_elsewhere_is_restored_by_its_administrator(
    database: Database, s3: S3, backup: Path
) -> None:
    """Lose what came after the backup, and keep the previous database only if asked to."""
    with database.connect() as conn:
        factories.group(conn, "After")

    result = run(database, s3, "db", "restore", "--yes", "--drop-previous", str(backup))

    assert result.exit_code == 0, result.output
    assert groups_of(database) == ["Before"]
    assert run(database, s3, "migrate", "status").exit_code == 0


def test_restore_waits_for_nobody_who_is_connected(
    database: Database, s3: S3, backup: Path
) -> None:
    """End a client's open transaction, which would otherwise block the restore."""
    with database.connect() as client:
        client.execute("begin")
        client.execute("select * from aspen.groups")

        result = run(database, s3, "db", "restore", "--yes", "--drop-previous", str(backup))

        assert result.exit_code == 0, result.output
        with pytest.raises(Exception, match=r"terminat|closed"):
            client.execute("select")


def test_restore_without_an_administrator_says_what_to_set(
    database: Database, s3: S3, backup: Path
) -> None:
    """Fail with a remedy, because role control may not create databases."""
    environment = {**database.environment, **s3.environment}

    result = CliRunner().invoke(cli, ["db", "restore", "--yes", str(backup)], env=environment)

    assert result.exit_code == 1
    assert "needs an administrator" in result.stderr


def test_backup_of_an_older_checkout_is_brought_up_to_date(
    database: Database, s3: S3, backup: Path, tmp_path: Path
) -> None:
    """Migrate from the older checkout as part of the restore."""
    newer = tmp_path / "newer"
    shutil.copytree(SETTINGS.root / "migrations", newer / "migrations")
    shutil.copytree(SETTINGS.sql_dir, newer / "sql")
    last = max(migration_files(newer))
    name = f"{int(last[:4]) + 1:04}_say_more_of_groups"
    statement = "comment on table aspen.groups is"
    (newer / "migrations" / f"{name}.sql").write_text(
        f"-- Says more.\n-- depends: {last}\n\n{statement} 'More';\n"
    )
    (newer / "migrations" / f"{name}.rollback.sql").write_text(f"{statement} 'Less';\n")

    result = run(database, s3, "db", "restore", "--yes", "--drop-previous", str(backup), root=newer)

    status = json.loads(run(database, s3, "migrate", "status", "--json", root=newer).stdout)
    assert result.exit_code == 0, result.output
    assert (name in status["applied"], status["is_current"]) == (True, True)


def test_backup_from_before_the_baseline_is_brought_up_to_date(
    database: Database, s3: S3, tmp_path: Path
) -> None:
    """Restore a manifest that names the migrations the baseline replaces."""
    make_older(database)
    backup = tmp_path / "older"
    made = run(database, s3, "db", "backup", str(backup))

    result = run(database, s3, "db", "restore", "--yes", "--drop-previous", str(backup))

    status = json.loads(run(database, s3, "migrate", "status", "--json").stdout)
    assert (made.exit_code, result.exit_code) == (0, 0), made.output + result.output
    assert json.loads((backup / "backup.json").read_text())["migrations"] == sorted(
        BASELINE.replaces
    )
    assert (status["applied"], status["is_current"]) == (
        [one.id for one in (BASELINE, *LATER)],
        True,
    )


def test_backup_from_before_the_baseline_that_lacks_some_is_refused(
    database: Database, s3: S3, backup: Path
) -> None:
    """Name the older checkout that has the missing migrations."""
    path = backup / "backup.json"
    document = json.loads(path.read_text())
    document["migrations"] = list(BASELINE.replaces[:-1])
    path.write_text(json.dumps(document))

    result = run(database, s3, "db", "restore", "--yes", str(backup))

    assert result.exit_code == 1
    assert f"check out commit {BASELINE.replaced_after}" in result.stderr
    assert groups_of(database) == ["Before"]


def test_backup_of_a_newer_checkout_is_refused(database: Database, s3: S3, backup: Path) -> None:
    """Reject it before anything is created."""
    path = backup / "backup.json"
    document = json.loads(path.read_text())
    document["migrations"].append("9999_add_what_is_not_here")
    path.write_text(json.dumps(document))

    result = run(database, s3, "db", "restore", "--yes", str(backup))

    assert result.exit_code == 1
    assert "9999_add_what_is_not_here.sql is not here" in result.stderr


def test_restore_asks_before_it_replaces_a_database(
    database: Database, s3: S3, backup: Path
) -> None:
    """Change nothing when the user only presses return."""
    with database.connect() as conn:
        factories.group(conn, "After")

    result = run(database, s3, "db", "restore", str(backup))

    assert result.exit_code == 1
    assert groups_of(database) == ["Before", "After"]


def test_table_of_somebody_else_is_not_left_out(database: Database, s3: S3, tmp_path: Path) -> None:
    """Name the table until control may read it, then restore it with its owner."""
    with database.connect(SUPERUSER) as conn:
        conn.execute("create table public.notes as select 1 as number")
        refused = run(database, s3, "db", "backup", str(tmp_path / "backup"))
        conn.execute("grant select on public.notes to control")
        conn.execute("grant usage on schema public to control")
    made = run(database, s3, "db", "backup", str(tmp_path / "backup"))

    result = run(
        database, s3, "db", "restore", "--yes", "--drop-previous", str(tmp_path / "backup")
    )

    assert "public.notes, which is no table of Aspen, cannot be read" in refused.stderr
    assert (made.exit_code, result.exit_code) == (0, 0), made.output + result.output
    with database.connect(SUPERUSER) as conn:
        assert conn.execute("select number from public.notes").fetchall() == [(1,)]


def test_database_that_was_unsafe_is_restored_all_the_same(
    database: Database, s3: S3, tmp_path: Path
) -> None:
    """Restore the data, which counts in an emergency, and report what is unsafe."""
    with database.connect() as conn:
        conn.execute("set role aspen_owner")
        conn.execute("create table aspen.bare (id bigint primary key)")
    made = run(database, s3, "db", "backup", str(tmp_path / "backup"))

    result = run(
        database, s3, "db", "restore", "--yes", "--drop-previous", str(tmp_path / "backup")
    )

    assert (made.exit_code, result.exit_code) == (0, 0), made.output + result.output
    assert "unsafe, as before: aspen.bare" in result.stderr


def test_dry_run_of_a_backup_writes_nothing(database: Database, s3: S3, tmp_path: Path) -> None:
    """Count, and do nothing else."""
    result = run(database, s3, "db", "backup", "--dry-run", str(tmp_path / "backup"))

    assert result.exit_code == 0, result.output
    assert "would back up" in result.stdout
    assert not (tmp_path / "backup").exists()


def test_program_that_is_too_old_is_not_used() -> None:
    """Skip it, because pg_dump rejects a server newer than itself."""
    with pytest.raises(ControlError, match="pg_dump of PostgreSQL 99 or later is needed"):
        find_tool(SETTINGS, "pg_dump", 99)


def test_backup_of_a_newer_postgresql_is_refused(database: Database, s3: S3, backup: Path) -> None:
    """Change nothing: an older server cannot read it."""
    manifest = json.loads((backup / "backup.json").read_text())
    here = manifest["server_major"]
    (backup / "backup.json").write_text(json.dumps(manifest | {"server_major": here + 1}))

    result = run(database, s3, "db", "restore", "--yes", str(backup))

    assert result.exit_code == 1
    assert f"the backup is of PostgreSQL {here + 1}, this server is {here}" in result.stderr
    assert groups_of(database) == ["Before"]


@pytest.mark.parametrize(("major", "said"), [(1, "and only"), (99, "99 or later is needed")])
def test_archive_of_another_postgresql_is_refused(
    database: Database, s3: S3, tmp_path: Path, major: int, said: str
) -> None:
    """Name the version and where to set its programs; leave nothing behind."""
    archive = make_archive(tmp_path / "archive", 1)
    write_base(replace(archive.bases[0], server_major=major))

    into = tmp_path / "data"
    result = run(database, s3, "db", "restore", str(archive.home), "--into", str(into))

    assert (result.exit_code, said in result.stderr) == (1, True), result.output
    assert "set ASPEN_POSTGRES_BIN to the" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive"]
