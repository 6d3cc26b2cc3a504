"""Runs that are stopped: in the midst of an epoch by their own network, or after the first one."""

import os
import signal
from typing import Any

import pytest
from torch import nn

from dlexplain.execution.callbacks import Watch
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow

STOP = 9


class Stopping(nn.Module):
    """Before a network among the bases: asks to end in the training step `last`, once, where
    `stop` says so."""

    last = STOP
    stop = False
    count = 0

    def forward(self, *given: Any) -> Any:
        self.count += self.training
        if Stopping.stop and self.training and self.count == self.last:
            Stopping.stop = False
            os.kill(os.getpid(), signal.SIGTERM)
        return super().forward(*given)


def resumed_after_one_epoch(
    queue: RunQueue, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> RunRow:
    """A run of the spec that failed after its first epoch, and was resumed."""
    ended = Watch.on_train_epoch_end

    def stopping(self: Any, trainer: Any, module: Any) -> None:
        ended(self, trainer, module)
        if trainer.current_epoch == 0:
            raise RuntimeError("stopped by the test")

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "on_train_epoch_end", stopping)
        cut = queue.submit(spec)
    assert cut.state == "failed"
    resumed = queue.resume(cut.id)
    assert resumed.state == "finished", resumed.why
    return resumed
