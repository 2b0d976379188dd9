"""Names that no other test of a run uses, and that are the same in the next run."""

from __future__ import annotations

import hashlib
import itertools

_numbers = itertools.count(1)


def unique(length: int = 12) -> str:
    """Return so many hexadecimal digits, which look random and are not."""
    return hashlib.sha256(f"{next(_numbers)}".encode()).hexdigest()[:length]
