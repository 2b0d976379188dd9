"""Try mutants: apply one, ask the tests nearest to it until one notices, take it back.

First the permission matrix is asked (trial.py). Whoever survives that meets the SQL tests that name
it, for which it is committed to the database that all tests share which roll back. This is a plugin
of pytest, so that all tests are collected and all servers started once.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Generator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TextIO

import psycopg
import pytest
from _pytest.runner import runtestprotocol

from control.stack.state import SUPERUSER
from tests.mutants.collect import Mutant, collect
from tests.mutants.remembered import Remembered
from tests.mutants.trial import ask_matrix
from tests.servers import SETTINGS, Database

# The first is any test of another file than those after it, which shares their database.
FILES = (
    "tests/catalog/test_permission_matrix.py::test_table_has_every_resource_and_verb",
    "tests/sql",
)
# They compare the text of policies, or how they are planned, so they notice any change.
NOT_ABOUT_BEHAVIOUR = ("test_permission_matrix.py", "test_structure.py", "test_flat_costs.py")
# How many of the names that tests know, nearest first, and how many files that name each most.
NAMES = 2
MOST_FILES = 3
# A clause may be about something else than what it stands in, such as the token of the caller. What
# returns groups is in every policy.
ABOUT = re.compile(r"\bauthz\.(\w+)(?<!_groups)\(")
# Whatever they name.
ALWAYS = ("test_row_level_security.py", "test_definer_roles.py", "test_masked_columns.py")
LOCK_SECONDS = 60


# What a wrapper of a hook is: it gets the result, and returns it.
Remembering = Generator[None, object, object]


class Runner:
    """Tries a share of the chosen mutants and reports each on a line of JSON."""

    def __init__(self, report: Path, only: str, seed: int, count: int | None, share: str) -> None:
        self._report, self._only, self._seed, self._count = report, only, seed, count
        self._share, self._shares = (int(part) for part in share.split("/"))
        self._healthy: dict[tuple[tuple[str, ...], str], bool] = {}
        self._remembered = Remembered()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Remembering:
        """Remember the database that tests share."""
        value = yield
        if isinstance(value, Database) and fixturedef.argname == "shared_database":
            self._database = value
        return value

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run mutants instead of tests."""
        self._anchor, *rest = session.items
        self._items = [one for one in rest if one.path.name not in NOT_ABOUT_BEHAVIOUR]
        self._texts = {path: path.read_text("utf-8") for path in {one.path for one in self._items}}
        # Its servers stay, because the next item is of the same session.
        assert _passes(self._anchor, self._items[0])
        with self._database.connect(SUPERUSER) as conn:
            known = collect(conn, SETTINGS.root)
        mutants = self._chosen(known)
        with open(self._report, "w", encoding="utf-8") as report:
            report.write(json.dumps({"known": [one.key for one in known]}) + "\n")
            new, survivors = [], []
            for mutant in mutants:
                if killer := self._remembered[mutant.key]:
                    _write(report, mutant, killer)
                else:
                    new.append(mutant)
            for mutant, killer in ask_matrix(self._database, new):
                if killer is None:
                    survivors.append(mutant)
                else:
                    self._note(report, mutant, killer)
            for mutant in survivors:
                self._note(report, mutant, self._ask_tests(mutant))
        return True

    def _note(self, report: TextIO, mutant: Mutant, killer: str | None) -> None:
        """Report a mutant, and remember who noticed it."""
        _write(report, mutant, killer)
        if killer is not None:
            self._remembered[mutant.key] = killer

    def _chosen(self, known: Sequence[Mutant]) -> Sequence[Mutant]:
        mutants = [one for one in known if self._only in one.key]
        if self._count is not None:
            mutants = Random(self._seed).sample(mutants, min(self._count, len(mutants)))
        return mutants[self._share :: self._shares]

    def _ask_tests(self, mutant: Mutant) -> str | None:
        """Return the SQL test that noticed a mutant."""
        items = self._items_about(mutant)
        with self._database.connect(SUPERUSER) as conn:
            conn.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
            _apply(conn, *mutant.opening, mutant.mutation)
            try:
                for item, following in pairwise([*items, self._anchor]):
                    # Again, because on a busy machine a test fails now and then without a reason.
                    if not (_passes(item, following) or _passes(item, following)):
                        item.session._setupstate.teardown_exact(self._anchor)
                        if self._passes_without(conn, mutant, item):
                            return item.nodeid
            finally:
                _apply(conn, *mutant.undoing)
        return None

    def _items_about(self, mutant: Mutant) -> list[pytest.Item]:
        """Return the tests of the files that name most what a mutant is in, and what it is about.

        Tests that name it themselves notice it sooner than those that only share its file.
        """
        known = [word for word in mutant.words if self._files_naming(word)][:NAMES]
        files = [path for word in known for path in self._files_naming(word)[:MOST_FILES]]
        for word in ABOUT.findall(mutant.clause):
            files += self._files_naming(word)[:1]
        files += [path for path in self._texts if path.name in ALWAYS]
        names = _pattern(known)
        return [
            item
            for path in dict.fromkeys(files)
            for item in sorted(
                (one for one in self._items if one.path == path),
                key=lambda one: -len(names.findall(_source(one))),
            )
        ]

    def _files_naming(self, word: str) -> list[Path]:
        """Return the files that name something, those first that do so most."""
        names = _pattern([word])
        counts = {path: len(names.findall(text)) for path, text in self._texts.items()}
        return sorted(
            (path for path in counts if counts[path]), key=lambda path: (-counts[path], path)
        )

    def _passes_without(self, conn: psycopg.Connection, mutant: Mutant, item: pytest.Item) -> bool:
        """Tell whether a test passes without the mutant, with what stands open for its sake."""
        key = (mutant.opening, item.nodeid)
        if key not in self._healthy:
            _apply(conn, *mutant.undoing, *mutant.opening)
            self._healthy[key] = _passes(item, self._anchor)
            _apply(conn, mutant.mutation)
        return self._healthy[key]


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return what finds any of some words, and nothing if there are none."""
    return re.compile("|".join(rf"\b{word}\b" for word in words) or "(?!)")


def _apply(conn: psycopg.Connection, *statements: str) -> None:
    with conn.transaction():
        for statement in statements:
            conn.execute(statement)


def _write(report: TextIO, mutant: Mutant, killer: str | None) -> None:
    line = {"key": mutant.key, "where": mutant.where, "killer": killer}
    report.write(json.dumps(line) + "\n")
    report.flush()


@cache
def _source(item: pytest.Item) -> str:
    return inspect.getsource(item.function) if isinstance(item, pytest.Function) else ""


def _passes(item: pytest.Item, following: pytest.Item) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return not any(one.failed for one in reports)


def main(arguments: Sequence[str]) -> int:
    """Try one share: REPORT ONLY SEED COUNT SHARE/SHARES."""
    report, only, seed, count, share = arguments
    runner = Runner(Path(report), only, int(seed), int(count) if count else None, share)
    options = ["-q", "-p", "no:cacheprovider"]
    # Its plugins were imported by what this module imports.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *FILES], plugins=[runner]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
