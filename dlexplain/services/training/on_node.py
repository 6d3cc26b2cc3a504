"""Trains a run on a node of a cluster: python -m dlexplain.services.training.on_node RUN PARENT.

The usual worker, which ends with the process of Ray's that started it: nobody would bring back
what it learns after that.
"""

import shutil
import sys

from dlexplain.execution.process import end_with
from dlexplain.services.training.worker import main
from dlexplain.settings import settings

NICE = 5
"""Less than of a run beside a dashboard: it has been given its processors by Ray."""


if __name__ == "__main__":
    run, parent = sys.argv[1:]
    end_with(int(parent), last=lambda: shutil.rmtree(settings().home, ignore_errors=True))
    sys.exit(main(run, NICE))
