"""Post a message to an address that a stranger chose, and to no server of our own network."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Set
from dataclasses import dataclass
from urllib.parse import urlsplit

from control.public_addresses import is_public
from control.webhooks.messages import Message

# A server that has not answered by then is given up, however slowly it goes on talking.
SECONDS = 15


@dataclass(frozen=True)
class Answer:
    """What became of a message: a status, or the reason in our own words; never text of theirs."""

    status: int | None
    problem: str | None


class _Refused(Exception):
    """An address to which nothing is sent."""


def post(message: Message, local_hosts: Set[str], seconds: float = SECONDS) -> Answer:
    """Post a message to the address that its name has now; redirects are not followed.

    `local_hosts` are names for which http and addresses of private networks are allowed.
    """
    try:
        status = _post(message, local_hosts, seconds)
    except _Refused as error:
        return Answer(None, str(error))
    except TimeoutError:
        return Answer(None, f"it did not answer within {seconds:.0f} seconds")
    except ssl.SSLCertVerificationError:
        return Answer(None, "its certificate is not trusted")
    except ssl.SSLError:
        return Answer(None, "no encrypted connection was possible")
    except (OSError, http.client.HTTPException, UnicodeError, ValueError):
        return Answer(None, "no connection, or no valid answer")
    if 200 <= status < 300:
        return Answer(status, None)
    return Answer(status, f"it answered {status}")


def _post(message: Message, local_hosts: Set[str], seconds: float) -> int:
    parts = urlsplit(message.url)
    host = (parts.hostname or "").lower()
    is_local = host in local_hosts
    if parts.scheme != "https" and not (is_local and parts.scheme == "http"):
        raise _Refused("only https is allowed")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + seconds
    raw = _connect(host, port, is_local, deadline)
    # A second handle of the same connection: encryption takes the first one away.
    handle = raw.dup()
    watch = threading.Timer(max(deadline - time.monotonic(), 0), _hang_up, [handle])
    watch.daemon = True
    watch.start()
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    connection.sock = raw
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(raw, server_hostname=host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = message.headers(int(time.time())) | {"Host": parts.netloc.rpartition("@")[2]}
        connection.request("POST", target, message.body, headers | {"Connection": "close"})
        # The body of the answer is not read.
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        if time.monotonic() >= deadline:
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        connection.close()
        raw.close()
        handle.close()


def _hang_up(handle: socket.socket) -> None:
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _connect(host: str, port: int, is_local: bool, deadline: float) -> socket.socket:
    """Connect to a name, if every address that it has is one of the public network.

    What is checked is what is connected to: the name is not looked up again, so a name server that
    answers differently each time gains nothing.
    """
    addresses = _look_up(host, port, deadline)
    if not is_local and not all(is_public(address) for address in addresses):
        raise _Refused("its name leads to a private network")
    failure: OSError = TimeoutError()
    for address in addresses:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        try:
            made = socket.create_connection((address, port), timeout=seconds)
        except OSError as error:
            failure = error
            continue
        if is_local or is_public(str(made.getpeername()[0])):
            return made
        # Somebody between here and there sent us elsewhere.
        made.close()
        raise _Refused("its name leads to a private network")
    raise failure


def _look_up(host: str, port: int, deadline: float) -> list[str]:
    """Return the addresses of a name; the system waits for a silent name server as it likes."""
    found: list[str] = []
    failures: list[Exception] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(sockaddr[0]) for *_, sockaddr in answers)
        except (OSError, UnicodeError) as error:
            failures.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0))
    if failures:
        raise _Refused("its name is not known") from failures[0]
    if thread.is_alive():
        raise TimeoutError
    return found
