"""Keep what yoyo knows of a database's migrations, in the transaction of the change itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from control.errors import ControlError
from control.schema.code import sha256_of
from control.schema.freeze import migration_files
from control.text_files import read_text

_DIRECTIVE = re.compile(
    r"\s*(?:--|#)\s*(?P<name>depends|transactional|code|replaces|replaced-after|statement-timeout)"
    r"\s*:(?P<value>.*)"
)
_DURATION = re.compile(r"[1-9][0-9]*(ms|s|min|h)")
# While a statement runs, everybody may wait for what it has locked; it is told so sooner than a
# person would notice. A migration outside a transaction locks little and builds large indexes.
_STATEMENT_TIMEOUT = {True: "60s", False: "6h"}
_VALUES = {"transactional": ("true", "false"), "code": ("unloaded",)}


@dataclass(frozen=True)
class Migration:
    """Hold one file of migrations/ and what its head says of it."""

    id: str
    path: Path
    # `create index concurrently`, for one, cannot run in a transaction.
    use_transactions: bool
    # No code is loaded while it runs, nor until all migrations are through: it changes a column
    # that views or policies use, or rows that a trigger would misread.
    is_without_code: bool
    # How long one of its statements may take.
    statement_timeout: str
    # The migrations of older checkouts that make the same, and the last commit that has them.
    replaces: tuple[str, ...] = ()
    replaced_after: str = ""

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"migrations/{self.path.name}"

    @property
    def hash(self) -> str:
        """Return what yoyo calls it."""
        from yoyo.migrations import get_migration_hash

        return str(get_migration_hash(self.id))


class Ledger:
    """Keep the applied migrations of one database, in yoyo's tables plus the hash of each file.

    The caller's connection is used throughout, so that a migration and its mark stand or fall
    together: yoyo itself marks on another connection, and a crash between the two loses the mark.
    """

    def __init__(self, conn: psycopg.Connection) -> None:
        # Only where something is applied, because yoyo takes long to import.
        from control.schema.yoyo_tables import YoyoTables

        self._conn = conn
        self._yoyo = YoyoTables(conn)

    def mark(self, migration: Migration, operation: str = "apply") -> None:
        """Record that `migration` is applied with its present content."""
        with self._conn.transaction(), _searching_bookkeeping(self._conn):
            self._yoyo.mark_one(migration, log=False)
            self._yoyo.log_migration(migration, operation)
            self._conn.execute(
                "insert into applied_migrations (migration_id, sha256) values (%s, %s)",
                [migration.id, sha256_of(migration.path)],
            )

    def mark_in_place_of_replaced(self, migration: Migration) -> bool:
        """Record that `migration` is applied where all that it replaces are; return whether."""
        if not replaced_migrations([migration], applied_migrations(self._conn)):
            return False
        names = list(migration.replaces)
        with self._conn.transaction():
            for table in ("_yoyo_migration", "applied_migrations"):
                statement = sql.SQL("delete from control.{} where migration_id = any(%s)")
                self._conn.execute(statement.format(sql.Identifier(table)), [names])
            self.mark(migration, operation="mark")
        return True

    def unmark(self, migration: Migration) -> None:
        """Record that `migration` is rolled back."""
        with self._conn.transaction(), _searching_bookkeeping(self._conn):
            self._yoyo.unmark_one(migration, log=False)
            self._yoyo.log_migration(migration, "rollback")
            self._conn.execute(
                "delete from applied_migrations where migration_id = %s", [migration.id]
            )

    def prepare(self) -> None:
        """Create or upgrade yoyo's tables."""
        with _searching_bookkeeping(self._conn):
            self._yoyo.ensure_internal_schema_updated()


def applied_migrations(conn: psycopg.Connection) -> dict[str, str]:
    """Read the ids of the applied migrations, oldest first, with the hash of what was applied."""
    exists = conn.execute("select to_regclass('control._yoyo_migration') is not null").fetchone()
    if exists != (True,):
        return {}
    return dict(
        conn.execute(
            "select yoyo.migration_id, coalesce(files.sha256, '')"
            " from control._yoyo_migration as yoyo"
            " left join control.applied_migrations as files using (migration_id)"
            " order by yoyo.applied_at_utc, yoyo.migration_id"
        ).fetchall()
    )


def migrations_of(root: Path) -> list[Migration]:
    """Read all migrations of a checkout in the order of their numbers, each after what it needs."""
    migrations: list[Migration] = []
    for name, path in migration_files(root).items():
        known = {migration.id for migration in migrations}
        migrations.append(_read_migration(name, path, known))
    return migrations


def replaced_migrations(
    migrations: Iterable[Migration], applied: Collection[str]
) -> tuple[str, ...]:
    """Return the applied migrations that one of these replaces, once it is recorded instead.

    Refuse where only some of them are applied: the rest of the way is in an older checkout.
    """
    for migration in migrations:
        missing = [name for name in migration.replaces if name not in applied]
        if not missing:
            if migration.replaces:
                return migration.replaces
        elif some := [name for name in migration.replaces if name in applied]:
            raise ControlError(
                f"{some[-1]} is applied and {missing[0]} is not: migrations/{migration.id}.sql"
                f" replaces all {len(migration.replaces)} at once",
                f"check out commit {migration.replaced_after}, the last one with all of them, run"
                " control migrate up there (or restore the backup there), then come back",
            )
    return ()


def _read_migration(name: str, path: Path, known: set[str]) -> Migration:
    """Read what the head of a migration says; `known` are those of lower numbers."""
    head: dict[str, list[str]] = {}
    file = f"migrations/{path.name}"
    for line in read_text(path, file).splitlines():
        if line.strip() and not line.lstrip().startswith(("--", "#")):
            break
        if directive := _DIRECTIVE.fullmatch(line):
            head.setdefault(directive["name"], []).extend(directive["value"].split())
    for key, allowed in _VALUES.items():
        written = " or ".join(f"`-- {key}: {value}`" for value in allowed)
        for value in head.get(key, []):
            if value not in allowed:
                raise ControlError(
                    f"{file} says `-- {key}: {value}`",
                    f"write {written}, or leave it out",
                )
    use_transactions = "false" not in head.get("transactional", [])
    timeout = "".join(head.get("statement-timeout", [])) or _STATEMENT_TIMEOUT[use_transactions]
    if not _DURATION.fullmatch(timeout):
        raise ControlError(
            f"{file} says `-- statement-timeout: {timeout}`",
            "write how long one statement may take, `-- statement-timeout: 10min` say",
        )
    for needed in head.get("depends", []):
        if needed not in known:
            raise ControlError(
                f"{file} depends on {needed}, which does not come before it",
                "correct the `-- depends:` line in its head; the numbers decide about the order",
            )
    return Migration(
        id=name,
        path=path,
        use_transactions=use_transactions,
        is_without_code="unloaded" in head.get("code", []),
        statement_timeout=timeout,
        replaces=tuple(head.get("replaces", [])),
        replaced_after="".join(head.get("replaced-after", [])),
    )


@contextmanager
def _searching_bookkeeping(conn: psycopg.Connection) -> Iterator[None]:
    """Have yoyo find its tables, which it names without a schema."""
    conn.execute("set search_path = control")
    yield
    conn.execute("set search_path = ''")
