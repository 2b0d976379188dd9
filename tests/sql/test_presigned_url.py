"""Presigned URLs signed in SQL equal those that botocore, AWS's own signer, makes.

The S3 emulator does not prove this: it answers any URL with a known key, even without a signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlsplit

import boto3
import psycopg
import pytest
from botocore.config import Config

from tests import factories

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = {
    "plain": "jobs/1/1/tree.json",
    "space": "jobs/1/1/a b.json",
    "plus": "jobs/1/1/a+b.json",
    "percent": "jobs/1/1/a%2Fb%.json",
    "unicode": "jobs/1/1/Zürich 日本 🧬.json",
    "decomposed": "jobs/1/1/e\u0301.json",
    "unreserved": "jobs/1/1/a-b_c.d~e",
    "reserved": "jobs/1/1/:?#[]@!$&'()*+,;=",
    "odd": 'jobs/1/1/"<>\\^`{|}',
    "slashes": "jobs//1///tree.json",
    "dots": "jobs/1/./../tree.json",
}
VERSIONS = {
    "no version": None,
    "AWS": "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo",
    "emulator": "426f6d06-763f-4a2e-bfb2-1a3505e7d183",
    "odd": "a b&c=d~é",
}


@dataclass(frozen=True)
class Signer:
    """Credentials and an endpoint, as both signers receive them."""

    access_key_id: str = "AKIDEXAMPLE"
    secret_access_key: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    session_token: str | None = None
    region: str = "eu-west-1"
    endpoint_url: str = "https://s3.eu-west-1.amazonaws.com"
    bucket: str = "aspen-outputs"

    def by_sql(self, conn: psycopg.Connection, key: str, version_id: str | None) -> SplitResult:
        """Return the URL that output_url would return."""
        factories.storage_credentials(
            conn,
            self.bucket,
            region=self.region,
            endpoint_url=self.endpoint_url,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            session_token=self.session_token,
        )
        row = conn.execute(
            "select internal.presigned_url(%s, %s, %s, 300)", [self.bucket, key, version_id]
        ).fetchone()
        assert row is not None
        return urlsplit(row[0])

    def by_botocore(self, key: str, version_id: str | None) -> SplitResult:
        """Return the URL of AWS's own client."""
        params = {"Bucket": self.bucket, "Key": key} | (
            {} if version_id is None else {"VersionId": version_id}
        )
        return urlsplit(
            client_of(self).generate_presigned_url("get_object", Params=params, ExpiresIn=300)
        )


@cache
def client_of(signer: Signer) -> S3Client:
    """Return an S3 client, cached because making one takes half a second."""
    return boto3.client(
        "s3",
        endpoint_url=signer.endpoint_url,
        region_name=signer.region,
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
        aws_session_token=signer.session_token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def parts(url: SplitResult) -> tuple[str, str, str, dict[str, str]]:
    """Split a URL into its parts, independent of the order of the query."""
    return url.scheme, url.netloc, url.path, dict(parse_qsl(url.query, strict_parsing=True))


@pytest.fixture
def same_moment(admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have botocore's clock show the start of the database's transaction."""
    row = admin.execute("select now()").fetchone()
    assert row is not None
    moment: datetime = row[0].astimezone(UTC)

    def now(remove_tzinfo: bool = True) -> datetime:
        return moment.replace(tzinfo=None) if remove_tzinfo else moment

    monkeypatch.setattr("botocore.auth.get_current_datetime", now)


@pytest.mark.usefixtures("same_moment")
@pytest.mark.parametrize("version_id", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_url_is_signed_as_botocore_signs_it(
    admin: psycopg.Connection, key: str, version_id: str | None
) -> None:
    """Compute the same URL and signature for every key and version."""
    signer = Signer()

    ours, theirs = signer.by_sql(admin, key, version_id), signer.by_botocore(key, version_id)

    assert parts(ours) == parts(theirs)
    assert "X-Amz-Signature" in parts(ours)[3]


SIGNERS = {
    "session token": Signer(session_token="FwoGZXIvYXdzEXA/+==&x y"),
    "odd keys": Signer(access_key_id="a+b/c", secret_access_key="ü" * 70),
    "other region": Signer(region="us-east-1"),
    "port": Signer(endpoint_url="http://127.0.0.1:4566"),
    "usual port of https": Signer(endpoint_url="https://s3.example.org:443"),
    "usual port of http": Signer(endpoint_url="http://s3.example.org:80"),
    "bucket with dots": Signer(bucket="aspen.outputs"),
}


@pytest.mark.usefixtures("same_moment")
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_url_is_signed_alike_with_any_credentials(
    admin: psycopg.Connection, signer: Signer
) -> None:
    """Compute the same URL for all credentials that `control output credentials` may store."""
    ours = signer.by_sql(admin, KEYS["unicode"], VERSIONS["AWS"])
    theirs = signer.by_botocore(KEYS["unicode"], VERSIONS["AWS"])

    assert parts(ours) == parts(theirs)
