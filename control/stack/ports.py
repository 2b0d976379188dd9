"""Loopback ports: which are free, and stepping over those that are not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

from control.errors import ControlError

HOST = "127.0.0.1"
LAST_PORT = 65535


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, so that connections still winding down do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def next_free(wanted: int, avoid: Collection[int] = ()) -> int:
    """The first free port from `wanted` upwards, passing over those promised to others."""
    for port in range(wanted, LAST_PORT + 1):
        if port not in avoid and is_free(port):
            return port
    raise ControlError(f"no free port from {wanted} upwards", "stop what occupies them")


def any_free() -> int:
    """A free port of the system's choosing."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
