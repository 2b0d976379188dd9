"""Find the programs of the cluster, or say which package has them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from control.errors import ControlError
from control.settings import Settings

# Debian has servers where only root's PATH leads.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def find_etcd() -> str:
    """Return the path of etcd."""
    return _found("etcd", "etcd-server")


def find_pgbouncer() -> str:
    """Return the path of PgBouncer."""
    return _found("pgbouncer", "pgbouncer")


def find_patroni(settings: Settings) -> str:
    """Return the Patroni of the checkout, else the one on PATH."""
    ours = settings.root / ".venv-cluster" / "bin" / "patroni"
    if ours.exists():
        return str(ours)
    if found := shutil.which("patroni"):
        return str(Path(found).resolve())
    raise ControlError("patroni is missing", "run make cluster, which installs it from PyPI")


def _found(program: str, package: str) -> str:
    found = shutil.which(program, path=PLACES)
    if found is None:
        raise ControlError(f"{program} is missing", f"apt-get install {package}")
    return found
