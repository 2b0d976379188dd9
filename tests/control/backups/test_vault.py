"""A vault holds sealed files outside the machine, each whole or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from control.backups.fetching import fetched_archive, fetched_backup
from control.backups.manifest import MANIFEST
from control.backups.sealing import SUFFIX, identities_of, new_identity
from control.backups.vault import MissingFileError, Vault
from control.errors import ControlError
from control.settings import Settings
from control.storage.s3 import S3Uri
from tests.control.backups.conftest import BUCKET


def stored(vault: Vault, name: str) -> bytes:
    """Return what somebody who took the bucket has."""
    key = f"{vault.uri.key}/{name}{SUFFIX}"
    return vault.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_file_comes_back_as_it_was_sent(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Send a file of more than one piece; nobody without the identity reads a word of it."""
    sent = b"private identifier\n" * (9 << 16) + os.urandom(9 << 20)
    (tmp_path / "sent").write_bytes(sent)

    vault.send(tmp_path / "sent", "folder/file")
    vault.fetch("folder/file", tmp_path / "came", identities_of(vault_settings))

    assert (tmp_path / "came").read_bytes() == sent
    assert (tmp_path / "came").stat().st_mode & 0o777 == 0o600
    assert [kept.name for kept in vault.files()] == ["folder/file"]
    assert b"private" not in stored(vault, "folder/file")


def test_file_that_cannot_be_read_to_its_end_does_not_appear(vault: Vault) -> None:
    """Leave nothing that looks complete."""
    with pytest.raises(OSError, match="Input/output error"):
        vault.send(Path("/proc/self/mem"), "half")

    assert list(vault.files()) == []


def test_file_that_was_cut_off_does_not_arrive(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Verify before the file gets its name."""
    vault.write(b"whole", "file")
    key = f"{vault.uri.key}/file{SUFFIX}"
    vault.s3.put_object(Bucket=BUCKET, Key=key, Body=stored(vault, "file")[:-1])

    with pytest.raises(ControlError, match="damaged or cut off"):
        vault.fetch("file", tmp_path / "file", identities_of(vault_settings))

    assert list(tmp_path.iterdir()) == []


def test_missing_file_and_bucket_are_named(vault: Vault, vault_settings: Settings) -> None:
    """Say which address there is nothing at."""
    with pytest.raises(MissingFileError, match=f"{vault.uri}/file{SUFFIX} does not exist"):
        vault.read("file", identities_of(vault_settings))
    nowhere = replace(vault, uri=S3Uri("no-such-bucket", "x"))
    for act in (lambda: list(nowhere.files()), lambda: nowhere.write(b"", "x")):
        with pytest.raises(ControlError, match="there is no bucket no-such-bucket"):
            act()


def test_deleted_files_are_gone(vault: Vault) -> None:
    """Delete what is named, and nothing else."""
    for name in ("a", "b", "c"):
        vault.write(b"x", name)

    vault.delete(["a", "c", "never there"])

    assert [kept.name for kept in vault.files()] == ["b"]


def test_vault_has_credentials_of_its_own(vault_settings: Settings) -> None:
    """Sign with them, so that who took over the platform's neither reads nor deletes a backup."""

    def link(secret: str) -> str:
        settings = replace(
            vault_settings, backup_s3_access_key="keeper", backup_s3_secret_key=secret
        )
        s3 = Vault.to_read(settings, S3Uri(BUCKET, "x")).s3
        return s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "x"})

    assert "Credential=keeper%2F" in link("a")
    assert link("a").partition("Signature=")[2] != link("b").partition("Signature=")[2]


def test_bucket_of_the_platform_is_refused(vault_settings: Settings) -> None:
    """Keep backups where the platform cannot delete them."""
    with pytest.raises(ControlError, match="in the bucket of the platform"):
        Vault.to_write(vault_settings, S3Uri(vault_settings.bucket, "backups"))


def test_vault_without_the_identity_is_not_opened(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Say so, whether it is missing or that of others, before anything is fetched."""
    vault.write(b"{}", MANIFEST)
    new_identity(tmp_path / "other")
    for identity, said in ((None, "no identity"), (f"{tmp_path / 'other'}", "does not open")):
        settings = replace(vault_settings, backup_identity_file=identity)
        with (
            pytest.raises(ControlError, match=said),
            fetched_backup(settings, vault.uri, tmp_path),
        ):
            pass

    with fetched_backup(vault_settings, vault.uri, tmp_path) as folder:
        assert [path.name for path in folder.iterdir()] == [MANIFEST]


def test_name_that_leads_out_of_the_vault_is_refused(
    vault: Vault, vault_settings: Settings, tmp_path: Path
) -> None:
    """Write nowhere else, although everybody can seal, and whoever has the bucket names files."""
    vault.write(b"{}", MANIFEST)
    vault.write(b"evil", "x/../../../evil")

    with (
        pytest.raises(ControlError, match="leads out of the vault"),
        fetched_backup(vault_settings, vault.uri, tmp_path),
    ):
        pass

    assert list(tmp_path.iterdir()) == []


def test_address_without_a_backup_or_an_archive_is_named(
    vault: Vault, vault_settings: Settings
) -> None:
    """Tell what the commands look for."""
    with (
        pytest.raises(ControlError, match="is no backup"),
        fetched_backup(vault_settings, vault.uri, None),
    ):
        pass
    with (
        pytest.raises(ControlError, match="is no archive"),
        fetched_archive(vault_settings, vault.uri, None),
    ):
        pass
