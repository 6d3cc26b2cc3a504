"""A network that asks its own process to end in the midst of an epoch."""

import os
import signal
from typing import Any

from torch import nn

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
