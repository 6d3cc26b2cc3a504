"""A worker that cannot train, started as execution.crew starts one, and says why."""

import json
import sys

from dlexplain.execution.crew import say_failed
from dlexplain.execution.parallel import meeting

if __name__ == "__main__":
    told = json.loads(sys.argv[2])
    say_failed(meeting(told["meets"], told["count"]), told["rank"], "its disk is full")
    sys.exit(1)
