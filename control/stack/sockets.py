"""Reach PostgreSQL over a Unix socket: a request costs 4 to 5 % less processor time than by TCP.

In the local stack only PostgREST connects this way. The socket is in a directory beside the data
directory, which only the server's user and root may enter, and asks for a password all the same.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from stat import S_IMODE
from urllib.parse import quote, urlsplit, urlunsplit

from control.errors import ControlError
from control.stack.unprivileged import owner_of_data
from control.whole_files import whole_file

# How many bytes the path of a socket may have; others than Linux allow four less.
MOST_BYTES = 107 if sys.platform == "linux" else 103
# What PostgreSQL calls the socket, here of the longest port.
LONGEST_NAME = ".s.PGSQL.65535"
# The lines of pg_hba.conf about connections over a socket.
RULES = """\
# Written by control up: whoever connects over the socket needs a password, and replicates nothing.
local replication all reject
local all all scram-sha-256
"""


def socket_directory(data: Path) -> Path | None:
    """Return the directory of the socket of a data directory; None if its path is not possible.

    Programs that connect take what follows a comma for another server.
    """
    directory = data.with_name("socket")
    path = os.fsencode(directory / LONGEST_NAME)
    return directory if len(path) <= MOST_BYTES and b"," not in path else None


def socket_options(data: Path) -> list[str]:
    """Return the options with which a server listens there as well."""
    directory = socket_directory(data)
    if directory is None:
        return []
    return ["-k", str(directory), "-c", "unix_socket_permissions=0700"]


def over_socket(url: str, data: Path) -> str:
    """Return the address of a database over the socket; the given one, by TCP, if there is none."""
    directory = socket_directory(data)
    if directory is None:
        return url
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    place = f"host={quote(os.fsencode(directory), safe='')}&port={parts.port}"
    return urlunsplit(parts._replace(netloc=f"{login}@", query=place))


def prepare_socket(data: Path) -> None:
    """Let a server that does not run yet listen there, and ask for passwords."""
    directory = socket_directory(data)
    if directory is None:
        return
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
    except (FileExistsError, PermissionError) as error:
        raise ControlError(
            f"{directory} cannot be prepared: {error}",
            "remove it, or run control as the user who ran it first",
        ) from error
    if owner := owner_of_data():
        os.chown(directory, *owner)
    # Of a server that was killed: its pid may be another program's by now, and PostgreSQL would
    # then not start.
    for left in directory.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
    _demand_password(data / "pg_hba.conf")


def _demand_password(hba: Path) -> None:
    """Begin a pg_hba.conf with our rules; other lines stay, and may follow or precede them.

    One that an earlier version wrote, or that comes from a backup, is without them.
    """
    try:
        lines = hba.read_bytes()
    except FileNotFoundError:
        # The server names it.
        return
    wanted = RULES.splitlines()[-1]
    if any(line.split() == wanted.encode().split() for line in lines.splitlines()):
        return
    if hba.is_symlink():
        raise ControlError(
            f"{hba} is a link, and the file has no line “{wanted}”",
            "begin that file with this line: PostgREST connects over the socket",
        )
    with whole_file(hba) as file:
        file.write(RULES.encode() + lines)
        os.fchmod(file.fileno(), S_IMODE(hba.stat().st_mode))
        if owner := owner_of_data():
            os.fchown(file.fileno(), *owner)
