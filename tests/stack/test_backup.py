"""`control db backup` and `restore` as docs/operations.md runs them, and the upgrade from 15 to 18.

They run on the PostgreSQL of ASPEN_POSTGRES_BIN: .ci/run runs this file for either version.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.backups.archive import Archive, Base, write_witness
from control.backups.drill import seen_by_a_stranger
from control.backups.making import SECRETS, count_rows
from control.backups.manifest import read_backup
from control.backups.recovery import Copy, Target, recovering, unpack
from control.backups.sealing import identities_of
from control.backups.tools import find_tool
from control.backups.vault import Vault
from control.cli import cli
from control.commands.db_archive import moment_of
from control.demo import OWNER
from control.errors import ControlError
from control.schema.diff import schema_differences
from control.settings import Settings
from control.stack.ports import any_free
from control.stack.process import wait_for
from control.storage.s3 import S3Uri, make_client
from control.tokens.keys import load_keys
from control.tokens.minting import claims_for, sign
from tests.servers import SETTINGS
from tests.stack.conftest import LocalStack

DEBIAN = Path("/usr/lib/postgresql/15/bin")
VERSION = "15" if os.environ.get("ASPEN_POSTGRES_BIN") == str(DEBIAN) else "18"
SECRET = "SecretThatNoDumpHolds"
# Where the archive has a copy outside the machine.
VAULT = "s3://vault/archive"
LOGINS = "select rolname, rolpassword from pg_authid order by 1"
# What leads to an object is another in another bucket.
MOVED = ("bucket", "version_id", "etag")
WITH_OBJECTS = ("aspen.job_outputs", "aspen.repository_data", "aspen.uploads")
# What the rows of refer_to() name, besides an upload that was never sent.
KEYS = (
    "sets/1.fasta",
    "sets/1.tsv",
    "group/1/uploads/00000000-0000-0000-0000-000000000001/part-00001",
)

pytestmark = pytest.mark.timeout(400)


@dataclass
class Stack(LocalStack):
    """A local stack and the command line beside it."""

    bucket: str = "aspen"
    recipient: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line here."""
        return {
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(self.settings.data_dir),
            "ASPEN_FIRST_PORT": str(self.settings.first_port),
            "ASPEN_POSTGRES_BIN": f"{self.settings.postgres_bin}",
            "ASPEN_BUCKET": self.bucket,
            "ASPEN_BACKUP_S3_ENDPOINT_URL": f"{self.settings.s3_endpoint_url}",
            "ASPEN_BACKUP_S3_ACCESS_KEY": f"{self.settings.s3_access_key}",
            "ASPEN_BACKUP_S3_SECRET_KEY": f"{self.settings.s3_secret_key}",
            "ASPEN_BACKUP_RECIPIENT": self.recipient,
            "ASPEN_BACKUP_IDENTITY_FILE": str(self.identity),
        }

    @property
    def identity(self) -> Path:
        """Return the file with the identity that opens what left the machine."""
        return self.settings.data_dir.parent / "backup.key"

    @property
    def keyed(self) -> Settings:
        """Return the settings that reach and open the vault."""
        return self.with_(
            backup_s3_endpoint_url=self.settings.s3_endpoint_url,
            backup_s3_access_key=self.settings.s3_access_key,
            backup_s3_secret_key=self.settings.s3_secret_key,
            backup_identity_file=str(self.identity),
        )

    def vault(self, name: str) -> Vault:
        """Return a folder outside the machine."""
        return Vault.to_read(self.keyed, S3Uri("vault", name))

    def control(self, *arguments: str) -> Result:
        """Run a command, whether it succeeds or not."""
        return CliRunner().invoke(cli, arguments, env=self.environment)

    def run(self, *arguments: str) -> Result:
        """Run a command that must succeed."""
        result = self.control(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def content(self) -> dict[str, Any]:
        """Return everything a restore must bring back, in a form that compares."""
        with self.connect() as conn:
            # Loading sql/ writes one of them anew.
            tables = {
                name: rows_of(conn, name)
                for name in count_rows(conn)
                if name != "aspen.api_descriptions"
            }
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

    def words(self, query: str) -> list[str]:
        """Return a column of the database."""
        with self.connect() as conn:
            return [word for (word,) in conn.execute(query.encode())]

    def keys_of(self, bucket: str) -> list[str]:
        """Return the keys of all objects of a bucket."""
        pages = make_client(self.settings).get_paginator("list_objects_v2")
        return [
            found["Key"]
            for page in pages.paginate(Bucket=bucket)
            for found in page.get("Contents", ())
        ]

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
    moved = list(MOVED) if name in WITH_OBJECTS else []
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


def make_vault(stack: Stack) -> None:
    """Make what backups outside the machine need: a bucket of their own and a key pair."""
    make_client(stack.settings).create_bucket(Bucket="vault")
    stack.recipient = stack.run("db", "backup-key", str(stack.identity)).stdout.strip()


def refer_to_objects(stack: Stack) -> None:
    """Store a data set of a repository, an upload, and one that was announced and never sent."""
    client = make_client(stack.settings)
    for key in KEYS:
        client.put_object(Bucket=stack.bucket, Key=key, Body=key.encode())
    with stack.connect() as conn:
        conn.execute(
            "insert into aspen.repository_data (pathogen_id, public_repository_id, stage, bucket,"
            " sequences_key, metadata_key, job_id) select pathogens.id, repositories.id, 'raw', %s,"
            " %s, %s, 0 from aspen.pathogens, aspen.public_repositories as repositories limit 1",
            [stack.bucket, *KEYS[:2]],
        )
        conn.execute(
            "insert into aspen.uploads (group_id, file_name, bucket, folder, size_bytes,"
            " checksum_sha256) select groups.id, 'x.fasta', %s, 'group/' || groups.id ||"
            " '/uploads/00000000-0000-0000-0000-00000000000' || number || '/', 9, repeat('0', 64)"
            " from aspen.groups, generate_series(1, 2) as number where groups.id = 1",
            [stack.bucket],
        )


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
        refer_to_objects(stack)
        make_vault(stack)
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


def test_objects_of_every_table_come_back(restored: tuple[Original, Stack, Result]) -> None:
    """Restore data sets and uploads, whose rows then name the bucket of this environment."""
    _, stack, _ = restored
    client = make_client(stack.settings)

    found = [client.get_object(Bucket="second-bucket", Key=key)["Body"].read() for key in KEYS]

    assert found == [key.encode() for key in KEYS]
    with stack.connect() as conn:
        buckets = conn.execute(
            "select bucket from aspen.repository_data where job_id = 0 union all"
            " select bucket from aspen.uploads where folder like '%1/'"
        ).fetchall()
    assert buckets == [("second-bucket",)] * 2


def test_next_backup_copies_no_object_again(
    restored: tuple[Original, Stack, Result], tmp_path: Path
) -> None:
    """Link the objects of the backup beside it; with --keep, delete the older one."""
    _, stack, _ = restored
    stack.run("db", "backup", str(tmp_path / "first"))
    stack.run("db", "backup", str(tmp_path / "second"))
    objects = list(read_backup(tmp_path / "second").objects())
    links = [(tmp_path / "second" / each.file).stat().st_nlink for each in objects]

    third = stack.run("db", "backup", "--keep", "1", "--no-objects", str(tmp_path / "third"))

    assert len(objects) > len(KEYS) and set(links) == {2}
    assert f"deleted {tmp_path / 'first'}" in third.stderr
    listed = json.loads(stack.run("db", "backups", "--json", str(tmp_path)).stdout)
    assert [(each["name"], each["objects"]) for each in listed] == [("third", 0)]


def test_second_restore_uploads_no_existing_object(
    restored: tuple[Original, Stack, Result],
) -> None:
    """Skip objects in the registered version; keep one database; fetch it all from outside."""
    _, stack, _ = restored
    make_vault(stack)
    stack.run("db", "backup", "s3://vault/backups/again")
    with stack.connect() as conn:
        before = conn.execute("select id, version_id from aspen.job_outputs order by 1").fetchall()
        databases = conn.execute("select count(*) from pg_database").fetchall()

    stack.run("db", "restore", "--yes", "--drop-previous", "s3://vault/backups/again")

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


def test_backup_outside_is_listed_verified_and_pruned(original: Original) -> None:
    """Send it sealed; fetch and verify all of it; delete it without the identity."""
    stack = original.stack
    stack.run("db", "backup", "--no-objects", "s3://vault/backups/first")
    made = stack.run("db", "backup", "--keys", "s3://vault/backups/second")

    again = stack.control("db", "backup", "s3://vault/backups/second")
    checked = stack.run("db", "restore", "--dry-run", "s3://vault/backups/second")
    listed = json.loads(stack.run("db", "backups", "--json", "s3://vault/backups").stdout)
    pruned = stack.run("db", "prune", "--keep", "1", "--yes", "s3://vault/backups")

    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert checked.stdout == made.stdout
    assert re.search(r"tables, [1-9]\d* objects, with keys$", checked.stdout)
    assert [(each["name"], each["rows"]) for each in listed] == [("first", None), ("second", None)]
    assert pruned.stdout == "deleted first\n"
    keys = [key for key in stack.keys_of("vault") if key.startswith("backups/")]
    assert keys and not [key for key in keys if not key.startswith("backups/second/")]


def test_backup_never_writes_into_another(original: Original) -> None:
    """Reject the directory of another backup, which would ruin both."""
    result = original.stack.control("db", "backup", str(original.backup))

    assert (result.exit_code, "exists already" in result.stderr) == (1, True)


def test_missing_and_wrong_objects_are_named(original: Original, tmp_path: Path) -> None:
    """Back up the rest, which is still worth having, and end with exit code 3."""
    with original.stack.connect() as conn, conn.transaction():
        conn.execute("alter table aspen.job_outputs disable trigger user")
        rows = conn.execute(
            "select id, key, checksum_sha256 from aspen.job_outputs order by id limit 2"
        ).fetchall()
        [(first, key, _), (second, wrong, checksum)] = rows
        conn.execute("update aspen.job_outputs set key = %s where id = %s", [f"x/{key}", first])
        conn.execute(
            "update aspen.job_outputs set checksum_sha256 = repeat('0', 64) where id = %s", [second]
        )
    try:
        result = original.stack.control("db", "backup", str(tmp_path / "backup"))
    finally:
        with original.stack.connect() as conn, conn.transaction():
            conn.execute("update aspen.job_outputs set key = %s where id = %s", [key, first])
            conn.execute(
                "update aspen.job_outputs set checksum_sha256 = %s where id = %s",
                [checksum, second],
            )
            conn.execute("alter table aspen.job_outputs enable trigger user")

    assert result.exit_code == 3
    assert re.findall(r"missing from S3: (\S+)", result.stderr) == [f"s3://first-bucket/x/{key}"]
    assert re.findall(r"row describes: (\S+)", result.stderr) == [f"s3://first-bucket/{wrong}"]
    assert read_backup(tmp_path / "backup").row_count > 0


def truncate(backup: Path) -> None:
    """Truncate the dump to half."""
    dump = backup / "database.dump"
    os.truncate(dump, dump.stat().st_size // 2)


def lose_an_object(backup: Path) -> None:
    """Delete a file of the backup."""
    (backup / next(read_backup(backup).objects()).file).unlink()


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


@pytest.mark.parametrize("damage", [truncate, lose_an_object, cut_off, garble])
def test_damaged_backup_is_found(
    original: Original, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Reject it before the first step of a restore."""
    copy = tmp_path / "copy"
    shutil.copytree(original.backup, copy)
    damage(copy)

    with pytest.raises(ControlError):
        read_backup(copy)


def test_restore_that_fails_changes_nothing(original: Original, tmp_path: Path) -> None:
    """Go on serving, and leave no half-restored database."""
    copy = tmp_path / "copy"
    shutil.copytree(original.backup, copy)
    miscount(copy)

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


@dataclass(frozen=True)
class Archived:
    """An archive of a server that was killed, and a moment between two writes."""

    stack: Stack
    home: Path
    moment: str
    # Roles and their passwords at that moment; control up sets new hashes.
    logins: list[tuple[str, str]]

    def copy(self, target: Path) -> Archive:
        """Copy it, to be damaged."""
        shutil.copytree(self.home, target)
        return Archive(target)


@pytest.fixture(scope="module")
def archived(original: Original, tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """Archive while rows are written, kill the server, and go on until all of it is received."""
    stack, archive = original.stack, Archive(tmp_path_factory.mktemp("archive") / "archive")
    keeping = ("db", "archive", "--every", "1", "--to", VAULT, str(archive.home))
    writer = subprocess.Popen(
        [sys.executable, "-m", "control", *keeping],
        cwd=SETTINGS.root,
        env=os.environ | stack.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stack.keep("first")

        def is_complete() -> bool:
            with stack.connect() as conn:
                conn.execute("insert into public.kept values ('meanwhile')")
            return archive.complete_until is not None or writer.poll() is not None

        assert wait_for(is_complete, 120)
        stack.keep("before")
        with stack.connect() as conn:
            logins = conn.execute(LOGINS).fetchall()
            [(moment,)] = conn.execute("select clock_timestamp()::text").fetchall()
        stack.keep("after")
        stack.kill("postgres")
        stack.up()
        stack.keep("after the crash")
        with stack.connect() as conn:
            [(end,)] = conn.execute("select pg_current_wal_flush_lsn()::text").fetchall()
        assert wait_for(lambda: reaches(archive, end) or writer.poll() is not None, 120)
        assert wait_for(lambda: vault_reaches(stack, end), 120)
    finally:
        writer.terminate()
        said = writer.communicate()[1]
    assert (writer.returncode, reaches(archive, end)) == (0, True), said
    with stack.connect() as conn:
        slots = conn.execute("select slot_name, active from pg_replication_slots").fetchall()
    assert slots == [("aspen_archive", False)]
    return Archived(stack, archive.home, moment, logins)


def position(lsn: str) -> int:
    """Return a position in the log as a number of bytes."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def reaches(archive: Archive, lsn: str) -> bool:
    """Tell whether an archive is complete up to a position."""
    noted = archive.complete_until
    return noted is not None and position(noted[1]) >= position(lsn)


def vault_reaches(stack: Stack, lsn: str) -> bool:
    """Tell whether the vault is complete up to a position, with a base backup."""
    vault = stack.vault("archive")
    [*bases] = vault.folders("base/")
    if not bases or any(vault.facts(f"base/{base}/base.json") is None for base in bases):
        return False
    if vault.facts("archive.json") is None:
        return False
    document = json.loads(vault.read("archive.json", identities_of(stack.keyed)))
    return position(document["lsn"]) >= position(lsn)


def started(
    data: Path, archive: Archive, stack: Stack
) -> AbstractContextManager[psycopg.Connection]:
    """Start a server on a restored data directory, and connect."""
    base = archive.bases[-1]
    programs = Path(find_tool(stack.settings, "postgres", base.server_major).path).parent
    return recovering(Copy(base, data, programs), Target(), is_durable=False)


def shown(number: int) -> str:
    """Return one of the outputs of docs/dba.md, without its numbers."""
    text = (SETTINGS.root / "docs" / "dba.md").read_text().partition("## Backups\n")[2]
    return masked(re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[number])


def masked(text: str) -> str:
    """Replace numbers, times and positions."""
    return re.sub(r"[0-9][-0-9A-FTZ:.+/]*", "N", text)


def test_drill_of_a_good_vault_finds_nothing(archived: Archived, tmp_path: Path) -> None:
    """Say what was compared, as docs/dba.md shows it; fetch all from outside, leave nothing."""
    done = archived.stack.control("db", "drill", "--scratch", str(tmp_path), VAULT)

    assert done.exit_code == 0, done.output
    assert masked(done.stdout) == shown(1)
    [numbers] = re.findall(r": (\d+) rows of (\d+) tables, (\d+) objects", done.stdout)
    rows, tables, objects = map(int, numbers)
    assert rows > 1000 and tables > 50 and objects > len(KEYS)
    assert list(tmp_path.iterdir()) == []


def test_archive_goes_back_to_a_moment_between_two_writes(
    archived: Archived, tmp_path: Path
) -> None:
    """Restore what was committed before, nothing later, roles, passwords, and lost objects."""
    stack, data = archived.stack, tmp_path / "data"
    client = make_client(stack.settings)
    client.delete_object(Bucket=stack.bucket, Key=KEYS[0])

    stack.run(
        "db", "restore", str(archived.home), "--into", str(data), "--to-time", archived.moment
    )

    assert client.get_object(Bucket=stack.bucket, Key=KEYS[0])["Body"].read() == KEYS[0].encode()
    with started(data, Archive(archived.home), stack) as conn:
        words = {word for (word,) in conn.execute("select word from public.kept")}
        assert words == {"first", "meanwhile", "before"}
        assert conn.execute(LOGINS).fetchall() == archived.logins
        assert seen_by_a_stranger(conn) == []
        conn.execute("delete from aspen.users where subject like 'drill%'")
        conn.execute("alter table aspen.samples disable row level security")
        [seen] = seen_by_a_stranger(conn)
    assert re.fullmatch("a stranger sees [1-9][0-9]* rows of samples", seen)


def test_vault_goes_to_its_end(archived: Archived, tmp_path: Path) -> None:
    """Restore what was committed before and after the server was killed, from outside."""
    stack, data = archived.stack, tmp_path / "data"

    stack.run("db", "restore", VAULT, "--into", str(data))

    with started(data, Archive(archived.home), stack) as conn:
        words = {word for (word,) in conn.execute("select word from public.kept")}
    assert words > {"before", "after", "after the crash"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to-time", "2020-01-01 00:00Z"], "the archive begins at"),
        (["--to-time", "2100-01-01 00:00Z"], "the archive ends before that moment"),
        (["--to-lsn", "0/1"], "the archive begins at"),
        (["--to-lsn", "x"], "is not a position"),
    ],
)
def test_moment_outside_the_archive_is_refused(
    archived: Archived, tmp_path: Path, options: list[str], said: str
) -> None:
    """Name the reason, and leave nothing behind."""
    done = archived.stack.control(
        "db", "restore", str(archived.home), "--into", str(tmp_path / "data"), *options
    )

    assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["2024-05-01 10:00", "yesterday", "2024-05-32 10:00Z"])
def test_moment_needs_a_date_a_time_and_a_zone(text: str) -> None:
    """Guess no time zone: an hour more or less is the wrong state."""
    with pytest.raises(ControlError):
        moment_of(text)

    assert moment_of("2024-05-01 12:00+02:00").isoformat() == "2024-05-01T10:00:00+00:00"


def test_restore_never_writes_into_a_directory_with_files(
    archived: Archived, tmp_path: Path
) -> None:
    """Refuse a directory that may be somebody's database."""
    (tmp_path / "PG_VERSION").write_text("18")

    done = archived.stack.control("db", "restore", str(archived.home), "--into", str(tmp_path))

    assert (done.exit_code, "is not empty" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["PG_VERSION"]


def test_drill_finds_a_damaged_log_object_and_row(archived: Archived, tmp_path: Path) -> None:
    """End with exit code 3, and name all of them."""
    archive = archived.copy(tmp_path / "archive")
    [base] = archive.bases
    assert base.witness is not None and archive.complete_until is not None
    start, end = position(base.witness.lsn), position(archive.complete_until[1])
    assert end - start > 4 * 8192
    overwrite(archive, base, (start + end) // 2)
    tables = base.witness.tables
    changed = tables | {"aspen.samples": (tables["aspen.samples"][0], "1")}
    write_witness(base, replace(base.witness, tables=changed))
    victim = next(path for path in (archive.home / "objects").rglob("*") if path.suffix == "")
    while victim.is_dir():
        victim = next(path for path in victim.iterdir() if path.suffix == "")
    victim.write_bytes(b"x")

    done = archived.stack.control("db", "drill", str(archive.home))

    assert done.exit_code == 3, done.output
    differs = [line for line in done.stdout.splitlines() if line.startswith("differs: ")]
    assert differs[0] == "differs: aspen.samples: rows with other values"
    assert masked(differs[1]) in shown(2).splitlines()
    assert re.fullmatch(r"differs: the copy of s3://\S+.* is damaged", differs[2])
    assert len(differs) == 3


def overwrite(archive: Archive, base: Base, where: int) -> None:
    """Write over one block of the log."""
    number, offset = divmod(where, base.segment_bytes)
    [segment] = [
        path for path in archive.segments(base) if int(path.name[16:24], 16) == number % 256
    ]
    with open(segment, "r+b") as file:
        file.seek(offset // 8192 * 8192)
        file.write(b"\xff" * 8192)


def test_stolen_vault_shows_no_row(archived: Archived) -> None:
    """Find names and keys in what the archive holds here, and in no file outside."""
    stack = archived.stack
    [word] = stack.words("select min(private_identifier) from aspen.samples")
    outside = [
        make_client(stack.settings).get_object(Bucket="vault", Key=key)["Body"].read()
        for key in stack.keys_of("vault")
    ]

    here = b"".join(path.read_bytes() for path in Archive(archived.home).wal.iterdir())
    assert word.encode() in here + gzip.decompress(
        (Archive(archived.home).bases[0].directory / "base.tar.gz").read_bytes()
    )
    assert len(outside) > len(KEYS)
    assert [data for data in outside if not data.startswith(b"age-encryption.org/v1\n")] == []
    assert [data for data in outside if word.encode() in data or SECRET.encode() in data] == []


def test_damaged_base_backup_and_missing_segment_are_found(
    archived: Archived, tmp_path: Path
) -> None:
    """Verify each file of the base backup, and that no segment of the log is missing."""
    archive = archived.copy(tmp_path / "archive")
    [base] = archive.bases
    packed = (base.directory / "base.tar.gz").read_bytes()
    middle = len(packed) // 2
    # A single bit may be one of those that gzip leaves unused.
    (base.directory / "base.tar.gz").write_bytes(
        packed[:middle] + bytes(64) + packed[middle + 64 :]
    )

    with pytest.raises(ControlError, match="damaged"):
        unpack(archived.stack.settings, archive, base, tmp_path / "data")

    archive.segments(base)[0].unlink()
    with pytest.raises(ControlError, match=r"lacks [0-9A-F]{24}, where base backup"):
        archive.segments(base)


def test_older_base_backups_and_their_log_are_deleted(archived: Archived) -> None:
    """Keep the newest base backup and the log since it began."""
    archive = Archive(archived.home)
    [old] = archive.bases
    first_segment = old.first_segment
    with archived.stack.connect() as conn:
        conn.execute("select pg_switch_wal()")

    done = archived.stack.run("db", "archive", "--once", "--keep", "1", str(archived.home))

    assert masked(done.stdout) == shown(0)
    [new] = archive.bases
    assert new.directory != old.directory
    names = sorted(path.name for path in archive.wal.iterdir())
    assert names[0] == new.first_segment > first_segment
    assert len(archive.segments(new)) == len(names)


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
