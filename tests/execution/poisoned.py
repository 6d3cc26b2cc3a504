"""Work of a cluster's worker that some tasks kill."""

import os
from collections.abc import Callable


def poisoned(deadly: int) -> Callable[[int], bytes]:
    def work(task: int) -> bytes:
        if task == deadly:
            os._exit(1)
        return str(task).encode()

    return work
