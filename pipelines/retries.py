"""Wait longer after each failure of what may pass."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator

# Waits of 1, 2, 4, 8 and 16 s outlast a restart of a server.
TRIES = 6
# Answers that say that the same request may succeed later.
PASSING = frozenset({429, 502, 503, 504})
# S3 answers 500 when it fails inside, and asks clients to send again; of the API it is an error.
PASSING_OF_STORAGE = PASSING | {500}


def waits(tries: int = TRIES) -> Iterator[float | None]:
    """Yield how long to wait after each try that fails; None after the last."""
    yield from (2.0**number for number in range(tries - 1))
    yield None


def pause(wait: float | None, error: Exception) -> None:
    """Wait, or raise the error of the last try."""
    if wait is None:
        raise error
    print(f"again in {wait:.0f} s: {type(error).__name__}", file=sys.stderr)
    time.sleep(wait * random.uniform(0.75, 1.25))
