"""`control db backup` and `restore` as docs/operations.md runs them, and the upgrade from 15 to 18.

They run on the PostgreSQL of ASPEN_POSTGRES_BIN: .ci/run runs this file for either version.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.backups.making import SECRETS, count_rows
from control.backups.tools import find_tool
from control.cli import cli
from control.demo import OWNER
from control.schema.diff import schema_differences
from control.stack.ports import any_free
from control.tokens.keys import load_keys
from control.tokens.minting import claims_for, sign
from tests.servers import SETTINGS
from tests.stack.conftest import LocalStack

DEBIAN = Path("/usr/lib/postgresql/15/bin")
VERSION = "15" if os.environ.get("ASPEN_POSTGRES_BIN") == str(DEBIAN) else "18"
SECRET = "SecretThatNoDumpHolds"
# What leads to an object is another in another bucket.
MOVED = ("bucket", "version_id", "etag")

pytestmark = pytest.mark.timeout(400)


@dataclass
class Stack(LocalStack):
    """A local stack and the command line beside it."""

    bucket: str = "aspen"

    def control(self, *arguments: str) -> Result:
        """Run a command, whether it succeeds or not."""
        environment = {
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(self.settings.data_dir),
            "ASPEN_FIRST_PORT": str(self.settings.first_port),
            "ASPEN_POSTGRES_BIN": f"{self.settings.postgres_bin}",
            "ASPEN_BUCKET": self.bucket,
        }
        return CliRunner().invoke(cli, arguments, env=environment)

    def run(self, *arguments: str) -> Result:
        """Run a command that must succeed."""
        result = self.control(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def content(self) -> dict[str, Any]:
        """Return everything a restore must bring back, in a form that compares."""
        with self.connect() as conn:
            tables = {name: rows_of(conn, name) for name in count_rows(conn)}
            sequences = conn.execute(
                "select schemaname, sequencename, last_value from pg_sequences"
                " where sequencename <> 'audit_log_id_seq' order by 1, 2"
            ).fetchall()
            privileges = conn.execute(
                "select pg_get_userbyid(datdba), datacl::text from pg_database"
                " where datname = current_database()"
            ).fetchall()
            chosen = conn.execute(
                "select setrole::regrole::text, entry from pg_db_role_setting,"
                " unnest(setconfig) as entry where entry like 'aspen.%' order by 1, 2"
            ).fetchall()
        return {
            "tables": tables,
            "sequences": sequences,
            "privileges": privileges,
            "settings": chosen,
        }

    def get(self, path: str, token: str | None = None) -> Any:
        """Return what the API answers."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.settings.api_url}/{path}", headers=headers, timeout=20).json()


def rows_of(conn: psycopg.Connection, name: str) -> list[str]:
    """Return the rows of a table as sorted JSON, without what names an object's place in S3.

    The audit records of new credentials differ between stacks and are left out.
    """
    query = sql.SQL("select to_jsonb(rows) - %s::text[] from {} as rows").format(
        sql.Identifier(*name.split("."))
    )
    moved = list(MOVED) if name == "aspen.job_outputs" else []
    rows = [row for (row,) in conn.execute(query, [moved])]
    return sorted(
        json.dumps(row, sort_keys=True)
        for row in rows
        if not name.startswith("aspen.audit_log") or row["table_name"] != "storage_credentials"
    )


def start(data: Path, binaries: str, bucket: str) -> Stack:
    """Start a stack of one PostgreSQL with a bucket of one name."""
    settings = replace(
        SETTINGS,
        data_dir=data,
        keys_dir=data / "keys",
        first_port=any_free(),
        postgres_bin=binaries,
        bucket=bucket,
    )
    stack = Stack(settings, bucket=bucket)
    stack.up()
    return stack


@dataclass(frozen=True)
class Original:
    """A stack with data, and its backup."""

    stack: Stack
    backup: Path
    content: dict[str, Any]
    token: str
    link: str
    file: bytes


def binaries_of(version: str) -> str:
    """Return a version's programs; without PostgreSQL 15, skip its tests."""
    if version == "15" and not (DEBIAN / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here: .ci/run installs it")
    return str(DEBIAN) if version == "15" else "bundled"


@pytest.fixture(scope="module", params=[VERSION])
def original(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Original]:
    """Store the demo, an operator's settings and a secret; make a backup with keys."""
    home = tmp_path_factory.mktemp(f"original{request.param}")
    stack = start(home / "data", binaries_of(request.param), "first-bucket")
    try:
        stack.run("load", "demo")
        with stack.connect() as conn:
            conn.execute("alter role authenticator set aspen.link_seconds = '900'")
            conn.execute("alter database aspen set aspen.max_token_days = '7'")
            conn.execute("update aspen.storage_credentials set secret_access_key = %s", [SECRET])
            [output] = conn.execute("select min(id) from aspen.job_outputs").fetchall()
        stack.run("db", "backup", "--keys", str(home / "backup"))
        content = stack.content()
        stack.run("output", "credentials")
        keys = load_keys(stack.settings.keys_dir)
        claims = claims_for(sub=OWNER.subject, role="member", ttl=timedelta(hours=1))
        token, link = sign(keys, claims), f"rpc/output_url?id={output[0]}"
        file = httpx.get(stack.get(link, token)["url"]).content
        yield Original(stack, home / "backup", content, token, link, file)
    finally:
        stack.down()


@pytest.fixture(scope="module")
def restored(
    original: Original, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Original, Stack, Result]]:
    """Restore into a fresh stack of the bundled PostgreSQL: the same version, or the next."""
    stack = start(tmp_path_factory.mktemp("restored"), "bundled", "second-bucket")
    try:
        done = stack.run("db", "restore", "--yes", str(original.backup))
        yield original, stack, done
    finally:
        stack.down()


def test_restore_brings_back_rows_sequences_privileges_and_settings(
    restored: tuple[Original, Stack, Result],
) -> None:
    """Restore exactly the rows of every table, the audit log included."""
    original, stack, _ = restored

    found = stack.content()

    assert found == original.content
    assert len(found["tables"]["aspen.samples"]) > 0


def previous_url(stack: Stack, restored: Result) -> str:
    """Return the address of the database before the restore, a fresh one of the same server."""
    [name] = re.findall(r"previous database is now (\w+)", restored.stdout)
    return f"{stack.settings.admin_database_url}".replace("/aspen", f"/{name}")


def is_spelling(difference: str) -> bool:
    """Tell whether two texts differ only in parentheses that PostgreSQL adds around `and`."""
    sides = re.sub(r"[()]", "", difference.partition(": ")[2]).removesuffix(" in right")
    left, _, right = sides.partition(" in left, ")
    return left == right


def test_schema_and_privileges_come_back(restored: tuple[Original, Stack, Result]) -> None:
    """Restore functions, policies, triggers and grants as in a migrated database."""
    _, stack, done = restored

    differences = schema_differences(
        previous_url(stack, done), f"{stack.settings.admin_database_url}"
    )

    assert [line for line in differences if not is_spelling(line)] == []


def test_restored_database_is_current(restored: tuple[Original, Stack, Result]) -> None:
    """Find nothing to do with `control migrate status`."""
    _, stack, _ = restored

    assert stack.run("migrate", "status").stdout.splitlines()[-1] == "up to date"


def test_earlier_token_opens_the_restored_api(
    restored: tuple[Original, Stack, Result],
) -> None:
    """Restore the keys with the backup, so that everybody stays signed in."""
    original, stack, _ = restored
    query = "samples?select=public_identifier,private_identifier&order=id"

    found = stack.get(query, original.token)

    assert found == original.stack.get(query, original.token)
    assert len(found) > 0


def test_restored_database_takes_writes(restored: tuple[Original, Stack, Result]) -> None:
    """Continue identity counters after the last row, and restore triggers."""
    _, stack, _ = restored
    with stack.connect() as conn, conn.transaction(force_rollback=True):
        row = conn.execute(
            "insert into aspen.samples (group_id, pathogen_id, private_identifier,"
            " public_identifier, collection_date, location_id)"
            " select group_id, pathogen_id, 'after', 'after', collection_date, location_id"
            " from aspen.samples limit 1 returning id"
        ).fetchone()
        assert row is not None
        audited = conn.execute(
            "select action from aspen.audit_log where table_name = 'samples' and row_id = %s", row
        ).fetchall()

    assert audited == [("insert",)]


def test_link_to_a_file_works_where_it_was_restored(
    restored: tuple[Original, Stack, Result],
) -> None:
    """Return the same bytes from another bucket, server and version of the object."""
    original, stack, _ = restored

    url = stack.get(original.link, original.token)["url"]

    assert url.startswith(f"{stack.settings.s3_endpoint_url}/second-bucket/")
    assert httpx.get(url).content == original.file


def test_second_restore_uploads_no_existing_object(
    restored: tuple[Original, Stack, Result], tmp_path: Path
) -> None:
    """Skip objects in the registered version; keep one database with --drop-previous."""
    _, stack, _ = restored
    stack.run("db", "backup", str(tmp_path / "again"))
    with stack.connect() as conn:
        before = conn.execute("select id, version_id from aspen.job_outputs order by 1").fetchall()
        databases = conn.execute("select count(*) from pg_database").fetchall()

    stack.run("db", "restore", "--yes", "--drop-previous", str(tmp_path / "again"))

    with stack.connect() as conn:
        after = conn.execute("select id, version_id from aspen.job_outputs order by 1").fetchall()
        assert conn.execute("select count(*) from pg_database").fetchall() == databases
    assert after == before


def test_earlier_database_is_kept_and_named(restored: tuple[Original, Stack, Result]) -> None:
    """Keep it, so that restoring a wrong backup loses nothing."""
    _, stack, done = restored

    with psycopg.connect(previous_url(stack, done)) as conn:
        assert conn.execute("select count(*) from aspen.samples").fetchone() == (0,)


def test_backup_holds_no_credentials_of_storage(original: Original) -> None:
    """Leave them out, so that a stolen backup does not open the bucket."""
    pg_restore = find_tool(original.stack.settings, "pg_restore", 18)
    dump = original.backup / "database.dump"

    text = subprocess.run([pg_restore.path, "-f", "-", dump], capture_output=True, check=True)

    assert SECRET.encode() not in text.stdout
    assert f"COPY {SECRETS}".encode() not in text.stdout
    assert b"COPY aspen.samples" in text.stdout


def test_backup_is_readable_by_its_owner_only(original: Original) -> None:
    """Protect private identifiers and, in this backup, keys."""
    modes = {
        path.relative_to(original.backup): path.stat().st_mode & 0o077
        for path in (original.backup, *original.backup.rglob("*"))
        if path.is_file() or path == original.backup
    }

    assert modes and set(modes.values()) == {0}


def test_backup_without_keys_says_so(original: Original, tmp_path: Path) -> None:
    """Leave keys out by default, because they are worth more than the data."""
    result = original.stack.run("db", "backup", "--no-objects", str(tmp_path / "backup"))

    assert f"keep a copy of {original.stack.settings.keys_dir}" in result.stderr
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == [
        "backup.json",
        "database.dump",
    ]


def test_backup_never_writes_into_another(original: Original) -> None:
    """Reject the directory of another backup, which would ruin both."""
    result = original.stack.control("db", "backup", str(original.backup))

    assert (result.exit_code, "exists already" in result.stderr) == (1, True)


def test_missing_object_is_named_and_does_not_stop_a_backup(
    original: Original, tmp_path: Path
) -> None:
    """Back up the rest, which is still worth having."""
    with original.stack.connect() as conn, conn.transaction():
        conn.execute("alter table aspen.job_outputs disable trigger user")
        conn.execute("update aspen.job_outputs set key = replace(key, 'jobs/', 'x/jobs/')")
    try:
        result = original.stack.run("db", "backup", str(tmp_path / "backup"))
    finally:
        with original.stack.connect() as conn, conn.transaction():
            conn.execute("update aspen.job_outputs set key = replace(key, 'x/jobs/', 'jobs/')")
            conn.execute("alter table aspen.job_outputs enable trigger user")

    assert "missing from S3: s3://first-bucket/x/jobs/" in result.stderr


def truncate(backup: Path) -> None:
    """Truncate the dump to half."""
    dump = backup / "database.dump"
    os.truncate(dump, dump.stat().st_size // 2)


def lose_an_object(backup: Path) -> None:
    """Delete a file of the backup."""
    next(path for path in (backup / "objects").rglob("*") if path.is_file()).unlink()


def cut_off(backup: Path) -> None:
    """Delete the file that is written last, as after a crash of the machine."""
    (backup / "backup.json").unlink()


def garble(backup: Path) -> None:
    """Truncate the last file to half."""
    (backup / "backup.json").write_text('{"format": 1, "made_at"')


def miscount(backup: Path) -> None:
    """Remove rows and keep every checksum right."""
    path = backup / "backup.json"
    document = json.loads(path.read_text())
    document["rows"]["aspen.samples"] += 1
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("damage", [truncate, lose_an_object, cut_off, garble, miscount])
def test_damaged_backup_changes_nothing(
    original: Original, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Reject it, go on serving, and leave no half-restored database."""
    copy = tmp_path / "copy"
    shutil.copytree(original.backup, copy)
    damage(copy)

    result = original.stack.control("db", "restore", "--yes", str(copy))

    assert result.exit_code == 1
    assert original.stack.content() == original.content
    with original.stack.connect() as conn:
        names = conn.execute("select datname from pg_database order by 1").fetchall()
    assert [name for (name,) in names if name.startswith("aspen")] == ["aspen"]


def test_dry_run_of_a_restore_checks_and_changes_nothing(original: Original) -> None:
    """Print what is in the backup."""
    result = original.stack.run("db", "restore", "--dry-run", str(original.backup))

    assert "with keys" in result.stdout
    assert original.stack.content() == original.content


def test_rows_deleted_by_mistake_come_back(original: Original) -> None:
    """Restore into the stack that the backup is of, on either version."""
    with original.stack.connect() as conn:
        conn.execute("delete from aspen.samples")

    original.stack.run("db", "restore", "--yes", "--drop-previous", str(original.backup))

    assert original.stack.content() == original.content
    assert original.stack.get("samples?select=id", original.token) != []


def steps_of_the_upgrade() -> str:
    """Return the commands of docs/operations.md as they are printed there."""
    text = (SETTINGS.root / "docs" / "operations.md").read_text()
    [steps] = re.findall(r"^```sh upgrade\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(steps)


def test_upgrade_from_15_to_18_works_as_documented(tmp_path: Path) -> None:
    """Keep rows, tokens and links.

    The steps: back up, stop, set the old data aside, start, restore.
    """
    stack = start(tmp_path / ".aspen", binaries_of("15"), "aspen")
    try:
        stack.run("load", "demo")
        claims = claims_for(sub=OWNER.subject, role="member", ttl=timedelta(hours=1))
        token = sign(load_keys(stack.settings.keys_dir), claims)
        before = stack.content()

        done = subprocess.run(
            ["sh", "-eu"],
            input=steps_of_the_upgrade().replace("/backups", str(tmp_path)),
            cwd=tmp_path,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "ASPEN_ROOT": str(SETTINGS.root),
                "ASPEN_DATA_DIR": str(tmp_path / ".aspen"),
                "ASPEN_POSTGRES_BIN": f"{stack.settings.postgres_bin}",
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        stack.settings = stack.with_(postgres_bin="bundled")
        stack.up()
        with stack.connect() as conn:
            assert conn.info.server_version // 10000 == 18
            [output] = conn.execute("select min(id) from aspen.job_outputs").fetchall()
        url = stack.get(f"rpc/output_url?id={output[0]}", token)["url"]
        assert stack.content() == before
        assert httpx.get(url).status_code == 200
    finally:
        stack.down()
