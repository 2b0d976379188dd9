"""The addresses a process and its descendants listen on, as Linux lists them in /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

LISTENING = "0A"


def listening_addresses(pid: int) -> set[str]:
    """Return `127.0.0.1:8300` and the like, of this process and everything it started."""
    sockets = {link for each in (pid, *_descendants(pid)) for link in _open_files(each)}
    return {address for inode, address in _listeners().items() if f"socket:[{inode}]" in sockets}


def is_loopback(address: str) -> bool:
    """Tell whether only this machine reaches it."""
    host = address.rpartition(":")[0].strip("[]")
    return IPv6Address(host).is_loopback if ":" in host else IPv4Address(host).is_loopback


def _listeners() -> dict[str, str]:
    """Return the address of each listening socket by its inode."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                found[fields[9]] = _address(fields[1])
    return found


def _address(text: str) -> str:
    """Read an address, which Linux writes as hexadecimal words in the machine's byte order."""
    host, _, port = text.partition(":")
    words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
    packed = b"".join(words)
    shown = str(IPv4Address(packed)) if len(packed) == 4 else f"[{IPv6Address(packed)}]"
    return f"{shown}:{int(port, 16)}"


def _descendants(pid: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            stat = path.read_text()
            parents[int(path.parent.name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [each for child in found for each in _descendants(child)]


def _open_files(pid: int) -> list[str]:
    links = []
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                links.append(os.readlink(file))
    return links
