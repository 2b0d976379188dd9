"""`control migrate up` is killed at any moment and simply run again."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from tests.control.schema.checkout import Checkout
from tests.servers import Database

# In a transaction, outside of one, without code, and of rows.
MIGRATIONS = {
    "0003_add_mood": "alter table aspen.notes add column mood text",
    "0004_index_notes": (
        "-- transactional: false\n\n"
        "create index concurrently if not exists notes_body_idx on aspen.notes (body)"
    ),
    "0005_retype_body": (
        "-- code: unloaded\n\nalter table aspen.notes alter column body type varchar"
    ),
    "0006_fill_mood": (
        "set local role none;\nupdate aspen.notes set mood = 'good';\nset local role aspen_owner"
    ),
}
ROLLBACKS = {
    "0003_add_mood": "alter table aspen.notes drop column mood",
    "0004_index_notes": "drop index aspen.notes_body_idx",
    "0005_retype_body": "alter table aspen.notes alter column body type text",
    "0006_fill_mood": "-- The column goes",
}


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_up_is_simply_run_again(
    tmp_path: Path, empty_database: Database, seed: int
) -> None:
    """Kill -9 at random moments, twice in a row; the next run ends where one alone would."""
    chance = random.Random(seed)
    checkout = Checkout.create(tmp_path, empty_database)
    assert checkout.migrate("up").exit_code == 0
    checkout.write_rows("insert into aspen.notes values (1, 'hello')")
    for name, statement in MIGRATIONS.items():
        checkout.write_migration(name, f"{statement};\n", f"{ROLLBACKS[name]};\n")

    for _ in range(2):
        with checkout.migrating("up") as process:
            # From the first import to the last statement; a run that ended is as good as any.
            try:
                process.wait(timeout=chance.uniform(0.3, 2.5))
            except subprocess.TimeoutExpired:
                process.kill()
    result = checkout.migrate("up")

    assert result.exit_code == 0, result.output
    status = json.loads(checkout.migrate("status", "--json").stdout)
    assert (status["is_current"], status["pending"]) == (True, [])
    assert checkout.fetch("select body, mood from aspen.notes") == [("hello!", "good")]
    assert checkout.fetch(
        "select indisvalid from pg_catalog.pg_index"
        " where indexrelid = 'aspen.notes_body_idx'::regclass"
    ) == [(True,)]
    assert checkout.migrate("down", "--to", "2", "--yes").exit_code == 0
