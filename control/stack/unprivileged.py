"""Run servers as nobody for root: PostgreSQL rejects uid 0, and nginx does not need it.

A checkout of root often lies below a directory only root may enter (/root, mktemp -d). Then nobody
gets the one capability that lets it enter, and only when needed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from control.errors import ControlError

SERVICE_USER = "nobody"
# The narrow one first; containers often withhold it but grant the broad one.
CAPABILITIES = ("dac_read_search", "dac_override")
# PostgreSQL calls access(2), which ignores capabilities of a non-root user unless this is set.
SECURE_BITS = "+no_setuid_fixup"


def owner_of_data() -> tuple[int, int] | None:
    """Return uid and gid the data directory must belong to; None for our own."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError as error:
        raise ControlError(
            f"servers do not run as root here, and there is no user {SERVICE_USER}",
            "run control as a normal user",
        ) from error
    return user.pw_uid, user.pw_gid


def command_prefix(program: str, data: Path, version_option: str = "--version") -> list[str]:
    """Return the prefix of a server's command that lets it run and reach its data."""
    owner = owner_of_data()
    if owner is None:
        return []
    if shutil.which("setpriv") is None:
        raise ControlError(
            "servers do not run as root here, and setpriv (util-linux) is missing",
            "install util-linux, or run control as a normal user",
        )
    plain = ["setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups"]
    for prefix in (plain, *([*plain, *_with_capability(name)] for name in CAPABILITIES)):
        if _reaches(prefix, program, data, version_option):
            return prefix
    raise ControlError(
        f"servers do not run as root here, and {SERVICE_USER} may not enter {data} or run"
        f" {program}: a directory above is closed to others",
        "run control as a normal user, move the checkout where other users may enter, or set"
        " ASPEN_DATA_DIR to such a folder",
    )


def _with_capability(name: str) -> list[str]:
    return [f"--inh-caps=+{name}", f"--ambient-caps=+{name}", f"--securebits={SECURE_BITS}"]


def _reaches(prefix: Sequence[str], program: str, data: Path, version_option: str) -> bool:
    script = 'test -x "$1" && test -w "$2" && "$1" "$3"'
    environment = {"PATH": os.defpath}
    probe = [*prefix, "sh", "-c", script, "sh", program, str(data), version_option]
    return subprocess.run(probe, env=environment, capture_output=True, check=False).returncode == 0
