"""Run ministack: S3, SQS and Step Functions of the local stack, with objects on disk."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.exceptions

from control.errors import ControlError
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.ports import HOST
from control.stack.process import Launch, Server
from control.stack.state import S3_KEY
from control.storage.s3 import make_client
from control.storage.sqs import make_queue_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READY_SECONDS = 60
SERVICES = "s3,sqs,stepfunctions"
# The queue that gets to know of each new manifest, for `control output watch`.
QUEUE = "aspen-outputs"
# Run by its path, so that any interpreter with ministack finds it.
EMULATOR = Path(__file__).with_name("s3_emulator.py")


def require_ministack() -> None:
    """Fail if ministack is not installed."""
    if find_spec("ministack") is None:
        raise ControlError("ministack is not installed", "run make up, which installs it")


def ministack_launch(data: Path, port: int, region: str, origins: str = "") -> Launch:
    """Return the command of the emulator; pages of `origins` may read links.

    It rejects unknown keys, requests without a signature and links with a wrong one. It does not
    verify the signature in an Authorization header: there knowing the key is the proof, and
    everybody knows this key. So it proves nothing about signing; tests/sql/test_presigned_url.py
    does.
    """
    scratch = data.parent / "run"
    data.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    return Launch(
        [sys.executable, "-I", str(EMULATOR)],
        {
            "PATH": os.defpath,
            "ASPEN_ORIGINS": origins,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": region,
            "SERVICES": SERVICES,
            "AUTH": "true",
            # These would listen on every address of the machine.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # Otherwise it removes containers it takes for its own, such as a colleague's emulator.
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            # Each object is on disk before its PUT is answered.
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(data),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(scratch),
            # So that it never finds the user's real AWS account.
            "AWS_ACCESS_KEY_ID": S3_KEY,
            "AWS_SECRET_ACCESS_KEY": S3_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )


def ministack_server(name: str, run: Path, logs: Path) -> Server:
    """Return how to find and stop it."""
    return Server(name, run / f"{name}.pid", logs / f"{name}.log", stop_seconds=3)


def is_ready(endpoint_url: str) -> bool:
    """Return whether it answers."""
    return http_ok(f"{endpoint_url}/_ministack/health")


def ensure_bucket(settings: Settings) -> bool:
    """Create the bucket unless it exists, turn versioning on, and return whether it was created.

    The emulator forgets at every start that a bucket is versioned, but keeps the versions.
    """
    s3 = make_client(settings)
    is_new = _create_bucket(s3, settings.bucket)
    s3.put_bucket_versioning(Bucket=settings.bucket, VersioningConfiguration={"Status": "Enabled"})
    return is_new


def ensure_notifications(settings: Settings) -> None:
    """Have the bucket tell a queue of new manifests; the emulator forgets both at every start.

    Only of manifests, because the emulator keeps in memory what nobody takes from the queue.
    """
    sqs = make_queue_client(settings)
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    make_client(settings).put_bucket_notification_configuration(
        Bucket=settings.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": QUEUE,
                    "QueueArn": arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {
                        "Key": {
                            "FilterRules": [
                                {"Name": "prefix", "Value": "jobs/"},
                                {"Name": "suffix", "Value": "/manifest.json"},
                            ]
                        }
                    },
                }
            ]
        },
    )


def _create_bucket(s3: S3Client, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        s3.create_bucket(Bucket=bucket)
        return True
    return False
