"""Write a message as Standard Webhooks asks, signed with the secrets of its webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """An event as the API shows it."""

    id: int
    group_id: int
    kind: str
    row_id: int
    status: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class Message:
    """A message to one address; the signature is made for each try, because it has the time."""

    id: str
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    # The present one, and for a while the former one.
    secrets: tuple[str, ...] = field(repr=False)

    def headers(self, timestamp: int) -> dict[str, str]:
        """Return the headers of a try at this time, in seconds since 1970."""
        signed = f"{self.id}.{timestamp}.".encode() + self.body
        digests = [
            hmac.digest(base64.b64decode(secret), signed, hashlib.sha256) for secret in self.secrets
        ]
        return {
            "Content-Type": "application/json",
            "User-Agent": "Aspen-Webhooks/1",
            "webhook-id": self.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(
                f"v1,{base64.b64encode(digest).decode()}" for digest in digests
            ),
        }


def message_of(webhook_id: int, url: str, secrets: Sequence[str], events: list[Event]) -> Message:
    """Return the message of these events; the same events are the same message."""
    document = {
        "type": "events",
        "timestamp": events[-1].occurred_at.isoformat(),
        "data": {
            "webhook_id": webhook_id,
            "events": [
                vars(event) | {"occurred_at": event.occurred_at.isoformat()} for event in events
            ],
        },
    }
    return Message(
        id=f"msg_{webhook_id}_{events[0].id}_{events[-1].id}",
        url=url,
        body=json.dumps(document, separators=(",", ":")).encode(),
        secrets=tuple(secrets),
    )
