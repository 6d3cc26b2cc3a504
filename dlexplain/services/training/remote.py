"""Has one run trained on the cluster: python -m dlexplain.services.training.remote RUN.

The run's worker on this machine: it beats, brings back, and says how it ended. No torch here.
"""

import logging
import sys

from dlexplain.errors import DlexplainError
from dlexplain.execution.attempt import attempt
from dlexplain.execution.clusters.following import copy_end, follow
from dlexplain.execution.executor import local_queue
from dlexplain.execution.process import lower_priority
from dlexplain.settings import settings

NICE = 5
_log = logging.getLogger("dlexplain.worker")


def main(arguments: list[str]) -> int:
    """Have the run named trained, then start what is queued behind it."""
    lower_priority(NICE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    state = "failed"
    try:
        state = attempt(arguments[0], settings().home, follow)
        copy_end(settings().home, arguments[0])
    except DlexplainError as error:
        _log.error("%s", error)
    if state != "interrupted":  # asked to end, as at a shutdown: not to start another
        local_queue().advance()
    return 0 if state in ("finished", "cancelled") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
