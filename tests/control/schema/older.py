"""A database from before version 0.1.0, whose tables sixteen migrations made."""

from __future__ import annotations

from control.schema.code import drop_code
from control.schema.freeze import rollback_file
from control.schema.ledger import applied_migrations, migrations_of
from tests.servers import SETTINGS, Database

BASELINE, *LATER = migrations_of(SETTINGS.root)


def make_older(database: Database, applied: tuple[str, ...] = BASELINE.replaces) -> None:
    """Leave the tables and the ledger as the migrations that the baseline replaces left them."""
    with database.connect(options="-c role=aspen_owner") as conn:
        known = applied_migrations(conn)
        later = [one for one in LATER if one.id in known]
        if any(migration.is_without_code for migration in later):
            drop_code(conn)
        for migration in reversed(later):
            conn.execute(rollback_file(SETTINGS.root, migration.id).read_bytes())
        conn.execute("delete from control._yoyo_migration")
        conn.execute("delete from control.applied_migrations")
        conn.execute(
            "insert into control._yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " select md5(name), name, now() from unnest(%s::text[]) as names (name)",
            [list(applied)],
        )
        conn.execute(
            "insert into control.applied_migrations (migration_id, sha256)"
            " select name, repeat('0', 64) from unnest(%s::text[]) as names (name)",
            [list(applied)],
        )
