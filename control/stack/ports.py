"""Find free loopback ports."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Collection

from control.errors import ControlError

HOST = "127.0.0.1"
HOST_6 = "::1"
LAST_PORT = 65535
# Lower than the ports of clients, one of which could take a port before its server does.
NO_CLIENTS = range(10240, 32768)


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port, at every address of localhost."""
    # Many programs resolve localhost to ::1 first, and would reach another listener there.
    return _can_listen(socket.AF_INET, HOST, port) and _can_listen(socket.AF_INET6, HOST_6, port)


def _can_listen(family: socket.AddressFamily, host: str, port: int) -> bool:
    """Return whether an address is free; one that this machine lacks counts as free."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do, so that connections in TIME_WAIT do not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            # Some systems report only here that another program listens on every address.
            probe.listen()
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        if family is socket.AF_INET6:
            return True
        raise
    return True


def next_free(wanted: int, avoid: Collection[int] = ()) -> int:
    """Return the first free port from `wanted` upwards that is not in `avoid`."""
    for port in range(wanted, LAST_PORT + 1):
        if port not in avoid and is_free(port):
            return port
    raise ControlError(f"no free port from {wanted} upwards", "stop the programs that use them")


def any_free() -> int:
    """Return a free port for a server that starts at once."""
    return next(port for port in iter(lambda: random.choice(NO_CLIENTS), None) if is_free(port))
