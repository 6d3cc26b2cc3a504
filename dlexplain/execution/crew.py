"""The other workers of a run that several train: started by the first, watched, and ended by it."""

import json
import logging
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from dlexplain.errors import DlexplainError, RunError
from dlexplain.execution import paths, process
from dlexplain.execution.ending import Stopped
from dlexplain.execution.files import kept_told
from dlexplain.execution.measuring import is_out_of_memory
from dlexplain.execution.parallel import joined, meeting
from dlexplain.execution.reporting import Reporter

MODULE = "dlexplain.services.training.follower"
LOOK_SECONDS = 0.2
FATE_SECONDS = 5.0
"""How long after a step failed a worker's end is looked for: the connection is lost at once."""
OBEY_SECONDS = 30.0
"""How long a cancel may wait for a step to end, before the other workers are ended."""
_log = logging.getLogger("dlexplain.worker")


class Crew:
    """The workers 2 to count of one attempt."""

    def __init__(self, home: Path, reporter: Reporter, count: int, folder: Path) -> None:
        self.home, self.reporter, self.count, self.folder = home, reporter, count, folder
        self.run = reporter.row.id
        self.store = meeting(folder, count)
        self.others: dict[int, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()

    def start(self, device: torch.device, checkpoint: Path | None) -> None:
        """Start them and wait until all are ready; raises what `fate` gives, or Stopped."""
        told = {
            "folder": str(self.folder),
            "count": self.count,
            "device": str(device),
            "checkpoint": "" if checkpoint is None else str(checkpoint),
        }
        for rank in range(1, self.count):
            log = paths.worker_log_file(self.home, self.run, rank)
            given = json.dumps({**told, "rank": rank})
            self.others[rank] = process.begin(self.home, MODULE, self.run, given, log=log)
        self.reporter.phase(f"starting {self.count} workers")
        while not self.store.check([f"ready/{rank}" for rank in self.others]):
            if (lost := self.lost()) is not None:
                raise lost
            self.reporter.phase(f"starting {self.count} workers")
            time.sleep(LOOK_SECONDS)

    def lost(self) -> BaseException | None:
        """What ended a worker that should train still; None while all do or are done."""
        gone = {rank: code for rank, other in self.others.items() if (code := other.poll())}
        for rank in gone:
            key = f"failed/{rank}"
            if self.store.check([key]):
                why = f"{self._who(rank)}: {self.store.get(key).decode()}"
                return (MemoryError if self.store.check([f"memory/{rank}"]) else RunError)(why)
        if not gone:
            return None
        rank = min(gone, key=lambda one: gone[one])  # one that was killed, whose end ended others
        code = gone[rank]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        kept = kept_told(paths.checkpoint_folder(self.home, self.run))
        return Stopped("interrupted", f"{self._who(rank)} died ({how}); {kept}")

    def _who(self, rank: int) -> str:
        return f"worker {rank + 1} of {self.count}"

    def fate(self, error: Exception) -> BaseException:
        """What to raise for an error of the first worker: the end of another, where that is why."""
        if isinstance(error, DlexplainError) or is_out_of_memory(error):
            return error
        until = time.monotonic() + FATE_SECONDS
        while time.monotonic() < until:
            if self.reporter.requested == "cancel":
                return Stopped("cancelled", "cancelled by the user while a worker did not answer")
            if self.reporter.ending.asked:
                told = "the worker was asked to end while another did not answer"
                return Stopped("interrupted", told)
            if (lost := self.lost()) is not None:
                return lost
            time.sleep(LOOK_SECONDS)
        return error

    def watch(self) -> None:
        """Until it is over: have a step fail that waits for a dead worker, or that hangs when the
        run is to end."""
        asked = 0.0
        while not self._over.wait(LOOK_SECONDS):
            if self.reporter.requested == "cancel" or self.reporter.ending.asked:
                asked = asked or time.monotonic()
            hangs = asked and time.monotonic() - asked > OBEY_SECONDS
            if hangs:
                self.end()
            if (hangs or self.lost() is not None) and torch.cuda.is_available():
                distributed.distributed_c10d._abort_process_group()  # NCCL would wait for them
                return

    def end(self) -> None:
        """At once: they have nothing to save."""
        for other in self.others.values():
            if other.poll() is None:
                other.kill()

    def over(self) -> None:
        self._over.set()
        self.end()
        for other in self.others.values():
            other.wait()


@contextmanager
def with_crew(
    home: Path, reporter: Reporter, count: int, device: torch.device, checkpoint: Path | None
) -> Iterator[None]:
    """With so many workers in all, which go on from a checkpoint; at the end there is one again.

    Raises RunError where another worker failed, Stopped where one died.
    """
    if count == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="dlexplain-workers-") as folder:
        crew = Crew(home, reporter, count, Path(folder))
        thread = threading.Thread(target=crew.watch, daemon=True)
        try:
            crew.start(device, checkpoint)
            thread.start()
            with joined(Path(folder), 0, count, device):
                try:
                    yield
                except Exception as error:  # asked before the others lose their connection
                    why = crew.fate(error)
                    if why is error:
                        raise
                    raise why from error
        finally:
            crew.over()
            if thread.is_alive():
                thread.join()


def say_ready(store: Any, rank: int) -> None:
    store.set(f"ready/{rank}", "yes")


def say_failed(store: Any, rank: int, why: str, memory: bool = False) -> None:
    """One sentence for the run's reader. memory  whether it is that its share did not fit"""
    if memory:  # before it is looked for
        store.set(f"memory/{rank}", "yes")
    store.set(f"failed/{rank}", why)
