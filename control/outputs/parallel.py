"""Ask S3 about many objects at once: a few threads, a few requests ahead, answers in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from control.storage.s3 import CONNECTIONS

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_parallel(
    ask: Callable[[Item], Answer], items: Iterable[Item], at_once: int = CONNECTIONS
) -> Iterator[tuple[Item, Answer]]:
    """Yield each item with its answer, in order; only a few are in memory, however many come.

    The items are read in the caller's thread, so they may come from the database.
    """
    waiting: deque[tuple[Item, Future[Answer]]] = deque()
    with ThreadPoolExecutor(at_once) as threads:
        try:
            for item in items:
                waiting.append((item, threads.submit(ask, item)))
                if len(waiting) > 2 * at_once:
                    first, answer = waiting.popleft()
                    yield first, answer.result()
            while waiting:
                first, answer = waiting.popleft()
                yield first, answer.result()
        finally:
            # After a failure, what was not begun need not be asked any more.
            threads.shutdown(wait=False, cancel_futures=True)
