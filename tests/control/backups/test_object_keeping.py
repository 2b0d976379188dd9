"""Copies of objects stay as long as a moment that can be restored needs them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from control.backups.archive import Archive
from control.backups.object_keeping import ObjectKeeper
from control.backups.retention import Retention
from control.backups.shipping import Shipper
from control.backups.vault import Vault
from tests import factories
from tests.control.backups.archives import make_archive
from tests.servers import S3

KEYS = ("stays", "goes")
DAY = timedelta(days=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive whose oldest base backup is a day old."""
    return make_archive(tmp_path / "archive", 1)


def look(conn: psycopg.Connection, s3: S3, archive: Archive, shipper: Shipper | None) -> list[str]:
    """Look at all rows, as a command that was just started; return what it says."""
    said = list[str]()
    keeper = ObjectKeeper(s3.client, archive, said.append)
    if shipper is not None:
        shipper.begin_round()
    keeper.look(conn, datetime.now(UTC), "0/1", shipper)
    if shipper is not None:
        noted = archive.complete_until
        assert noted is not None
        shipper.ship_log(noted)
        shipper.ship_bases()
    keeper.forget(shipper)
    return said


def age(archive: Archive, days: int) -> None:
    """Let everything that is beside a copy be so many days older."""
    for path in (archive.home / "objects").rglob("*.*"):
        seen = path.stat().st_mtime - days * DAY.total_seconds()
        os.utime(path, (seen, seen))


def store(conn: psycopg.Connection, s3: S3, folder: str) -> None:
    """Store two objects, each the output of a job."""
    group_id = factories.group(conn)
    for name in KEYS:
        key = f"{folder}/{name}"
        s3.client.put_object(Bucket=s3.settings.bucket, Key=key, Body=name.encode())
        job_id = factories.job(conn, group_id, kind="nextclade")
        factories.job_output(
            conn,
            job_id,
            bucket=s3.settings.bucket,
            key=key,
            size_bytes=len(name),
            checksum_sha256=None,
        )


@pytest.mark.parametrize("is_sent", [False, True], ids=["here", "outside as well"])
def test_copy_goes_when_no_moment_needs_it(
    admin: psycopg.Connection, s3: S3, vault: Vault, archive: Archive, is_sent: bool
) -> None:
    """Keep it while a base backup is older than the look that found no row; then delete it."""
    said = list[str]()
    shipper = Shipper(archive, vault, Retention(keep=9), said.append, tries_again=False)
    sender = shipper if is_sent else None
    store(admin, s3, archive.home.parent.name)

    def copies() -> tuple[list[bytes], int]:
        here = sorted((archive.home / "objects").glob("*/" + "?" * 64))
        outside = [kept for kept in vault.files("objects/") if not kept.name.endswith(".json")]
        return sorted(path.read_bytes() for path in here), len(outside)

    look(admin, s3, archive, sender)
    assert copies() == ([b"goes", b"stays"], 2 * is_sent)
    admin.execute("delete from aspen.job_outputs where key like '%/goes'")
    age(archive, 1)
    # The first look finds that no row names it, the second one that the base backup is older.
    assert [look(admin, s3, archive, sender) for _ in range(2)] == [[], []]
    assert copies() == ([b"goes", b"stays"], 2 * is_sent)

    # Now the base backup is younger than what was found.
    age(archive, 2)
    [words] = look(admin, s3, archive, sender)

    assert words.startswith("deleted 1 objects that no row has named since")
    assert copies() == ([b"stays"], 1 * is_sent)
    left = {path.suffix for path in (archive.home / "objects").rglob("*") if path.is_file()}
    assert left == ({"", ".json", ".sent"} if is_sent else {"", ".json"})
