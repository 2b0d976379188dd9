"""PostgREST reaches PostgreSQL over a socket that is for its owner, and by TCP where it cannot."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control import stack
from control.errors import ControlError
from control.stack import sockets
from control.stack.components import Api, Database
from control.stack.ports import HOST
from control.stack.process import wait_for
from control.stack.sockets import (
    LONGEST_NAME,
    MOST_BYTES,
    RULES,
    over_socket,
    prepare_socket,
    socket_directory,
    socket_options,
)
from control.stack.state import SUPERUSER, State
from tests.servers import run_cluster
from tests.stack.conftest import LocalStack

# What versions before the socket wrote, and lines of an operator or of another server.
EARLIER = f"""\
# Written by control up. Passwords only, and only from this machine.
host all all {HOST}/32 scram-sha-256
host replication all {HOST}/32 scram-sha-256
# Ours:
host all analyst 192.0.2.0/24 scram-sha-256
local all all trust
"""


def database_of(local: LocalStack) -> Database:
    """Return the PostgreSQL of a stack."""
    return Database(local.settings, State.load(local.settings))


def is_admitted(local: LocalStack, login: str, password: str, **options: Any) -> bool:
    """Tell whether a login gets in over the socket."""
    database = database_of(local)
    url = over_socket(database.state.database_url(login), database.data)
    try:
        psycopg.connect(url, password=password, **options).close()
    except psycopg.OperationalError as error:
        assert "on socket" in str(error)
        return False
    return True


def start_as_before_the_socket(local: LocalStack) -> None:
    """Leave the database, and PostgREST on it, as versions before the socket did."""
    local.down()
    database = database_of(local)
    (database.data / "pg_hba.conf").write_text(EARLIER)
    shutil.rmtree(database.data.with_name("socket"))
    launch = database.launch()
    options = socket_options(database.data)
    command = [word for word in launch.command if word not in options]
    database.server.start(replace(launch, command=command))
    wait_for(database.is_ready, 60)
    Api(local.settings, database.state).start()


def test_postgrest_alone_is_connected_over_the_socket(local: LocalStack) -> None:
    """Spare only PostgREST the way through the network; everyone else stays on TCP."""
    assert local.client_addresses("authenticator") == {None}
    assert local.client_addresses(SUPERUSER) == {HOST}


def test_socket_is_for_the_owner_of_the_data(local: LocalStack) -> None:
    """Let no other user of the machine get as far as the password."""
    data = database_of(local).data
    directory = socket_directory(data)
    assert directory is not None

    [socket] = directory.glob(".s.PGSQL.*[0-9]")

    found = {path: path.stat() for path in (data, directory, socket)}
    assert {each.st_uid for each in found.values()} == {data.stat().st_uid}
    assert [each.st_mode & 0o777 for each in found.values()] == [0o700] * 3


def test_socket_asks_for_the_password(local: LocalStack) -> None:
    """Admit nobody without it, the owner of the data no more than others, and no replica."""
    passwords = State.load(local.settings).passwords
    right, wrong = passwords["authenticator"], passwords["control"]
    superuser = passwords[SUPERUSER]

    admitted = {
        "PostgREST": is_admitted(local, "authenticator", right),
        "wrong password": is_admitted(local, "authenticator", wrong),
        "superuser": is_admitted(local, SUPERUSER, superuser),
        "superuser, wrong password": is_admitted(local, SUPERUSER, wrong),
        "replica": is_admitted(local, SUPERUSER, superuser, replication="true"),
    }

    assert [who for who, is_in in admitted.items() if is_in] == ["PostgREST", "superuser"]


@pytest.mark.parametrize("has_pid_file", [True, False], ids=["pid file kept", "pid file lost"])
def test_stack_of_an_earlier_version_gets_the_socket(local: LocalStack, has_pid_file: bool) -> None:
    """Stay on TCP until `control up`, which restarts the database; keep every line of its file.

    A `local` line in it admits nobody, because ours comes first.
    """
    start_as_before_the_socket(local)
    stack.restart_api(local.settings, local.said.append)
    before = local.client_addresses("authenticator")
    if not has_pid_file:
        local.pid_file("postgres").unlink()

    local.up()

    assert (before, local.client_addresses("authenticator")) == ({HOST}, {None})
    assert (database_of(local).data / "pg_hba.conf").read_text() == RULES + EARLIER
    assert not is_admitted(local, SUPERUSER, "wrong")


def test_rules_are_written_once_and_stay_where_an_operator_moved_them(tmp_path: Path) -> None:
    """Write nothing where they are, with lines of an operator before them."""
    hba = tmp_path / "postgres" / "pg_hba.conf"
    hba.parent.mkdir()
    hba.write_text(EARLIER)
    prepare_socket(hba.parent)
    first = hba.read_text()
    moved = "local\tall  all scram-sha-256\n" + EARLIER
    hba.write_text(moved)

    prepare_socket(hba.parent)

    assert (first, hba.read_text()) == (RULES + EARLIER, moved)
    assert [path.name for path in hba.parent.iterdir()] == [hba.name]


def test_rules_behind_a_link_are_left_to_the_operator(tmp_path: Path) -> None:
    """Name the line that is missing from a file elsewhere, and accept it once it is there."""
    target = tmp_path / "elsewhere.conf"
    target.write_text(EARLIER)
    hba = tmp_path / "postgres" / "pg_hba.conf"
    hba.parent.mkdir()
    hba.symlink_to(target)

    with pytest.raises(ControlError, match="is a link") as caught:
        prepare_socket(hba.parent)

    assert RULES.splitlines()[-1] in caught.value.message
    target.write_text(RULES + EARLIER)
    prepare_socket(hba.parent)
    assert hba.is_symlink()


def test_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    """Say which file is in the way."""
    (tmp_path / "socket").touch()

    with pytest.raises(ControlError, match="socket cannot be prepared"):
        prepare_socket(tmp_path / "postgres")


@pytest.mark.parametrize(
    ("name", "has_socket"),
    [("fits", True), ("is one byte too long", False), ("has, a comma", False)],
)
def test_path_decides_whether_there_is_a_socket(name: str, has_socket: bool) -> None:
    """Use every byte that the address of a socket may have; without a socket stay on TCP."""
    room = MOST_BYTES - len(f"//socket/{LONGEST_NAME}")
    names = {"fits": "é" + "x" * (room - 2), "is one byte too long": "é" + "x" * (room - 1)}
    data = Path("/", names.get(name, name), "postgres")

    url = over_socket("postgresql://login:a%2Fb@127.0.0.1:8302/aspen", data)

    assert (socket_directory(data) is not None) == has_socket
    assert bool(socket_options(data)) == ("?host=%2F" in url) == has_socket
    assert url.startswith("postgresql://login:a%2Fb@" + ("/aspen?" if has_socket else "127"))


def test_server_whose_path_is_too_long_listens_by_tcp_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start it as ever, with no directory for a socket."""
    monkeypatch.setattr(sockets, "MOST_BYTES", len(bytes(tmp_path)))
    with (
        run_cluster(tmp_path) as cluster,
        psycopg.connect(cluster.url(SUPERUSER, "postgres")) as conn,
    ):
        shown = conn.execute("show unix_socket_directories").fetchone()

    assert shown == ("",)
    assert not (tmp_path / "socket").exists()
