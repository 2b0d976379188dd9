"""A data directory with our roles and the migrated template, kept from one run to the next.

To initialise, migrate and load takes several seconds, and its outcome depends on files alone. It
lies in .pytest_cache under the hash of these files, and each run works on a copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from control.stack.postgres_binaries import Binaries
from control.stack.state import LOGINS, SUPERUSER

HOME = Path(__file__).parent.parent / ".pytest_cache" / "clusters"
# What a data directory is made of, with the programs that make it.
SOURCES = ("sql", "migrations", "control", "tests/servers.py", "tests/kept_cluster.py")
DATA, PASSWORDS = "postgres", "passwords.json"
# One for each PostgreSQL that CI tests with.
KEPT = 2

Fill = Callable[[Path, dict[str, str]], None]


def copy_kept_cluster(
    target: Path, binaries: Binaries, fill: Fill, home: Path = HOME
) -> dict[str, str]:
    """Copy the kept data directory to `target`, and return the passwords of its logins.

    Where there is none, `fill` makes it at `target`, and it is kept.
    """
    kept = home / _fingerprint(binaries)
    with _one_at_a_time(home):
        if not kept.exists():
            passwords = {login: secrets.token_urlsafe(12) for login in (SUPERUSER, *LOGINS)}
            fill(target, passwords)
            _keep(target, passwords, kept)
            return passwords
        os.utime(kept)
    _copy(kept / DATA, target)
    found: dict[str, str] = json.loads((kept / PASSWORDS).read_text())
    return found


def _keep(data: Path, passwords: dict[str, str], kept: Path) -> None:
    """Keep a stopped server's data directory, and forget those that were not used for longest."""
    scratch = kept.with_suffix(".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    _copy(data, scratch / DATA)
    (scratch / PASSWORDS).write_text(json.dumps(passwords))
    scratch.rename(kept)
    others = (path for path in kept.parent.iterdir() if path.is_dir())
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy with owners and modes: as root, the server runs as another user."""
    subprocess.run(["cp", "-R", "-p", source, target], check=True)


def _fingerprint(binaries: Binaries) -> str:
    """Return a hash of everything that a data directory depends on."""
    root = HOME.parent.parent
    postgres = Path(binaries.postgres)
    made_by = f"{os.getuid()} {postgres} {postgres.stat().st_size} {postgres.stat().st_mtime_ns}"
    digest = hashlib.sha256(made_by.encode())
    for path in _files(root):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        path = root / source
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (each for each in found if each.is_file() and "__pycache__" not in each.parts)


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Let one worker make what all of them copy."""
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
