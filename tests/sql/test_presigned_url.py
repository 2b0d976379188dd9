"""Presigned URLs signed in SQL equal those that botocore, AWS's own signer, makes.

Unlike the real S3, the emulator does not look at every signature, so it does not prove this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import boto3
import psycopg
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

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
class Call:
    """What a URL is for, in the words of each signer."""

    key: str
    operation: Literal["get_object", "put_object", "upload_part"] = "get_object"
    version_id: str | None = None
    size: int | None = None
    content_type: str | None = None
    checksum: str | None = None
    part: int | None = None
    upload_id: str | None = None

    @property
    def method(self) -> str:
        """Return the method of the request."""
        return "GET" if self.operation == "get_object" else "PUT"

    @property
    def parameters(self) -> dict[str, str]:
        """Return the query besides the version."""
        return _said(partNumber=self.part, uploadId=self.upload_id)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that are signed."""
        return _said(
            **{
                "Content-Length": self.size,
                "Content-Type": self.content_type,
                "x-amz-checksum-sha256": self.checksum,
            }
        )

    @property
    def as_botocore_says_it(self) -> dict[str, Any]:
        """Return the arguments of the operation."""
        values = {
            "VersionId": self.version_id,
            "ContentLength": self.size,
            "ContentType": self.content_type,
            "ChecksumSHA256": self.checksum,
            "PartNumber": self.part,
            "UploadId": self.upload_id,
        }
        return {name: value for name, value in values.items() if value is not None}


def _said(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Signer:
    """Credentials and an endpoint, as both signers receive them."""

    access_key_id: str = "AKIDEXAMPLE"
    secret_access_key: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    session_token: str | None = None
    region: str = "eu-west-1"
    endpoint_url: str = "https://s3.eu-west-1.amazonaws.com"
    bucket: str = "aspen-outputs"

    addressing_style: Literal["path", "virtual"] = "path"

    def by_sql(self, conn: psycopg.Connection, call: Call) -> str:
        """Return the URL that the database signs."""
        conn.execute("delete from aspen.storage_credentials")
        factories.storage_credentials(conn, **vars(self))
        row = conn.execute(
            "select internal.presigned_url(%s, %s, %s, 300, %s, %s, %s)",
            [
                self.bucket,
                call.key,
                call.version_id,
                call.method,
                Jsonb(call.parameters),
                Jsonb(call.headers),
            ],
        ).fetchone()
        assert row is not None
        return str(row[0])

    def by_botocore(self, call: Call) -> str:
        """Return the URL of AWS's own client."""
        params = {"Bucket": self.bucket, "Key": call.key} | call.as_botocore_says_it
        return client_of(self).generate_presigned_url(call.operation, Params=params, ExpiresIn=300)


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
        config=Config(signature_version="s3v4", s3={"addressing_style": signer.addressing_style}),
    )


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
    """Write the same URL for every key and version, byte for byte."""
    call = Call(key, version_id=version_id)

    url = Signer().by_sql(admin, call)

    assert url == Signer().by_botocore(call)
    assert "X-Amz-Signature" in url


SIGNERS = {
    "session token": Signer(session_token="FwoGZXIvYXdzEXA/+==&x y"),
    "odd keys": Signer(access_key_id="a+b/c", secret_access_key="ü" * 70),
    "other region": Signer(region="us-east-1"),
    "port": Signer(endpoint_url="http://127.0.0.1:4566"),
    "usual port of https": Signer(endpoint_url="https://s3.example.org:443"),
    "usual port of http": Signer(endpoint_url="http://s3.example.org:80"),
    "bucket with dots": Signer(bucket="aspen.outputs"),
    "host": Signer(addressing_style="virtual"),
    "host with a port": Signer(
        endpoint_url="http://s3.example.org:9000", addressing_style="virtual"
    ),
    "host of an address": Signer(endpoint_url="http://127.0.0.1:4566", addressing_style="virtual"),
    "host of a bucket with dots": Signer(bucket="aspen.outputs", addressing_style="virtual"),
    "host of a bucket with dots without a certificate": Signer(
        bucket="aspen.outputs", endpoint_url="http://s3.example.org", addressing_style="virtual"
    ),
}
CALLS = {
    "fetch": Call(KEYS["unicode"], version_id=VERSIONS["AWS"]),
    "send": Call(
        KEYS["unicode"], "put_object", size=5, content_type="text/csv;  a=b", checksum="YWJj+/8="
    ),
    "send a part": Call(KEYS["unicode"], "upload_part", size=9, part=10000, upload_id="a/b+c =="),
}


@pytest.mark.usefixtures("same_moment")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_url_is_signed_alike_with_any_credentials(
    admin: psycopg.Connection, signer: Signer, call: Call
) -> None:
    """Write the same URL for all credentials that `control output credentials` may store."""
    assert signer.by_sql(admin, call) == signer.by_botocore(call)


# Everything that a text of the database may hold; S3 takes keys of up to 1,024 bytes.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80)
KEYS_OF_ANY_KIND = TEXTS.filter(lambda key: not key.startswith("/"))
ANY_CALL = st.one_of(
    st.builds(Call, KEYS_OF_ANY_KIND, version_id=st.none() | TEXTS),
    st.builds(
        Call,
        KEYS_OF_ANY_KIND,
        st.just("put_object"),
        size=st.integers(0, 5 << 30),
        content_type=st.none() | VISIBLE,
        checksum=st.none() | VISIBLE,
    ),
    st.builds(
        Call,
        KEYS_OF_ANY_KIND,
        st.just("upload_part"),
        size=st.integers(0, 5 << 30),
        checksum=st.none() | VISIBLE,
        part=st.integers(1, 10_000),
        upload_id=TEXTS,
    ),
)


@pytest.mark.usefixtures("same_moment")
@given(call=ANY_CALL, signer=st.sampled_from(list(SIGNERS.values())))
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_url_of_anything_is_signed_as_botocore_signs_it(
    admin: psycopg.Connection, call: Call, signer: Signer
) -> None:
    """Write the same URL for keys with every character, fetched, sent whole and sent in parts."""
    assert signer.by_sql(admin, call) == signer.by_botocore(call)


def test_url_ends_with_its_credentials(admin: psycopg.Connection) -> None:
    """Sign for ninety seconds when the credentials are valid for no longer."""
    factories.storage_credentials(admin, "aspen", expires_at="2999-01-01")
    admin.execute("update aspen.storage_credentials set expires_at = now() + interval '90.5 s'")

    row = admin.execute("select internal.presigned_url('aspen', 'a', null, 900, 'PUT')").fetchone()

    assert row is not None
    assert dict(parse_qsl(urlsplit(row[0]).query))["X-Amz-Expires"] == "90"
