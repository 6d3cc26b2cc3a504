"""The other workers of a run that several train: started by the first, watched, and ended by it."""

import json
import logging
import signal
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
from dlexplain.execution import others, paths
from dlexplain.execution.ending import Stopped
from dlexplain.execution.files import kept_told
from dlexplain.execution.measuring import is_out_of_memory
from dlexplain.execution.parallel import joined, meeting, opened
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import Seat

LOOK_SECONDS = 0.2
FATE_SECONDS = 5.0
"""How long after a step failed a worker's end is looked for: the connection is lost at once."""
FAR_SECONDS = 20.0
"""The same on several nodes, from where it is to be carried."""
OBEY_SECONDS = 30.0
"""How long a cancel may wait for a step to end, before the other workers are ended."""
_log = logging.getLogger("dlexplain.worker")


class Crew:
    """The workers 2 to count of one attempt.

    meets, store  where all meet, see parallel.meeting
    """

    def __init__(self, home: Path, reporter: Reporter, first: Seat, meets: str, store: Any) -> None:
        self.home, self.reporter, self.first, self.meets = home, reporter, first, meets
        self.run, self.store = reporter.row.id, store
        self.others: dict[int, others.Other] = {}
        self._over = threading.Event()

    def start(self, device: torch.device, checkpoint: Path | None) -> None:
        """Start them and wait until all are ready; raises what `fate` gives, or Stopped."""
        told = {
            "meets": self.meets,
            "count": self.first.count,
            "nodes": self.first.nodes,
            "device": str(device),
            "checkpoint": "" if checkpoint is None else checkpoint.name,
            "chosen": json.loads(paths.chosen_file(self.home, self.run).read_text()),
        }
        abroad = others.Abroad(self.home)
        told["address"] = others.address(self.home)
        for rank in range(1, self.first.count):
            here = rank < self.first.of_node
            self.others[rank] = (
                others.begin(self.home, self.run, rank, told) if here else abroad.begin(rank, told)
            )
        starting = f"starting {self.first.count} workers"
        self.reporter.phase(starting)
        while not self.store.check([f"ready/{rank}" for rank in self.others]):
            if (lost := self.lost()) is not None:
                raise lost
            self.reporter.phase(starting)
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
        return f"worker {rank + 1} of {self.first.count}"

    def fate(self, error: Exception) -> BaseException:
        """What to raise for an error of the first worker: the end of another, where that is why."""
        if isinstance(error, DlexplainError) or is_out_of_memory(error):
            return error
        several = self.first.nodes > 1
        until = time.monotonic() + (FAR_SECONDS if several else FATE_SECONDS)
        while time.monotonic() < until:
            if self.reporter.requested == "cancel":
                return Stopped("cancelled", "cancelled by the user while a worker did not answer")
            if self.reporter.ending.asked:
                told = "the worker was asked to end while another did not answer"
                return Stopped("interrupted", told)
            if (lost := self.lost()) is not None:
                return lost
            time.sleep(LOOK_SECONDS)
        if several and is_of_connection(error):
            kept = kept_told(paths.checkpoint_folder(self.home, self.run))
            return Stopped("interrupted", f"the connection to another node was lost; {kept}")
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
    home: Path, reporter: Reporter, first: Seat, device: torch.device, checkpoint: Path | None
) -> Iterator[None]:
    """With all workers, which go on from a checkpoint; at the end there is the first one again.

    Raises RunError where another worker failed, Stopped where one died.
    """
    if first.count == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="dlexplain-workers-") as folder:
        own = others.address(home)
        meets, store = opened(own) if first.nodes > 1 else (folder, meeting(folder, first.count))
        crew = Crew(home, reporter, first, meets, store)
        thread = threading.Thread(target=crew.watch, daemon=True)
        try:
            crew.start(device, checkpoint)
            thread.start()
            with joined(meets, first, device, own):
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


def is_of_connection(error: BaseException) -> bool:
    """Whether it only says that another worker is gone."""
    if isinstance(error, distributed.DistNetworkError):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("Connection", "gloo", "NCCL")
    )


def say_ready(store: Any, rank: int) -> None:
    store.set(f"ready/{rank}", "yes")


def say_failed(store: Any, rank: int, why: str, memory: bool = False) -> None:
    """One sentence for the run's reader. memory  whether it is that its share did not fit"""
    if memory:  # before it is looked for
        store.set(f"memory/{rank}", "yes")
    store.set(f"failed/{rank}", why)
