"""Ask who may do what about mutants, in one transaction that is rolled back.

The rows are stored once, and each mutant lives in a savepoint. Only cells about what builds on the
table or the function of a mutant are tried, nearest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from control.stack.state import SUPERUSER
from tests.catalog.behind import SEEN_BY, store_rows, who_sees
from tests.catalog.matrix import Matrix, make_matrix
from tests.catalog.test_permission_matrix import CELLS, Cell, outcome_of
from tests.mutants.collect import Mutant
from tests.servers import Database

# Cells that are tried before their outcome is looked at; the mutant is made again for each time.
AT_ONCE = 24
STATEMENT_SECONDS = 20
ALLOWED = ("yes", "masked")


def ask_matrix(
    database: Database, mutants: Sequence[Mutant]
) -> Iterator[tuple[Mutant, str | None]]:
    """Yield each mutant with the cell that noticed it."""
    with psycopg.connect(database.url_of(SUPERUSER)) as conn:
        trial = _Trial(make_matrix(conn))
        for mutant in mutants:
            yield mutant, trial.ask(mutant)
        conn.rollback()


class _Trial:
    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._behind = store_rows(matrix)
        self._without: dict[tuple[tuple[str, ...], Cell], str] = {}

    def ask(self, mutant: Mutant) -> str | None:
        """Return the first cell that is another one with the mutant, and only with it."""
        for row in self._behind:
            if row[0] == mutant.words[0] and self._is_shown_to_others(mutant, row):
                return f"behind.py: {' '.join(row)}"
        near = [cell for cell in CELLS if cell.resource in mutant.words]
        near.sort(key=lambda cell: mutant.words.index(cell.resource))
        for start in range(0, len(near), AT_ONCE):
            cells = near[start : start + AT_ONCE]
            outcomes = self._outcomes((*mutant.opening, mutant.mutation), cells)
            for cell, outcome in zip(cells, outcomes, strict=True):
                if outcome != cell.outcome and self._is_noticed(mutant, cell, outcome):
                    return f"permissions.txt: {cell.id}"
        return None

    def _is_shown_to_others(self, mutant: Mutant, row: tuple[str, str]) -> bool:
        """Tell whether others see a row behind the API with the mutant than without it."""
        with self._made(*mutant.opening):
            before = who_sees(self._matrix, row[0], self._behind[row])
        with self._made(*mutant.opening, mutant.mutation):
            after = who_sees(self._matrix, row[0], self._behind[row])
        return bool(after - before - SEEN_BY[row])

    def _is_noticed(self, mutant: Mutant, cell: Cell, outcome: str) -> bool:
        """Tell whether it is the mutant that made a cell wrong, and not what stands open for it.

        With one layer open another refusal is the outcome; then only what is allowed is noticed.
        """
        if not mutant.opening:
            return True
        key = (mutant.opening, cell)
        if key not in self._without:
            (self._without[key],) = self._outcomes(mutant.opening, [cell])
        without = self._without[key]
        return without == cell.outcome or (
            without not in ALLOWED and cell.outcome not in ALLOWED and outcome in ALLOWED
        )

    def _outcomes(self, statements: Sequence[str], cells: Sequence[Cell]) -> list[str]:
        """Return the outcomes of cells while some statements hold."""
        with self._made(*statements):
            return [outcome_of(self._matrix, cell) for cell in cells]

    @contextmanager
    def _made(self, *statements: str) -> Iterator[None]:
        limit = f"set local statement_timeout = '{STATEMENT_SECONDS}s'"
        with self._matrix.conn.transaction(force_rollback=True):
            for statement in (*statements, limit):
                self._matrix.conn.execute(statement)
            yield
