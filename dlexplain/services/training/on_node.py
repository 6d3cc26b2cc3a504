"""Trains a run on a node of a cluster: python -m dlexplain.services.training.on_node RUN PARENT.

The usual worker, which ends with the process of Ray's that started it: nobody would bring back
what it learns after that.
"""

import os
import shutil
import sys
import threading
import time

from dlexplain.services.training.worker import main as work
from dlexplain.settings import settings

WATCH_SECONDS = 0.5
NICE = 5
"""Less than of a run beside a dashboard: it has been given its processors by Ray."""


def end_with(parent: int) -> None:
    """Watch the parent from now on; when it is gone, remove what is here and end at once."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        shutil.rmtree(settings().home, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    run, parent = sys.argv[1:]
    end_with(int(parent))
    sys.exit(work([run], NICE))
