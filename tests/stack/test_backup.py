"""`control db backup` and `restore` as docs/operations.md runs them.

They run on the PostgreSQL of ASPEN_POSTGRES_BIN: .ci/run runs this file for either version.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from click.testing import Result

from control.backups.making import SECRETS
from control.backups.manifest import read_backup
from control.backups.tools import find_tool
from control.errors import ControlError
from control.schema.diff import schema_differences
from control.storage.s3 import make_client
from tests.stack.backups import (
    KEYS,
    Original,
    Stack,
    backed_up,
    make_vault,
    running,
)

SECRET = "SecretThatNoDumpHolds"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    """Run the stack that everything here is a backup of."""
    with backed_up(tmp_path_factory.mktemp("original"), SECRET) as original:
        yield original


@pytest.fixture(scope="module")
def restored(
    original: Original, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Original, Stack, Result]]:
    """Restore into a fresh stack of the bundled PostgreSQL: the same version, or the next."""
    data = tmp_path_factory.mktemp("restored") / "data"
    with running(data, "18", "second-bucket") as stack:
        done = stack.run("db", "restore", "--yes", str(original.backup))
        yield original, stack, done


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
    before = original.stack.words("select datname from pg_database order by 1")

    result = original.stack.control("db", "restore", "--yes", str(copy))

    assert result.exit_code == 1
    assert original.stack.content() == original.content
    assert original.stack.words("select datname from pg_database order by 1") == before


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
