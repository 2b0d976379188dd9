"""What the program of each attempt does: the same for the same seed, job and attempt."""

from __future__ import annotations

import random
from hashlib import sha256

# How many of a hundred attempts do what.
FATES = {
    "reports": 58,
    "is slow": 8,
    "announces": 10,
    "crashes": 6,
    "fails": 5,
    "says nothing": 4,
    "leaves a child": 3,
    "reports a wrong checksum": 3,
    "hangs": 3,
}
# Whatever happened before, the last attempt is made in peace.
LAST_ATTEMPT = 3


def fate(seed: int, job_id: int, attempt: int) -> str:
    """Return what an attempt does."""
    if attempt >= LAST_ATTEMPT:
        return "reports"
    dice = random.Random(f"{seed}/{job_id}/{attempt}")
    return dice.choices([*FATES], [*FATES.values()])[0]


def part(job_id: int, attempt: int, kind: str) -> bytes:
    """Return the content of a file of a `parts` job, which no other attempt has."""
    line = f"{job_id} {attempt} {kind}\n".encode()
    size = 1 + sha256(line).digest()[0]
    return line * size


def part_kinds(count: int) -> tuple[str, ...]:
    """Return the kinds of files that a `parts` job leaves."""
    return tuple(f"part_{number}" for number in range(count))
