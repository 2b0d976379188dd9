"""Read JSON that PostgreSQL and browsers accept: no NaN, infinity, NUL or lone surrogate."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# An escaped NUL: the backslash before u0000 is not itself escaped.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class MalformedJson(Exception):
    """Not usable JSON; `position` tells where, if known."""

    def __init__(self, position: str | None, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


def decode(content: bytes) -> str:
    """Decode a JSON file to text; a byte-order mark is dropped."""
    if content.startswith(b"\x1f\x8b"):
        raise MalformedJson(None, "is compressed with gzip")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedJson(f"line {line}", f"is not UTF-8 ({error.reason})") from error


def read_json(content: bytes) -> Any:
    """Parse the whole of a small file."""
    text = decode(content)
    try:
        value = json.JSONDecoder(
            object_pairs_hook=_unique_members, parse_float=finite, parse_constant=refuse_constant
        ).decode(text)
    except RecursionError as error:
        raise MalformedJson(None, "is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(position_of(text, error.pos), f"is not JSON: {error.msg}") from error
    except ValueError as error:
        raise MalformedJson(None, str(error)) from error
    dump(value)
    return value


def dump(value: Any) -> str:
    """Return the shortest text of a value that can be stored."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise MalformedJson(None, "a string holds half of a surrogate pair") from error
    if "\\u0000" in text and _NUL.search(text):
        raise MalformedJson(None, "a string holds the character NUL (\\u0000)")
    return text


def position_of(text: str, position: int) -> str:
    """Return line and column of a position, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    return f"line {line} column {position - text.rfind(chr(10), 0, position)}"


def finite(text: str) -> float:
    """Parse a number; reject one that is infinite as a float, which JSON does not have."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text} is too large")
    return value


def refuse_constant(name: str) -> Any:
    """Reject NaN and Infinity, which Python's parser accepts and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def _unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} is given twice")
    return found
