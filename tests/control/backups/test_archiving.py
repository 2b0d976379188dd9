"""An archive is complete up to the end of a record of the log."""

from __future__ import annotations

from control.backups.archiving import end_of_log
from control.stack.state import SUPERUSER
from tests.servers import Database


def test_end_of_the_log_is_not_within_a_record(shared_database: Database) -> None:
    """Name no end of a block, which may be the middle of a record that then cannot be read."""
    with shared_database.connect(SUPERUSER) as conn:
        conn.execute("select pg_switch_wal()")

        _, low = end_of_log(conn).split("/")

    assert int(low, 16) % 8192 != 0
