"""A vault: a bucket of its own, and a key pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from control.backups.sealing import new_identity
from control.backups.vault import Vault
from control.settings import Settings
from control.stack.state import S3_KEY
from control.storage.s3 import S3Uri
from tests.servers import S3

BUCKET = "vault"


@pytest.fixture(scope="session")
def vault_settings(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with a vault on the server of the platform."""
    path = tmp_path_factory.mktemp("vault") / "key"
    settings = replace(
        s3.settings,
        backup_s3_endpoint_url=s3.settings.s3_endpoint_url,
        backup_s3_access_key=S3_KEY,
        backup_s3_secret_key=S3_KEY,
        backup_recipient=new_identity(path),
        backup_identity_file=f"{path}",
    )
    Vault.to_read(settings, S3Uri(BUCKET, "backups")).s3.create_bucket(Bucket=BUCKET)
    return settings


@pytest.fixture
def vault(vault_settings: Settings, tmp_path: Path) -> Vault:
    """Return an empty vault of this test's own."""
    return Vault.to_write(vault_settings, S3Uri(BUCKET, f"backups/{tmp_path.name}"))
