"""The server of clones listens on loopback only, and nothing of it is left."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from control.changes import clones
from tests.servers import SETTINGS


def test_the_server_has_our_roles_and_is_gone_at_the_end() -> None:
    """Make a clone of a clone; nobody else reaches it, and its folder goes with it."""
    with clones.clone_server(SETTINGS) as server:
        url = server.create("one")
        with server.connect("one") as conn:
            conn.execute("create schema aspen; create table aspen.notes ()")
            listening = conn.execute("show listen_addresses").fetchone()
        with server.server() as conn:
            data = conn.execute("show data_directory").fetchone()
        assert server.passwords["control"] not in repr(server)
        with psycopg.connect(server.create("two", of="one")) as conn:
            assert conn.execute("select to_regclass('aspen.notes') is not null").fetchone() == (
                True,
            )
    assert listening == ("127.0.0.1",)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)
    assert data and not Path(str(data[0])).parent.exists()


def test_folders_of_killed_commands_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Remove that of a process that is gone, and keep that of one that runs."""
    monkeypatch.setattr(clones, "_MEMORY", tmp_path)
    running = clones._folder()
    abandoned = tmp_path / "aspen-clones-999999999-0-x"
    abandoned.mkdir()

    other = clones._folder()

    assert (running.exists(), abandoned.exists(), other.exists()) == (True, False, True)
