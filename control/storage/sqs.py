"""Reach a queue of SQS, at the same endpoint and with the same keys as S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from control.errors import ControlError
from control.settings import Settings
from control.storage.s3 import open_session, patience

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# SQS answers at once when a message comes. Less than what a client waits for an answer.
WAIT_SECONDS = 5


@dataclass(frozen=True)
class Queue:
    """One queue: messages come at least once, in any order, and stay until they are removed."""

    client: SQSClient
    url: str

    def receive(self, *, wait: bool) -> list[MessageTypeDef]:
        """Return up to ten messages, after some seconds none; others do not get them meanwhile."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=WAIT_SECONDS if wait else 0,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return answer.get("Messages", [])

    def remove(self, message: MessageTypeDef) -> None:
        """Remove a message that was handled."""
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


def make_queue_client(settings: Settings) -> SQSClient:
    """Return a client for the queues next to the S3 of the settings."""
    from botocore.config import Config

    with open_session(settings) as (session, proxies):
        return session.client(
            "sqs",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key,
            config=Config(proxies=proxies).merge(patience()),
        )


def open_queue(settings: Settings, queue: str) -> Queue:
    """Return a queue by its URL, or by its name in the region of the settings."""
    client = make_queue_client(settings)
    if "://" in queue:
        return Queue(client, queue)
    try:
        return Queue(client, client.get_queue_url(QueueName=queue)["QueueUrl"])
    except client.exceptions.QueueDoesNotExist as error:
        raise ControlError(
            f"there is no queue {queue!r}",
            "name the queue that gets the notifications of the bucket, or give its URL",
        ) from error
