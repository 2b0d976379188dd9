"""The platforms that are changed: a stack and a cluster, over a checkout that may be edited."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from control.stack.ports import any_free
from tests.calm.operations import OF_CLUSTER, OF_STACK, Operations
from tests.failover.stage import run_local_cluster
from tests.servers import SETTINGS, prepare_stack
from tests.stack.conftest import LocalStack

# So that one answers while the other is restarted.
POSTGRESTS = 2


@dataclass(frozen=True)
class Stage:
    """What is done to a platform, and how long those who use it may wait."""

    operations: Operations
    read_seconds: float
    upload_seconds: float
    # Until an upload is stored while nothing can be written, as when the primary moves.
    late_upload_seconds: float = 0.0


STACK = Stage(OF_STACK, 1.0, 1.0)
# Three databases share the processors of one machine.
CLUSTER = Stage(OF_CLUSTER, 2.0, 2.0, 10.0)


@contextmanager
def open_stack() -> Iterator[LocalStack]:
    """Start a local stack in a folder that is removed."""
    with _folder() as folder:
        data = folder / "data"
        local = LocalStack(
            replace(
                SETTINGS,
                root=copy_checkout(folder),
                data_dir=data,
                keys_dir=data / "keys",
                first_port=any_free(),
                postgrests=POSTGRESTS,
            )
        )
        prepare_stack(local.settings)
        try:
            local.up()
            yield local
        finally:
            local.down()


@contextmanager
def open_cluster(pooling: str) -> Iterator[LocalStack]:
    """Start a cluster in a folder that is removed."""
    with (
        _folder() as folder,
        run_local_cluster(folder / "data", pooling, copy_checkout(folder)) as local,
    ):
        yield local


def copy_checkout(folder: Path) -> Path:
    """Make a checkout whose database may be changed; the rest of it is this one."""
    root = folder / "checkout"
    root.mkdir()
    for path in SETTINGS.root.iterdir():
        if path.name in ("sql", "migrations"):
            shutil.copytree(path, root / path.name)
        elif path.name != ".aspen":
            (root / path.name).symlink_to(path)
    return root


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
