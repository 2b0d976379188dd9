"""Check the migrations of a checkout, as CI does before a merge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from control.changes import clones as cloning
from control.changes.clones import CloneServer, make_by_migrations, make_schemas, make_tables
from control.changes.proof import without_places
from control.errors import ControlError
from control.schema.code import read_contents
from control.schema.diff import compare_databases
from control.schema.freeze import changed_since_release, migration_files, released, rollback_file
from control.schema.heads import check_heads
from control.schema.ledger import Migration, migrations_of
from control.schema.rollback import rollback_script
from control.schema.script import refuse_changed_session
from control.schema.trial import run_inside
from control.settings import Settings
from control.text_files import read_text

_ONCE = re.compile(r"\bindex\s+concurrently\s+(?!if\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """Hold what is wrong with a migration, and how to put it right."""

    problem: str
    cure: str


def check_migrations(settings: Settings, *, with_released: bool = False) -> list[Finding]:
    """Return what is wrong: heads, released files, rollbacks, and what differs from sql/.

    The rollbacks of released migrations are run only if asked for: the files never change.
    """
    root = settings.root
    findings = list(_of_files(root))
    if findings:
        # The clones would only tell of what follows from it.
        return findings
    try:
        with cloning.clone_server(settings) as clones:
            return [*_of_tables(clones, root, with_released)]
    except ControlError as error:
        return [Finding(error.message, error.remedy or "")]


def _of_files(root: Path) -> Iterator[Finding]:
    try:
        check_heads(root)
        for name in migration_files(root):
            rollback_file(root, name)
        migrations_of(root)
    except ControlError as error:
        yield Finding(error.message, error.remedy or "")
        return
    for migration in migrations_of(root):
        text = read_text(migration.path, migration.name)
        if not migration.use_transactions and _ONCE.search(text):
            yield Finding(
                f"{migration.name} runs outside a transaction and cannot be run again:"
                " killed after its statement and before its mark, it would fail for ever",
                "write create index concurrently if not exists, drop index concurrently if exists",
            )
    for name in changed_since_release(root):
        yield Finding(
            f"migrations/{name} is released, and is not what it was",
            "restore the file (git checkout) and put the change into a migration of its own",
        )


def _of_tables(clones: CloneServer, root: Path, with_released: bool) -> Iterator[Finding]:
    """Apply every migration, roll each back and apply it again, and compare on the way."""
    contents = read_contents(root)
    migrations = migrations_of(root)
    frozen = set() if with_released else {Path(name).stem for name in released(root)}
    clones.create("empty")
    with clones.connect("empty") as conn:
        make_schemas(conn, contents)
    clones.create("tables", of="empty")
    with clones.connect("tables") as conn:
        make_tables(conn, contents)
    clones.create("migrated", of="empty")
    pairs = [("migrated", "tables")]
    rolled_back: list[str] = []
    newest = migrations[-1].id if migrations else None
    for number, migration in enumerate(migrations):
        if migration.id not in frozen:
            clones.create(f"before_{number}", of="migrated")
        with clones.connect("migrated") as conn:
            make_by_migrations(conn, [migration])
        if migration.id not in frozen:
            back = f"back_{number}"
            clones.create(back, of="migrated")
            _roll_back(clones, back, root, migration)
            pairs.append((back, f"before_{number}"))
            rolled_back.append(migration.id)
    names = dict.fromkeys(name for pair in pairs for name in pair)
    compared, *backs = compare_databases({name: clones.url(name) for name in names}, pairs)
    for one in compared.differences:
        yield Finding(
            f"{one.name} differs between {newest or 'no migration'} and the files of sql/",
            "run control migrate new, or correct the file of sql/tables/ or sql/domains/",
        )
    for name, found in zip(rolled_back, backs, strict=True):
        for one in without_places(found.differences):
            yield Finding(
                f"migrations/{name}.rollback.sql does not lead back: {one.name} differs",
                "correct the rollback, so that the database is what it was before the migration",
            )


def _roll_back(clones: CloneServer, clone: str, root: Path, migration: Migration) -> None:
    with clones.connect(clone) as conn, conn.transaction():
        script = rollback_script(root, migration.id)
        run_inside(conn, script)
        refuse_changed_session(conn, script.name)
