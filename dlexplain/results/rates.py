"""How the training loss goes while the learning rate is raised step by step."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RateSearch:
    """A range test of learning rates (Smith 2017, https://arxiv.org/abs/1506.01186).

    rates       (steps,), raised exponentially
    losses      (steps,), a running average
    suggestion  where the average falls most steeply; None where there were too few steps to say
    diverged    whether the loss came to four times its best, which ended the search
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    suggestion: float | None
    diverged: bool

    def to_dict(self) -> dict[str, Any]:
        """The form that `find-lr --json` prints; a loss that is no number is null."""
        losses = [float(loss) if np.isfinite(loss) else None for loss in self.losses]
        return {
            "rates": list(map(float, self.rates)),
            "losses": losses,
            "suggestion": self.suggestion,
            "diverged": self.diverged,
        }
