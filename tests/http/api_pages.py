"""Read the examples of docs/api, and compare what they print with what the pages show.

The rule is in tests/README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_EXAMPLE = re.compile(
    r"^```sh\n(?P<command>.*?)^```$(?:\n+```(?P<language>json|text|http)\n(?P<shown>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
# A token or signature: 256 bits or more, as base64url or hexadecimal digits. Bases have no digit.
_SECRET = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{43,}")


@dataclass(frozen=True)
class Example:
    """A command of a page, and the block that follows it."""

    command: str
    language: str | None
    shown: str

    def is_shown(self, printed: str) -> bool:
        """Tell whether the page shows what the command printed; without a block, anything does."""
        if self.language == "json":
            return _matches(_form(json.loads(self.shown)), _form(_read(printed)))
        if self.language == "http":
            return _http_matches(self.shown, printed)
        return self.language is None or _text_matches(self.shown, printed)


def examples(page: str) -> Iterator[Example]:
    """Yield the examples of a page, from the top to the end."""
    for found in _EXAMPLE.finditer(page):
        yield Example(found["command"], found["language"], found["shown"] or "")


def _read(text: str) -> Any:
    """Return the JSON of a text, or the text where it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _form(value: Any, key: str = "") -> Any:
    """Replace ids, times and secrets by words, in JSON and in JSON within its texts."""
    if isinstance(value, dict):
        return {name: _form(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_form(one, key.removesuffix("s")) for one in value]
    if isinstance(value, str):
        within = _read(value) if value[:1] in ("{", "[") else value
        return _text_form(value) if within == value else _form(within, key)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "<id>" if is_number and re.search(r"(^|_)id$", key) else value


def _text_form(text: str) -> str:
    return _SECRET.sub("<secret>", _TIME.sub("<time>", text))


def _matches(shown: Any, printed: Any) -> bool:
    if isinstance(shown, dict) and isinstance(printed, dict):
        return shown.keys() == printed.keys() and all(
            _matches(one, printed[name]) for name, one in shown.items()
        )
    if isinstance(shown, list) and isinstance(printed, list):
        return len(shown) == len(printed) and all(map(_matches, shown, printed))
    if isinstance(shown, str) and isinstance(printed, str):
        return _text_matches(shown, printed)
    return type(shown) is type(printed) and bool(shown == printed)


def _text_matches(shown: str, printed: str) -> bool:
    pattern = re.escape(_text_form(shown.strip())).replace("…", ".*")
    text = _text_form(printed.strip().replace("\r\n", "\n"))
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def _http_matches(shown: str, printed: str) -> bool:
    """Compare an answer with its head: the page may leave out headers."""
    head, _, body = shown.strip().partition("\n\n")
    printed_head, _, printed_body = printed.strip().replace("\r\n", "\n").partition("\n\n")
    left = [_header(line) for line in printed_head.splitlines()]
    return (
        _text_matches(head.splitlines()[0], printed_head.splitlines()[0])
        and all(
            any(_text_matches(_header(line), one) for one in left) for line in head.splitlines()[1:]
        )
        and _matches(_form(_read(body)), _form(_read(printed_body)))
    )


def _header(line: str) -> str:
    """Return a header with its name in lower case."""
    name, _, value = line.partition(":")
    return f"{name.lower()}:{value}"
