"""Plan the files that a new object needs, and the lines it needs in others.

`templates/<kind>` has the new files at the path where they go, with `.txt` behind it, and
`edits.toml`: the lines for files that exist, and what is left to write by hand. NAME stands for
the name, NNNN for the number of the migration and NEWEST for the one before it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from control.errors import ControlError

KINDS = ("function", "view", "table")
_HERE = Path(__file__).parent
# Constraints and policies have the name in theirs, which PostgreSQL cuts after 63 characters.
_LONGEST = 36


@dataclass(frozen=True)
class Scaffold:
    """The new text of each file by its path in the checkout, and what a person has to write."""

    new: dict[str, str]
    changed: dict[str, str]
    left: list[str]

    def write(self, root: Path) -> None:
        """Write all files."""
        for path, text in (self.new | self.changed).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")


def plan_scaffold(root: Path, kind: str, name: str) -> Scaffold:
    """Plan everything before anything is written; ControlError says why a name is invalid."""
    _check_name(root, name)
    words = {"NAME": name}
    if kind == "table":
        migrations = sorted((root / "migrations").glob("[0-9]*[!k].sql"))
        newest = [path.stem for path in migrations if ".rollback" not in path.name][-1]
        words |= {"NEWEST": newest, "NNNN": f"{int(newest[:4]) + 1:04}"}
    folder = _HERE / "templates" / kind
    new = {
        _filled(str(path.relative_to(folder).with_suffix("")), words): _filled(
            path.read_text("utf-8"), words
        )
        for path in sorted(folder.rglob("*.txt"))
    }
    for path in new:
        if (root / path).exists():
            raise ControlError(f"{path} exists", "choose another name")
    edits = tomllib.loads((folder / "edits.toml").read_text("utf-8"))
    changed: dict[str, str] = {}
    for edit in edits["edit"]:
        path = edit["path"]
        before = changed.get(path) or (root / path).read_text("utf-8")
        changed[path] = _inserted(path, before, edit["after"], _filled(edit["text"], words))
    return Scaffold(new, changed, [_filled(line, words) for line in edits["left"]])


def _check_name(root: Path, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ControlError(f"{name!r} is not lower_snake_case", "write it like count_samples")
    if len(name) > _LONGEST:
        raise ControlError(f"{name} has more than {_LONGEST} characters", "choose a shorter name")
    if name in (_HERE / "keywords.txt").read_text("utf-8").split():
        raise ControlError(f"{name} is a word of SQL", "choose a name that needs no quotes")
    existing = sorted((root / "sql").rglob(f"{name}.sql"))
    if existing:
        raise ControlError(f"{existing[0].relative_to(root)} exists", "choose another name")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _inserted(path: str, text: str, after: str, lines: str) -> str:
    """Insert lines behind the last place that a pattern matches."""
    places = list(re.finditer(after, text, re.MULTILINE))
    if not places:
        raise ControlError(
            f"{path} has no place for the new lines: nothing matches {after}",
            "correct the pattern in control/scaffolds/templates",
        )
    end = places[-1].end()
    return text[:end] + lines + text[end:]
