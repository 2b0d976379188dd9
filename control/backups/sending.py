"""`control db backup s3://…`: a backup that leaves the machine, sealed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from control.backups.making import back_up
from control.backups.manifest import MANIFEST, Backup
from control.backups.scratch import scratch_directory
from control.backups.vault import Vault
from control.errors import ControlError
from control.settings import Settings
from control.storage.s3 import S3Uri
from control.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Echo = Callable[[str], None]


def send_backup(
    settings: Settings,
    s3: S3Client | None,
    uri: S3Uri,
    *,
    scratch: Path | None,
    with_keys: bool,
    echo: Echo,
) -> tuple[Backup, int]:
    """Make a backup in a scratch directory, and send it away; return it with its number of objects.

    Objects go one after the other. It counts when its manifest is there, which is sent last.
    """
    vault = Vault.to_write(settings, uri)
    if vault.facts(MANIFEST) is not None:
        raise ControlError(
            f"{uri} exists already", "name an address that does not: backups are never mixed"
        )
    vault.forget_unfinished()
    # What an earlier attempt left behind.
    vault.delete(kept.name for kept in vault.files())
    with scratch_directory("aspen-backup-", scratch) as home:
        made = back_up(
            settings,
            s3,
            home / "backup",
            with_keys=with_keys,
            echo=echo,
            take=vault.send,
        )
        echo(f"sending the rest to {uri}")
        files = [path for path in made.directory.rglob("*") if path.is_file()]
        ordered = sorted(files, key=lambda path: path.name == MANIFEST)
        for path in counted(ordered, "sending files", len(ordered)):
            vault.send(path, str(path.relative_to(made.directory)))
        return made, made.object_count
