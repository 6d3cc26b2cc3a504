"""Another worker than the first of a run that several train.

python -m dlexplain.services.training.follower RUN JSON, started by the run's own worker (see
execution.crew). It builds the same, computes its share of every step, and writes nothing but its
log; what is measured, saved and told is the first one's.

The JSON says: rank, count and nodes (Seat), where all meet (parallel.meeting), this node's address
where there are several, the first one's device, the name of the checkpoint to go on from or "", and
what was chosen, the precision and the batch.
"""

import json
import logging
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from dlexplain.data.base import silent
from dlexplain.errors import DlexplainError
from dlexplain.execution import paths
from dlexplain.execution.crew import is_of_connection, say_failed, say_ready
from dlexplain.execution.fitting import follower, quiet
from dlexplain.execution.measuring import is_out_of_memory
from dlexplain.execution.parallel import joined, meeting
from dlexplain.execution.process import end_with, keep_priority
from dlexplain.execution.resources import Seat
from dlexplain.execution.sharded import Over
from dlexplain.execution.states import States
from dlexplain.memory import keep_memory
from dlexplain.services.training.worker import build, fitting
from dlexplain.settings import settings
from dlexplain.tasks.modules.together import Together

_log = logging.getLogger("dlexplain.worker")


def follow(home: Path, run: str, told: Mapping[str, Any]) -> None:
    """Train along with the first worker."""
    seat = Seat(int(told["rank"]), int(told["count"]), int(told["nodes"]))
    first, chosen = torch.device(told["device"]), told["chosen"]
    own = (first.index or 0) + seat.local
    device = torch.device("cuda", own) if first.type == "cuda" else first
    spec = States(paths.states_file(home)).get(run).spec
    built = build(spec, device, silent, chosen["batch"], home)
    built.module.together = Together(seat.rank, seat.count)
    how = replace(fitting(spec, built, chosen["precision"]), seat=seat, device=first)
    _log.info("worker %d of %d is ready on %s", seat.rank + 1, seat.count, socket.gethostname())
    say_ready(meeting(told["meets"], seat.count), seat.rank)
    with joined(told["meets"], seat, first, told["address"]):
        trainer = follower(how)
        name = told["checkpoint"]
        where = paths.checkpoint_folder(home, run) / name if name else None
        with suppress(Over):
            trainer.fit(built.module, datamodule=built.data, ckpt_path=where, weights_only=True)


def main(arguments: list[str]) -> int:
    run, told = arguments[0], json.loads(arguments[1])
    end_with(os.getppid())
    keep_priority()  # the first one's, so that neither waits for the other
    if settings().keep_memory:
        keep_memory()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        with quiet():
            follow(settings().home, run, told)
    except Exception as error:
        if is_of_connection(error):
            _log.info("another worker is gone, so this one ends: %s", error)
            return 1
        _log.exception("worker %d of run %s failed", told["rank"] + 1, run)
        known = isinstance(error, DlexplainError)
        why = str(error) if known else f"{type(error).__name__}: {error}"
        store = meeting(told["meets"], told["count"])
        say_failed(store, told["rank"], why, is_out_of_memory(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
