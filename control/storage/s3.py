"""Reach objects in S3: one client per environment, reading without holding a file in memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

from control.errors import ControlError
from control.local import is_ours, without_variables
from control.settings import Settings

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.loaders import Loader
    from mypy_boto3_s3 import S3Client

SCHEME = "s3://"
# A server that accepts connections but stays silent is given up after half a minute, all attempts
# together. Two pieces of a large object arrive within moments.
CONNECT_SECONDS = 5
READ_SECONDS = 10
ATTEMPTS = 3
BUFFER_BYTES = 1 << 20
# Requests that one command has under way at the same time.
CONNECTIONS = 16


@dataclass(frozen=True)
class S3Uri:
    """The address of one object or prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Parse `s3://bucket/key`; ValueError says what is missing."""
        if not text.startswith(SCHEME):
            raise ValueError(f"{text!r} does not start with {SCHEME}")
        bucket, _, key = text.removeprefix(SCHEME).partition("/")
        if not bucket or not key:
            raise ValueError(f"{text!r} names no {'object' if bucket else 'bucket'}")
        return cls(bucket, key)

    def sibling(self, name: str) -> S3Uri:
        """Return the address of an object of that name in the same folder."""
        folder, slash, _ = self.key.rpartition("/")
        return S3Uri(self.bucket, f"{folder}{slash}{name}")

    @property
    def parent(self) -> S3Uri:
        """Return the address of the folder around it; at the top its key is empty."""
        return S3Uri(self.bucket, self.key.rpartition("/")[0])

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"


def make_client(
    settings: Settings, *, hurries: bool = False, read_seconds: float | None = None
) -> S3Client:
    """Return an S3 client with the keys of the settings (the local stack) or of boto3's chain.

    One that `hurries` tries once, for those who only ask whether S3 answers. `read_seconds` is how
    long an answer may take, if that is longer than for others.
    """
    with open_session(settings) as (session, proxies):
        return _client_of(session, settings, proxies, hurries, read_seconds)


@contextmanager
def open_session(settings: Settings) -> Iterator[tuple[boto3.Session, dict[str, str] | None]]:
    """Return the session that makes clients, and their proxies: None means the environment's.

    Clients of the local stack read nothing that the user configured for AWS.
    """
    # Imported here, because it takes half a second that commands without S3 need not wait.
    import boto3
    import botocore.session

    if not is_ours(settings, "s3_endpoint_url"):
        session = botocore.session.get_session()
        _share_descriptions(session)
        yield boto3.Session(botocore_session=session), None
        return
    with without_variables("AWS_", "BOTO_"):
        session = botocore.session.Session()
        for name in ("config_file", "credentials_file"):
            session.set_config_variable(name, os.devnull)
        _share_descriptions(session)
        yield boto3.Session(botocore_session=session), {}


def _share_descriptions(session: botocore.session.Session) -> None:
    """Let the sessions of a process read what describes the services of AWS once.

    A session would parse megabytes of JSON again: nine tenths of the time to make a client.
    """
    loader = _loader_of(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)


@cache
def _loader_of(data_path: str | None) -> Loader:
    from botocore.loaders import create_loader

    return create_loader(data_path)


def _client_of(
    session: boto3.Session,
    settings: Settings,
    proxies: dict[str, str] | None,
    hurries: bool,
    read_seconds: float | None,
) -> S3Client:
    from botocore.config import Config

    return session.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key,
        config=Config(
            signature_version="s3v4",
            # A self-run endpoint has no DNS name per bucket.
            s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
            proxies=proxies,
            max_pool_connections=CONNECTIONS,
        ).merge(patience(1 if hurries else ATTEMPTS, read_seconds)),
    )


def patience(attempts: int = ATTEMPTS, read_seconds: float | None = None) -> Config:
    """Return how long to wait for a service of AWS or its replacement."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds or READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


def explain(error: BotoCoreError) -> ControlError:
    """Explain why there was no answer, and from which address."""
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

    where = str(error.kwargs.get("endpoint_url") or "the endpoint")
    address = "{0.scheme}://{0.netloc}".format(urlsplit(where)) if "://" in where else where
    running = "of the local stack: control status, then control up, which restarts one that hangs"
    match error:
        case ReadTimeoutError():
            return ControlError(
                f"S3 at {address} accepts connections but does not answer in time",
                f"look at that server; the one {running}",
            )
        case ConnectTimeoutError():
            return ControlError(
                f"S3 at {address} is unreachable: no connection within {CONNECT_SECONDS} s",
                "check the endpoint, and firewall and proxy on the way",
            )
        case EndpointConnectionError():
            return ControlError(
                f"no S3 server answers at {address}", f"check the endpoint; the one {running}"
            )
        case _:
            return ControlError(f"S3 did not answer: {error}", "control status")


def no_credentials() -> ControlError:
    """Build the error for AWS credentials that are missing."""
    return ControlError(
        "no AWS credentials were found",
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )


def open_object(s3: S3Client, uri: S3Uri) -> BinaryIO:
    """Stream one object through a buffered reader, however large the object."""
    try:
        body = s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise ControlError(f"{uri} does not exist", "check bucket and key") from error
    return io.BufferedReader(cast(io.RawIOBase, body), BUFFER_BYTES)
