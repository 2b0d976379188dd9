"""Files that are there when all of them is on the disk, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import BinaryIO

# For the owner of the file only.
PRIVATE = 0o600


@contextmanager
def new_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Write a file that does not exist yet; at the end it is on the disk.

    Raises FileExistsError.
    """
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def whole_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Write a file that takes the place of an earlier one when the block ends.

    If the block raises, nothing changes. What a killed process leaves beside it begins with a dot
        and ends with .tmp.
    """
    scratch = path.with_name(f".{path.name[:100]}.{os.getpid()}-{get_ident()}.tmp")
    scratch.unlink(missing_ok=True)
    try:
        with new_file(scratch, mode) as file:
            yield file
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
