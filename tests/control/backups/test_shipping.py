"""The copy of an archive in a vault holds what its archive.json says, whatever fails."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control.backups.archive import ARCHIVE, BASE, Archive
from control.backups.fetching import fetched_archive
from control.backups.keeping import listed_backups, listed_vault
from control.backups.manifest import StoredObject
from control.backups.objects import Wanted
from control.backups.packing import PACKED
from control.backups.retention import Retention
from control.backups.sealing import identities_of
from control.backups.shipping import OtherArchiveError, Shipper
from control.backups.vault import Vault
from control.settings import Settings
from control.stack.ports import any_free
from control.stack.process import wait_for
from control.storage.s3 import make_client
from tests.control.backups.archives import make_archive, make_base, segment

WANTED = Wanted("aspen", "jobs/1/tree.json", "v1", 4, None, is_promised=False)


def shipper_of(archive: Archive, vault: Vault, said: list[str] | None = None) -> Shipper:
    """Return what sends an archive, and goes on after failures if it may say something."""
    echo = (lambda line: None) if said is None else said.append
    return Shipper(archive, vault, Retention(keep=9), echo, tries_again=said is not None)


def ship(archive: Archive, shipper: Shipper) -> None:
    """Send everything."""
    noted = archive.complete_until
    assert noted is not None
    shipper.begin_round()
    shipper.ship_log(noted)
    shipper.ship_bases()


def keep_object(archive: Archive) -> StoredObject:
    """Put the copy of an object into an archive."""
    stored = StoredObject("aspen", WANTED.key, "v1", "e", "text/plain", 4, "s", WANTED.file)
    path = archive.home / WANTED.file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"tree")
    path.with_suffix(".json").write_text(json.dumps(vars(stored)))
    return stored


def test_archive_comes_back_from_the_vault(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Fetch a base backup, the log since it, objects when asked for, and leave nothing behind."""
    archive = make_archive(tmp_path / "archive", 2, 1)
    stored, shipper = keep_object(archive), shipper_of(archive, vault)

    shipper.ship_objects([stored])
    ship(archive, shipper)

    (tmp_path / "scratch").mkdir()
    with fetched_archive(vault_settings, vault.uri, tmp_path / "scratch") as found:
        assert [base.finished_at for base in found.bases] == [
            base.finished_at for base in archive.bases
        ]
        assert found.complete_until == archive.complete_until
        found.provide(found.bases[1])
        assert [path.name for path in found.segments(found.bases[1])] == [segment(2), segment(3)]
        copy = found.copy_of(WANTED)
        assert copy == stored
        with found.file_of(stored) as path:
            assert path.read_bytes() == b"tree"
        assert not path.exists()
        assert found.copy_of(replace(WANTED, key="another")) is None
    assert list((tmp_path / "scratch").iterdir()) == []


def test_base_backup_that_was_sent_in_part_does_not_count(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """List and restore those only of which everything is there; the next try completes it."""
    archive = make_archive(tmp_path / "archive", 2)
    ship(archive, shipper_of(archive, vault))
    new = make_base(archive, 2, 1)
    packed = new.directory / PACKED
    packed.unlink()
    packed.symlink_to("/proc/self/mem")

    with pytest.raises(OSError, match="Input/output error"):
        ship(archive, shipper_of(archive, vault))

    assert len(vault.folders("base/")) == 2
    assert [each["name"] for each in listed_vault(vault)] == [archive.bases[0].directory.name]
    with fetched_archive(vault_settings, vault.uri, tmp_path) as found:
        assert len(found.bases) == 1
    packed.unlink()
    packed.write_bytes(b"rows")
    ship(archive, shipper_of(archive, vault))
    names = [base.directory.name for base in archive.bases]
    assert [each["name"] for each in listed_vault(vault)] == names
    assert [each["name"] for each in listed_backups(archive.home)] == names


def test_vault_that_does_not_answer_falls_behind_and_catches_up(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Go on without it, say so once, and send everything later, objects first."""
    archive, said = make_archive(tmp_path / "archive", 1), list[str]()
    stored = keep_object(archive)
    dead = replace(vault_settings, s3_endpoint_url=f"http://127.0.0.1:{any_free()}")
    shipper = shipper_of(archive, replace(vault, s3=make_client(dead)), said)

    for _ in range(2):
        shipper.begin_round()
        shipper.ship_objects([stored])
        ship(archive, shipper)

    assert not shipper.is_up
    [line] = said
    assert line.startswith(f"{vault.uri} is behind: no S3 server answers at")
    shipper.vault = vault
    shipper.begin_round()
    shipper.ship_objects([stored])
    ship(archive, shipper)
    assert {f"{WANTED.file}.json", ARCHIVE} <= {kept.name for kept in vault.files()}
    base = f"base/{archive.bases[0].directory.name}/{BASE}"
    assert wait_for(lambda: vault.facts(base) is not None, 60)


def test_vault_is_not_said_to_be_complete_while_the_log_is_missing(
    vault: Vault, tmp_path: Path
) -> None:
    """Send archive.json last."""
    archive = make_archive(tmp_path / "archive", 1)
    (archive.wal / segment(9)).symlink_to("/proc/self/mem")

    with pytest.raises(OSError, match="Input/output error"):
        ship(archive, shipper_of(archive, vault))

    assert vault.facts(ARCHIVE) is None
    (archive.wal / segment(9)).unlink()
    ship(archive, shipper_of(archive, vault))
    assert vault.facts(ARCHIVE) is not None


def test_unfinished_segment_is_sent_again_until_it_is_complete(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Send each state of it, so that a quiet server's last rows are in the vault as well."""
    archive = make_archive(tmp_path / "archive", 1)
    partial, shipper = archive.wal / f"{segment(3)}.partial", shipper_of(archive, vault)

    def sent() -> dict[str, bytes]:
        ship(archive, shipper)
        identities = identities_of(vault_settings)
        names = [kept.name for kept in vault.files(f"wal/{segment(3)}")]
        return {name.removeprefix("wal/"): vault.read(name, identities) for name in names}

    partial.write_bytes(b"one")
    assert sent() == {partial.name: b"one"}
    partial.write_bytes(b"one two")
    archive.note(datetime.now(UTC), "0/5000001")
    assert sent() == {partial.name: b"one two"}
    partial.rename(archive.wal / segment(3))
    archive.note(datetime.now(UTC), "0/5000002")
    assert sent() == {segment(3): b"one two"}


def test_vault_of_another_archive_is_refused(vault: Vault, tmp_path: Path) -> None:
    """Mix no two servers, which would restore to nothing; the owner of the vault goes on."""
    mine, other = make_archive(tmp_path / "mine", 1), make_archive(tmp_path / "other", 1)
    ship(mine, shipper_of(mine, vault))

    with pytest.raises(OtherArchiveError, match="holds another archive"):
        ship(other, shipper_of(other, vault, []))

    ship(mine, shipper_of(mine, vault))
