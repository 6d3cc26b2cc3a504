"""Reading ahead: one thread prepares what comes next while the caller works on what there is."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def read_ahead(items: Iterable[T], read: Callable[[T], R], most: int) -> Generator[R, None, None]:
    """read(item) of each item in order, in one thread, at most `most` of them ahead.

    What `read` raises is raised here. Where the caller stops early, close the iterator: what has
    not begun is then dropped, and what has is waited for.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(1, "reading") as pool:
        try:
            for item in items:
                # Each in a context of its own: whose turns it takes is known there too.
                waiting.append(pool.submit(copy_context().run, read, item))
                if len(waiting) > most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
