"""Read what S3 says about new objects, as it comes: directly, through SNS or EventBridge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from control.outputs.formats.json_values import MalformedJson, read_json
from control.outputs.malformed import Malformed
from control.storage.s3 import S3Uri

# SNS puts the message of S3 as a text into its own; nobody nests deeper.
_DEPTH = 2


def created_objects(body: str) -> list[S3Uri]:
    """Return the objects that a message says were created; reject what is no message of S3."""
    return [*_read(body, _DEPTH)]


def _read(body: str, depth: int) -> Iterator[S3Uri]:
    try:
        document = read_json(body.encode(errors="replace"))
    except MalformedJson as error:
        raise Malformed("the message", error.position, error.reason) from error
    match document:
        case {"Type": "Notification", "Message": str(inner)} if depth > 0:
            yield from _read(inner, depth - 1)
        case {"Event": "s3:TestEvent"}:
            # S3 sends it when the notifications are set up.
            return
        case {"Records": [*records]}:
            for record in records:
                yield from _of_record(record)
        case {"detail-type": str(kind), "detail": dict(detail)}:
            if kind == "Object Created":
                yield _address(detail)
        case _:
            raise Malformed("the message", None, "is no notification of S3")


def _of_record(record: Any) -> Iterator[S3Uri]:
    match record:
        case {"eventName": str(name), "s3": dict(about)}:
            # Without the "s3:" in which some write it.
            if name.removeprefix("s3:").startswith("ObjectCreated:"):
                uri = _address(about)
                # Records spell keys as forms do; EventBridge spells them as they are.
                yield S3Uri(uri.bucket, unquote_plus(uri.key))
        case _:
            raise Malformed("the message", None, "has a record that is none of S3")


def _address(about: dict[str, Any]) -> S3Uri:
    match about:
        case {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}} if bucket and key:
            return S3Uri(bucket, key)
        case _:
            raise Malformed("the message", None, "names no object")
