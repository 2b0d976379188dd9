"""Fetch the credentials that sign presigned URLs, keep them short-lived, and store them for SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from control.queries import run_query
from control.settings import Settings
from control.storage.s3 import no_credentials, patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The keys of a self-run endpoint cannot be exchanged and do not expire.
LOCAL_LIFETIME = timedelta(days=365)
SESSION_SECONDS = 3600
# A session token from elsewhere does not tell when it ends.
UNKNOWN_LIFETIME = timedelta(minutes=15)

_FRESH = (
    "select from aspen.storage_credentials where bucket = %s"
    " and clock_timestamp() < updated_at + (expires_at - updated_at) / 2"
)


@dataclass(frozen=True)
class AccessKeys:
    """The keys that sign requests."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class StorageCredentials:
    """The credentials of one bucket; the secret parts stay out of `repr`."""

    bucket: str
    region: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: datetime
    addressing_style: str


def current_credentials(settings: Settings, s3: S3Client) -> StorageCredentials:
    """Return the bucket's credentials; long-lived AWS keys never reach the database."""
    keys = _find_keys(settings)
    now = datetime.now(UTC)
    if keys.session_token is None and settings.s3_endpoint_url is None:
        keys = _exchange(settings, keys)
    lifetime = UNKNOWN_LIFETIME if keys.session_token else LOCAL_LIFETIME
    return StorageCredentials(
        settings.bucket,
        settings.region,
        s3.meta.endpoint_url.rstrip("/"),
        keys.access_key_id,
        keys.secret_access_key,
        keys.session_token,
        keys.expires_at or now + lifetime,
        # As the client: a self-run endpoint has no DNS name per bucket.
        "path" if settings.s3_endpoint_url else "virtual",
    )


def store_credentials(conn: psycopg.Connection, credentials: StorageCredentials) -> None:
    """Store credentials, with which the bucket's URLs are signed from now on."""
    run_query(conn, "storage/store_credentials", vars(credentials))


def renew_credentials_if_needed(conn: psycopg.Connection, settings: Settings, s3: S3Client) -> bool:
    """Renew the credentials if half of their life is over, and return whether it was done.

    For a process that runs on, which may call it as often as it likes: it asks the database alone
    until the moment has come.
    """
    if conn.execute(_FRESH, [settings.bucket]).fetchone() is not None:
        return False
    store_credentials(conn, current_credentials(settings, s3))
    return True


def _find_keys(settings: Settings) -> AccessKeys:
    """Return the keys of the settings, else what boto3 finds."""
    if settings.s3_access_key and settings.s3_secret_key:
        return AccessKeys(settings.s3_access_key, settings.s3_secret_key)
    import boto3

    found = boto3.Session(region_name=settings.region).get_credentials()
    if found is None:
        raise no_credentials()
    frozen = found.get_frozen_credentials()
    assert frozen.access_key and frozen.secret_key
    # Only credentials that boto3 renews itself know their end, and only under this name.
    expires_at = getattr(found, "_expiry_time", None)
    return AccessKeys(frozen.access_key, frozen.secret_key, frozen.token, expires_at)


def _exchange(settings: Settings, keys: AccessKeys) -> AccessKeys:
    """Exchange a user's keys for credentials valid for an hour."""
    import boto3

    sts = boto3.client(
        "sts",
        region_name=settings.region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=patience(),
    )
    lent = sts.get_session_token(DurationSeconds=SESSION_SECONDS)["Credentials"]
    return AccessKeys(
        lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"], lent["Expiration"]
    )
