"""Find where the files of sql/ create an object that a finding names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = r'(?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))?'
_CREATED = re.compile(
    rf"""
    ^[ ]*create\s+(?:or\s+replace\s+|unique\s+|constraint\s+)*(?:
            (?:table|view|function|procedure|aggregate|domain|type|sequence|extension)
            \s+(?:if\s+not\s+exists\s+)?(?P<name>{_NAME})
          | (?P<part>index|policy|trigger)
            \s+(?:concurrently\s+)?(?P<part_name>\w+)[^;]*?\son\s+(?P<on>{_NAME}) )
    | ^[^-\n]*?\bconstraint\s+(?P<constraint>\w+)
    | ^alter\s+role\s+(?P<role>\w+)
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_WORDS = re.compile(r'[\w"]+(?:\.[\w"]+)*')


@dataclass(frozen=True)
class Place:
    """A line of a file; the path begins at the checkout."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Places:
    """Where each object of sql/ is created, by its name."""

    def __init__(self, root: Path) -> None:
        self._places: dict[str, Place] = {}
        for path in sorted((root / "sql").rglob("*.sql")):
            text = path.read_text("utf-8")
            relative = path.relative_to(root).as_posix()
            for name, position in _created(text):
                place = Place(relative, text.count("\n", 0, position) + 1)
                self._places.setdefault(name, place)

    def of(self, described: str) -> Place | None:
        """Return the place of the first name in a finding that is known.

        A finding says `jobs_fence on aspen.jobs`, `aspen.jobs: member` or `aspen.jobs.name`.
        """
        for word in _WORDS.findall(described):
            for name in _shorter(word.replace('"', "")):
                if place := self._places.get(name):
                    return place
        return None


def _created(text: str) -> Iterator[tuple[str, int]]:
    for found in _CREATED.finditer(text):
        name = found["name"] or found["part_name"] or found["constraint"] or found["role"]
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        yield name.replace('"', ""), start
        # An index has no schema of its own where it is created.
        if found["part"] == "index":
            yield f"{found['on'].partition('.')[0]}.{name}", start


def _shorter(word: str) -> Iterator[str]:
    """Yield a dotted name, then without its last parts: a column, then its table."""
    parts = word.split(".")
    while parts:
        yield ".".join(parts)
        parts.pop()
