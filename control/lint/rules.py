"""Read the rules: each a query that names what breaks it, below a comment that explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from control.schema.safety_rules import RULES as SAFETY_RULES

STYLE_RULES = SAFETY_RULES.with_name("lint")
LEVELS = ("error", "warning", "info")
_HEAD = re.compile(r"(?:--.*\n)*")
_PART = re.compile(r"^(?P<name>Level|Fix): (?P<text>.*?)(?=^(?:Level|Fix): |\Z)", re.M | re.S)


@dataclass(frozen=True)
class Rule:
    """Hold what a rule is about: its title is a sentence that holds where nothing breaks it."""

    name: str
    level: str
    description: str
    fix: str

    @property
    def title(self) -> str:
        """Return the name as a sentence."""
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class CatalogueRule(Rule):
    """Hold a rule that is one query."""

    path: Path

    @cached_property
    def statement(self) -> bytes:
        """Return the query, whose rows are the object and, if they say more, problem and cure."""
        return self.path.read_bytes()


def catalogue_rules() -> Iterator[CatalogueRule]:
    """Yield every rule that has a file: those `control migrate up` asks as well come first."""
    for folder, level in ((SAFETY_RULES, "error"), (STYLE_RULES, "warning")):
        for path in sorted(folder.glob("*.sql")):
            yield _read_rule(path, level)


def comment_of(text: str) -> str:
    """Return the comment that a file begins with, without what is said of level and remedy."""
    return _PART.sub("", _whole_comment(text))


def _read_rule(path: Path, level: str) -> CatalogueRule:
    text = path.read_text("utf-8")
    parts = {part["name"]: _line(part["text"]) for part in _PART.finditer(_whole_comment(text))}
    return CatalogueRule(
        name=path.stem,
        level=parts.get("Level", level),
        description=_line(comment_of(text)),
        fix=parts.get("Fix", ""),
        path=path,
    )


def _whole_comment(text: str) -> str:
    head = _HEAD.match(text)
    return re.sub(r"^-- ?", "", head[0], flags=re.M) if head else ""


def _line(text: str) -> str:
    return " ".join(text.split())
