"""Find migrations that do not follow one another, as after a merge of two branches."""

from __future__ import annotations

import re
from pathlib import Path

from control.errors import ControlError
from control.schema.freeze import migration_files, number_of
from control.text_files import read_text

_DEPENDS = re.compile(r"^\s*(?:--|#)\s*depends\s*:(?P<names>.*)$", re.MULTILINE)


def check_heads(root: Path) -> None:
    """Refuse migrations of which two follow the same one, with the way to put one behind the other.

    Each names the one before it in `-- depends:`, so that a merge of two branches that each add a
    migration is noticed by whoever merges, and not by a database.
    """
    files = migration_files(root)
    needed: dict[str, str] = {}
    for name, path in files.items():
        found = _DEPENDS.search(read_text(path, f"migrations/{path.name}"))
        for one in found["names"].split() if found else []:
            if one in needed:
                raise _two_heads(files, needed[one], name, one)
            needed[one] = name
    heads = [name for name in files if name not in needed]
    if len(heads) > 1:
        raise _two_heads(files, heads[-2], heads[-1], "")


def _two_heads(files: dict[str, Path], first: str, second: str, base: str) -> ControlError:
    after = f", which both follow {base}" if base else ""
    newest = max(number_of(name) for name in files)
    words = second.partition("_")[2]
    moved = second if number_of(second) > number_of(first) else f"{newest + 1:04}_{words}"
    return ControlError(
        f"there are two heads: migrations/{files[first].name} and"
        f" migrations/{files[second].name}{after}",
        "let the one that no database has come last: name it"
        f" {moved}{files[second].suffix} (its rollback too) and"
        f" write `-- depends: {first}` into its head; then run control migrate check",
    )
