"""Has one run trained on the cluster: python -m dlexplain.services.training.remote RUN.

The run's worker on this machine: it beats, brings back, and says how it ended. No torch here.
"""

import sys

from dlexplain.execution.attempt import as_worker, attempt
from dlexplain.execution.clusters.following import copy_end, follow
from dlexplain.settings import settings

NICE = 5


def work(run: str) -> str:
    """Have the run trained; returns the state that it ended in."""
    # What the node's process takes comes back with its other metrics.
    state = attempt(run, settings().home, follow, samples=False)
    copy_end(settings().home, run)
    return state


if __name__ == "__main__":
    sys.exit(as_worker(sys.argv[1], NICE, work))
