"""What operators do to a platform in use, each by the commands that they would run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from control.cluster.bouncer import POOLINGS, Bouncer
from control.settings import Settings
from tests.calm.changes import add_migration
from tests.calm.load import Clients
from tests.failover.stage import LocalCluster
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


def restart_postgrest_of_cluster(local: LocalStack, clients: Clients) -> None:
    """Restart the readers one after the other, and the writer."""
    control_cluster(local, "restart", "postgrest")


def restart_pgbouncer(local: LocalStack, clients: Clients) -> None:
    """Replace the program before the primary."""
    control_cluster(local, "restart", "pgbouncer")


def reload_pgbouncer_and_nginx(local: LocalStack, clients: Clients) -> None:
    """Have both read their settings again."""
    control_cluster(local, "reload", "pgbouncer")
    control_cluster(local, "reload", "nginx")


def change_pooling(local: LocalStack, clients: Clients) -> None:
    """Have PgBouncer pool the other way, and as before again."""
    assert isinstance(local, LocalCluster)
    before = Bouncer(local.settings, local.state).pooling
    for pooling in (*(other for other in POOLINGS if other != before), before):
        control_cluster(local, "up", "--pooling", pooling)


def switch_over(local: LocalStack, clients: Clients) -> None:
    """Make another node the primary."""
    control_cluster(local, "switchover")


Operation = Callable[[LocalStack, Clients], None]


@dataclass(frozen=True)
class Operations:
    """What is done while code is loaded, then while no other command runs.

    Only the last ones may have a write wait or be sent again.
    """

    beside_loads: tuple[Operation, ...]
    alone: tuple[Operation, ...]
    interrupting: tuple[Operation, ...] = ()


OF_STACK = Operations((restart_postgrest, rotate_keys, reload_nginx), (migrate,))
OF_CLUSTER = Operations(
    (restart_postgrest_of_cluster, restart_pgbouncer, reload_pgbouncer_and_nginx, rotate_keys),
    (migrate, change_pooling),
    (switch_over,),
)


def control(local: LocalStack, *arguments: str) -> None:
    """Run a command, which must succeed, as an operator does."""
    _run(local.settings, arguments)


def control_cluster(local: LocalStack, *arguments: str) -> None:
    """Run a command about the servers of a cluster."""
    assert isinstance(local, LocalCluster)
    _run(local.outer, ("cluster", *arguments))


def _run(settings: Settings, arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONTROL, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "ASPEN_ROOT": str(settings.root),
            "ASPEN_DATA_DIR": str(settings.data_dir),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"control {' '.join(arguments)}: {done.stderr}")
