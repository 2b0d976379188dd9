"""What earlier runs found out, so that one that was stopped goes on where it was.

A mutant that was noticed is not tried again while the database is made of the same files and the
test that noticed it is the same. One that nobody noticed is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".pytest_cache" / "mutants"
# What mutants are made of, and what tests share.
SOURCES = ("sql/**/*.sql", "migrations/*.sql", "control/**/*.py", "tests/**/*.py")
# Where the table of who may do what is; all its cells are one test.
TABLE = ("tests/catalog/permissions.txt", "tests/catalog/attempts.sql")


class Remembered:
    """The mutants that were noticed, with the line that was written about each."""

    def __init__(self, root: Path = ROOT, home: Path = HOME) -> None:
        self._root = root
        self._file = home / f"{self._hash(self._shared())}.jsonl"
        self._lines: dict[str, dict[str, str]] = {}
        if self._file.exists():
            for text in self._file.read_text("utf-8").splitlines():
                # A line is cut off where a run was killed while it was written.
                with suppress(json.JSONDecodeError):
                    line = json.loads(text)
                    self._lines[line["key"]] = line

    def __getitem__(self, key: str) -> str | None:
        """Return who noticed a mutant, if the same test would do so again."""
        line = self._lines.get(key)
        if line is None or line["hash"] != self._hash(self._tests(line["killer"])):
            return None
        return line["killer"]

    def __setitem__(self, key: str, killer: str) -> None:
        """Remember who noticed a mutant; other processes write to the same file."""
        line = {"key": key, "killer": killer, "hash": self._hash(self._tests(killer))}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def forget(self) -> None:
        """Try all of them again."""
        self._file.unlink(missing_ok=True)

    def _shared(self) -> Iterator[Path]:
        """Yield the files that decide about every mutant."""
        for pattern in SOURCES:
            for path in sorted(self._root.glob(pattern)):
                if not path.name.startswith("test_"):
                    yield path

    def _tests(self, killer: str) -> Iterator[Path]:
        """Yield the files of whoever noticed a mutant: a test, or a cell of the table."""
        if ".py::" in killer:
            yield self._root / killer.partition("::")[0]
        else:
            yield from (self._root / name for name in TABLE)

    def _hash(self, paths: Iterator[Path]) -> str:
        digest = hashlib.sha256()
        for path in paths:
            if path.exists():
                digest.update(f"\0{path.relative_to(self._root)}\0".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]
