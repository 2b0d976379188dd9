"""Every known cause of a failed connection or a stopped server is named, with its own remedy."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from control.errors import ControlError
from control.stack.process import Launch, Server
from control.translation import translate
from tests.servers import SETTINGS, Database


def migrate_status(url: str, **environment: str) -> Result:
    """Run a command that connects."""
    return CliRunner().invoke(
        cli,
        ["migrate", "status"],
        env={
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(SETTINGS.data_dir),
            "ASPEN_DATABASE_URL": url,
            **environment,
        },
    )


def assert_told(result: Result, cause: str, remedy: str) -> None:
    """Expect one line with the cause and one with a remedy that is not `control up`."""
    assert result.exit_code == 1
    error, told = result.stderr.splitlines()
    assert error.startswith(f"Error: no connection to the database: {cause} (")
    assert told.startswith("Remedy: ")
    assert remedy in told
    assert "control up" not in told


@pytest.fixture
def address(database: Database) -> str:
    """Return host and port of the cluster."""
    return urlsplit(database.url).netloc.rpartition("@")[2]


def test_wrong_password_is_told(database: Database, address: str) -> None:
    """Keep the password out of the output."""
    result = migrate_status(f"postgresql://control:secret@{address}/{database.name}")

    assert_told(result, "the database rejected the password", "correct the password in")
    assert "secret" not in result.output


def test_missing_password_is_told(database: Database, address: str, tmp_path: Path) -> None:
    """Look in the address and in the file of passwords."""
    result = migrate_status(
        f"postgresql://control@{address}/{database.name}", PGPASSFILE=str(tmp_path / "none")
    )

    assert_told(result, "the database rejected the password", "~/.pgpass")


def test_unknown_database_is_told(database: Database) -> None:
    """Reach the server, but not its database."""
    result = migrate_status(database.url.replace(database.name, "aspen_typo"))

    assert_told(result, "the database does not exist", "A database of your own")


def test_user_who_may_not_log_in_is_told(database: Database, address: str) -> None:
    """Use a role that exists for other purposes."""
    with database.connect("postgres") as conn:
        conn.execute("alter role aspen_owner password 'secret'")
        result = migrate_status(f"postgresql://aspen_owner:secret@{address}/{database.name}")
        conn.execute("alter role aspen_owner password null")

    assert_told(result, "the database user does not exist or may not log in", "sql/roles.sql")


def test_all_connections_in_use_is_told(database: Database) -> None:
    """Recommend waiting, because starting anything does not help."""
    with database.connect("postgres") as conn:
        conn.execute(f"alter database {database.name} connection limit 0".encode())

        result = migrate_status(database.url)

    assert_told(result, "all connections of the database are in use", "pg_stat_activity")


def test_nobody_listening_is_told() -> None:
    """Use port 1, where no server listens."""
    result = migrate_status("postgresql://control:secret@127.0.0.1:1/aspen")

    assert_told(result, "no server listens at this address", "correct host and port")


def test_unknown_host_is_told() -> None:
    """Use a name that no name server may ever know."""
    result = migrate_status("postgresql://control:secret@db.invalid/aspen")

    assert_told(result, "the host is unknown", "correct the host")


def test_address_that_is_none_is_told() -> None:
    """Use an address typed in a hurry."""
    result = migrate_status("db.example.org")

    assert_told(result, "the address of the database is invalid", "postgresql://control@host")


@pytest.fixture
def silent() -> Iterator[int]:
    """Open a port that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_silence_is_told(silent: int) -> None:
    """Mention the firewall, which looks the same."""
    url = f"postgresql://control:secret@127.0.0.1:{silent}/aspen"
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(url, connect_timeout=2)

    known = translate(caught.value)

    assert known is not None
    assert "the database does not answer" in known.message
    assert "firewall" in f"{known.remedy}"


def test_our_own_database_is_healed_by_up(tmp_path: Path) -> None:
    """Recommend it only at the address that `control up` wrote."""
    url = "postgresql://control:secret@127.0.0.1:1/aspen"
    (tmp_path / "env.json").write_text(
        json.dumps({"ports": {}, "passwords": {}, "database_url": url})
    )
    environment = {"ASPEN_ROOT": str(SETTINGS.root), "ASPEN_DATA_DIR": str(tmp_path)}

    ours = CliRunner().invoke(cli, ["migrate", "status"], env=environment)
    set_by_hand = migrate_status(url.replace(":1/", ":2/"), ASPEN_DATA_DIR=str(tmp_path))

    assert "control up starts the local stack" in ours.stderr
    assert "control up" not in set_by_hand.stderr


def test_value_that_no_database_takes_is_not_called_a_connection(
    admin: psycopg.Connection,
) -> None:
    """Name the value, which the driver rejects before sending it."""
    with pytest.raises(psycopg.DataError) as caught:
        admin.execute("select %s::text", ["a\0b"])

    known = translate(caught.value)
    assert known is not None
    assert known.message == "PostgreSQL text fields cannot contain NUL (0x00) bytes"


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("53100", "the disk is full"),
        ("53200", "there is not enough memory"),
        ("57P01", "the connection was lost"),
        ("25006", "this server accepts no changes"),
    ],
)
def test_trouble_of_the_server_has_a_remedy(
    admin: psycopg.Connection, state: str, cause: str
) -> None:
    """Add a remedy where PostgreSQL gives no hint."""
    with pytest.raises(psycopg.Error) as caught:
        admin.execute(f"do $$ begin raise sqlstate '{state}' using message = 'so'; end $$".encode())

    known = translate(caught.value)
    assert known is not None
    assert (known.message, bool(known.remedy)) == (f"{cause}: so (SQLSTATE {state})", True)


def test_server_that_ends_for_want_of_space_says_so(tmp_path: Path) -> None:
    """Find the cause before the last lines, which only tell of the end."""
    words = ["PANIC:  could not write: No space left on device"] + ["shutting down"] * 5
    server = Server("postgres", tmp_path / "postgres.pid", tmp_path / "postgres.log")
    server.start(Launch([sys.executable, "-c", f"print(*{words}, sep='\\n')"], {}))

    with pytest.raises(ControlError, match="the disk is full") as caught:
        server.wait_ready(lambda: False, 10)

    assert "No space left on device" in caught.value.message
    assert "free some space" in f"{caught.value.remedy}"


def test_server_that_ends_for_another_reason_shows_its_last_words(tmp_path: Path) -> None:
    """Show the log without inventing a cause."""
    server = Server("postgres", tmp_path / "postgres.pid", tmp_path / "postgres.log")
    server.start(Launch([sys.executable, "-c", "print('cannot open x')"], {"PATH": os.defpath}))

    with pytest.raises(ControlError, match="stopped right after its start:\n  cannot open x"):
        server.wait_ready(lambda: False, 10)
