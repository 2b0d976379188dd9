"""What operators do to a platform in use, each by the commands that they would run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.calm.changes import add_migration
from tests.calm.load import Clients
from tests.stack.conftest import LocalStack

CONTROL = "from control.cli import main; main()"
SETTLE_SECONDS = 0.5


def rotate_keys(local: LocalStack, clients: Clients) -> None:
    """Sign with new keys, and drop the old ones when every client has a new token."""
    control(local, "token", "rotate-keys")
    time.sleep(SETTLE_SECONDS)
    clients.renew_tokens()
    control(local, "token", "rotate-keys", "--retire")


def restart_postgrest(local: LocalStack, clients: Clients) -> None:
    """Restart one PostgREST after the other."""
    control(local, "restart", "postgrest")


def reload_nginx(local: LocalStack, clients: Clients) -> None:
    """Replace the workers of nginx."""
    control(local, "restart", "nginx")


def migrate(local: LocalStack, clients: Clients) -> None:
    """Add a column, and take it away again."""
    add_migration(local.settings.root)
    control(local, "migrate", "up")
    time.sleep(SETTLE_SECONDS)
    control(local, "migrate", "down", "--yes")


Operation = Callable[[LocalStack, Clients], None]

# While code is loaded, then while no other command runs.
BESIDE_LOADS: tuple[Operation, ...] = (restart_postgrest, rotate_keys, reload_nginx)
ALONE: tuple[Operation, ...] = (migrate,)


def control(local: LocalStack, *arguments: str) -> None:
    """Run a command, which must succeed, as an operator does."""
    done = subprocess.run(
        [sys.executable, "-c", CONTROL, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(local.settings.root),
            "ASPEN_DATA_DIR": str(local.settings.data_dir),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"control {' '.join(arguments)}: {done.stderr}")
